"""What runs: limits, images, tasks and chunks, each named by the digest of all that decides its outcome.

Same chunk id ⇒ same outputs and same fuel on every machine (invariant P1).
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from surge.model.digest import digest
from surge.model.units import Bytes, Fuel, MilliJoules, divide_up

WASM = "wasm"
PYTHON = "python"

DEFAULT_FUEL = Fuel(2_000 * 10**9)
DEFAULT_MEMORY = Bytes(1 << 30)
DEFAULT_OUTPUT = Bytes(256 << 20)
CHUNK_OUTPUT = Bytes(256 << 20)
"""Once the outputs of a chunk have so many bytes, it ends; the tasks behind it run in another one."""
MAX_TASK_INPUT = Bytes(64 << 20)
"""Of a task's encoded arguments: it travels in one message."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one task: fuel, linear memory and output in bytes. Wall time is the provider's own guard:
    it isn't deterministic, so it isn't part of any id and yields no slashable receipt."""

    fuel: Fuel = DEFAULT_FUEL
    memory: Bytes = DEFAULT_MEMORY
    output: Bytes = DEFAULT_OUTPUT

    def encode(self) -> bytes:
        return struct.pack("<QQQ", self.fuel, self.memory, self.output)


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """What an image is made from: a runtime and what it loads before any task.

    runtime: WASM or PYTHON. runtime_digest: of the engine version, its settings and (python) the
    interpreter. modules: names that the python runtime imports before the memory is taken, sorted.
    module: digest of the wasm module (empty for python).
    """

    runtime: str
    runtime_digest: bytes
    modules: tuple[str, ...] = ()
    module: bytes = b""

    @property
    def id(self) -> bytes:
        names = "\0".join(self.modules).encode()
        return digest("image", self.runtime.encode(), self.runtime_digest, names, self.module)


@dataclass(frozen=True, slots=True)
class Task:
    """One call. `code` is a blob's digest, `input` the encoded arguments themselves, `blobs` the digests of
    those that code and input name; `seed` feeds the task's randomness. `id` needs the runtime, so it is a
    function of the image spec."""

    code: bytes
    input: bytes = field(repr=False)
    seed: int
    limits: Limits = Limits()
    blobs: tuple[bytes, ...] = ()

    def id(self, spec: ImageSpec) -> bytes:
        return digest(
            "task",
            spec.id,
            self.code,
            digest("input", self.input),
            self.limits.encode(),
            self.seed.to_bytes(8, "little"),
            *([b"".join(self.blobs)] if self.blobs else []),
        )


MAX_SEED = 2**63 - 1


def task_seed(job_seed: int, number: int) -> int:
    """The seed of a job's task, 0 to MAX_SEED: told by the job's own, and different for every task."""
    found = digest("task-seed", job_seed.to_bytes(8, "little"), number.to_bytes(8, "little"))
    return int.from_bytes(found[:8], "little") >> 1


def chunk_id(image_digest: bytes, task_ids: list[bytes], limits: Limits) -> bytes:
    """The unit of dispatch, receipt and audit: a start state and an ordered list of tasks."""
    return digest("chunk", image_digest, b"".join(task_ids), limits.encode())


# How a task ended. Only these four are deterministic, so only these can be receipted.
RETURNED, RAISED, OUT_OF_FUEL, TRAPPED = "returned", "raised", "out-of-fuel", "trapped"
SETTLED_STATUSES = frozenset({RETURNED, RAISED, OUT_OF_FUEL, TRAPPED})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one task: how it ended, its output (tagged data, or a command's stdout and code), its fuel."""

    task: bytes
    status: str
    output: bytes = field(repr=False)
    fuel: Fuel

    @property
    def output_digest(self) -> bytes:
        return digest("output", self.output)


def ends_chunk(outcomes: Sequence[Outcome]) -> bool:
    """Whether a chunk may end behind these outcomes, though it has more tasks: the last one broke the guest,
    or the outputs are all that one chunk may give."""
    broke = bool(outcomes) and outcomes[-1].status in (OUT_OF_FUEL, TRAPPED)
    return broke or sum(len(outcome.output) for outcome in outcomes) >= CHUNK_OUTPUT


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """Of one chunk in a sandbox: the outcomes in order and what it took.

    fuel: of the whole chunk, its setup included. moved_bytes: in and out, as the receipt bills them.
    """

    chunk: bytes
    outcomes: tuple[Outcome, ...]
    fuel: Fuel
    moved_bytes: Bytes
    joules: MilliJoules
    joules_measured: bool


def amount_of(fuel: int, moved: int, price_gfuel: int, price_gib: int) -> int:
    """Millionths of a dollar: ⌈fuel × price per Gfuel⌉ + ⌈bytes × price per GiB⌉."""
    return divide_up(fuel * price_gfuel, 10**9) + divide_up(moved * price_gib, 2**30)


def moved_of(code_size: int, inputs: Sequence[bytes], outcomes: Sequence[Outcome]) -> Bytes:
    """Bytes that a chunk's receipt bills: its code once, and each finished task's input and output. On top
    come blobs: each in the first chunk of a lease that names it, if it was sent over that lease."""
    given = sum(len(one) for one in inputs[: len(outcomes)])
    return Bytes(code_size + given + sum(len(outcome.output) for outcome in outcomes))
