"""Content-addressed blobs on a provider's disk: renters' code, modules and large arguments.

Each renter sees its own alone: nobody learns what another one has sent, or makes use of it. What was not
used longest goes first, and nobody can push out what a renter with an open lease holds.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from surge.model.digest import blob_digest
from surge.model.errors import LimitExceeded
from surge.model.units import Address
from surge.store.files import write_atomically


class BlobStore:
    """`quota` in bytes, of all renters; one of them gets half of it at most. `active` tells whose leases are
    open."""

    def __init__(self, root: Path, quota: int, active: Callable[[], Iterable[Address]] = tuple) -> None:
        self._root, self._quota, self._active = root, quota, active

    def of(self, renter: Address) -> "RenterBlobs":
        return RenterBlobs(self, self._root / renter.lower())

    def make_room(self, own: Path, size: int) -> None:
        """Raises LimitExceeded if `size` more bytes can't be held for the renter of that folder."""
        files = sorted(self._files(), key=lambda file: file.stat().st_mtime_ns)
        sizes = {file: file.stat().st_size for file in files}
        mine = [file for file in files if file.parent == own]
        pinned = {renter.lower() for renter in self._active()} - {own.name}
        idle = [file for file in files if file.parent != own and file.parent.name not in pinned]
        victims = _oldest(mine, sizes, sum(sizes[file] for file in mine) + size - self._quota // 2)
        left = sum(sizes.values()) - sum(sizes[file] for file in victims) + size
        others = [*idle, *(file for file in mine if file not in victims)]
        more = _oldest(others, sizes, left - self._quota)
        if size > self._quota // 2 or left - sum(sizes[file] for file in more) > self._quota:
            raise LimitExceeded(
                f"this provider keeps {self._quota >> 20} MiB for its renters, and has no room for "
                f"{size >> 20} MiB more; send less, or ask another provider"
            )
        for gone in victims + more:
            gone.unlink(missing_ok=True)

    def _files(self) -> Iterable[Path]:
        return (file for file in self._root.glob("*/*") if not file.name.startswith("."))


def _oldest(files: list[Path], sizes: dict[Path, int], excess: int) -> list[Path]:
    """The first of these that have so many bytes together, or all."""
    found = []
    for file in files:
        if excess <= 0:
            break
        found.append(file)
        excess -= sizes[file]
    return found


class RenterBlobs:
    """One renter's part of a BlobStore."""

    def __init__(self, store: BlobStore, folder: Path) -> None:
        self._store, self._folder = store, folder

    def put(self, name: bytes, content: bytes) -> bool:
        """Whether it is new here. Raises LimitExceeded where there is no room."""
        if self.path(name) is not None:
            return False
        self._store.make_room(self._folder, len(content))
        write_atomically(self._folder / name.hex(), content)
        return True

    def path(self, name: bytes) -> Path | None:
        """Where a blob lies, from now on the one used last; None if it isn't here."""
        place = self._folder / name.hex()
        try:
            os.utime(place)
        except FileNotFoundError:
            return None
        return place

    def get(self, name: bytes) -> bytes | None:
        """Its content; None if it isn't here, or was damaged on the disk."""
        place = self.path(name)
        content = place.read_bytes() if place is not None else None
        if content is not None and blob_digest(content) != name:
            self._drop(name)
            return None
        return content

    def _drop(self, name: bytes) -> None:
        (self._folder / name.hex()).unlink(missing_ok=True)

    def having(self, names: Iterable[bytes]) -> list[bytes]:
        """Which of these digests are here."""
        return [name for name in names if self.path(name) is not None]
