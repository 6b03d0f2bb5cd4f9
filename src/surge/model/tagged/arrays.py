"""Tagged forms of numpy's arrays and scalars. numpy is loaded only when a value needs it."""

import importlib
import math
import re
from typing import Any

from surge.model.errors import BadInput
from surge.model.tagged import tags as tag
from surge.model.tagged.core import (
    BUILDERS,
    CHANGING,
    MARKERS,
    MAX_BYTES,
    Building,
    Pack,
    Packing,
    Tree,
    Twice,
)
from surge.model.tagged.layout import bytes_of, cleared, holds_objects, order_of

_DTYPE = re.compile(
    r"(\|[b]1|[<|>=]?(i[1248]|u[1248]|f[248]|c8|c16|[SUV]\d{1,9}|[mM]8(\[\d*[A-Za-zμ]{1,7}\])?))"
)
INDEX = {"l4": "<i8", "L4": "<u8"}
"""How the guest writes arrays of its index type (32 bits there), and what they are in a local run."""
MAX_FIELDS = 1_000
MAX_SHOWN = 1 << 20
"""Bytes of memory that several arguments may show as one."""
MAX_BASES = 100
"""Arrays, one on the other, down to what owns the memory."""
MAX_VIEWS = 2_000
"""Of one memory that are told apart; further ones count as copies."""
MAX_WORK = 10_000
"""Candidates that NumPy tries before it gives up to find a byte that two arrays share."""
MAX_EMPTY = 1_000
"""Of items without bytes in an array."""


