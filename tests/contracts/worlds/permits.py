"""EIP-2612 permits, signed as a wallet signs them."""

from typing import Any

import boa
from coincurve import PrivateKey

from surge.model.digest import keccak
from surge.model.signature import address_of, sign
from surge.model.typed import struct_hash, word

PERMIT_TYPE = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def domain_separator(token: Any, chain_id: int | None = None) -> bytes:
    """Of `token` on a chain; on the chain of the tests unless told."""
    chain_id = boa.env.evm.patch.chain_id if chain_id is None else chain_id
    name, version = keccak(token.name().encode()), keccak(b"1")
    return keccak(DOMAIN_TYPE, name, version, word(chain_id), word(str(token.address)))


def permit(
    token: Any,
    key: PrivateKey,
    spender: str,
    value: int,
    deadline: int,
    *,
    separator: bytes | None = None,
    nonce: int | None = None,
) -> tuple[Any, ...]:
    """The arguments of `permit`, with the signature of `key`."""
    owner = address_of(key)
    nonce = token.nonces(owner) if nonce is None else nonce
    inner = struct_hash(PERMIT_TYPE, owner, spender, value, nonce, deadline)
    raw = sign(keccak(b"\x19\x01", separator or domain_separator(token), inner), key)
    return owner, spender, value, deadline, raw[64], raw[:32], raw[32:64]
