"""Deployment: the whole network from artefacts, whatever interrupts it."""

import json
from dataclasses import replace

import pytest
from coincurve import PrivateKey

from chain_network import COIN, raise_network
from surge.chain.anvil.node import LocalChain
from surge.chain.client import Chain
from surge.chain.deploy.compute import WIRING, deploy
from surge.chain.network.artifacts import artifact
from surge.chain.network.book import LOCAL, load_book
from surge.chain.node.rpc import Rpc
from surge.chain.node.sender import Call, Sender
from surge.model.errors import CorruptState, NoNetwork, Refused, Underfunded
from surge.model.signature import address_of

TRANSACTIONS = 5 + len(WIRING)


@pytest.fixture
def key(local):
    key = PrivateKey()
    local.start()
    local.fund(address_of(key), 100 * COIN)
    return key


def run(local, key, folder, **changes):
    return deploy("local", local.running_url(), key, replace(LOCAL, **changes), folder / "book.json")


def wiring(book):
    with Chain(book) as chain:
        return [chain.read(contract, view) for contract, view, _, _ in WIRING]


def test_everything_is_deployed_wired_and_written_down(local, key, tmp_path):
    book = run(local, key, tmp_path)
    assert load_book(tmp_path / "book.json") == book
    assert wiring(book) == [book.addresses[named] for _, _, _, named in WIRING]
    assert book.parameters.genesis > 0
    assert book.local is False, "a deployed network is none, though its node is on this machine"
    assert not (tmp_path / "book.deploying").exists()
    with Chain(book) as chain:
        assert chain.money.surge(address_of(key)) == LOCAL.genesis_supply
        assert chain.read("Market", "FEE_BPS") == LOCAL.fee_bps
        assert chain.read("Registry", "STAKE_PER_SLOT") == LOCAL.stake_per_slot
        assert chain.read("Rewards", "KAPPA_BPS") == LOCAL.kappa_bps
        assert chain.read("Market", "separator") == chain.book.domain.separator


def test_a_second_run_changes_nothing(local, key, tmp_path):
    book = run(local, key, tmp_path)
    rpc = Rpc(book.rpc_url)
    before = rpc.call("eth_getTransactionCount", address_of(key), "latest")
    assert run(local, key, tmp_path) == book
    assert rpc.call("eth_getTransactionCount", address_of(key), "latest") == before
    rpc.close()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("crash_at", range(TRANSACTIONS))
def test_a_crash_at_any_transaction_is_resumed(local, key, tmp_path, monkeypatch, crash_at, after):
    """`after`: the crash comes when the transaction is mined already, but nobody has heard of it."""
    real, calls = Sender.send, []

    def crashing(self, call):
        calls.append(call)
        if len(calls) != crash_at + 1:
            return real(self, call)
        if after:
            real(self, call)
        raise KeyboardInterrupt

    monkeypatch.setattr(Sender, "send", crashing)
    with pytest.raises(KeyboardInterrupt):
        run(local, key, tmp_path)
    assert not (tmp_path / "book.json").exists()
    monkeypatch.setattr(Sender, "send", real)
    book = run(local, key, tmp_path)
    assert wiring(book) == [book.addresses[named] for _, _, _, named in WIRING]
    rpc = Rpc(book.rpc_url)
    assert int(rpc.call("eth_getTransactionCount", address_of(key), "latest"), 16) == TRANSACTIONS
    rpc.close()


def test_another_dollar_may_be_given(local, key, tmp_path):
    first = run(local, key, tmp_path)
    second = deploy(
        "other", first.rpc_url, key, LOCAL, tmp_path / "other.json", dollar=first.addresses["Dollar"]
    )
    assert second.addresses["Dollar"] == first.addresses["Dollar"]
    assert second.addresses["Market"] != first.addresses["Market"]