def need(module: str) -> Any:
    """A package by name. Raises BadInput where it isn't installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise BadInput(
            f"the result needs {module}, which is not installed here; pip install {module}, "
            "or return lists and dicts"
        ) from error


def packer(kind: type) -> Pack | None:
    if kind.__module__ == "numpy" or kind.__module__.startswith("numpy."):
        numpy = need("numpy")
        if kind is numpy.ndarray:
            CHANGING.add(kind)
            return pack_array
        if issubclass(kind, numpy.generic):
            return _pack_scalar
        if issubclass(kind, numpy.dtype):
            return _pack_dtype
    return None


def _words(dtype: Any) -> Any:
    """A dtype as data: its text, or its size and (name, dtype, shape, place) of each field; None if it has
    no tagged form."""
    if dtype.hasobject:
        return None
    if dtype.names is None:
        return dtype.str if dtype.subdtype is None and _DTYPE.fullmatch(dtype.str) else None
    fields = []
    for name in dtype.names:
        field, at, *title = dtype.fields[name]
        base, shape = field.subdtype or (field, ())
        inner = _words(base)
        if inner is None or title:
            return None
        fields.append([name, inner, list(shape), at])
    return [dtype.itemsize, *fields]


def _dtype(words: Any, depth: int = 0) -> tuple[Any, Any]:
    """(dtype on the wire, dtype to give)."""
    numpy = need("numpy")
    if type(words) is str:
        if words in INDEX:
            kept = "<i4" if words == "l4" else "<u4"
            return numpy.dtype(kept), numpy.dtype(INDEX[words])
        if not _DTYPE.fullmatch(words):
            raise ValueError("no dtype that may come back")
        return (numpy.dtype(words),) * 2
    if type(words) is not list or depth > 4 or len(words) > MAX_FIELDS:
        raise ValueError("no dtype that may come back")
    size, *fields = words
    wire: dict[str, Any] = {"names": [], "formats": [], "offsets": [], "itemsize": _place(size)}
    given: dict[str, Any] = {"names": [], "formats": []}
    for name, inner, shape, at in fields:
        before, after = _dtype(inner, depth + 1)
        for form, kind in ((wire, before), (given, after)):
            form["names"].append(_text(name))
            form["formats"].append((kind, _shape(shape)))
        wire["offsets"].append(_place(at))
    kept = numpy.dtype(wire)
    if given["formats"] == wire["formats"]:
        return kept, kept
    wide = numpy.dtype(given)
    if wide.itemsize > 2 * kept.itemsize:
        raise ValueError("fields that share their bytes")
    return kept, wide


def _place(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 20:
        raise ValueError("no place in a record")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError("a name that is no text")
    return value


def _shape(value: Any) -> tuple[int, ...]:
    if (
        type(value) is not list
        or len(value) > 32
        or not all(type(n) is int and 0 <= n < 1 << 48 for n in value)
    ):
        raise ValueError("no shape")
    return tuple(value)


def _sizes(value: Any, itemsize: int) -> tuple[tuple[int, ...], int]:
    """A shape, and its number of items. An empty array's other axes may be no longer than a full one's."""
    sizes = _shape(value)
    if math.prod(n or 1 for n in sizes) * (itemsize or MAX_BYTES // MAX_EMPTY) > MAX_BYTES:
        raise ValueError("a shape out of proportion")
    return sizes, math.prod(sizes)


def memory_of(value: Any) -> Any:
    """What owns the memory that a value shows: an array of any class, or what it was made on."""
    for _ in range(MAX_BASES):
        base = getattr(value, "base", None)
        if base is None:
            break
        value = base.obj if isinstance(base, memoryview) else base
    return value


def is_shareable(value: Any) -> bool:
    """Whether a view of the memory that an array shows can be made anew of a copy of it."""
    owner, plain, base = memory_of(value), need("numpy").ndarray, value
    while type(base) is plain and base is not owner:
        base = base.base  # a sliding window stands on something between
    if type(base) is not plain or owner.nbytes > MAX_SHOWN:
        return False
    return owner.flags.c_contiguous and not owner.dtype.hasobject


class Memories:
    """Arrays that were met, by the owner of the memory that they show: (first byte, the one behind the last,
    array) of each; the first MAX_VIEWS of an owner."""

    def __init__(self, met: "dict[int, list[tuple[float, float, Any]]] | None" = None) -> None:
        self._met = met or {}

    def copy(self) -> "Memories":
        return Memories({owner: met.copy() for owner, met in self._met.items()})

    def meet(self, value: Any) -> list[Any]:
        """Those met before, but itself, that have bytes in common with it. value: an array or a bytearray."""
        owner = memory_of(value)
        met = self._met.setdefault(id(owner), [])
        if len(met) >= MAX_VIEWS:
            return []
        low, high = _bounds(value)
        near = [other for start, end, other in met if start < high and low < end]
        if any(other is value for other in near):
            return []
        met.append((low, high, value))
        return [other for other in near if other is owner or value is owner or _overlap(other, value)]


def _bounds(value: Any) -> tuple[float, float]:
    if isinstance(value, need("numpy").ndarray) and value.size:
        bounds: tuple[int, int] = need("numpy.lib.array_utils").byte_bounds(value)
        return bounds
    return -math.inf, math.inf


def _overlap(one: Any, other: Any) -> bool:
    """Whether two arrays have bytes in common; true where that would take long to find out."""
    numpy = need("numpy")
    try:
        return bool(numpy.shares_memory(one, other, max_work=MAX_WORK))
    except numpy.exceptions.TooHardError:
        return True


def pack_array(value: Any, packing: Packing) -> Tree:
    if packing.memories is not None and is_shareable(value) and packing.memories.meet(value):
        raise Twice("two arrays share their memory")
    shape = list(value.shape)
    if holds_objects(value):
        return [MARKERS[tag.OBJECTS], shape, *map(packing.pack, value.ravel().tolist())]
    words = _words(value.dtype)
    if words is None:
        raise BadInput(
            f"an array of {value.dtype} can't travel; convert it with astype first (float64 for long doubles)"
        )
    order = order_of(value)
    locked = [] if value.flags.writeable else [True]
    return packing.mark(tag.ARRAY, words, shape, order, bytes_of(value, order), *locked)


def _pack_scalar(value: Any, packing: Packing) -> Tree:
    words = _words(value.dtype)
    if words is None:
        raise BadInput(f"a numpy {value.dtype} can't travel; convert it to a Python number first")
    return packing.mark(tag.SCALAR, words, cleared(value).tobytes()[: value.dtype.itemsize])


def _pack_dtype(value: Any, packing: Packing) -> Tree:
    words = _words(value)
    if words is None:
        raise BadInput(f"the dtype {value} can't travel; name it in the code instead")
    return packing.mark(tag.SCALAR, words, None)


def _build_array(items: list[Any], building: Building) -> Any:
    words, shape, order, content, *locked = items
    numpy = need("numpy")
    wire, given = _dtype(words)
    sizes, count = _sizes(shape, wire.itemsize)
    if type(content) is not bytes or locked not in ([], [True]):
        raise TypeError("an array without bytes")
    if wire.itemsize * count != len(content):
        raise ValueError("an array whose bytes don't fill its shape")
    if not content:
        building.take(count * max(4, given.itemsize))  # numpy makes a character of an empty text
        array = numpy.zeros(sizes, given, "F" if order == "F" else "C")
    else:
        flat = numpy.frombuffer(bytearray(content), wire).astype(given, copy=False)
        array = _ordered(flat, sizes, order)
    array.flags.writeable = not locked
    return array


def _ordered(flat: Any, sizes: tuple[int, ...], order: Any) -> Any:
    if order in ("C", "F"):
        return flat.reshape(sizes, order=order)
    if type(order) is not list or sorted(order) != list(range(len(sizes))):
        raise ValueError("no order of axes")
    return flat.reshape([sizes[axis] for axis in order]).transpose(
        [order.index(n) for n in range(len(order))]
    )


def unlocked(value: Any) -> Any:
    """An array that was just built, for one to hold that writes to it."""
    if type(value) is need("numpy").ndarray:
        value.flags.writeable = True
    return value


def _build_objects(items: list[Any], building: Building) -> Any:
    result = empty_objects(items)
    fill_objects(result, [building.build(x) for x in items[1:]])
    return result


def empty_objects(items: list[Any]) -> Any:
    sizes, count = _sizes(items[0], 8)
    if count != len(items) - 1:
        raise ValueError("an array whose items don't fill its shape")
    return need("numpy").empty(sizes, object)


def fill_objects(array: Any, values: list[Any]) -> None:
    flat = array.reshape(-1)
    for at, value in enumerate(values):
        flat[at] = value


def _build_scalar(items: list[Any], building: Building) -> Any:
    words, content = items
    wire, given = _dtype(words)
    if content is None:
        return given
    if type(content) is not bytes or len(content) != wire.itemsize:
        raise ValueError("a scalar of the wrong size")
    if not content:
        return given.type()  # an empty text
    return need("numpy").frombuffer(bytearray(content), wire).astype(given, copy=False)[0]


BUILDERS.update({tag.ARRAY: _build_array, tag.OBJECTS: _build_objects, tag.SCALAR: _build_scalar})
