# mypy: allow-untyped-defs, allow-untyped-calls
"""The sandbox's door for code: `load` it once per chunk, then call what it returns once per task."""

import sys
import traceback

from surge.run.guest import arrays, frames, kinds, recipe, tagged
from surge.run.guest.modules import Finder
from surge.run.guest.streams import Prints

RETURNED, RAISED = "returned", "raised"
FUNCTION, SCRIPT = "function", "script"

tagged.FINDERS[:] = [kinds.find, arrays.find, frames.find, kinds.opaque]


def load(code):
    """Code blob → a callable of one task's input that gives (status, output), both as in model/task.py.

    Raises what the renter's own top-level code raises (class bodies, imports, modules).
    """
    kind, *rest = tagged.decode(code)
    if kind == SCRIPT:
        from surge.run.guest.script import load as load_script

        return load_script(*rest)
    return _function(*rest)


def _function(modules, steps, root):
    prints = Prints()
    if modules:
        sys.meta_path.insert(0, Finder(modules))
    recipe.follow(steps)
    function = tagged.decode(root)
    encode, decode = tagged.encode, tagged.decode
    kept = len(recipe.nodes)

    def run(task):
        try:
            args, *rest = decode(task)
            if not rest:
                value = function(*args)
            elif len(rest) == 1:
                value = function(*args, **rest[0])
            else:
                value = _with_recipe(function, kept, *rest)
            output = encode(value)
        except BaseException as error:
            return RAISED, _raised(error, prints)
        if prints.size:
            output = b"\x93" + tagged._MARK[tagged.PRINTED] + output + encode(prints.take())
        return RETURNED, output

    return run


def _with_recipe(function, kept, steps, call):
    del recipe.nodes[kept:]
    recipe.follow(steps)
    args, kwargs = tagged.decode(call)
    return function(*args, **kwargs)


def _raised(error, prints):
    """The exception as data: [type, arguments, fields, text, traceback] and the prints."""
    kind = type(error)
    name = kinds.Classes.keys.get(kind) or (
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
        packer = kinds.exact(kind)
        if packer is not None:
            try:
                exact = tagged.encode(error)
            except Exception:
                exact = None  # its arguments can't travel; its words do
    return tagged.encode([name, said, text, exact, prints.take()])


def _own_frames(shown):
    """Without the frames of this door, in the whole chain of causes."""
    seen = set()
    queue = [shown]
    while queue:
        one = queue.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        frames = [f for f in one.stack if not f.filename.startswith(HERE)]
        one.stack[:] = frames
        queue += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]
    return shown


HERE = __file__.rpartition("/")[0] + "/" if "__file__" in globals() and "/" in __file__ else "<surge"
"""How the file names of the guest's own modules begin."""
