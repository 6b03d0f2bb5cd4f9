"""Content-addressed blobs on a provider's disk: renters' code, modules and large arguments.

Each renter sees its own alone: nobody learns what another one has sent, or makes use of it. A renter has half
of the quota at most and, where that is full, loses what it used longest ago; where the whole is full, renters
without an open lease lose theirs first. A renter that has little (SMALL with the new blob) always finds room:
whoever holds the most loses what it used longest ago, and sends it again when it needs it.

The disk is read once, at the start; from then on an index in memory knows what is here and when it was used.
"""

import heapq
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

from surge.model.digest import blob_digest
from surge.model.errors import LimitExceeded
from surge.model.units import Address
from surge.store.files import write_atomically

BLOCK = 4 << 10
"""Bytes of a disk that the smallest file takes; all are counted in these."""
MAX_BLOBS = 16_384
"""Of one renter."""
SMALL = 16 << 20
"""Bytes of one renter; of a quota below 256 MiB, its sixteenth."""


def blob_folder(database: Path) -> Path:
    """Where the blobs of a provider's database lie."""
    return database.parent / "blobs"


def _charge_of(size: int) -> int:
    return max(1, -(-size // BLOCK)) * BLOCK


class _Held:
    """What one renter has here: (bytes charged, time of the last use) of each, the one used last at the end.
    `charged` counts those too that are being written."""

    def __init__(self) -> None:
        self.blobs: OrderedDict[bytes, tuple[int, int]] = OrderedDict()
        self.charged = 0

    def by_use(self, renter: str) -> Iterator[tuple[int, str, bytes, int]]:
        for name, (charge, used) in self.blobs.items():
            yield used, renter, name, charge


class BlobStore:
    """`quota` in bytes, of all renters. `active` tells whose leases are open. Any thread may use it."""

    def __init__(self, root: Path, quota: int, active: Callable[[], Iterable[Address]] = tuple) -> None:
        self._root, self._quota, self._active = root, quota, active
        self._small = min(SMALL, quota // 16)
        self._lock = threading.Lock()
        self._renters: dict[str, _Held] = {}
        self._charged = 0
        found = [(file.stat(), file) for file in root.glob("*/*")]
        for status, file in sorted(found, key=lambda one: one[0].st_mtime_ns):
            if file.name.startswith("."):
                file.unlink()  # a crash left it half written
                continue
            charge, renter = _charge_of(status.st_size), file.parent.name
            self._charge(renter, charge)
            self._renters[renter].blobs[bytes.fromhex(file.name)] = charge, status.st_mtime_ns

    def of(self, renter: Address) -> "RenterBlobs":
        return RenterBlobs(self, renter.lower())

    def use(self, renter: str, names: Iterable[bytes]) -> list[bytes]:
        """Those that are here, from now on the ones used last."""
        now = time.time_ns()
        with self._lock:
            held = self._renters.get(renter, _Held())
            here = [name for name in names if name in held.blobs]
            for name in here:
                held.blobs[name] = held.blobs[name][0], now
                held.blobs.move_to_end(name)
        return here

    def path(self, renter: str, name: bytes) -> Path:
        return self._root / renter / name.hex()

    def put(self, renter: str, name: bytes, content: bytes) -> bool:
        """Whether it is new. Raises LimitExceeded where there is no room."""
        charge = _charge_of(len(content))
        if self.use(renter, [name]):
            return False
        with self._lock:
            for other, old in self._victims(renter, charge):
                self._remove(other, old)
            self._charge(renter, charge)
        try:
            write_atomically(self.path(renter, name), content)
        except OSError as error:
            with self._lock:
                self._charge(renter, -charge)
            raise LimitExceeded(f"this provider's disk failed ({error.strerror}); ask another one") from error
        with self._lock:
            held = self._renters[renter].blobs
            new = name not in held
            if new:
                held[name] = charge, time.time_ns()
            else:  # it came over another link meanwhile
                self._charge(renter, -charge)
        return new

    def drop(self, renter: str, name: bytes) -> None:
        with self._lock:
            if name in self._renters.get(renter, _Held()).blobs:
                self._remove(renter, name)

    # Under the lock

    def _charge(self, renter: str, charge: int) -> None:
        held = self._renters.setdefault(renter, _Held())
        held.charged += charge
        self._charged += charge
        if not held.charged:
            del self._renters[renter]

    def _remove(self, renter: str, name: bytes) -> None:
        charge, _ = self._renters[renter].blobs.pop(name)
        self.path(renter, name).unlink(missing_ok=True)
        self._charge(renter, -charge)
        if renter not in self._renters:
            with suppress(OSError):
                (self._root / renter).rmdir()

    def _victims(self, renter: str, charge: int) -> list[tuple[str, bytes]]:
        """What has to go before so much more of this renter's fits. Raises LimitExceeded if it never does."""
        own = self._renters.get(renter, _Held())
        pinned = {one.lower() for one in self._active()} | {renter}
        gone: list[tuple[str, bytes]] = []
        mine = own.by_use(renter)
        kept, left = own.charged + charge, self._charged + charge
        while kept > self._quota // 2 or len(own.blobs) - len(gone) >= MAX_BLOBS:
            _, _, name, freed = next(mine, (0, "", b"", 0))
            if not freed:
                raise self._full(charge)
            gone.append((renter, name))
            kept, left = kept - freed, left - freed
        idle = heapq.merge(*(held.by_use(one) for one, held in self._renters.items() if one not in pinned))
        more = self._of_the_largest(pinned - {renter}) if kept <= self._small else mine
        for _, other, name, freed in chain(idle, more) if left > self._quota else ():
            gone.append((other, name))
            left -= freed
            if left <= self._quota:
                break
        if left > self._quota:
            raise self._full(charge)
        return gone

    def _of_the_largest(self, renters: Iterable[str]) -> Iterator[tuple[int, str, bytes, int]]:
        """One after the other, of whoever then holds the most; nobody is left with little."""
        held = [(self._renters[one].charged, one) for one in renters if one in self._renters]
        largest = [(-charged, one, self._renters[one].by_use(one)) for charged, one in held]
        heapq.heapify(largest)
        while largest and -largest[0][0] > self._small:
            charged, renter, blobs = heapq.heappop(largest)
            if (oldest := next(blobs, None)) is not None:
                yield oldest
                heapq.heappush(largest, (charged + oldest[3], renter, blobs))

    def _full(self, charge: int) -> LimitExceeded:
        return LimitExceeded(
            f"this provider keeps {self._quota >> 20} MiB for its renters, and has no room for "
            f"{charge >> 20} MiB more; send less, or ask another provider"
        )


class RenterBlobs:
    """One renter's part of a BlobStore."""

    def __init__(self, store: BlobStore, renter: str) -> None:
        self._store, self.renter = store, renter

    def put(self, name: bytes, content: bytes) -> bool:
        """Whether it is new here. Raises LimitExceeded where there is no room."""
        return self._store.put(self.renter, name, content)

    def having(self, names: Iterable[bytes]) -> list[bytes]:
        """Which of these digests are here, as far as the index knows; it doesn't look at the disk."""
        return self._store.use(self.renter, names)

    def paths(self, names: Iterable[bytes]) -> dict[bytes, Path]:
        """Where those lie that are here; the disk too notes that they were used."""
        found = {}
        for name in self.having(set(names)):
            place = self._store.path(self.renter, name)
            try:
                os.utime(place)
                found[name] = place
            except FileNotFoundError:
                self._store.drop(self.renter, name)
        return found

    def get(self, name: bytes) -> bytes | None:
        """Its content; None if it isn't here, or was damaged on the disk."""
        place = self.paths([name]).get(name)
        try:
            content = place.read_bytes() if place is not None else None
        except FileNotFoundError:  # it went this moment
            return None
        if content is not None and blob_digest(content) != name:
            self._store.drop(self.renter, name)
            return None
        return content
