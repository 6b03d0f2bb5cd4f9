"""Native code and images are made once, checked before each use, and kept from others."""

import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest
import wasmtime

from surge.model.digest import digest
from surge.model.errors import BadInput, Unavailable
from surge.model.task import PYTHON, ImageSpec
from surge.model.units import Fuel
from surge.run.kernels import kernel
from surge.run.sandbox.image import MemoryImage
from surge.run.sandbox.suite import wasm_spec
from surge.run.slots import cache as cache_module
from surge.run.slots.cache import Cache, silent


def compiled(cache: Cache, module: bytes) -> list[float]:
    """Seconds that the progress told, while a module was made ready; [] if it was there."""
    told: list[float] = []
    named = cache.keep_module(module)
    cache.command(named, lambda _stage, elapsed, _expected: told.append(elapsed))[0].close()
    return told


def test_a_module_is_compiled_once(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path)
    assert compiled(cache, kernel("nbody")) != []
    assert compiled(cache, kernel("nbody")) == []
    assert compiled(cache, kernel("sha256")) != []


def test_the_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir(mode=0o777)
    cache = Cache.open(tmp_path)
    for folder in (cache.root, cache.root / "code", cache.root / "images"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_behind_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "code").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unavailable, match="XDG_CACHE_HOME"):
        Cache.open(tmp_path / "cache")


@pytest.mark.parametrize("suffix", [".cwasm", ".blake3"])
def test_changed_native_code_is_never_loaded(tmp_path: Path, suffix: str) -> None:
    cache = Cache.open(tmp_path)
    compiled(cache, kernel("nbody"))
    (path,) = (cache.root / "code").glob(f"*{suffix}")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert compiled(cache, kernel("nbody")) != []
    assert compiled(cache, kernel("nbody")) == []


def test_a_module_that_is_not_there_is_asked_for_again(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="send it again"):
        Cache.open(tmp_path).command(bytes(32))


def test_a_changed_module_is_not_taken(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path)
    named = cache.keep_module(kernel("nbody"))
    (path,) = (cache.root / "modules").iterdir()
    path.write_bytes(kernel("sha256"))
    with pytest.raises(BadInput, match="send it again"):
        cache.module(named)


def test_a_damaged_module_is_replaced(tmp_path: Path) -> None:
    cache, module = Cache.open(tmp_path / "surge"), kernel("nbody")
    named = cache.keep_module(module)
    (path,) = (cache.root / "modules").iterdir()
    for damaged in (b"", module[:-1]):
        path.write_bytes(damaged)
        assert cache.keep_module(module) == named
        assert cache.module(named) == module


def test_nothing_half_made_is_left_behind(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path)
    named = cache.keep_module(b"\0asm\1\0\0\0\xff")
    with pytest.raises(BadInput, match="compiling the wasm module failed"):
        cache.command(named)
    assert [path.suffix for path in (cache.root / "code").iterdir()] == [".lock"]


def test_the_lock_is_free_again_after_its_holder_was_killed(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path)
    named = cache.keep_module(kernel("nbody"))
    path = cache._code_path(named).with_suffix(".lock")
    script = "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX)"
    script += "; print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        waited: list[float] = []

        def progress(_stage: str, elapsed: float, _expected: float) -> None:
            waited.append(elapsed)
            if len(waited) == 1:
                os.kill(holder.pid, signal.SIGKILL)

        assert isinstance(cache.command(named, progress)[0], wasmtime.Module)
    assert waited


IMAGE = MemoryImage(
    bytes(range(256)) * 1024, {"clock": 5, "drawn": 7, "seed": 0, "own": {"tmp": None}}, Fuel(12)
)


def test_an_image_comes_back_as_it_was(tmp_path: Path) -> None:
    named = IMAGE.save(tmp_path / "a.image")
    loaded = MemoryImage.load(tmp_path / "a.image")
    assert loaded == IMAGE
    assert named == IMAGE.digest
    assert [path.name for path in tmp_path.iterdir()] == ["a.image"]


def test_everything_in_an_image_decides_its_digest() -> None:
    others = [
        MemoryImage(IMAGE.memory[:-1] + b"\0", IMAGE.state, IMAGE.fuel),
        MemoryImage(IMAGE.memory, {**IMAGE.state, "clock": 6}, IMAGE.fuel),
        MemoryImage(IMAGE.memory, {**IMAGE.state, "own": {"tmp": b""}}, IMAGE.fuel),
    ]
    assert len({one.digest for one in [IMAGE, *others]}) == 4


@pytest.mark.parametrize("at", [3, 100, -3])
def test_a_damaged_image_is_made_again(tmp_path: Path, at: int) -> None:
    path = tmp_path / "a.image"
    IMAGE.save(path)
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)
    loaded = MemoryImage.load(path)
    assert loaded is None or loaded == IMAGE
    assert path.exists() == (loaded is not None)


