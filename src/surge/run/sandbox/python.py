"""The python runtime: images of an interpreter with its imports, and chunks that start from one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import wasmtime

from surge.model.digest import digest
from surge.model.errors import BadInput
from surge.model.task import ImageSpec, Limits, Outcome
from surge.model.units import Bytes, Fuel
from surge.run.sandbox.feed import Assignment, ChunkFeed, Fetch, Hear, Loading, no_blobs
from surge.run.sandbox.guest import HostCall, Sandbox, Stop, Trapped
from surge.run.sandbox.image import MemoryImage
from surge.run.sandbox.interpreter import library
from surge.run.sandbox.suite import guest_files, shared_files
from surge.run.wasi.checkpoint import Checkpoint
from surge.run.wasi.files import Tree
from surge.run.wasi.memory import Stencil
from surge.run.wasi.world import Exited, Kept, World

GUEST_PATH = "usr/local/lib/surge"
ENVIRON = (b"HOME=/tmp", b"PYTHONTZPATH=", b"TMPDIR=/tmp")
OWN_FILES: Mapping[str, bytes | None] = {"tmp": None}
UNLIMITED = 2**62
"""Fuel until the first turn sets a limit."""
PRINT_LIMIT = 1 << 20
"""Bytes of stdout and of stderr that are kept of a chunk."""
IMAGE_LIMITS = Limits(Fuel(2_000 * 10**9), Bytes(1 << 30))
"""Of the imports of an image."""
MAX_LOADED = 64 << 20
"""Bytes of the memory in which code was loaded that are kept for the next chunk."""
MAX_MODULES = 64
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,7}", re.ASCII)

PREPARE = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, "/{path}")
from surge.run.guest import driver
driver.prepare({modules!r})
"""
SERVE = b"driver.serve()\n"
SERVE_TASKS = b""
"""It calls _host.serve (graft/wide.wat): reading a text would take longer than a small task."""


@cache
def guest_library() -> dict[str, bytes]:
    """The read-only files of a python guest: the standard library and our own guest modules."""
    files = dict(library())
    for package in ("surge", "surge/run", "surge/model", "surge/model/tagged"):
        files[f"{GUEST_PATH}/{package}/__init__.py"] = b""
    for name, source in shared_files().items():
        files[f"{GUEST_PATH}/surge/{name}"] = source
    for name, source in guest_files().items():
        files[f"{GUEST_PATH}/surge/run/guest/{name}"] = source
    return files


def check_modules(modules: tuple[str, ...]) -> None:
    """Raises BadInput for what can't be a module's name: it goes into source text."""
    if len(modules) > MAX_MODULES:
        raise BadInput(f"an image holds at most {MAX_MODULES} modules, not {len(modules)}; import fewer")
    for name in modules:
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name!r} is no module's name; give names such as numpy.linalg")


def _nobody(_message: bytes) -> bytes:
    raise Trapped("a message to the host outside a chunk")


class PythonGuest(Sandbox):
    """An interpreter that runs source text, turn by turn."""

    def __init__(self, module: wasmtime.Module, memory_limit: int, host_call: HostCall) -> None:
        world = World(
            Tree(guest_library, OWN_FILES), (b"/usr/local/bin/python",), ENVIRON, output_limit=PRINT_LIMIT
        )
        super().__init__(world, memory_limit, UNLIMITED, host_call)
        stop = self.run(lambda: self.instantiate(module))
        if isinstance(stop, Stop):  # it is ours, and has no start section
            self.close()
            raise BadInput(stop.reason)

    def turn(self, source: bytes) -> Stop | None:
        """Run source in the persistent `__main__`; how it stopped, if it didn't end well."""

        def body() -> int | None:
            address = self.allocate(len(source))
            self.memory.write(address, source)
            result: int | None = self.exports["turn"](self.store, address, len(source))  # type: ignore[operator]
            return result

        result = self.run(body)
        if isinstance(result, Exited):
            said = f"the interpreter ended itself with exit code {result.code}"
            result = Stop(False, said, code=result.code)
        if isinstance(result, Stop):
            return replace(result, reason=result.reason + self._last_words())
        return None if result == 0 else Stop(False, "the interpreter gave up" + self._last_words())

    def _last_words(self) -> str:
        text = bytes(self.world.stderr.kept[-2000:]).decode(errors="replace").strip()
        return f"\n{text}" if text else ""


@dataclass
class Loaded:
    """An image in which a chunk's code was loaded: where its tasks start, and those of the next chunk of the
    same code and limits, as loading it again would give the same memory and take the same fuel. pure: that
    the loading did nothing else (no blob was read, nothing was printed, no file was written)."""

    code: bytes
    limits: Limits
    loading: Loading
    kept: Kept
    memory: Checkpoint
    pure: bool


