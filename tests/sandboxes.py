"""What tests of the sandboxes share: a pool to run functions and modules in, and tiny wasm modules."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import wasmtime

from surge.model.command import CommandInput
from surge.model.task import ChunkResult, Limits, Task
from surge.renter.ship.call import encode_call, read_outcome, ship
from surge.run.sandbox.engine import engine
from surge.run.sandbox.feed import Assignment
from surge.run.sandbox.suite import python_spec, wasm_spec
from surge.run.sandbox.wasm import WasmRuntime
from surge.run.slots.pool import Image, Job, Pool

T = TypeVar("T")


class Slots:
    """A pool and the loop it lives on, for tests that aren't coroutines."""

    def __init__(self, runner: asyncio.Runner, pool: Pool) -> None:
        self._runner, self.pool = runner, pool

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    def chunk(
        self,
        function: Callable[..., Any],
        *inputs: Any,
        modules: tuple[str, ...] = (),
        limits: Limits = Limits(),  # noqa: B008 frozen
        wall_seconds: float = 120.0,
        shared: bool = False,
        seed: int | None = None,
    ) -> tuple[ChunkResult, list[Any]]:
        """Run `function` on each input in one chunk; the result, and each value or exception. Seeds are the
        tasks' numbers, unless all have the same."""
        shipped = ship(function, shared=shared)
        spec = python_spec(tuple({*shipped.modules, *modules}))
        tasks = []
        for number, value in enumerate(inputs):
            body = encode_call((value,), {}, shipped)
            one = number if seed is None else seed
            tasks.append((Task(b"\0" * 32, body, one, limits).id(spec), body, one))
        result = self.do(self.pool.run(Job(spec, shipped.code, tasks, limits, wall_seconds)))
        return result, [_value(o.status, o.output, shipped) for o in result.outcomes]

    def image(self, *modules: str) -> Image:
        return self.do(self.pool.image(python_spec(modules)))

    def command(
        self,
        module: bytes,
        *inputs: CommandInput,
        limits: Limits = Limits(),  # noqa: B008 frozen
    ) -> ChunkResult:
        """Run a wasm command on each input."""
        spec = wasm_spec(module)
        self.do(self.pool.image(spec, module))
        tasks = [(bytes([n]) * 32, one.encode(), n) for n, one in enumerate(inputs)]
        return self.do(self.pool.run(Job(spec, b"", tasks, limits, 120.0)))


def _value(status: str, output: bytes, shipped: Any) -> Any:
    if status in ("returned", "raised"):
        answer = read_outcome(status, output, shipped)
        return answer.value if answer.error is None else answer.error
    return output.decode()


@contextmanager
def slots(count: int = 1, cache_root: Path | None = None, readable: Sequence[Path] = ()) -> Iterator[Slots]:
    """A started pool; ended, with its workers, at the end of the block."""
    with asyncio.Runner() as runner:
        pool = Pool(count, cache_root, readable=readable)
        runner.run(pool.start())
        try:
            yield Slots(runner, pool)
        finally:
            runner.run(pool.stop())


def run_wat(
    text: str,
    command: CommandInput | None = None,
    limits: Limits = Limits(),  # noqa: B008 frozen
    seed: int = 0,
) -> Any:
    """The outcome of one command given as WebAssembly text, in this process."""
    runtime = WasmRuntime(wasmtime.Module(engine(), wasmtime.wat2wasm(text)))
    body = (command or CommandInput()).encode()
    outcomes, _ = runtime.run([Assignment(b"t" * 32, body, seed)], limits)
    return outcomes[0]