def test_a_journal_of_other_parameters_is_refused(local, key, tmp_path, monkeypatch):
    monkeypatch.setattr(Sender, "send", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(local, key, tmp_path)
    with pytest.raises(CorruptState, match="other parameters"):
        run(local, key, tmp_path, fee_bps=1)
    journal = tmp_path / "book.deploying"
    journal.write_text("{")
    with pytest.raises(CorruptState, match=r"book\.deploying"):
        run(local, key, tmp_path)
    assert journal.read_text() == "{"


def test_a_deployer_without_coins(local, tmp_path):
    local.start()
    with pytest.raises(Underfunded, match="gas"):
        run(local, PrivateKey(), tmp_path)


def test_a_node_of_another_chain_is_named(network, tmp_path):
    other = LocalChain(tmp_path / "other", chain_id=4242)
    try:
        with (
            Chain(network.book.at(other.start())) as chain,
            pytest.raises(NoNetwork, match=r"4242.*31337.*--network"),
        ):
            chain.now()
    finally:
        other.stop()


def test_a_chain_that_lost_its_state_is_named(network, tmp_path):
    empty = LocalChain(tmp_path / "empty")
    try:
        with (
            Chain(network.book.at(empty.start())) as chain,
            pytest.raises(NoNetwork, match="no SurgeToken"),
        ):
            chain.money.usd(network.treasury.address)
    finally:
        empty.stop()


def test_a_book_is_public(tmp_path):
    """It holds no key; anybody may read it."""
    network = raise_network(tmp_path)
    network.close()
    text = (tmp_path / "book.json").read_text()
    assert network.treasury.key.secret.hex() not in text
    members = {"name", "chain_id", "rpc_url", "addresses", "parameters", "block", "credit", "local"}
    assert set(json.loads(text)) == members | {"most_fee_gwei"}


@pytest.mark.parametrize("crossing", range(5))
def test_another_program_of_the_same_account_shifts_nothing(local, key, tmp_path, monkeypatch, crossing):
    """Its payment takes the nonce that a contract was to have: the next run deploys what is missing, and no
    name leads to another contract."""
    real, sent = Sender.send, []
    payer = Rpc(local.running_url())

    def crossed(self, call):
        if len(sent) == crossing:
            real(Sender(payer, key, local.chain_id), Call("paying", address_of(PrivateKey()), "0x", 1))
        sent.append(call)
        return real(self, call)

    monkeypatch.setattr(Sender, "send", crossed)
    with pytest.raises(Refused, match="another program sends from"):
        run(local, key, tmp_path)
    monkeypatch.setattr(Sender, "send", real)
    book = run(local, key, tmp_path)
    payer.close()
    with Chain(book) as chain:
        assert wiring(book) == [book.addresses[named] for _, _, _, named in WIRING]
        assert chain.read("Market", "FEE_BPS") == LOCAL.fee_bps
        assert chain.read("Registry", "STAKE_PER_SLOT") == LOCAL.stake_per_slot
        assert chain.read("Rewards", "KAPPA_BPS") == LOCAL.kappa_bps
        assert chain.money.surge(address_of(key)) == LOCAL.genesis_supply


def test_what_another_program_left_at_a_contract_s_address_is_not_taken_for_it(
    local, key, tmp_path, monkeypatch
):
    """The journal of a run that was killed names an address, and another contract was created there."""
    rpc = Rpc(local.running_url())
    sender = Sender(rpc, key, local.chain_id)
    made = sender.send(Call("another contract", None, artifact("FixedRateIrm").creation((0,)))).contract
    rpc.close()
    real = Sender.send
    monkeypatch.setattr(Sender, "send", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        run(local, key, tmp_path)
    monkeypatch.setattr(Sender, "send", real)
    journal = tmp_path / "book.deploying"
    kept = json.loads(journal.read_text())
    kept["addresses"] = {name: str(made) for name in kept["addresses"]}
    journal.write_text(json.dumps(kept))
    book = run(local, key, tmp_path)
    assert str(made) not in book.addresses.values()
    assert wiring(book) == [book.addresses[named] for _, _, _, named in WIRING]