class Image:
    """A memory image ready to be laid over fresh guests, and its digest."""

    def __init__(self, source: MemoryImage) -> None:
        self.digest, self.fuel, self.state = source.digest, source.fuel, source.state
        self.stencil = Stencil(source.memory)
        self._loaded: Loaded | None = None
        self._last: tuple[bytes, Limits] | None = None  # digest of the code of the chunk before

    def loaded(self, code: bytes, limits: Limits) -> Loaded | None:
        """Where the code was loaded last, if it was this code."""
        last = self._loaded
        return last if last is not None and (last.code, last.limits) == (code, limits) else None

    def is_again(self, code: bytes, limits: Limits) -> bool:
        """Whether the chunk before had the same: then others may follow."""
        before, self._last = self._last, (digest("loaded", code), limits)
        return before == self._last

    def hold(self, loaded: Loaded) -> None:
        """In the place of what was loaded before."""
        self.release()
        self._loaded = loaded

    def trim(self) -> None:
        """After a chunk: keep only what another chunk may start from, and what is small."""
        last = self._loaded
        if last is not None and not (last.pure and len(last.code) + last.memory.weight <= MAX_LOADED):
            self.release()

    def release(self) -> None:
        if self._loaded is not None:
            self._loaded.memory.close()
            self._loaded = None

    def close(self) -> None:
        self.release()
        self.stencil.close()


class PythonRuntime:
    """Makes images and runs chunks, one at a time, each in an instance of its own."""

    def __init__(self, module: wasmtime.Module) -> None:
        self._module = module

    def make_image(self, spec: ImageSpec) -> MemoryImage:
        """Import `spec.modules`. Raises BadInput, with the guest's traceback, if one can't be imported."""
        check_modules(spec.modules)
        guest = PythonGuest(self._module, IMAGE_LIMITS.memory, _nobody)
        try:
            guest.world.set_fuel(IMAGE_LIMITS.fuel)
            source = PREPARE.format(path=GUEST_PATH, modules=list(spec.modules))
            stop = guest.turn(source.encode())
            if stop is not None:
                names = ", ".join(spec.modules) or "nothing"
                raise BadInput(f"the sandbox can't import {names}: {stop.reason}")
            fuel = Fuel(IMAGE_LIMITS.fuel - guest.world.fuel_left())
            if any(handle.body is not None for handle in guest.world.handles.values()):
                raise BadInput(
                    f"one of {', '.join(spec.modules)} keeps a file open; leave it out of the image"
                )
            return MemoryImage(guest.memory.dump(), guest.world.state(), fuel)
        finally:
            guest.close()

    def run(
        self,
        image: Image,
        code: bytes,
        tasks: list[Assignment],
        limits: Limits,
        hear: Hear | None = None,
        fetch: Fetch = no_blobs,
    ) -> tuple[list[Outcome], Fuel]:
        """The outcomes of a chunk, in order, up to the first task that broke the guest; and all its fuel.
        `hear` is told what scripts write while they run; `fetch` gives the blobs that the chunk names.

        Raises BadInput if the image is larger than the memory limit, NotDeterministic if this machine
        was the reason for a stop.
        """
        size = image.stencil.size
        if size > limits.memory:
            raise BadInput(
                f"the imports alone fill {size >> 20} MiB; the limit is {limits.memory >> 20} MiB: "
                "raise the memory limit or import less"
            )
        guest = PythonGuest(self._module, limits.memory, _nobody)
        guest.host_call = feed = ChunkFeed(code, tasks, limits, guest.world, fetch)
        if hear is not None:
            guest.world.listen(lambda stream, content: hear(len(feed.outcomes), stream, content))
        loaded, again = image.loaded(code, limits), image.is_again(code, limits)
        try:
            if loaded is None:
                guest.memory.grow_to(size)
                guest.memory.lay(image.stencil)
                guest.world.restore(image.state)
                guest.world.set_fuel(limits.fuel)
                feed.over(guest.turn(SERVE))
                guest.check_room()  # before others start from this memory
                if feed.more and (again or not feed.in_one_turn):
                    kept, memory = guest.world.keep(), Checkpoint(guest.memory, image.stencil)
                    pure = not feed.fetched and not guest.world.wrote
                    loaded = Loaded(code, limits, feed.loading, kept, memory, pure)
                    image.hold(loaded)
            else:
                loaded.memory.lay(guest.memory)
                guest.world.back(loaded.kept)
                feed.skip(loaded.loading)
            if feed.more and loaded is not None and not feed.in_one_turn:
                guest = self._serve(guest, loaded, feed)
            elif feed.more:
                guest.world.set_fuel(limits.fuel)
                feed.over(guest.turn(SERVE_TASKS))
            guest.check_room()
            return feed.outcomes, feed.fuel
        finally:
            guest.close()
            image.trim()

    def _serve(self, guest: PythonGuest, loaded: Loaded, feed: ChunkFeed) -> PythonGuest:
        """The turns in which the tasks run, each from the memory as it was when the code was loaded; the
        guest that ran the last one."""
        kept, before, limits = loaded.kept, loaded.memory, loaded.limits
        feed.changed = lambda: guest.memory.refresh() != before.size or guest.world.differs(kept)
        while True:
            guest.world.set_fuel(limits.fuel)
            stop = guest.turn(SERVE_TASKS)
            feed.over(stop)
            if not feed.more:
                return guest
            if stop is not None or not before.back(guest.memory):
                heard = guest.world.heard
                guest.check_room()
                guest.close()
                guest = PythonGuest(self._module, limits.memory, feed)
                guest.world.listen(heard)
                before.lay(guest.memory)
                feed.world = guest.world
            guest.world.back(kept)
