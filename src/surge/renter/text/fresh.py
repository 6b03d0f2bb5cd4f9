"""Whether a file says still what was imported from it."""

import functools
import linecache
import os
import types

import psutil


@functools.cache
def _started() -> float:
    return psutil.Process().create_time()


def says_still(code: types.CodeType) -> bool:
    """Whether the file of a function's code still holds it, if it was written to since this program began."""
    filename = code.co_filename
    try:
        if filename.startswith("<") or os.stat(filename).st_mtime <= _started():  # noqa: PTH116 each submit
            return True
    except OSError:
        return True  # whoever reads it tells
    linecache.checkcache(filename)
    return any(
        _same(one, code)
        for one in _codes("".join(linecache.getlines(filename)), filename)
        if (one.co_name, one.co_firstlineno) == (code.co_name, code.co_firstlineno)
    )


@functools.lru_cache(maxsize=16)
def _codes(text: str, filename: str) -> tuple[types.CodeType, ...]:
    try:
        queue = [compile(text, filename, "exec", dont_inherit=True)]
    except (SyntaxError, ValueError):
        return ()
    found = []
    while queue:
        found.append(queue.pop())
        queue += [c for c in found[-1].co_consts if isinstance(c, types.CodeType)]
    return tuple(found)


def _same(one: types.CodeType, other: types.CodeType) -> bool:
    return (
        (one.co_code, one.co_names, one.co_varnames) == (other.co_code, other.co_names, other.co_varnames)
        and len(one.co_consts) == len(other.co_consts)
        and all(
            _same(a, b)
            if isinstance(a, types.CodeType) and isinstance(b, types.CodeType)
            else type(a) is type(b) and repr(a) == repr(b)
            for a, b in zip(one.co_consts, other.co_consts, strict=True)
        )
    )
