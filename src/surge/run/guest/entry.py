# mypy: ignore-errors
# ruff: noqa: BLE001 — whatever a task raises is its outcome
"""Where code enters the sandbox: `load` it once per chunk, then call what it returns once per task."""

import sys
import traceback

from surge.model.tagged import tags as tag
from surge.run.guest import recipe
from surge.run.guest.modules import Finder, unpack
from surge.run.guest.program import script
from surge.run.guest.streams import Prints
from surge.run.guest.tagged import arrays, frames, graph, kinds, library, reading
from surge.run.guest.tagged import core as tagged

RETURNED, RAISED, SHORT = "returned", "raised", "short"
FUNCTION, SCRIPT = "function", "script"
SHARED, QUIET, ALONE = b"S", b"T", b"A"
MODES = (SHARED, QUIET, ALONE)
"""How tasks run, by the number in the code's blob: see driver.py."""
ONE_ARGUMENT = b"\x91\x91"
"""How the input of a call with one positional argument begins: the shortest way for tiny tasks."""

tagged.FINDERS[:] = [
    library.of_subclass, kinds.find, arrays.find, frames.find, library.find, kinds.opaque,
]  # fmt: skip
reading.GRAPHS.update(encode=graph.encode, decode=graph.decode)


def load(code):
    """Code blob → a callable of one task's input that gives (status, output), both as in model/task.py, but
    SHORT for what was raised when the memory was full; and how tasks run, one of MODES.

    Raises what the renter's own top-level code raises (class bodies, imports, modules).
    """
    kind, packages, *rest = reading.decode(code)
    unpack(packages)
    if kind == SCRIPT:
        return script.load(*rest), ALONE
    *function, mode = rest
    return _function(*function, MODES[mode])


def failed(error):
    """What `load` raised, as the outcome of every task of the chunk."""
    prints = Prints()

    def run(task):
        return RAISED, _raised(error, prints)

    return run


def _function(modules, steps, root, mode):
    prints = Prints()
    if modules:
        sys.meta_path.insert(0, Finder(modules))
    recipe.follow(steps)
    function = reading.decode(root)
    encode, decode, readers = tagged.encode, reading.decode, reading.READERS
    kept = len(recipe.nodes)

    def run(task):
        try:
            if task[:2] == ONE_ARGUMENT:
                first = task[2]
                value = function(readers[first](task, 3, first)[0])
            else:
                call = decode(task)
                if len(call) == 3:
                    call = _with_recipe(kept, call)
                value = function(*call[0], **(call[1] if len(call) == 2 else {}))
            output = encode(value)
        except BaseException as error:
            return SHORT if _is_short(error) else RAISED, _raised(error, prints)
        if prints.size:
            output = b"\x93" + tagged.MARK[tag.PRINTED] + output + encode(prints.take())
        return RETURNED, output

    if mode == QUIET and prints.size:
        mode = ALONE  # what was printed while loading stands before what each task prints
    return run, mode


def _with_recipe(kept, call):
    """The arguments of a call that brings functions or classes of its own."""
    del recipe.nodes[kept:]
    recipe.kept.clear()  # what stands there is put back while the code is loaded, and never after
    recipe.follow(call[1])
    return reading.decode(call[2])


def _chain(error):
    """An exception, or its picture, and all that led to it, once each."""
    seen, queue = set(), [error]
    while queue:
        one = queue.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        queue += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]


def _is_short(error):
    return any(isinstance(one, MemoryError) for one in _chain(error))


def _raised(error, prints):
    """The exception as data: [type, arguments, fields, text, traceback] and the prints."""
    kind = type(error)
    name = kinds.known.keys.get(kind) or (
        kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    )
    shown = traceback.TracebackException.from_exception(error)
    text = "".join(_own_frames(shown).format())
    try:
        said = str(error)
    except Exception as second:
        said = f"<its __str__ raised {type(second).__name__}>"
    exact = None
    if isinstance(error, Exception):
        packer = kinds.find(kind) or library.find(kind)
        if packer is not None:
            try:
                exact = tagged.encode(error)
            except Exception:
                exact = None  # its arguments can't travel; its words do
    return tagged.encode([name, said, text, exact, prints.take()])


def _own_frames(shown):
    """Without the frames of this module, in the whole chain of causes."""
    for one in _chain(shown):
        one.stack[:] = [f for f in one.stack if not f.filename.startswith(HERE)]
    return shown


HERE = __file__.rpartition("/")[0] + "/" if "__file__" in globals() and "/" in __file__ else "<surge"
"""How the file names of the guest's own modules begin."""
