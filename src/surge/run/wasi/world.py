"""What a guest can know of the outside: its arguments, files, a virtual clock and seeded randomness.

Everything here is decided by the task and the image, so output and fuel repeat exactly.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from blake3 import blake3

from surge.run.wasi import abi
from surge.run.wasi.files import Body, Denied, Tree, set_moment

CLOCK_START = 1_735_689_600 * 10**9
"""The virtual clock's first reading: 2025-01-01T00:00:00Z, in ns."""
CHANGE_STEP = 1_000
"""Each change of a file takes so many ns of it."""
CLOCK_STEP = 1_000
"""Nanoseconds that pass with each reading, so that a loop which waits for time to pass ends. A task that only
looks at the clock sees it go faster: the step doubles with each LOOKS readings, up to a millisecond."""
LOOKS, DOUBLINGS = 1_000, 10
CALL_FUEL = 36_000
"""Fuel of one call to the host: a call takes about as long as this many instructions."""
FILE_FUEL = 200
"""Fuel per file that a call has to look at."""
ITEM_FUEL = 8_000
"""Fuel per vector, subscription, string or name of a folder that a call has to deal with one by one."""
PATH_FUEL = 25
"""Fuel per byte of a path: it is cut into its parts."""
MAX_HANDLES = 256
MAX_LISTED = 64 << 20
"""Bytes of names that a guest's open folders keep."""


class OutOfFuel(Exception):
    """A call to the host would have cost more fuel than was left."""


class Exited(Exception):
    """The guest ended itself with an exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


StreamName = Literal["stdout", "stderr"]
Heard = Callable[[StreamName, bytes], None]
"""Told of what a guest writes, as it does: the stream's name, and the bytes."""


def unheard(_stream: StreamName, _content: bytes) -> None:
    pass


class Stream:
    """What a guest writes to stdout or stderr; bytes past `limit` are dropped and counted."""

    def __init__(self, name: StreamName, limit: int, heard: Heard) -> None:
        self.name, self.limit, self.heard = name, limit, heard
        self.kept, self.dropped = bytearray(), 0

    def write(self, content: bytes) -> None:
        self.heard(self.name, content)
        room = self.limit - len(self.kept)
        self.kept += content[:room]
        self.dropped += max(0, len(content) - room)


