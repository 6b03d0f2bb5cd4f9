"""From a function to bytes that a stranger's sandbox can run, and from its answer back to a value.

Everything is found out before any money moves: what can't be sent is refused here by name.
"""

import enum
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from surge.model.digest import BLOB_FROM, MAX_BLOB, Blob
from surge.model.errors import BadInput, CannotShip, Distrusted, JobFailed, LimitExceeded, RemoteError
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import decode, encode
from surge.model.tagged.core import MARKERS, Packing, Tree, Twice
from surge.model.tagged.instances import pack_instance, pack_member
from surge.model.tagged.standard import Printed, prints_of
from surge.model.task import OUT_OF_FUEL, RAISED, RETURNED, TRAPPED
from surge.renter.ship import inside as sandbox
from surge.renter.ship import shells
from surge.renter.ship.checks import effects
from surge.renter.ship.classes import reach_class
from surge.renter.ship.functions import reach_function
from surge.renter.ship.handlers import Handlers
from surge.renter.ship.links import Walks
from surge.renter.ship.now.whole import reach_whole, reach_whole_classes, refuse_named
from surge.renter.ship.objects import reach_object
from surge.renter.ship.plain import is_plain
from surge.renter.ship.reach import Reach

FUNCTION = "function"
SHARED, QUIET, ALONE = range(3)
"""How the guest is to run tasks: see run/guest/driver.py."""
TOLD = 500
"""Characters of a provider's reason that are shown."""
HANDLERS = Handlers(reach_class, reach_function, reach_object, shells.make, shells.fill)


@dataclass
class Shipped:
    """A function ready to leave.

    code: the blob that the guest's `load` takes; same function, same bytes. modules: what an image
    should import before, sorted. warnings: sentences to show before any money moves. classes: what an
    answer may hold instances of, by key; grows with the arguments of calls. effects: why each task runs
    alone, in a sandbox that no other task has changed; empty if none could tell.
    """

    name: str
    code: bytes
    modules: tuple[str, ...]
    warnings: tuple[str, ...]
    classes: dict[str, type]
    effects: tuple[str, ...]
    reach: Reach = field(repr=False)

    @property
    def blobs(self) -> dict[bytes, Blob]:
        """Those that the code names, by name."""
        return self.reach.blobs

    def same_as(self, other: "Shipped") -> bool:
        """Whether the same objects were reached, and so the same classes are meant, by equal code."""
        return (self.code, self.modules, self.reach.memo) == (other.code, other.modules, other.reach.memo)

    def tree(self, value: object, packing: Packing) -> Tree:
        """Of an argument that the code knows already: an instance of its classes, a function of its."""
        known = self.reach
        if id(value) in known.memo and id(value) not in known.links.owned:
            return [MARKERS[tag.REFERENCE], known.memo[id(value)]]
        key = known.keys.get(type(value))
        if key is not None and isinstance(value, enum.Enum):
            return pack_member(value, key)
        if key is not None and is_plain(type(value)):
            return pack_instance(value, key, packing)
        raise _NeedsRecipe


class _NeedsRecipe(Exception):
    """An argument holds something that the code did not reach."""


class RemoteTraceback(Exception):
    """Stands as the cause of a remote exception; its text is the traceback inside the sandbox."""

    def __str__(self) -> str:
        return f'\n"""\n{self.args[0]}"""'


