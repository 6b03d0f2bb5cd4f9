"""The host's side of the loop in guest/driver.py: a state machine that takes every message as hostile.

A guest that forges messages can spoil its own chunk's results and nothing else. Tasks that may change what
others see run alone: after the setup, and after each of them, the guest gets an empty answer, ends its turn,
and is put back.
"""

from collections.abc import Callable
from dataclasses import dataclass

from surge.model.task import CHUNK_OUTPUT, OUT_OF_FUEL, RAISED, RETURNED, TRAPPED, Limits, Outcome
from surge.model.units import Fuel
from surge.run.sandbox.guest import Stop, Trapped
from surge.run.wasi.world import StreamName, World

Hear = Callable[[int, StreamName, bytes], None]
"""Told while tasks run: the task's place in its chunk, "stdout" or "stderr", and what it wrote."""


Fetch = Callable[[bytes], bytes]
"""The content of a blob by its name. Raises Trapped for one that the chunk doesn't name."""


def no_blobs(name: bytes) -> bytes:
    raise Trapped(f"the blob {name.hex()[:12]}, which the chunk doesn't name")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One task of a chunk as a sandbox takes it."""

    task: bytes
    input: bytes
    seed: int


class ChunkFeed:
    """Hands out a chunk's code, tasks and blobs, and takes one outcome per task; fuel is read and reset
    here."""

    def __init__(
        self, code: bytes, tasks: list[Assignment], limits: Limits, world: World, fetch: Fetch = no_blobs
    ) -> None:
        self._code, self._tasks, self._limits, self.world = code, tasks, limits, world
        self._fetch = fetch
        self._size = 0
        self.setup_fuel = 0
        self.outcomes: list[Outcome] = []
        self.alone = False
        self._clock = world.clock
        self._next: Callable[[bytes], bytes] = self._on_code

    def __call__(self, message: bytes) -> bytes:
        if message[:1] == b"B" and self._next in (self._on_ready, self._on_result):
            return self._fetch(message[1:])
        return self._next(message)

    @property
    def fuel(self) -> Fuel:
        return Fuel(self.setup_fuel + sum(outcome.fuel for outcome in self.outcomes))

    @property
    def done(self) -> bool:
        return len(self.outcomes) == len(self._tasks) or self._size >= CHUNK_OUTPUT

    def _spent(self) -> int:
        return self._limits.fuel - self.world.fuel_left()

    def _on_code(self, message: bytes) -> bytes:
        if message != b"C":
            raise Trapped("a message to the host that it didn't expect")
        self._next = self._on_ready
        return self._code

    def _on_ready(self, message: bytes) -> bytes:
        if message not in (b"T", b"A"):
            raise Trapped("a message to the host that it didn't expect")
        self.setup_fuel = self._spent()
        self._clock = self.world.clock
        self.alone = message == b"A"
        return self._put_back() if self.alone else self._hand_out()

    def _put_back(self) -> bytes:
        self.world.set_fuel(self._limits.fuel)
        self._next = self._on_asked
        return b""

    def _on_asked(self, message: bytes) -> bytes:
        if message != b"N" or self.done:
            raise Trapped("a message to the host that it didn't expect")
        return self._hand_out()

    def _on_result(self, message: bytes) -> bytes:
        if message[:1] not in (b"R", b"E") or self.done:
            raise Trapped("a message to the host that it didn't expect")
        if len(message) - 1 > self._limits.output:
            raise Trapped(f"an output of {len(message) - 1} bytes; the limit is {self._limits.output}")
        status = RETURNED if message[:1] == b"R" else RAISED
        self._record(status, message[1:], self._spent())
        return self._put_back() if self.alone else self._hand_out()

    def _hand_out(self) -> bytes:
        if not self.alone:
            self.world.set_fuel(self._limits.fuel)
        self._next = self._on_result
        if self.done:
            return b""
        task = self._tasks[len(self.outcomes)]
        self.world.begin(task.seed, self._clock)
        return task.seed.to_bytes(8, "little") + task.input

    def _record(self, status: str, output: bytes, fuel: int) -> None:
        task = self._tasks[len(self.outcomes)].task
        self.outcomes.append(Outcome(task, status, output, Fuel(fuel)))
        self._size += len(output)

    def broken(self, stop: Stop) -> None:
        """The guest stopped. The task it was at (the first, if it was still loading the code) ends so."""
        if self.done:
            return
        fuel = self._spent() if stop.fuel_known and not stop.out_of_fuel else self._limits.fuel
        if self._next in (self._on_code, self._on_ready):
            self.setup_fuel, fuel = fuel, 0
        self._record(OUT_OF_FUEL if stop.out_of_fuel else TRAPPED, stop.reason.encode(), fuel)