@dataclass(slots=True)
class Handle:
    """An open file or folder."""

    path: str
    body: bytes | Body | None
    offset: int = 0
    append: bool = False
    writable: bool = False
    names: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A World as it was between two turns, with what is open: see World.keep."""

    clock: int
    drawn: int
    seed: int
    read: int
    own: dict[str, Body | None]
    handles: dict[int, Handle]

    def copy(self) -> "Kept":
        """With bodies of its own; what was one file by its name and its handles is one here, too."""
        made: dict[int, Body] = {}

        def body(content: Body) -> Body:
            if id(content) not in made:
                made[id(content)] = Body(content, content.moment)
            return made[id(content)]

        own = {path: None if content is None else body(content) for path, content in self.own.items()}
        handles = {}
        for number, handle in self.handles.items():
            content = body(handle.body) if isinstance(handle.body, Body) else handle.body
            names = None if handle.names is None else list(handle.names)
            handles[number] = replace(handle, body=content, names=names)
        return replace(self, own=own, handles=handles)


@dataclass
class World:
    """One guest's outside. `fuel_left` and `set_fuel` are bound to its store by the sandbox."""

    tree: Tree
    args: tuple[bytes, ...] = ()
    environ: tuple[bytes, ...] = ()
    stdin: bytes = b""
    output_limit: int = 1 << 20
    seed: int = 0
    clock: int = CLOCK_START
    drawn: int = 0
    handles: dict[int, Handle] = field(default_factory=dict)
    heard: Heard = unheard
    fuel_left: Callable[[], int] = lambda: 0
    set_fuel: Callable[[int], None] = lambda _: None

    def __post_init__(self) -> None:
        self.read = self.looks = 0
        self.touched = False
        """Whether the guest has written to a file or stream, or changed a folder, since it was set back."""
        self.stdout = Stream("stdout", self.output_limit, self.heard)
        self.stderr = Stream("stderr", self.output_limit, self.heard)
        self.handles = {3: Handle("", None)}

    def listen(self, heard: Heard) -> None:
        """From now on `heard` is told what the guest writes."""
        self.heard = self.stdout.heard = self.stderr.heard = heard

    def begin(self, seed: int, clock: int) -> None:
        """A task: the random stream of `seed` from its beginning, and the clock as it stood before."""
        self.seed, self.drawn, self.clock, self.looks = seed, 0, clock, 0

    def random(self, length: int) -> bytes:
        stream = blake3(b"surge/random/1" + self.seed.to_bytes(8, "little"))
        drawn, self.drawn = self.drawn, self.drawn + length
        return stream.digest(length=length, seek=drawn)

    def now(self) -> int:
        self.clock += CLOCK_STEP << min(DOUBLINGS, self.looks // LOOKS)
        self.looks += 1
        return self.clock

    def charge(self, fuel: int) -> None:
        """Take fuel for work that the host does. Raises OutOfFuel, with none left, when short."""
        left = self.fuel_left()
        if fuel > left:
            self.set_fuel(0)
            raise OutOfFuel
        self.set_fuel(left - fuel)

    def open(self, handle: Handle) -> int:
        """The lowest free number, as POSIX has it."""
        if len(self.handles) >= MAX_HANDLES:
            raise Denied(abi.EMFILE)
        number = next(n for n in range(3, MAX_HANDLES + 4) if n not in self.handles)
        self.handles[number] = handle
        return number

    def look(self) -> None:
        """Pay for a look at each file of the guest's own, and at each handle."""
        self.charge(FILE_FUEL * (len(self.tree.own) + len(self.handles)))

    def recount(self) -> None:
        """Bytes that the guest's files hold now: a removed file counts until its last handle is closed."""
        self.look()
        self.tree.used = self._alive()

    def search(self) -> None:
        """Pay for a look at what may lie in a folder."""
        self.charge(FILE_FUEL * (5 * len(self.tree.own) + len(self.tree.base)))

    def read_folder(self, handle: Handle) -> None:
        """Have a handle keep the names of its folder."""
        self.search()
        names = self.tree.names(handle.path)
        self.charge(ITEM_FUEL * len(names) // 4)
        held = [h.names for h in self.handles.values() if h.names is not None and h is not handle]
        if sum(len(name) for kept in (names, *held) for name in kept) > MAX_LISTED:
            raise Denied(abi.ENOSPC)
        handle.names = names

    def _alive(self) -> int:
        bodies = [*self.tree.own.values(), *(h.body for h in self.handles.values())]
        return sum({id(body): len(body) for body in bodies if isinstance(body, bytearray)}.values())

    def state(self) -> dict[str, Any]:
        """What an image keeps beside the memory."""
        return {"clock": self.clock, "drawn": self.drawn, "seed": self.seed, "own": self.tree.snapshot()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Back to a state that `state()` gave; streams, handles and stdin start afresh."""
        self.clock, self.drawn, self.seed = state["clock"], state["drawn"], state["seed"]
        self.tree.reset(state["own"])
        self.__post_init__()

    @property
    def wrote(self) -> bool:
        """Whether the guest has written anything since it was set back."""
        return self.touched or any(s.kept or s.dropped for s in (self.stdout, self.stderr))

    def keep(self) -> Kept:
        """All that a guest could find again, open files and their places included."""
        return Kept(self.clock, self.drawn, self.seed, self.read, self.tree.own, self.handles).copy()

    def back(self, kept: Kept) -> None:
        """To what `keep()` gave, here or in the World of another guest; streams start afresh."""
        kept = kept.copy()
        self.__post_init__()
        self.clock, self.drawn, self.seed, self.read = kept.clock, kept.drawn, kept.seed, kept.read
        self.tree.own, self.handles = kept.own, kept.handles
        self.tree.used = self._alive()

    def changes(self, body: object) -> None:
        """A file is written to. Time moves on, so that of two files the one changed last can be told."""
        self.clock += CHANGE_STEP
        set_moment(body, self.clock)

    def differs(self, kept: Kept) -> bool:
        """Whether a task could tell this from what was kept, the clock and the random stream aside."""
        return self.touched or self.read != kept.read or _places(self.handles) != _places(kept.handles)


def _places(handles: Mapping[int, Handle]) -> dict[int, tuple[int, bool]]:
    return {number: (handle.offset, handle.append) for number, handle in handles.items()}
