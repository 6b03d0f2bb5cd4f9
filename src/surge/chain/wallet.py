"""Keys in keystore v3 files (mode 0600). A key, a password or a seed is never printed or logged.

The password of a keystore comes from, in this order: the file `<name>.password` beside it, which exists only
for the throw-away keys of a local network, and is refused on every other one; the environment variable
SURGE_PASSWORD; the OS keyring (service "surge", account = the address).
"""

import os
import secrets
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from coincurve import PrivateKey

from surge.model.errors import BadInput, CorruptState, Distrusted
from surge.model.signature import address_of, checksum
from surge.model.units import Address
from surge.store.files import write_atomically
from surge.store.home import HOME_VARIABLE

PASSWORD_VARIABLE = "SURGE_PASSWORD"  # noqa: S105 the variable's name
KEYRING_SERVICE = "surge"
SCRYPT_STRONG = 1 << 18
SCRYPT_LIGHT = 1 << 12
"""Warning: for the random passwords of a local network alone; a weak one falls quickly."""


@dataclass(frozen=True, slots=True)
class Wallet:
    """An unlocked account."""

    address: Address
    key: PrivateKey = field(repr=False)
    path: Path


def create_wallet(path: Path, throwaway: bool = False) -> Wallet:
    """A new random key in a keystore at `path`. Never replaces a file.

    throwaway: for a local network: unless SURGE_PASSWORD is set, a random password in `<name>.password`
    beside it, and light scrypt. Otherwise the password must come from SURGE_PASSWORD.
    """
    password, rounds = os.environ.get(PASSWORD_VARIABLE), SCRYPT_STRONG
    if not password and not throwaway:
        raise BadInput(f"a new key needs a password; set {PASSWORD_VARIABLE} and try again")
    if path.exists():
        raise BadInput(f"{path} exists already; choose another name, or move it away")
    key = PrivateKey()
    if not password:
        password, rounds = secrets.token_urlsafe(24), SCRYPT_LIGHT
        _write_secret(_password_file(path), password.encode())
    _write_secret(path, _encrypt(key, password, rounds))
    return Wallet(address_of(key), key, path)


def load_wallet(path: Path, strict: bool = False) -> Wallet:
    """Unlock the keystore at `path`. Raises BadInput (missing, no password), Distrusted (wrong password)
    and CorruptState.

    strict: where money is worth something, the key of a local network is refused: its password lies beside
    it, or its scrypt is light.
    """
    if strict and (_password_file(path).exists() or _is_light(_read(path))):
        raise BadInput(
            f"{path} was made for a local network, and whoever reads its folder has the key; give it a "
            f"password of yours (`surge wallet --lock {shlex.quote(str(path))}`), or use another "
            f"{HOME_VARIABLE}"
        )
    return _unlocked(path, _password(path, wallet_address(path)))


def _unlocked(path: Path, password: str) -> Wallet:
    content = _read(path)
    try:
        key = PrivateKey(bytes(_keystore().decode_keyfile_json(content, password.encode())))
    except (KeyError, TypeError, NotImplementedError) as error:
        raise _damaged(path) from error
    except ValueError as error:
        raise Distrusted(f"the password does not open {path}; check {PASSWORD_VARIABLE}") from error
    return Wallet(address_of(key), key, path)


def lock_wallet(path: Path) -> Wallet:
    """Lock the key at `path` with the password in SURGE_PASSWORD and full scrypt; none lies beside it then.
    Can be run again after any crash."""
    beside = _password_file(path)
    password = os.environ.get(PASSWORD_VARIABLE)
    if not password:
        raise BadInput(f"a lock needs a password; set {PASSWORD_VARIABLE} and try again")
    try:
        wallet = _unlocked(path, password)
    except Distrusted:
        if not beside.exists():
            raise
        wallet = _unlocked(path, beside.read_text())
    write_atomically(path, _encrypt(wallet.key, password, SCRYPT_STRONG))
    beside.unlink(missing_ok=True)
    return wallet


def wallet_address(path: Path) -> Address:
    """The address of a keystore, without unlocking it."""
    return _address_in(path, _read(path))


def open_wallet(path: Path, throwaway: bool = False) -> Wallet:
    """Load the keystore at `path`, or create it."""
    return load_wallet(path) if path.exists() else create_wallet(path, throwaway)


def _is_light(content: dict[str, Any]) -> bool:
    derived = content["crypto"].get("kdfparams")
    rounds = derived.get("n") if isinstance(derived, dict) else None
    return isinstance(rounds, int) and rounds < SCRYPT_STRONG


def _encrypt(key: PrivateKey, password: str, rounds: int) -> bytes:
    content = _keystore().create_keyfile_json(key.secret, password.encode(), kdf="scrypt", iterations=rounds)
    return msgspec.json.encode(content)


def _keystore() -> Any:
    """The module that codes keystores: slow to import, and what it imports raises Python's recursion limit to
    100,000, at which an endless recursion kills the process. So the limit stays as it was."""
    limit = sys.getrecursionlimit()
    from eth_keyfile import keyfile

    sys.setrecursionlimit(limit)
    return keyfile


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise BadInput(f"there is no key at {path}; create one with `surge wallet --create`")
    try:
        content = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise _damaged(path) from error
    if content.get("version") != 3 or not isinstance(content.get("crypto"), dict):
        raise _damaged(path)
    return content


def _address_in(path: Path, content: dict[str, Any]) -> Address:
    try:
        return checksum(bytes.fromhex(content["address"].removeprefix("0x")))
    except (KeyError, ValueError, AttributeError) as error:
        raise _damaged(path) from error


def _password(path: Path, address: Address) -> str:
    beside = _password_file(path)
    if beside.exists():  # of this key, whatever the variable is for
        return beside.read_text()
    if password := os.environ.get(PASSWORD_VARIABLE):
        return password
    import keyring
    from keyring.errors import KeyringError

    try:
        stored = keyring.get_password(KEYRING_SERVICE, address)
    except KeyringError:  # a machine without a keyring: the environment variable is the way
        stored = None
    if stored is None:
        raise BadInput(
            f"{path} is locked; set {PASSWORD_VARIABLE}, or store its password once with "
            f"`keyring set {KEYRING_SERVICE} {address}`"
        )
    return stored


def _password_file(path: Path) -> Path:
    return path.with_suffix(".password")


def _write_secret(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _damaged(path: Path) -> CorruptState:
    return CorruptState(f"the keystore {path} is damaged and was left as it is; restore it from a backup")
