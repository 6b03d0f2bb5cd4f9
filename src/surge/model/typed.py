"""EIP-712: what a contract or a wallet checks. All members are static, so each is one 32-byte word."""

from dataclasses import dataclass

from surge.model.digest import keccak
from surge.model.units import Address

MARKET, CREDIT = "Surge Market", "Surge Credit"
"""Names of the domains, as the contracts spell them."""
DOMAIN_VERSION = "1"

_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def word(value: int | bytes | str) -> bytes:
    """One ABI word: an unsigned int, 32 bytes, or an address in hex."""
    if isinstance(value, bytes):
        if len(value) != 32:
            raise ValueError(f"a bytes32 has 32 bytes, this one {len(value)}")
        return value
    if isinstance(value, str):
        return bytes(12) + bytes.fromhex(value.removeprefix("0x"))
    return value.to_bytes(32, "big")


@dataclass(frozen=True, slots=True)
class Domain:
    """Binds a signature to one contract on one chain, by default the Market."""

    chain_id: int
    contract: Address
    name: str = MARKET

    @property
    def separator(self) -> bytes:
        return keccak(
            _DOMAIN_TYPE,
            keccak(self.name.encode()),
            keccak(DOMAIN_VERSION.encode()),
            word(self.chain_id),
            word(self.contract),
        )

    def digest(self, struct_hash: bytes) -> bytes:
        """The 32 bytes that are signed."""
        return keccak(b"\x19\x01", self.separator, struct_hash)


def struct_hash(type_string: str, *members: int | bytes | str) -> bytes:
    """keccak(typehash ‖ members), members in the order of `type_string`."""
    return keccak(keccak(type_string.encode()), *(word(m) for m in members))
