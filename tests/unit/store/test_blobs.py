"""What a provider's disk keeps of renters' blobs, and what goes when it is full."""

import os
from pathlib import Path

import pytest

from surge.model.digest import blob_digest
from surge.model.errors import LimitExceeded
from surge.model.units import Address
from surge.store.blobs import BlobStore, RenterBlobs

ONE, TWO, THREE = Address("0x" + "a" * 40), Address("0x" + "b" * 40), Address("0x" + "c" * 40)


def content(number: int, size: int = 100) -> bytes:
    return number.to_bytes(4, "big") * (size // 4)


def filled(blobs: RenterBlobs, *numbers: int, at: int = 0) -> None:
    """Blobs, used one after the other from the time `at` on (in seconds)."""
    for place, number in enumerate(numbers):
        blobs.put(blob_digest(content(number)), content(number))
        path = blobs.path(blob_digest(content(number)))
        assert path is not None
        os.utime(path, (at + place, at + place))


def held(blobs: RenterBlobs, *numbers: int) -> list[int]:
    """Without using them."""
    folder = blobs._folder
    return [number for number in numbers if (folder / blob_digest(content(number)).hex()).exists()]


def test_one_renter_never_has_more_than_half_and_loses_what_it_used_longest_ago(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path, quota=800).of(ONE)
    filled(blobs, 1, 2, 3, 4)
    blobs.path(blob_digest(content(1)))  # used now
    filled(blobs, 5, at=50)
    assert held(blobs, 1, 2, 3, 4, 5) == [1, 3, 4, 5]


def test_what_is_too_large_is_refused_and_what_is_there_stays(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, quota=800)
    filled(store.of(TWO), 1, 2)
    filled(store.of(ONE), 3, 4)
    large = content(9, 404)
    with pytest.raises(LimitExceeded, match="no room for 0 MiB more"):
        store.of(ONE).put(blob_digest(large), large)
    assert held(store.of(TWO), 1, 2) == [1, 2]
    assert held(store.of(ONE), 3, 4) == [3, 4]


def test_idle_renters_make_room_and_those_with_leases_keep_theirs(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, quota=800, active=lambda: [TWO])
    filled(store.of(TWO), 1, 2, 3, at=0)
    filled(store.of(THREE), 4, 5, 6, at=100)
    filled(store.of(ONE), 11, 12, 13, 14, at=200)
    assert held(store.of(TWO), 1, 2, 3) == [1, 2, 3]  # the oldest of all, and held by a lease
    assert held(store.of(THREE), 4, 5, 6) == [6]
    assert held(store.of(ONE), 11, 12, 13, 14) == [11, 12, 13, 14]


def test_full_of_what_leases_hold_is_a_refusal(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, quota=800, active=lambda: [TWO, THREE])
    filled(store.of(TWO), 1, 2, 3, 4)
    filled(store.of(THREE), 5, 6, 7, 8)
    with pytest.raises(LimitExceeded, match="ask another provider"):
        filled(store.of(ONE), 9)
    assert held(store.of(TWO), 1, 2, 3, 4) == [1, 2, 3, 4]


def test_nobody_learns_what_another_sent(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, quota=800)
    name = blob_digest(content(1))
    assert store.of(ONE).put(name, content(1))
    assert store.of(TWO).having([name]) == []
    assert store.of(TWO).get(name) is None
    assert store.of(TWO).put(name, content(1))  # to be sent, and billed, as if nobody had it
    assert not store.of(ONE).put(name, content(1))


def test_a_damaged_file_is_asked_for_again(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path, quota=800).of(ONE)
    filled(blobs, 1)
    name = blob_digest(content(1))
    path = blobs.path(name)
    assert path is not None
    path.write_bytes(content(2))
    assert blobs.get(name) is None
    assert blobs.having([name]) == []
    assert blobs.put(name, content(1))
    assert blobs.get(name) == content(1)
