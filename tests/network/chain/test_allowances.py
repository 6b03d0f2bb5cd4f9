"""Allowances on a real chain, of tokens that are particular about theirs."""

import pytest
from vyper import compile_code

import places
from chain_network import raise_network
from surge.chain.calls.tokens import Payment, token_call
from surge.chain.network.artifacts import artifact, parse_artifact
from surge.chain.node.sender import Call
from surge.model.units import MAX_UINT256, Address

SPENDER = Address("0x" + "57" * 20)


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    network = raise_network(tmp_path_factory.mktemp("network"))
    with network.account() as chain:
        yield chain
    network.close()


def token_of(account, name):
    """A mock of the contracts' tests, of which the account has a thousand."""
    compiled = compile_code(places.mock(name).read_text(), output_formats=["abi", "bytecode"])
    mock = parse_artifact(name, compiled)
    (sent,) = account.send(Call(f"creating {name}", None, mock.creation(())))
    (token,) = account.tokens.of([sent.contract]).values()
    account.send(Call("minting", token.address, mock.function("mint", 2).encode((account.address, 1_000))))
    return token


def allow(account, token, amount):
    calls = account.tokens.allowing([Payment(token, amount, SPENDER, "the spender")])
    account.send(*calls)
    return [call.what for call in calls]


@pytest.mark.parametrize(("name", "resets"), [("StrictToken", True), ("SilentToken", False)])
def test_an_allowance_that_is_too_small_is_replaced(account, name, resets):
    token = token_of(account, name)
    account.send(token_call("allowing a little", token, "approve", SPENDER, 5))
    assert allow(account, token, 5) == []
    allowing = f"allowing the spender to take {token.symbol}"
    first = [f"taking back what the spender may take of {token.symbol}"] if resets else []
    assert allow(account, token, 6) == [*first, allowing]
    view = artifact("TestDollar").function("allowance", 2).encode((account.address, SPENDER))
    found = account.rpc.call("eth_call", {"to": token.address, "data": view}, "latest")
    assert int(found, 16) == MAX_UINT256
    assert allow(account, token, 1_000) == []


def test_from_nothing_one_approval_is_enough(account):
    token = token_of(account, "StrictToken")
    assert token.symbol == f"STRICT@{token.address[2:8]}"
    assert len(allow(account, token, 6)) == 1
