"""What is made once per machine: native code of wasm modules, and memory images.

Warning: a `.cwasm` is native code. It is only ever compiled here, into a folder that nobody else can
enter, and its digest is checked before each load. Never take one from outside.
"""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import platformdirs
import wasmtime
from blake3 import blake3

from surge.model.digest import blob_digest, digest
from surge.model.errors import BadInput, Unavailable
from surge.model.task import WASM, ImageSpec
from surge.run.sandbox.engine import engine, host_digest, settings_digest
from surge.run.sandbox.suite import interpreter_digest
from surge.run.slots.compile import INTERPRETER

Progress = Callable[[str, float, float], None]
"""Called about once a second while something slow is made: stage, seconds elapsed, seconds expected."""

EXPECTED_COMPILE = 110.0
"""Seconds for the interpreter on two cores, shown until this machine has measured its own."""
COMPILE_SPEED = 1e6
"""Bytes of wasm a second, a guess for other modules."""
FREE_FLOOR = 512 << 20
"""Bytes of the disk that stay free."""
SHARE = 4
"""What one renter has made takes at most this part of the cache."""
SUMMED, OWNED = ".blake3", ".owner"
BESIDE = (".lock", OWNED)
"""Files of a few bytes beside others."""
MAX_COMPILE = 300.0
"""Seconds that a renter's module may take to compile."""


