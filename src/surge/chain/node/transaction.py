"""An EIP-1559 transaction: its encoding and its signature."""

from dataclasses import dataclass
from typing import TypeAlias

from coincurve import PrivateKey

from surge.model.digest import keccak
from surge.model.signature import checksum
from surge.model.units import Address

_Item: TypeAlias = "int | bytes | list[_Item]"


@dataclass(frozen=True, slots=True)
class Transaction:
    """Fees in wei per gas; `to` empty for a creation; `calldata` in hex."""

    chain_id: int
    nonce: int
    priority_fee: int
    max_fee: int
    gas: int
    to: Address | None
    value: int
    calldata: str

    def sign(self, key: PrivateKey) -> tuple[bytes, str]:
        """The transaction's hash, and its raw form in hex."""
        body: list[_Item] = [
            self.chain_id,
            self.nonce,
            self.priority_fee,
            self.max_fee,
            self.gas,
            bytes.fromhex(self.to[2:]) if self.to else b"",
            self.value,
            bytes.fromhex(self.calldata[2:]),
            [],
        ]
        signature = key.sign_recoverable(keccak(b"\x02", _rlp(body)), hasher=None)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
        raw = b"\x02" + _rlp([*body, signature[64], r, s])
        return keccak(raw), "0x" + raw.hex()


def creation_address(sender: Address, nonce: int) -> Address:
    """Where a contract created by `sender` with this nonce will be."""
    return checksum(keccak(_rlp([bytes.fromhex(sender[2:]), nonce]))[-20:])


def _rlp(item: "_Item") -> bytes:
    """Recursive length prefix, Ethereum yellow paper appendix B; ints are big-endian without zeros."""
    if isinstance(item, list):
        return _prefixed(b"".join(_rlp(each) for each in item), 0xC0)
    content = item if isinstance(item, bytes) else item.to_bytes((item.bit_length() + 7) // 8, "big")
    return content if len(content) == 1 and content[0] < 0x80 else _prefixed(content, 0x80)


def _prefixed(content: bytes, base: int) -> bytes:
    if len(content) < 56:
        return bytes([base + len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length + content
