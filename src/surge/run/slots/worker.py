"""`python -m surge.run.slots.worker CACHE [READABLE…]`: one slot. Runs one request at a time and ends with
its parent. It may write its cache, and read the folders named."""

import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO

from surge.model.digest import blob_digest
from surge.model.errors import BadInput, NotDeterministic, SurgeError, Unavailable
from surge.model.task import PYTHON, WASM, ImageSpec, Limits, Outcome
from surge.model.units import Bytes, Fuel, MilliJoules
from surge.run.sandbox.engine import THREAD_STACK, engine
from surge.run.sandbox.feed import Assignment, no_blobs
from surge.run.sandbox.image import MemoryImage
from surge.run.sandbox.python import Image, PythonRuntime, check_modules
from surge.run.sandbox.suite import suite_digest
from surge.run.sandbox.wasm import WasmRuntime, module_image
from surge.run.slots.cache import Cache
from surge.run.slots.confine import confine
from surge.run.slots.energy import Energy, EnergyMeter
from surge.run.slots.live import Live
from surge.run.slots.orphan import die_with_parent
from surge.run.slots.pipe import (
    Answer,
    Failed,
    MakeImage,
    Ran,
    Ready,
    Request,
    RunChunk,
    TaskOutcome,
    Warm,
    Working,
    read_frame,
    requests,
    write_frame,
)
from surge.run.wasi.memory import is_strict

MAX_HELD = 3
"""Images, and modules, that a worker keeps in memory."""
COMPILE_FUEL = 5_000
"""For each byte of a renter's module: compiling one takes about a millionth of a second."""
TICK = 0.05
IMPORT_SECONDS = 10.0
"""A guess, shown while an image is made."""


@contextmanager
def wall_guard(seconds: float) -> Iterator[None]:
    """Interrupt any guest of this process once `seconds` have passed (it ends in NotDeterministic)."""
    done = threading.Event()

    def watch() -> None:
        done.wait(seconds)
        while not done.is_set():
            engine().increment_epoch()
            done.wait(TICK)

    thread = threading.Thread(target=watch, name="wall-guard")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Worker:
    """Answers requests, one after the other."""

    def __init__(self, cache: Cache, out: BinaryIO, layers: tuple[str, ...] = ()) -> None:
        self._cache, self._out, self._layers = cache, out, layers
        self._python: PythonRuntime | None = None
        self._images: dict[bytes, Image] = {}
        self._commands: dict[bytes, WasmRuntime] = {}
        self._made: tuple[Fuel, Energy] | None = None

    def answer(self, request: Request) -> Answer:
        try:
            if isinstance(request, Warm):
                self._interpreter()
                return Ready(layers=self._layers)
            self._check(request.spec)
            if isinstance(request, MakeImage):
                return self._make_image(request.spec)
            return self._run(request)
        except SurgeError as error:
            return Failed(type(error).__name__, str(error))
        except MemoryError:
            return Failed(NotDeterministic.__name__, "this machine ran out of memory; offer fewer slots")
        except OSError as error:  # a full disk, mostly: no reason for this worker to die
            where = f" of {error.filename}" if error.filename else ""
            return Failed(
                Unavailable.__name__, f"the disk{where} failed ({error.strerror}); ask another machine"
            )

    def _check(self, spec: ImageSpec) -> None:
        if spec.runtime not in (PYTHON, WASM):
            raise BadInput(f"no runtime is called {spec.runtime!r}; use {PYTHON!r} or {WASM!r}")
        if spec.runtime_digest != suite_digest():
            raise BadInput(
                "the job was made for another release of the sandbox; use the same release of surge"
            )

        check_modules(spec.modules)

    def _progress(self, stage: str, elapsed: float, expected: float) -> None:
        write_frame(self._out, Working(stage, elapsed, expected))

    def _interpreter(self) -> PythonRuntime:
        if self._python is None:
            self._python = PythonRuntime(self._cache.interpreter(self._progress))
        return self._python

    def _command(self, named: bytes) -> tuple[WasmRuntime, int]:
        """The runtime, and the bytes that were compiled for it now."""
        runtime, compiled = self._commands.pop(named, None), 0
        if runtime is None:
            module, compiled = self._cache.command(named, self._progress)
            try:
                runtime = WasmRuntime(module)
            except BadInput:
                self._cache.drop_module(named)
                raise
        _hold(self._commands, named, runtime)
        return runtime, compiled

    def _image(self, spec: ImageSpec) -> Image:
        image = self._images.pop(spec.id, None)
        if image is None:
            path = self._cache.image_path(spec.id)
            self._cache.use(path)
            made = MemoryImage.load(path)
            if made is None:
                self._progress(f"importing {', '.join(spec.modules) or 'the driver'}", 0.0, IMPORT_SECONDS)
                python, meter = self._interpreter(), EnergyMeter()
                made = python.make_image(spec)
                self._made = made.fuel, meter.read()
                made.save(path)
            image = Image(made)
        _hold(self._images, spec.id, image)
        return image

    def _make_image(self, spec: ImageSpec) -> Ready:
        if spec.runtime == WASM:
            meter = EnergyMeter()
            _, compiled = self._command(spec.module)
            energy = meter.read() if compiled else Energy(MilliJoules(0), False)
            fuel = COMPILE_FUEL * compiled
            return Ready(module_image(spec.module), fuel, energy.millijoules, energy.measured)
        self._made = None
        image = self._image(spec)
        if self._made is None:
            return Ready(image.digest)
        fuel, energy = self._made
        return Ready(image.digest, fuel, energy.millijoules, energy.measured)

    def _run(self, request: RunChunk) -> Ran:
        limits = Limits(Fuel(request.fuel), Bytes(request.memory), Bytes(request.output))
        tasks = [Assignment(t.task, t.input, t.seed, t.blobs) for t in request.tasks]
        outcomes: list[Outcome]

        def fetch(name: bytes) -> bytes:
            return _content(request.blobs, name)

        watched = Live(lambda printed: write_frame(self._out, printed)) if request.watched else nullcontext()
        if request.spec.runtime == WASM:
            (command, _), named = self._command(request.spec.module), module_image(request.spec.module)
            meter = EnergyMeter()
            with wall_guard(request.wall_seconds), watched as live:
                outcomes, fuel = command.run(tasks, limits, live.hear if live else None, fetch)
        else:
            image, python = self._image(request.spec), self._interpreter()
            named = image.digest
            meter = EnergyMeter()
            with wall_guard(request.wall_seconds), watched as live:
                outcomes, fuel = python.run(
                    image, request.code, tasks, limits, live.hear if live else None, fetch
                )
        energy = meter.read()
        told = [TaskOutcome(o.task, o.status, o.output, o.fuel) for o in outcomes]
        return Ran(named, told, fuel, energy.millijoules, energy.measured)

    def serve(self, pipe: BinaryIO) -> None:
        """Answer requests until the pipe ends."""
        while (body := read_frame(pipe)) is not None:
            write_frame(self._out, self.answer(requests.decode(body)))