def ship(function: Callable[..., Any], *, shared: bool = False) -> Shipped:
    """shared: tasks see what others of their chunk left behind.

    Raises CannotShip, naming the thing and what to do, for anything that can't leave this machine."""
    if not callable(function):
        raise CannotShip(f"{function!r} is no function; give something that can be called")
    name = getattr(function, "__qualname__", type(function).__name__)
    bare = inspect.unwrap(function)
    if inspect.isgeneratorfunction(bare):
        raise CannotShip(f"{name} is a generator function; have it return list(…) of what it yields")
    if inspect.iscoroutinefunction(bare) or inspect.isasyncgenfunction(bare):
        raise CannotShip(f"{name} is an async function; wrap it: def task(x): return asyncio.run({name}(x))")
    whole: set[str] = set()
    walks = Walks()
    while True:
        reach = Reach(HANDLERS)
        for module in sorted(whole):
            reach.modules.need(module, name)
        with reach.named(name):
            reach_whole_classes(reach)
            shells.reach_first(reach, list(walks.first.values()))
            pending = reach_whole(reach)
            root = reach.shared(function)
            reach.finish()
        if walks.settled(reach.links) and set(reach.modules.whole) <= whole:
            break
        whole |= set(reach.modules.whole)
    refuse_named(reach, pending)
    reach.affect(effects.of_item(function))
    if len(reach.touched) > 1:
        reach.effects.append(f"{name} may read an array as bytes")
    modules = [[n, *rest] for n, rest in sorted(reach.modules.whole.items())]
    for brought in [*reach.modules.whole, *reach.modules.packages]:
        reach.affect(f"brings the module {brought}")
    mode = SHARED if shared else ALONE if reach.effects else QUIET
    code = encode([FUNCTION, reach.modules.files, modules, reach.steps, root, mode])
    heavy = sorted(n for n in reach.modules.needed if sandbox.top(n) in sandbox.HEAVY)
    return Shipped(
        name, code, tuple(heavy), tuple(reach.warnings), dict(reach.classes), tuple(reach.effects), reach
    )


def encode_call(
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    shipped: Shipped,
    blobs: dict[bytes, Blob] | None = None,
) -> bytes:
    """One task's input. Arguments of classes and functions that the code did not reach travel with it.

    `blobs` takes those that the input names: what `put` made, and each argument of more than BLOB_FROM bytes.
    Without it everything stays in the input. Raises CannotShip for an argument that can't leave this machine.
    """
    try:
        given = encode([list(args), dict(kwargs)] if kwargs else [list(args)], shipped.tree, blobs, True)
        if blobs is None or len(given) <= BLOB_FROM:
            return given
        lean = [_lean(x, shipped, blobs) for x in args]
        named = {name: _lean(x, shipped, blobs) for name, x in kwargs.items()}
        return encode([lean, named] if kwargs else [lean], shipped.tree, blobs)
    except (_NeedsRecipe, Twice):
        pass
    except BadInput as error:
        raise CannotShip(f"an argument of {shipped.name}: {error}") from error
    if blobs is not None:
        args = tuple(_lean_or_whole(x, shipped, blobs) for x in args)
        kwargs = {name: _lean_or_whole(x, shipped, blobs) for name, x in kwargs.items()}
    walks = Walks()
    while True:
        reach = shipped.reach.branch()
        reach.classes |= shipped.classes
        with reach.named(f"an argument of {shipped.name}"):
            shells.reach_first(reach, list(walks.first.values()))
            call = reach.content((list(args), dict(kwargs)))
            reach.finish()
        if walks.settled(reach.links):
            break
    brought = {*reach.modules.whole, *reach.modules.packages}
    if brought := brought - {*shipped.reach.modules.whole, *shipped.reach.modules.packages}:
        raise CannotShip(
            f"an argument of {shipped.name} needs the module {min(brought)}; "
            "mention it in the function, so that it is sent with the code"
        )
    shipped.classes.update(reach.classes)
    if blobs is not None:
        blobs.update(reach.blobs)
    return encode([None, reach.steps, call])


def _lean(value: object, shipped: Shipped, blobs: dict[bytes, Blob]) -> object:
    """The value, or a blob in its place if it is large."""
    if type(value) in (int, float, bool, type(None), Blob):
        return value
    content = encode(value, shipped.tree, blobs, True)
    if len(content) <= BLOB_FROM:
        return value
    if len(content) > MAX_BLOB:
        raise BadInput(
            f"a {type(value).__name__} of {len(content) >> 20} MiB, and {MAX_BLOB >> 20} are the most; pass "
            "a part of it, or split it into several arguments"
        )
    return Blob.of(content)


def _lean_or_whole(value: object, shipped: Shipped, blobs: dict[bytes, Blob]) -> object:
    """As _lean, and the value where it holds what only the walk can send."""
    try:
        return _lean(value, shipped, blobs)
    except (_NeedsRecipe, Twice):
        return value
    except BadInput as error:
        raise CannotShip(f"an argument of {shipped.name}: {error}") from error


