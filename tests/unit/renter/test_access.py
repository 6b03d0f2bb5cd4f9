"""Whether a network is a toy is what its address book says, wherever its node is (N4)."""

from dataclasses import replace

import pytest

from surge.chain.network.book import CONTRACTS, LOCAL, AddressBook, save_book
from surge.chain.wallet import PASSWORD_VARIABLE, create_wallet
from surge.model.errors import BadInput
from surge.model.signature import checksum
from surge.renter.access import Access
from surge.store.home import Home

BOOK = AddressBook(
    "lan",
    777,
    "http://127.0.0.1:8545",
    {name: checksum(bytes([i]) * 20) for i, name in enumerate(CONTRACTS, 1)},
    LOCAL,
    7,
)


@pytest.fixture
def access(tmp_path, monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)

    def of(book):
        made = Access(Home(tmp_path), "lan")
        save_book(book, made.home.book("lan"))
        return made

    return of


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8545", "http://localhost:8545", "http://10.9.9.1:8545"]
)
@pytest.mark.parametrize("local", [True, False])
def test_an_address_makes_no_network_local(access, address, local):
    made = access(replace(BOOK, rpc_url=address, local=local))
    assert made.loopback is local
    assert made.own_chain is None
    made.home.chain("lan").mkdir()
    assert (made.own_chain is not None) is local


def test_a_throwaway_key_opens_on_local_networks_alone(access):
    """With a node on this very machine, too."""
    made = access(replace(BOOK, local=True))
    create_wallet(made.home.wallet, throwaway=True)
    assert made.key() is not None
    with pytest.raises(BadInput, match="--lock"):
        access(BOOK).key()
