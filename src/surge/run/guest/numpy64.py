# mypy: allow-untyped-defs, allow-untyped-calls
"""NumPy's names and indices for the renter's code as on a 64-bit machine; see surge/run/graft/wide.wat.

The interpreter's NumPy computes integers in 64 bits already. What is left is what Python decides: which
type a name means, how the index type "l" is shown, and the indices that functions written in Python hand
out. Libraries keep "l", because their compiled parts expect it.
"""

import functools
import sys

from surge.run.guest.machine import asks, is_named, of_renter

FIRST = ("unique", "unique_all", "unique_counts", "unique_inverse", "intersect1d")
"""What they give first keeps its type; the indices and counts behind it are widened."""
INDICES = (
    *FIRST, "argmax", "argmin", "argpartition", "argsort", "argwhere", "count_nonzero", "digitize",
    "flatnonzero", "histogram", "histogram2d", "histogramdd", "ix_", "mask_indices", "nanargmax",
    "nanargmin", "nonzero", "searchsorted", "tril_indices", "tril_indices_from", "triu_indices",
    "triu_indices_from",
)  # fmt: skip
"""Functions in Python whose indices or counts are of the index type."""
SHOWN = ("__str__", "__repr__", "_name_get")
"""Of numpy._core._dtype: how a dtype reads."""


def _is_index(dtype):
    return dtype.char in "lL" and dtype.itemsize == 4


def _wider(numpy, dtype):
    return numpy.dtype("q" if dtype.char == "l" else "Q")


def _wide(numpy, value):
    """The value with 64 bits where it is of the index type, also inside tuples and lists."""
    if isinstance(value, tuple):
        parts = [_wide(numpy, part) for part in value]
        return value._make(parts) if hasattr(value, "_make") else tuple(parts)
    if isinstance(value, list):
        return [_wide(numpy, part) for part in value]
    if isinstance(value, numpy.ndarray | numpy.generic) and _is_index(value.dtype):
        return value.astype(_wider(numpy, value.dtype))
    return value


def _indices(numpy, original):
    name = original.__name__
    first = name in FIRST

    @functools.wraps(original)
    def wide(*args, **options):
        result = original(*args, **options)
        caller = sys._getframe(1)
        if not of_renter(caller) or name not in caller.f_code.co_names or options.get("out") is not None:
            return result
        if first and isinstance(result, tuple):
            parts = (result[0], *_wide(numpy, tuple(result[1:])))
            return result._make(parts) if hasattr(result, "_make") else parts
        return result if first else _wide(numpy, result)

    return wide


def _shown(numpy, original):
    @functools.wraps(original)
    def shown(dtype):
        if _is_index(dtype) and of_renter(sys._getframe(1)):
            dtype = _wider(numpy, dtype)
        return original(dtype)

    return shown


def _name_types(numpy):
    """int32 is C's int; NumPy's default integers have 64 bits; intp is what the code that asks expects."""
    long, ulong = numpy.intp, numpy.uintp
    meant = {
        (long, "int32"): numpy.intc, (ulong, "uint32"): numpy.uintc,
        **{(long, name): numpy.int64 for name in ("int", "int_", "long")},
        **{(ulong, name): numpy.uint64 for name in ("uint", "ulong")},
    }  # fmt: skip
    strings = numpy._core._type_aliases.sctypeDict
    for (kind, name), other in meant.items():
        if strings.get(name) is kind:
            strings[name] = other
    for module in [vars(m) for name, m in sys.modules.items() if name.partition(".")[0] == "numpy"]:
        for kind, name in ((long, "int32"), (ulong, "uint32")):
            if module.get(name) is kind:
                module[name] = meant[kind, name]
    asked = dict.fromkeys(("int_", "intp", "long"), (long, numpy.int64))
    asked |= dict.fromkeys(("uint", "uintp", "ulong"), (ulong, numpy.uint64))
    for name in asked:
        delattr(numpy, name)
    own = numpy.__getattr__

    def of_numpy(name):
        if name not in asked:
            return own(name)
        told = asks if name in ("intp", "uintp") else is_named  # of Python code: the default integer
        return asked[name][told(sys._getframe(1), name)]

    numpy.__getattr__ = of_numpy
    shown = numpy._core.arrayprint._typelessdata
    shown[:] = [*(numpy.int64 if kind is long else kind for kind in shown), long]


def _append(numpy, original):
    """Libraries lengthen their arrays of indices with bare integers."""

    @functools.wraps(original)
    def append(arr, values, axis=None):
        if isinstance(arr, numpy.ndarray) and _is_index(arr.dtype) and isinstance(values, int | list | tuple):
            values = numpy.asarray(values, None if of_renter(sys._getframe(1)) else arr.dtype)
        return original(arr, values, axis)

    return append


def _list_codes(numpy):
    """Codes of integers without those of the index type, which libraries try one after the other."""
    for name, codes in numpy.typecodes.items():
        numpy.typecodes[name] = "".join(
            code for code in codes if code not in "lLpPnN" or "Integer" not in name
        )


def apply(numpy):
    """Fit numpy as soon as it has been imported."""
    _list_codes(numpy)
    _name_types(numpy)
    numpy.append = _append(numpy, numpy.append)
    converters = numpy.lib._iotools.StringConverter._mapper
    wide = next(found for found in converters if found[0] is numpy.int64)
    converters[:] = [wide if found[0] is numpy.intp else found for found in converters if found is not wide]
    for name in SHOWN:
        setattr(numpy._core._dtype, name, _shown(numpy, getattr(numpy._core._dtype, name)))
    for name in INDICES:
        setattr(numpy, name, _indices(numpy, getattr(numpy, name)))
