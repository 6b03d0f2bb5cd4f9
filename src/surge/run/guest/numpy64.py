# mypy: allow-untyped-defs, allow-untyped-calls
"""NumPy's default integer as 64 bits wide for the renter's code, as on the machine it was written on.

In the 32-bit sandbox NumPy counts in 32 bits unless told otherwise. The functions that the renter's
code finds in `numpy` (FROM_PYTHON, COUNTS, TYPED, and those of `numpy.random`) are replaced by ones that
give 64 bits where a 64-bit machine would. Libraries call the originals: their compiled parts expect the
sandbox's own width.

Warning: these stay 32 bits wide, because they can't be replaced: methods of arrays (`a.astype(int)`,
`a.argsort()`, `(a > 0).sum()`, which sums booleans), the names `np.int_`, `np.intp`, `np.uint` and
`np.long` and arrays made with them, ufuncs on bare lists (`np.power([10], 12)`), `np.r_`, `np.c_`,
`np.mgrid` and `np.ogrid`, and what a library gives back in its own index type (`kneighbors`).
"""

import functools
import sys

LIBRARY = "/usr/local/lib/"
"""Where the modules live whose calls go to the originals."""

FROM_PYTHON = (
    "append", "array", "arange", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray",
    "atleast_1d", "atleast_2d", "atleast_3d", "block", "broadcast_to", "choose", "clip",
    "column_stack", "concatenate", "copy", "cross", "diag", "diff", "dot", "dstack", "einsum",
    "expand_dims", "flip", "full", "full_like", "hstack", "inner", "insert", "kron", "matmul",
    "max", "mean", "median", "meshgrid", "min", "outer", "pad", "put", "ravel", "repeat", "reshape",
    "resize", "roll", "rot90", "select", "sort", "squeeze", "stack", "tensordot", "tile",
    "transpose", "tri", "tril", "triu", "vdot", "vstack",
)  # fmt: skip
"""Bare Python integers among their arguments become 64 bits wide; arrays keep their width."""

COUNTS = (
    "argmax", "argmin", "argpartition", "argsort", "argwhere", "bincount", "count_nonzero",
    "cumprod", "cumsum", "cumulative_prod", "cumulative_sum", "digitize", "flatnonzero",
    "histogram", "histogram2d", "histogramdd", "indices", "lexsort", "nanargmax", "nanargmin",
    "nancumprod", "nancumsum", "nanprod", "nansum", "ndim", "nonzero", "prod", "ravel_multi_index",
    "searchsorted", "size", "sum", "trace", "tril_indices", "triu_indices", "unique", "unique_all",
    "unique_counts", "unique_inverse", "unravel_index", "where",
)  # fmt: skip
"""What they count or add up is 64 bits wide on a 64-bit machine, whatever goes in."""

TYPED = (
    "empty", "empty_like", "eye", "frombuffer", "fromfunction", "fromiter", "fromstring",
    "genfromtxt", "identity", "linspace", "loadtxt", "logspace", "geomspace", "ones", "ones_like",
    "vander", "zeros", "zeros_like",
)  # fmt: skip
"""Only `dtype=int` needs care."""

INDEXED = {"choose": 0, "put": 1, "repeat": 1}
"""Where these take an array of indices or counts, which must have the sandbox's own width."""

RANDOM = ("binomial", "choice", "geometric", "permutation", "poisson", "randint", "random_integers", "zipf")
DEFAULTS = (int, "int")


def _narrow(value):
    kind = getattr(value, "dtype", None)
    return kind is not None and getattr(kind, "kind", None) == "i" and kind.itemsize == 4


def _has_python_int(value, depth=0):
    """Whether the first leaf of a nested list is a Python int (booleans aren't counted)."""
    while type(value) in (list, tuple) and value and depth < 64:
        value, depth = value[0], depth + 1
    return type(value) in (int, range)


def _wide(numpy, value):
    if isinstance(value, tuple):
        widened = [_wide(numpy, part) for part in value]
        return value._make(widened) if hasattr(value, "_make") else tuple(widened)
    if isinstance(value, list):
        return [_wide(numpy, part) for part in value]
    return value.astype(numpy.int64) if _narrow(value) else value


def _wide_behind_first(numpy, result):
    """Of `unique`: the values keep their type, the indices and counts behind them are widened."""
    if not isinstance(result, tuple):
        return result
    parts = [result[0], *(_wide(numpy, part) for part in result[1:])]
    return result._make(parts) if hasattr(result, "_make") else tuple(parts)


def _holds_narrow(values):
    for value in values:
        if _narrow(value):
            return True
        if type(value) in (list, tuple) and value and any(map(_narrow, value[:64])):
            return True
    return False


def _typed(numpy, args, options):
    """`dtype=int` as int64, by name or in place; and whether any other type was asked for."""
    if "dtype" in options:
        asked = options["dtype"]
        if type(asked) in (type, str) and asked in DEFAULTS:
            options["dtype"] = numpy.int64
        return args, asked is not None
    for place, value in enumerate(args):
        if value is int or (place and type(value) is str and value == "int"):
            return (*args[:place], numpy.int64, *args[place + 1 :]), True
        if place and isinstance(value, type) and issubclass(value, (numpy.generic, float, complex, bool)):
            return args, True
    return args, False


def _replacement(numpy, original, rule):
    name = original.__name__
    place = INDEXED.get(name)

    @functools.wraps(original)
    def wide(*args, **options):
        caller = sys._getframe(1).f_globals.get("__file__")
        if caller is not None and caller.startswith(LIBRARY):
            return original(*args, **options)
        args, asked = _typed(numpy, args, options)
        from_python = not _holds_narrow(args) and any(map(_has_python_int, args))
        if place is not None and len(args) > place and isinstance(args[place], numpy.ndarray):
            args = (*args[:place], args[place].astype(numpy.intp), *args[place + 1 :])
        result = original(*args, **options)
        if asked or options.get("out") is not None:
            return result
        if from_python or (rule == "counts" and not (name == "where" and len(args) == 3)):
            if name.startswith("unique") and not from_python:
                return _wide_behind_first(numpy, result)
            return _wide(numpy, result)
        return result

    return wide


def _full(numpy, original):
    """A fill value decides the type here, not the shape before it."""

    @functools.wraps(original)
    def full(shape, fill_value, *args, **options):
        if not args and options.get("dtype") is None and type(fill_value) is int:
            caller = sys._getframe(1).f_globals.get("__file__")
            if caller is None or not caller.startswith(LIBRARY):
                options["dtype"] = numpy.int64 if -(2**63) <= fill_value < 2**63 else None
        args, _ = _typed(numpy, args, options)
        return original(shape, fill_value, *args, **options)

    return full


def apply(numpy):
    """Replace the functions, and have arrays of 64-bit integers shown without their type."""
    shown = numpy._core.arrayprint._typelessdata
    shown[:] = [numpy.int64 if kind is numpy.int_ else kind for kind in shown]
    for names, rule in ((FROM_PYTHON, "python"), (COUNTS, "counts"), (TYPED, "typed")):
        for name in names:
            original = getattr(numpy, name, None)
            if original is not None and name not in ("full", "full_like"):
                setattr(numpy, name, _replacement(numpy, original, rule))
    numpy.full = _full(numpy, numpy.full)
    for name in RANDOM:
        original = getattr(numpy.random, name, None)
        if original is not None:
            setattr(numpy.random, name, _replacement(numpy, original, "counts"))