def test_an_image_that_was_cut_off_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "a.image"
    IMAGE.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert MemoryImage.load(path) is None
    assert MemoryImage.load(tmp_path / "none.image") is None


def test_digests_of_modules_are_tagged() -> None:
    assert digest("module", kernel("knn")) != digest("image", kernel("knn"))


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path / "cache")
    named = [cache.keep_module(bytes([n]) * 1000) for n in range(4)]
    for place, name in enumerate([named[1], named[0], named[3], named[2]]):
        path = cache.root / "modules" / f"{name.hex()}.wasm"
        os.utime(path, (place + 1, place + 1))
    cache.make_room(2 * held(cache) // 4 + 1, floor=0)
    left = {path.stem for path in (cache.root / "modules").iterdir()}
    assert left == {named[2].hex(), named[3].hex()}


def test_a_full_disk_is_told_and_the_interpreter_stays(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path / "cache")
    cache.keep_module(b"x")
    interpreter = cache._interpreter_path()
    interpreter.write_bytes(b"code")
    with pytest.raises(Unavailable, match="are kept free; make room there"):
        cache.make_room(1 << 30, floor=1 << 60)
    assert interpreter.exists()
    assert not list((cache.root / "modules").iterdir())


def held(cache: Cache) -> int:
    """Bytes of the disk."""
    folders = (cache.root / "code", cache.root / "images", cache.root / "modules")
    return sum(path.stat().st_blocks * 512 for folder in folders for path in folder.iterdir())


def made_for(cache: Cache, owner: str, number: int, used: int) -> str:
    """The image of an owner, 1,000 bytes; when it was used last."""
    spec = ImageSpec(PYTHON, bytes([number]) * 32)
    path = cache.image_path(spec.id)
    path.write_bytes(bytes(1000))
    os.utime(path, (used, used))
    cache.note_owner(spec, owner)
    return path.stem


def test_one_renter_s_images_take_no_other_s_place(tmp_path: Path) -> None:
    """Whoever has more than a quarter loses its own, oldest first, though others' are older."""
    cache = Cache.open(tmp_path)
    others = {made_for(cache, "0xb", 100, 1), made_for(cache, "0xc", 101, 2)}
    greedy = [made_for(cache, "0xa", number, 10 + number) for number in range(9)]
    most = 16 * held(cache) // 11  # what sixteen take
    cache.make_room(most, floor=0, owner="0xb")
    left = {path.stem for path in (cache.root / "images").glob("*.image")}
    assert left == others | {*greedy}
    cache.make_room(most, floor=0, owner="0xa")
    left = {path.stem for path in (cache.root / "images").glob("*.image")}
    assert left == others | {*greedy[-4:]}
    assert {path.stem for path in (cache.root / "images").glob("*.owner")} == left


def test_an_image_is_the_first_one_s_that_asked_for_it(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path)
    shared = made_for(cache, "0xa", 1, 1)
    assert made_for(cache, "0xb", 1, 1) == shared
    most = held(cache)
    cache.make_room(most, floor=0, owner="0xb")
    assert [path.stem for path in (cache.root / "images").glob("*.image")] == [shared]
    cache.make_room(most, floor=0, owner="0xa")
    assert not list((cache.root / "images").iterdir())


def test_a_module_and_its_code_are_their_owner_s(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path)
    compiled(cache, kernel("nbody"))
    spec = wasm_spec(kernel("nbody"))
    cache.note_owner(spec, "0xa")
    cache.make_room(1 << 40, floor=0, owner="0xa")
    assert compiled(cache, kernel("nbody")) == []
    cache.make_room(40, floor=0, owner="0xa")
    assert [path for folder in ("code", "modules") for path in (cache.root / folder).glob("*.*wasm")] == []


def test_small_files_count_as_the_blocks_that_they_take_and_no_lock_outlives_its_code(tmp_path: Path) -> None:
    cache = Cache.open(tmp_path)
    for name in ("nbody", "sha256"):
        compiled(cache, kernel(name))
        cache.note_owner(wasm_spec(kernel(name)), "0xa")
    assert sum(taken for _, taken, _ in cache._files()) == held(cache)
    first, second = sorted((cache.root / "code").glob("*.lock"))
    cache.make_room(1 << 40, floor=0)
    assert (first.exists(), second.exists()) == (True, True)
    with second.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # a compile is under way
        cache.make_room(0, floor=0)
        left = [path for folder in ("code", "images", "modules") for path in (tmp_path / folder).iterdir()]
        assert left == [second]
    cache.make_room(0, floor=0)
    assert not second.exists()


def test_a_lock_that_was_removed_while_somebody_waited_for_it_locks_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "some.lock", fcntl.flock

    def removed(file: IO[str], how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        path.unlink()  # by `make_room` of another process, between the opening and the lock
        real(file, how)

    monkeypatch.setattr(fcntl, "flock", removed)
    locked = cache_module._locked(path, "compiling", 1.0, silent)
    with locked, path.open("w") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
