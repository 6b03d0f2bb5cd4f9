"""What a provider's disk keeps of renters' blobs, and what goes when it is full."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from surge.model.digest import blob_digest
from surge.model.errors import LimitExceeded
from surge.model.units import Address
from surge.store import blobs as store_blobs
from surge.store.blobs import BLOCK, BlobStore, RenterBlobs

ONE, TWO, THREE = Address("0x" + "a" * 40), Address("0x" + "b" * 40), Address("0x" + "c" * 40)
QUOTA = 8 * BLOCK


def content(number: int, size: int = 100) -> bytes:
    return number.to_bytes(4, "big") * (size // 4)


def filled(blobs: RenterBlobs, *numbers: int, size: int = 100) -> None:
    """Blobs, used one after the other."""
    for number in numbers:
        blobs.put(blob_digest(content(number, size)), content(number, size))


def held(blobs: RenterBlobs, *numbers: int, size: int = 100) -> list[int]:
    """Without using them."""
    names = [(n, blob_digest(content(n, size))) for n in numbers]
    return [n for n, name in names if blobs._store.path(blobs.renter, name).exists()]


def test_one_renter_never_has_more_than_half_and_loses_what_it_used_longest_ago(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path, QUOTA).of(ONE)
    filled(blobs, 1, 2, 3, 4)
    blobs.having([blob_digest(content(1))])  # used now
    filled(blobs, 5)
    assert held(blobs, 1, 2, 3, 4, 5) == [1, 3, 4, 5]


def test_a_tiny_blob_takes_a_block_and_a_renter_has_only_so_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_blobs, "MAX_BLOBS", 3)
    blobs = BlobStore(tmp_path, 1 << 20).of(ONE)
    filled(blobs, 1, 2, 3, 4, size=4)
    assert held(blobs, 1, 2, 3, 4, size=4) == [2, 3, 4]
    assert blobs._store._charged == 3 * BLOCK


def test_what_is_too_large_is_refused_and_what_is_there_stays(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, QUOTA)
    filled(store.of(TWO), 1, 2)
    filled(store.of(ONE), 3, 4)
    large = content(9, QUOTA // 2 + 4)
    with pytest.raises(LimitExceeded, match="no room for 0 MiB more"):
        store.of(ONE).put(blob_digest(large), large)
    assert held(store.of(TWO), 1, 2) == [1, 2]
    assert held(store.of(ONE), 3, 4) == [3, 4]


def test_idle_renters_make_room_and_those_with_leases_keep_theirs(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, QUOTA, active=lambda: [TWO])
    filled(store.of(TWO), 1, 2, 3)
    filled(store.of(THREE), 4, 5, 6)
    filled(store.of(ONE), 11, 12, 13, 14)
    assert held(store.of(TWO), 1, 2, 3) == [1, 2, 3]  # the oldest of all, and held by a lease
    assert held(store.of(THREE), 4, 5, 6) == [6]
    assert held(store.of(ONE), 11, 12, 13, 14) == [11, 12, 13, 14]


def test_full_of_what_leases_hold_is_a_refusal_for_whoever_wants_much(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, QUOTA, active=lambda: [TWO, THREE])
    filled(store.of(TWO), 1, 2, 3, 4)
    filled(store.of(THREE), 5, 6, 7, 8)
    with pytest.raises(LimitExceeded, match="ask another provider"):
        filled(store.of(ONE), 9)
    assert held(store.of(TWO), 1, 2, 3, 4) == [1, 2, 3, 4]


def test_two_large_renters_with_leases_lock_no_small_one_out(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, 32 * BLOCK, active=lambda: [ONE, TWO, THREE])
    filled(store.of(ONE), *range(16))
    filled(store.of(TWO), *range(16))
    filled(store.of(THREE), 1, 2)  # of both large ones what was used longest ago
    assert held(store.of(THREE), 1, 2) == [1, 2]
    assert (held(store.of(ONE), 0, 1), held(store.of(TWO), 0, 1)) == ([1], [1])
    filled(store.of(THREE), 3)  # no longer little: its own goes
    assert held(store.of(THREE), 1, 2, 3) == [2, 3]
    with pytest.raises(LimitExceeded):
        filled(store.of(THREE), 4, size=3 * BLOCK)
    assert held(store.of(THREE), 2, 3) == [2, 3]


def test_many_with_little_each_never_take_what_a_renter_with_little_has(tmp_path: Path) -> None:
    renters = [Address(f"0x{n:040x}") for n in range(17)]
    store = BlobStore(tmp_path, 16 * BLOCK, active=lambda: renters)
    for renter in renters[:16]:
        filled(store.of(renter), 1)
    with pytest.raises(LimitExceeded):
        filled(store.of(renters[16]), 1)


def test_what_is_on_the_disk_is_known_again_in_the_order_of_its_use(tmp_path: Path) -> None:
    filled(BlobStore(tmp_path, QUOTA).of(ONE), 1, 2, 3, 4)
    for number, at in ((1, 40), (2, 10), (3, 30), (4, 20)):
        os.utime(tmp_path / ONE / blob_digest(content(number)).hex(), (at, at))
    (tmp_path / ONE / ".half.0123").write_bytes(b"written when it crashed")
    blobs = BlobStore(tmp_path, QUOTA).of(ONE)
    filled(blobs, 5, 6)
    assert held(blobs, 1, 2, 3, 4, 5, 6) == [1, 3, 5, 6]
    assert sorted(file.name for file in (tmp_path / ONE).glob(".*")) == []


def test_threads_never_overshoot_nor_stumble_over_each_other(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, 1 << 20)

    def work(renter: Address) -> None:
        for number in range(60):
            filled(store.of(renter), number, size=40_000)
            assert store._charged <= 1 << 20

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(work, Address(f"0x{n:040x}")) for n in range(4)]:
            done.result()
    files = list(tmp_path.glob("*/*"))
    assert sum(-(-file.stat().st_size // BLOCK) * BLOCK for file in files) == store._charged


def test_a_put_looks_at_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = BlobStore(tmp_path, QUOTA).of(ONE)
    filled(blobs, 1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "glob", None)
        filled(blobs, 3)
    assert len(blobs.having([blob_digest(content(n)) for n in range(4)])) == 3


def test_a_disk_that_fails_is_a_refusal_and_takes_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store_blobs, "write_atomically", fail)
    store = BlobStore(tmp_path, QUOTA)
    with pytest.raises(LimitExceeded, match="No space left on device"):
        filled(store.of(ONE), 1)
    assert store._charged == 0


def test_a_file_that_somebody_removed_is_asked_for_again(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path, QUOTA).of(ONE)
    filled(blobs, 1)
    name = blob_digest(content(1))
    blobs.paths([name])[name].unlink()
    assert blobs.paths([name]) == {}
    assert blobs.having([name]) == []
    assert blobs._store._charged == 0


def test_nobody_learns_what_another_sent(tmp_path: Path) -> None:
    store = BlobStore(tmp_path, QUOTA)
    name = blob_digest(content(1))
    assert store.of(ONE).put(name, content(1))
    assert store.of(TWO).having([name]) == []
    assert store.of(TWO).get(name) is None
    assert store.of(TWO).put(name, content(1))  # to be sent, and billed, as if nobody had it
    assert not store.of(ONE).put(name, content(1))


def test_a_damaged_file_is_asked_for_again(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path, QUOTA).of(ONE)
    filled(blobs, 1)
    name = blob_digest(content(1))
    blobs.paths([name])[name].write_bytes(content(2))
    assert blobs.get(name) is None
    assert blobs.having([name]) == []
    assert blobs.put(name, content(1))
    assert blobs.get(name) == content(1)