def _content(places: dict[bytes, str], name: bytes) -> bytes:
    """Raises NotDeterministic where the disk gives something else than was kept."""
    if name not in places:
        return no_blobs(name)
    try:
        content = Path(places[name]).read_bytes()
    except OSError as error:
        raise NotDeterministic(
            f"the blob {name.hex()[:12]} can't be read ({error}); send it again"
        ) from error
    if blob_digest(content) != name:
        raise NotDeterministic(f"the blob {name.hex()[:12]} was damaged on this disk; send it again")
    return content


def _hold(held: dict[bytes, Any], named: bytes, thing: Any) -> None:
    held[named] = thing
    while len(held) > MAX_HELD:
        held.pop(next(iter(held))).close()


def _limit_self() -> None:
    """No core dumps, few files, no huge files; and if memory runs out, we go before our parent does."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for kind, most in ((resource.RLIMIT_NOFILE, 256), (resource.RLIMIT_FSIZE, 4 << 30)):
        _, hard = resource.getrlimit(kind)
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (wanted, wanted))
    score = Path("/proc/self/oom_score_adj")
    if score.exists():
        score.write_text("500")


def main() -> int:
    die_with_parent()
    _limit_self()
    # Frames own the pipe; whatever else prints goes to stderr.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    cache = Cache.open(Path(sys.argv[1]))
    is_strict()  # while that can be read
    worker = Worker(cache, out, confine([Path(name) for name in sys.argv[2:]], [cache.root]))
    failed: list[BaseException] = []

    def body() -> None:
        try:
            worker.serve(sys.stdin.buffer)
        except BaseException as error:  # noqa: BLE001 the main thread raises it again
            failed.append(error)

    usual = threading.stack_size(THREAD_STACK)
    thread = threading.Thread(target=body, name="guest")
    thread.start()
    threading.stack_size(usual)  # of the guards that follow
    thread.join()
    if failed:
        raise failed[0]
    return 0


if __name__ == "__main__":
    sys.exit(main())