def silent(_stage: str, _elapsed: float, _expected: float) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder, XDG_CACHE_HOME/surge by default. Raises Unavailable if others could write there."""

    root: Path

    @classmethod
    def open(cls, root: Path | None = None) -> "Cache":
        folder = root or Path(platformdirs.user_cache_dir("surge"))
        for path in (folder, folder / "code", folder / "images", folder / "modules"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            facts = path.lstat()
            if facts.st_uid != os.getuid() or not stat.S_ISDIR(facts.st_mode):
                raise Unavailable(f"{path} belongs to somebody else; set XDG_CACHE_HOME to a folder of yours")
            if stat.S_IMODE(facts.st_mode) & 0o077:
                path.chmod(0o700)
        return cls(folder)

    def image_path(self, spec_id: bytes) -> Path:
        return self.root / "images" / f"{spec_id.hex()}.image"

    def drop_module(self, named: bytes) -> None:
        """One that turned out to be none."""
        (self.root / "modules" / f"{named.hex()}.wasm").unlink(missing_ok=True)

    def use(self, path: Path) -> None:
        """Note that a file was used now: what wasn't for longest is removed first."""
        with suppress(OSError):
            os.utime(path)

    def make_room(self, most: int, floor: int = FREE_FLOOR, owner: str = "") -> None:
        """Remove what was used longest ago until all files together have at most `most` bytes, those of
        `owner` a SHARE-th of that, and the disk has `floor` bytes free; the interpreter's code stays. Raises
        Unavailable if that isn't enough."""
        if owner:
            own = [file for file in self._files() if _owner_of(file[2]) == owner]
            _remove(own, lambda held: held <= most // SHARE)
        _remove(self._files(), lambda held: held <= most and shutil.disk_usage(self.root).free >= floor)
        self._remove_locks()
        if (free := shutil.disk_usage(self.root).free) < floor:
            raise Unavailable(
                f"the disk of {self.root} has {free >> 20} MiB left, and {floor >> 20} are kept free; "
                "make room there"
            )

    def _remove_locks(self) -> None:
        """Those beside code that is gone, which nobody holds."""
        for path in (self.root / "code").glob("*.lock"):
            if not path.with_suffix(".cwasm").exists():
                with suppress(OSError), path.open() as file:  # held, or another process was faster
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    if _is_at(file, path):
                        path.unlink()

    def _files(self) -> "list[tuple[int, int, Path]]":
        """(time of use, bytes of the disk, path) of all that may go, what was used longest ago first."""
        kept = {self._interpreter_path(), _sum_path(self._interpreter_path())}
        return sorted(
            (facts.st_mtime_ns, _taken(path, facts), path)
            for folder in ("code", "images", "modules")
            for path in (self.root / folder).iterdir()
            if path not in kept and path.suffix not in BESIDE and (facts := _facts(path)) is not None
        )

    def note_owner(self, spec: ImageSpec, owner: str) -> None:
        """Remember for whom the files of an image were made: the first one that asked for it."""
        made = [self.image_path(spec.id)]
        if spec.runtime == WASM:
            made = [self.root / "modules" / f"{spec.module.hex()}.wasm", self._code_path(spec.module)]
        for path in made:
            if path.exists() and not _owner_path(path).exists():
                _write(_owner_path(path), owner.encode())

    def keep_module(self, module: bytes) -> bytes:
        """Store a wasm module, over a damaged one too; its digest."""
        named = blob_digest(module)
        path = self.root / "modules" / f"{named.hex()}.wasm"
        if not path.exists() or blob_digest(path.read_bytes()) != named:
            _write(path, module)
        return named

    def module(self, named: bytes) -> bytes:
        """A stored wasm module. Raises BadInput if it isn't here or was changed."""
        path = self.root / "modules" / f"{named.hex()}.wasm"
        content = path.read_bytes() if path.exists() else b""
        if blob_digest(content) != named:
            raise BadInput(f"the wasm module {named.hex()[:16]} isn't here; send it again")
        return content

    def interpreter(self, progress: Progress = silent) -> wasmtime.Module:
        """The compiled interpreter; the first call on a machine takes 80 s or more."""
        path = self._interpreter_path()
        if not _intact(path):
            stage = "compiling the Python sandbox"
            self._compile(None, path, stage, EXPECTED_COMPILE, float("inf"), progress)
        return _load(path)

    def has_interpreter(self) -> bool:
        """Whether `interpreter` needs no compile."""
        path = self._interpreter_path()
        return path.exists() and _sum_path(path).exists()

    def _interpreter_path(self) -> Path:
        return self._code_path(interpreter_digest())

    def command(self, named: bytes, progress: Progress = silent) -> tuple[wasmtime.Module, int]:
        """The compiled form of a stored module, and the bytes that were compiled for it now, if any.
        Raises BadInput if it isn't here or no compiler takes it."""
        content = self.module(named)
        path = self._code_path(named)
        compiled = 0 if _intact(path) else len(content)
        if compiled:
            source = self.root / "modules" / f"{named.hex()}.wasm"
            expected = len(content) / COMPILE_SPEED
            try:
                self._compile(source, path, "compiling the wasm module", expected, MAX_COMPILE, progress)
            except BadInput:
                self.drop_module(named)
                raise
        for used in (path, _sum_path(path), self.root / "modules" / f"{named.hex()}.wasm"):
            self.use(used)
        return _load(path), compiled

    def _code_path(self, named: bytes) -> Path:
        key = digest("code", named, settings_digest(), host_digest())
        return self.root / "code" / f"{key.hex()}.cwasm"

    def _compile(
        self, source: Path | None, path: Path, stage: str, expected: float, most: float, progress: Progress
    ) -> None:
        """Of a module, or of the interpreter (None), in a process of its own, so that its memory is given
        back and Ctrl-C ends it."""
        with _locked(path.with_suffix(".lock"), stage, expected, progress):
            if _intact(path):
                return
            partial = path.with_suffix(f".{os.getpid()}.partial")
            began = time.monotonic()
            named = INTERPRETER if source is None else str(source)
            command = [sys.executable, "-m", "surge.run.slots.compile", named, str(partial)]
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
            try:
                while True:
                    elapsed = time.monotonic() - began
                    progress(stage, elapsed, expected)
                    if elapsed > most:
                        raise BadInput(f"{stage} took more than {most:.0f} s; split the module up")
                    with suppress(subprocess.TimeoutExpired):
                        _, errors = child.communicate(timeout=1.0)
                        break
                if child.returncode < 0:
                    raise BadInput(f"{stage} took too long or too much memory; split the module up")
                if child.returncode:
                    said = errors.decode(errors="replace").strip().splitlines() or ["no message"]
                    raise BadInput(f"{stage} failed: {said[-1]}; build it for wasm32-wasi without extensions")
                summed = _sum(partial)
                partial.replace(path)
                _write(_sum_path(path), summed)
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
                partial.unlink(missing_ok=True)


def _remove(files: "list[tuple[int, int, Path]]", enough: Callable[[int], bool]) -> None:
    """From the first one on, until it is enough for the bytes that are left."""
    held = sum(size for _, size, _ in files)
    for _, size, path in files:
        if enough(held):
            return
        path.unlink(missing_ok=True)
        if path.suffix != SUMMED:
            _owner_path(path).unlink(missing_ok=True)
        held -= size


def _owner_path(path: Path) -> Path:
    return path.with_suffix(OWNED)


def _owner_of(path: Path) -> str:
    """For whom a file was made; nobody where that isn't known."""
    try:
        return _owner_path(path).read_text()
    except FileNotFoundError:
        return ""


def _facts(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None  # another process removed it


def _taken(path: Path, facts: os.stat_result) -> int:
    """Bytes of the disk, with those of the note that goes with it: a small file takes a whole block."""
    note = None if path.suffix == SUMMED else _facts(_owner_path(path))
    return (facts.st_blocks + (note.st_blocks if note is not None else 0)) * 512


def _is_at(file: IO[str], path: Path) -> bool:
    """Whether an open file is still the one that is found there."""
    found, opened = _facts(path), os.fstat(file.fileno())
    return found is not None and (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino)


def _sum_path(path: Path) -> Path:
    return path.with_suffix(SUMMED)


def _sum(path: Path) -> bytes:
    state = blake3(max_threads=blake3.AUTO)
    state.update_mmap(path)
    return state.digest()


def _intact(path: Path) -> bool:
    summed = _sum_path(path)
    return path.exists() and summed.exists() and summed.read_bytes() == _sum(path)


def _load(path: Path) -> wasmtime.Module:
    return wasmtime.Module.deserialize_file(engine(), str(path))


def _write(path: Path, content: bytes) -> None:
    partial = path.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(content)
    partial.replace(path)


@contextmanager
def _locked(path: Path, stage: str, expected: float, progress: Progress) -> Iterator[None]:
    """One compiler at a time; who waits sees the same progress."""
    began = time.monotonic()
    while True:
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress(stage, time.monotonic() - began, expected)
                time.sleep(0.5)
                continue
            if _is_at(file, path):  # else it was removed meanwhile, and locks nobody out
                yield
                return
