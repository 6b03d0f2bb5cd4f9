import json
import stat

import keyring
import pytest
from keyring.backend import KeyringBackend

from surge.chain.wallet import (
    PASSWORD_VARIABLE,
    SCRYPT_LIGHT,
    SCRYPT_STRONG,
    create_wallet,
    load_wallet,
    lock_wallet,
    open_wallet,
    wallet_address,
)
from surge.model.errors import BadInput, CorruptState, Distrusted


class Drawer(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self):
        super().__init__()
        self.held = {}

    def get_password(self, service, username):
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        self.held[service, username] = password

    def delete_password(self, service, username):
        del self.held[service, username]


@pytest.fixture(autouse=True)
def drawer(monkeypatch):
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    before, drawer = keyring.get_keyring(), Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


def test_a_throwaway_wallet_opens_again(tmp_path):
    made = create_wallet(tmp_path / "keys" / "renter.json", throwaway=True)
    found = load_wallet(made.path)
    assert (found.address, found.key.secret) == (made.address, made.key.secret)
    assert wallet_address(made.path) == made.address
    assert open_wallet(made.path).address == made.address


def test_files_are_private_and_hold_no_plain_key(tmp_path):
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    for path in tmp_path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert made.key.secret.hex() not in path.read_text()
    assert made.key.secret.hex() not in repr(made)
    assert json.loads(made.path.read_text())["version"] == 3


def test_a_password_beside_a_key_is_its_own_whatever_the_environment_is_for(tmp_path, monkeypatch):
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    monkeypatch.setenv(PASSWORD_VARIABLE, "of another key")
    assert load_wallet(made.path).address == made.address


def test_the_environments_password_comes_before_the_keyring(tmp_path, monkeypatch):
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    assert [path.name for path in tmp_path.iterdir()] == ["renter.json"]
    assert load_wallet(made.path).address == made.address
    monkeypatch.setenv(PASSWORD_VARIABLE, "battery staple")
    with pytest.raises(Distrusted, match=PASSWORD_VARIABLE):
        load_wallet(made.path)


def rounds(path):
    return json.loads(path.read_text())["crypto"]["kdfparams"]["n"]


def test_only_a_random_password_is_stretched_lightly(tmp_path, monkeypatch):
    assert rounds(create_wallet(tmp_path / "local.json", throwaway=True).path) == SCRYPT_LIGHT
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    assert rounds(create_wallet(tmp_path / "known.json", throwaway=True).path) == SCRYPT_STRONG
    assert rounds(create_wallet(tmp_path / "real.json").path) == SCRYPT_STRONG


def test_a_local_network_s_key_opens_nowhere_else_until_it_is_locked(tmp_path, monkeypatch):
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    with pytest.raises(BadInput, match="--lock"):
        load_wallet(made.path, strict=True)
    with pytest.raises(BadInput, match=PASSWORD_VARIABLE):
        lock_wallet(made.path)
    assert load_wallet(made.path).address == made.address

    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    assert lock_wallet(made.path).key.secret == made.key.secret
    assert [path.name for path in tmp_path.iterdir()] == ["renter.json"]
    assert rounds(made.path) == SCRYPT_STRONG
    assert load_wallet(made.path, strict=True).address == made.address


def test_a_lock_that_was_cut_off_is_finished(tmp_path, monkeypatch):
    """After the new keystore, before the password's end."""
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    beside = tmp_path / "renter.password"
    old = beside.read_text()
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    lock_wallet(made.path)
    beside.write_text(old)
    assert lock_wallet(made.path).address == made.address
    assert not beside.exists()


def test_a_keystore_with_a_light_lock_is_refused_where_money_is_worth_something(tmp_path, monkeypatch):
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    monkeypatch.setenv(PASSWORD_VARIABLE, (tmp_path / "renter.password").read_text())
    (tmp_path / "renter.password").unlink()
    with pytest.raises(BadInput, match="--lock"):
        load_wallet(made.path, strict=True)


def test_the_keyring_is_asked_by_address(tmp_path, monkeypatch, drawer):
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse")
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    monkeypatch.delenv(PASSWORD_VARIABLE)
    with pytest.raises(BadInput, match=f"keyring set surge {made.address}"):
        load_wallet(made.path)
    drawer.set_password("surge", made.address, "correct horse")
    assert load_wallet(made.path).address == made.address


def test_a_real_wallet_needs_a_password(tmp_path):
    with pytest.raises(BadInput, match=PASSWORD_VARIABLE):
        create_wallet(tmp_path / "renter.json")
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_never_replaced(tmp_path):
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    before = made.path.read_bytes()
    with pytest.raises(BadInput, match="exists already"):
        create_wallet(made.path, throwaway=True)
    assert made.path.read_bytes() == before


def test_a_missing_wallet_says_what_to_do(tmp_path):
    with pytest.raises(BadInput, match="surge wallet"):
        load_wallet(tmp_path / "none.json")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 3}', b'{"version": 3, "crypto": {}}'])
def test_a_damaged_keystore_is_named_and_left(tmp_path, content):
    path = tmp_path / "renter.json"
    path.write_bytes(content)
    with pytest.raises(CorruptState, match=r"renter\.json"):
        load_wallet(path)
    assert path.read_bytes() == content


def test_a_keystore_with_a_broken_cipher_is_damaged(tmp_path):
    made = create_wallet(tmp_path / "renter.json", throwaway=True)
    content = json.loads(made.path.read_text())
    del content["crypto"]["ciphertext"]
    made.path.write_text(json.dumps(content))
    with pytest.raises(CorruptState, match=r"renter\.json"):
        load_wallet(made.path)