def put(value: object) -> Any:
    """A Blob of a large value for many tasks, sent to each provider once: pass it as an argument, or use it
    in the function, and the task gets a copy of the value as it is now (so its type is Any).

    Raises CannotShip for what is no data (instances of your own classes travel as plain arguments) or is
    larger than MAX_BLOB.
    """
    try:
        content = encode(value)
    except BadInput as error:
        raise CannotShip(f"surge.put: {error}") from error
    if len(content) > MAX_BLOB:
        raise CannotShip(
            f"surge.put: the value has {len(content) >> 20} MiB, and {MAX_BLOB >> 20} are the most; put parts"
        )
    return Blob.of(content)


def decode_outcome(status: str, output: bytes, shipped: Shipped) -> Any:
    """The value, or raises: the remote exception with its RemoteTraceback as cause, LimitExceeded,
    or Distrusted for an answer that no honest sandbox gives."""
    return read_outcome(status, output, shipped).result()


@dataclass(frozen=True)
class Answer:
    """One task's answer. prints: (stream, text) in order, at most 256 KiB."""

    value: Any
    error: Exception | None
    prints: tuple[tuple[str, str], ...]

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value


def read_outcome(status: str, output: bytes, shipped: Shipped) -> Answer:
    """As decode_outcome, with what the task printed, and the exception as a value."""
    if status == OUT_OF_FUEL:
        return _failed(
            LimitExceeded(
                f"{shipped.name} ran out of fuel; split the task, or raise the limit "
                "(limits=surge.model.task.Limits(fuel=…))"
            )
        )
    if status == TRAPPED:
        return _failed(_broken(shipped.name, output.decode(errors="replace")[:TOLD]))
    if status == RETURNED:
        return _returned(decode(output, shipped.classes))
    if status == RAISED:
        return _raised(output, shipped)
    raise Distrusted(f"a task ended as {status!r}, which is no way to end; ask another provider")


def _broken(name: str, reason: str) -> JobFailed:
    """What a task did to its sandbox, in the words of whoever ran it."""
    if found := re.match(r"an output of (\d+) bytes; the limit is (\d+)", reason):
        size, limit = (int(part) / 2**20 for part in found.groups())
        return LimitExceeded(
            f"{name} returned {size:.0f} MiB, and one result can have {limit:.0f}: return a part, a "
            "summary, or smaller numbers (float32)"
        )
    if found := re.match(r"the interpreter ended itself with exit code (\d+)", reason):
        return JobFailed(
            f"{name} ended its interpreter with exit code {found[1]} (os._exit), so that nothing came back; "
            "return, or raise an exception"
        )
    told = reason.splitlines()[0] if reason else "no reason was told"
    return LimitExceeded(
        f"{name} broke its sandbox ({told}): it needs more memory (memory_mib=…), or a library crashed; "
        "raise the limit, or make the task smaller"
    )


def _failed(error: Exception) -> Answer:
    return Answer(None, error, ())


def _returned(value: Any) -> Answer:
    if type(value) is Printed:
        return Answer(value.value, None, value.prints)
    return Answer(value, None, ())


def _raised(output: bytes, shipped: Shipped) -> Answer:
    parts = decode(output, shipped.classes)
    if type(parts) is not list or len(parts) != 5:
        raise Distrusted("a task's exception is malformed; ask another provider")
    name, said, text, exact, flat = parts
    if type(name) is not str or type(said) is not str or type(text) is not str:
        raise Distrusted("a task's exception is malformed; ask another provider")
    try:
        prints = prints_of(flat)
    except (TypeError, ValueError) as error:
        raise Distrusted("a task's prints are malformed; ask another provider") from error
    rebuilt = _rebuilt(exact, shipped)
    if name.endswith("MemoryError"):  # NumPy has one of its own
        rebuilt = MemoryError(f"{said or 'the memory of the sandbox is full'}; raise memory_mib")
    elif rebuilt is None:
        rebuilt = RemoteError(f"{name}: {said}" if said else name)
    rebuilt.__cause__ = RemoteTraceback(text)
    return Answer(None, rebuilt, prints)


def _rebuilt(exact: Any, shipped: Shipped) -> Exception | None:
    """The exception itself, if its type is a built-in or a shipped one; None if its words must do."""
    if type(exact) is not bytes:
        return None
    try:
        error = decode(exact, shipped.classes)
    except Distrusted:
        return None  # arguments that its own type refuses, for instance
    return error if isinstance(error, Exception) else None
