"""The dollar of local networks: six decimals, a capped faucet, permits."""

from collections.abc import Iterator
from typing import Any

import boa
import pytest
from coincurve import PrivateKey

from contracts.worlds.permits import domain_separator, permit
from contracts.worlds.pots import deploy
from surge.model.signature import address_of
from surge.model.units import USD_DECIMALS

HOLDER = PrivateKey(bytes([9]) * 32)
LATER = 2**40


@pytest.fixture
def dollar() -> Iterator[Any]:
    with boa.env.anchor():
        yield deploy("TestDollar")


def test_it_counts_in_millionths(dollar: Any) -> None:
    assert (dollar.name(), dollar.symbol(), dollar.decimals()) == ("Test Dollar", "TUSD", USD_DECIMALS)
    assert dollar.totalSupply() == 0


def test_the_faucet_gives_to_anybody_up_to_its_cap(dollar: Any) -> None:
    cap, caller = dollar.FAUCET_CAP(), boa.env.generate_address()
    assert cap == 10**6 * 10**USD_DECIMALS
    dollar.faucet(cap, sender=caller)
    dollar.faucet(1, sender=caller)
    assert dollar.balanceOf(caller) == dollar.totalSupply() == cap + 1
    with boa.reverts("TestDollar: the faucet gives at most FAUCET_CAP a call"):
        dollar.faucet(cap + 1, sender=caller)


def test_transfers_move_what_is_there(dollar: Any) -> None:
    holder, other = boa.env.generate_address(), boa.env.generate_address()
    dollar.faucet(10, sender=holder)
    dollar.transfer(other, 4, sender=holder)
    dollar.approve(other, 5, sender=holder)
    dollar.transferFrom(holder, other, 5, sender=other)
    assert (dollar.balanceOf(holder), dollar.balanceOf(other)) == (1, 9)
    with boa.reverts("erc20: transfer amount exceeds balance"):
        dollar.transfer(other, 2, sender=holder)
    with boa.reverts("erc20: insufficient allowance"):
        dollar.transferFrom(holder, other, 1, sender=other)


def test_a_permit_works_once_and_only_here(dollar: Any) -> None:
    spender = str(boa.env.generate_address())
    with boa.reverts("erc20: invalid signature"):
        dollar.permit(*permit(dollar, HOLDER, spender, 9, LATER, separator=domain_separator(dollar, 1234)))
    signed = permit(dollar, HOLDER, spender, 9, LATER)
    dollar.permit(*signed)
    assert dollar.allowance(address_of(HOLDER), spender) == 9
    with boa.reverts("erc20: invalid signature"):
        dollar.permit(*signed)
    with boa.reverts("erc20: expired deadline"):
        dollar.permit(*permit(dollar, HOLDER, spender, 9, 1))


def test_only_the_faucet_mints(dollar: Any) -> None:
    names = {entry["name"] for entry in dollar.abi if entry["type"] == "function"}
    assert not names & {"mint", "set_minter", "transfer_ownership", "burn", "burn_from"}
