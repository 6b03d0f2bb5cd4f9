"""secp256k1 signatures over EIP-712 digests: 65 bytes, r ‖ s ‖ v with v 27 or 28 and low s."""

from coincurve import PrivateKey, PublicKey

from surge.model.digest import keccak
from surge.model.errors import BadInput, Distrusted
from surge.model.units import Address

_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


WRITTEN = 42
"""Characters of an address."""


def checksum(address: bytes) -> Address:
    """An address of 20 bytes in its EIP-55 form."""
    lower = address.hex()
    shades = keccak(lower.encode()).hex()
    return Address(
        "0x" + "".join(c.upper() if int(h, 16) > 7 else c for c, h in zip(lower, shades, strict=False))
    )


def is_address(text: object) -> bool:
    """Whether this is an address as it is written: 20 bytes in EIP-55 form."""
    try:
        return isinstance(text, str) and text == checksum(bytes.fromhex(text[2:])) and len(text) == WRITTEN
    except ValueError:
        return False


def read_address(text: str, what: str = "address") -> Address:
    """An address that a person wrote: in one case, or in EIP-55 form, whose capitals show a wrong digit.
    what: the noun of the error. Raises BadInput."""
    digits = text[2:]
    try:
        raw = bytes.fromhex(digits)
    except ValueError:
        raw = b""
    if len(raw) != 20 or len(text) != WRITTEN or not text.startswith("0x"):
        raise BadInput(
            f"{text[:50]!r} is no {what}; it has 40 hexadecimal digits after 0x (see `surge wallet`)"
        )
    if digits not in (digits.lower(), digits.upper()) and text != checksum(raw):
        raise BadInput(f"the capitals of {text} are not those of its digits; one is mistyped: copy it anew")
    return checksum(raw)


def address_of(key: PrivateKey) -> Address:
    return checksum(keccak(key.public_key.format(compressed=False)[1:])[-20:])


def sign(digest: bytes, key: PrivateKey) -> bytes:
    """The signature of a digest, 65 bytes. Deterministic (RFC 6979)."""
    raw = key.sign_recoverable(digest, hasher=None)
    return raw[:64] + bytes([raw[64] + 27])


def parts(signature: bytes) -> tuple[int, int, int]:
    """A signature's v, r and s, as contracts take them."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:64]))
    return signature[64], r, s


def recover(digest: bytes, signature: bytes) -> Address:
    """The signer's address. Raises Distrusted for anything that is no canonical signature."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise Distrusted("a signature has 65 bytes and ends with 27 or 28; ask its sender again")
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        raise Distrusted("a signature with a high s can be altered; ask its sender for the canonical one")
    try:
        public = PublicKey.from_signature_and_message(
            signature[:64] + bytes([signature[64] - 27]), digest, hasher=None
        )
    except Exception as error:  # coincurve raises bare Exception and ValueError
        raise Distrusted("the signature fits no key; ask its sender again") from error
    return checksum(keccak(public.format(compressed=False)[1:])[-20:])
