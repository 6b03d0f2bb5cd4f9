"""The host's side of the loop in guest/driver.py: a state machine that takes every message as hostile.

A guest that forges messages can spoil its own chunk's results and nothing else. The code is loaded in a turn
of its own; then tasks run in turns, and before each turn the guest is put back to where it was when the code
was loaded. Tasks that may change what others see have a turn each; the others follow each other in one, until
something is seen that the next task could see, too. What earlier ones of a turn left unused fills the memory:
a task that isn't the first of its turn, and meets the memory's end, breaks down or takes sets out of a blob
(their order is told by hashes, which may be addresses), ends the turn without an outcome and runs again as
the first of the next. Both runs are billed to it, up to its limit.

Every turn is billed from its first instruction to its last: the loading as the setup, all else to the task
that ran, to its end or until the next task was handed out. A turn isn't over with a task's outcome: whatever
goes wrong behind it, a further message to begin with, takes the outcome's place.
"""

from collections.abc import Callable
from dataclasses import dataclass

from surge.model.tagged import tags as tag
from surge.model.task import CHUNK_OUTPUT, OUT_OF_FUEL, RAISED, RETURNED, TRAPPED, Limits, Outcome
from surge.model.units import Fuel
from surge.run.sandbox.guest import Stop, Trapped
from surge.run.wasi.world import StreamName, World

Hear = Callable[[int, StreamName, bytes], None]
"""Told while tasks run: the task's place in its chunk, "stdout" or "stderr", and what it wrote."""


Fetch = Callable[[bytes], bytes]
"""The content of a blob by its name. Raises Trapped for one that the chunk doesn't name."""


FETCH_FUEL = 8
"""For each byte of a blob: reading and checking it takes the host about as long as so many instructions."""


def no_blobs(name: bytes) -> bytes:
    raise Trapped(f"the blob {name.hex()[:12]}, which the chunk doesn't name")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One task of a chunk as a sandbox takes it."""

    task: bytes
    input: bytes
    seed: int
    blobs: tuple[bytes, ...] | None = None
    """Those that it may read; None for all that its chunk names."""

    def check(self, blob: bytes) -> None:
        """Raises Trapped for one that it doesn't name, though another task of its chunk may."""
        if self.blobs is not None and blob not in self.blobs:
            no_blobs(blob)

    def reader(self, fetch: Fetch) -> Fetch:
        """As `fetch`, for what this task names."""

        def read(name: bytes) -> bytes:
            self.check(name)
            return fetch(name)

        return read

    @property
    def apart(self) -> bool:
        """Whether it brings code of its own, or what could tell of addresses."""
        return self.input[:2] == WITH_CODE or may_tell(self.input)


SHARED, QUIET, ALONE = b"S", b"T", b"A"
"""What code says of its tasks when it is loaded: they run in one turn and share what they leave; in one turn
until something is seen to change; each in its own."""
SHORT = b"m"
BACK = {
    b"R": (RETURNED, False), b"E": (RAISED, False), b"r": (RETURNED, True), b"e": (RAISED, True),
    SHORT: (RAISED, True),
}  # fmt: skip
"""How an outcome's message begins: its status, and whether the guest asks to be put back after it. SHORT says
that the memory was full."""
WITH_CODE = b"\x93\xc0"
"""How the input of a call begins that brings functions or classes of its own (renter/ship/call.py)."""
TELLING = tuple(bytes([0xD4, code, 0]) for code in (tag.SET, tag.FROZENSET, tag.OBJECTS))
"""The marks of a set, of a frozenset and of an array of objects, whose bytes are addresses."""
UNEXPECTED = "a message to the host that it didn't expect"


def may_tell(content: bytes) -> bool:
    """Whether encoded data may hold a set or an array of objects: true for some that don't."""
    return any(mark in content for mark in TELLING)


@dataclass(frozen=True, slots=True)
class Loading:
    """What loading a chunk's code came to: what it says of its tasks, its fuel, and the clock behind it."""

    mode: bytes
    fuel: int
    clock: int


