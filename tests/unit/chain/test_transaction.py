"""Our signed transactions are those of eth-account, byte for byte."""

import os

from coincurve import PrivateKey
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from surge.chain.node.transaction import Transaction, creation_address
from surge.model.signature import address_of, checksum

KEYS = st.integers(1, 2**255).map(lambda n: PrivateKey(n.to_bytes(32, "big")))
ADDRESSES = st.binary(min_size=20, max_size=20).map(checksum)


@given(
    key=KEYS,
    to=st.none() | ADDRESSES,
    numbers=st.tuples(*[st.integers(0, 2**64)] * 5),
    chain_id=st.integers(1, 2**40),
    calldata=st.binary(max_size=400),
)
def test_signed_bytes_are_those_of_eth_account(key, to, numbers, chain_id, calldata):
    nonce, priority, fee, gas, value = numbers
    nonce, gas = nonce % 2**32, gas % 2**32
    ours = Transaction(chain_id, nonce, priority, fee, gas, to, value, "0x" + calldata.hex())
    theirs = {
        "type": 2,
        "chainId": chain_id,
        "nonce": nonce,
        "maxPriorityFeePerGas": priority,
        "maxFeePerGas": fee,
        "gas": gas,
        "value": value,
        "data": calldata,
    } | ({"to": to} if to else {})
    signed = Account.sign_transaction(theirs, key.secret)
    hash_, raw = ours.sign(key)
    assert raw == signed.raw_transaction.to_0x_hex()
    assert hash_ == bytes(signed.hash)


def test_creation_address_of_a_known_deployment():
    # Test vectors of go-ethereum's crypto.CreateAddress.
    sender = checksum(bytes.fromhex("970e8128ab834e8eac17ab8e3812f010678cf791"))
    expected = ["333c3310824b7c685133f2bedb2ca4b8b4df633d", "8bda78331c916a08481428e4b07c96d3e916d165"]
    assert [creation_address(sender, nonce).lower()[2:] for nonce in (0, 1)] == expected


def test_a_key_never_shows():
    key = PrivateKey(os.urandom(32))
    shown = repr(Transaction(1, 0, 1, 1, 21_000, address_of(key), 0, "0x"))
    assert key.secret.hex() not in shown