class ChunkFeed:
    """Hands out a chunk's code, tasks and blobs, and takes one outcome per task; fuel is read here. Whoever
    runs the turns gives the guest the limit's fuel before each, and calls `over` after it.

    changed: whether the guest could tell its outside, or the size of its memory, from what they were when
    the code was loaded.
    """

    def __init__(
        self, code: bytes, tasks: list[Assignment], limits: Limits, world: World, fetch: Fetch = no_blobs
    ) -> None:
        self._code, self._tasks, self._limits, self.world = code, tasks, limits, world
        self._fetch = fetch
        self._size = 0
        self.setup_fuel = 0
        self.outcomes: list[Outcome] = []
        self.changed: Callable[[], bool] = lambda: False
        self._mode = b""
        self._broken, self._loading = False, True
        self.fetched = False
        """Whether the guest asked for a blob."""
        self._began = 0
        """How many outcomes there were when the turn began."""
        self._again, self._odd = False, False
        self.owed = 0
        """Fuel of the run that the next task's second one replaces."""
        self._clock = world.clock
        self._next: Callable[[bytes], bytes] = self._on_code

    def __call__(self, message: bytes) -> bytes:
        if message[:1] == b"B" and self._next in (self._on_ready, self._on_result):
            for task in self._tasks if self._loading else self._tasks[len(self.outcomes) :][:1]:
                task.check(message[1:])
            self.fetched = True
            content = self._fetch(message[1:])
            self._odd |= not self._loading and may_tell(content)
            self.world.set_fuel(max(0, self.world.fuel_left() - FETCH_FUEL * len(content)))
            return content
        return self._next(message)

    @property
    def fuel(self) -> Fuel:
        return Fuel(self.setup_fuel + sum(outcome.fuel for outcome in self.outcomes))

    @property
    def done(self) -> bool:
        return len(self.outcomes) == len(self._tasks) or self._size >= CHUNK_OUTPUT

    @property
    def more(self) -> bool:
        """Whether another turn should follow."""
        return not self._broken and not self.done

    @property
    def in_one_turn(self) -> bool:
        """Whether nothing will have to be put back."""
        return self._mode == SHARED or len(self._tasks) == 1

    @property
    def loading(self) -> Loading:
        return Loading(self._mode, self.setup_fuel, self._clock)

    def skip(self, loading: Loading) -> None:
        """The code is loaded already, and that is what it came to."""
        self._mode, self.setup_fuel, self._clock = loading.mode, loading.fuel, loading.clock
        self._loading, self._next = False, self._on_asked

    def _spent(self) -> int:
        return self._limits.fuel - self.world.fuel_left()

    def _on_code(self, message: bytes) -> bytes:
        if message != b"C":
            raise Trapped(UNEXPECTED)
        self._next = self._on_ready
        return self._code

    def _on_ready(self, message: bytes) -> bytes:
        if message not in (SHARED, QUIET, ALONE):
            raise Trapped(UNEXPECTED)
        self._mode = message
        self._next = self._on_nothing
        return b""

    def _on_nothing(self, _message: bytes) -> bytes:
        """The turn should have ended."""
        raise Trapped(UNEXPECTED)

    def _on_asked(self, message: bytes) -> bytes:
        if message != b"N":
            raise Trapped(UNEXPECTED)
        self._began, self._odd = len(self.outcomes), False
        return self._hand_out()

    def _on_result(self, message: bytes) -> bytes:
        if message[:1] not in BACK:
            raise Trapped(UNEXPECTED)
        if len(message) - 1 > self._limits.output:
            raise Trapped(f"an output of {len(message) - 1} bytes; the limit is {self._limits.output}")
        if (message[:1] == SHORT or self._odd) and self._follows(len(self.outcomes)):
            self._again, self._next = True, self._on_nothing
            return b""
        status, back = BACK[message[:1]]
        self._record(status, message[1:], self._spent())
        if self._turn_ends(back or self._odd):
            self._next = self._on_nothing  # what it burns until then comes on top: see `over`
            return b""
        self.owed = 0
        self.world.set_fuel(self._limits.fuel)
        return self._hand_out()

    def _follows(self, number: int) -> bool:
        """Whether the turn's memory is of other tasks, too, and none of this one's business."""
        return self._mode == QUIET and number > self._began

    def _turn_ends(self, back: bool) -> bool:
        if self.done or self._mode == ALONE:
            return True
        if self._mode == SHARED:
            return False
        last, following = (self._tasks[len(self.outcomes) + n] for n in (-1, 0))
        return back or last.apart or following.apart or self.changed()

    def _hand_out(self) -> bytes:
        self._next = self._on_result
        task = self._tasks[len(self.outcomes)]
        self.world.begin(task.seed, self._clock)
        return task.seed.to_bytes(8, "little") + task.input

    def _record(self, status: str, output: bytes, fuel: int) -> None:
        task = self._tasks[len(self.outcomes)].task
        billed = Fuel(min(self.owed + fuel, self._limits.fuel))
        self.outcomes.append(Outcome(task, status, output, billed))
        self._size += len(output)

    def over(self, stop: Stop | None) -> None:
        """A turn has ended, by itself if `stop` is None. What it burned since the last bill is billed, and
        if it ended badly, the task that it was at (the first, while the code was loaded) ends so."""
        exact = stop is None or (stop.fuel_known and not stop.out_of_fuel)
        fuel = self._spent() if exact else self._limits.fuel
        loading, finished = self._loading, self._next == self._on_nothing
        self._loading, self._next = False, self._on_asked
        if loading:
            self.setup_fuel, fuel, self._clock = fuel, 0, self.world.clock
        at_hand = len(self.outcomes) - (finished and not self._again)
        broke = stop is not None and not stop.out_of_fuel and self._follows(at_hand)
        if not loading and (self._again or broke):
            if at_hand < len(self.outcomes):
                self._size -= len(self.outcomes.pop().output)
            self.owed, self._again = fuel, False
            return
        if finished and (stop is None or (stop.code == 0 and not loading)):
            if not loading:
                self._record_again(None, b"", fuel)
                self.owed = 0
            return
        self._broken = True
        stop = stop or Stop(False, "the chunk ended before all its tasks did")
        status = OUT_OF_FUEL if stop.out_of_fuel else TRAPPED
        if finished and not loading:
            self._record_again(status, stop.reason.encode(), fuel)
        elif not self.done:
            self._record(status, stop.reason.encode(), fuel)

    def _record_again(self, status: str | None, output: bytes, fuel: int) -> None:
        """The last outcome with other fuel, and by another end if `status` is given."""
        last = self.outcomes.pop()
        self._size -= len(last.output)
        self._record(status or last.status, output if status else last.output, fuel)
