# mypy: ignore-errors
"""Tagged forms of numpy's arrays and scalars, in the sandbox. numpy is imported when a value needs it.

The sandbox's index type has 32 bits. Results of that type are marked ("l4"), so that the renter's side
gives int64 as in a local run; int32 is another type here (see surge/run/graft/wide.wat).
"""

import sys

from surge.model.tagged import tags as tag
from surge.model.tagged.layout import bytes_of, cleared, holds_objects, order_of
from surge.run.guest.tagged import core as tagged
from surge.run.guest.tagged.core import mark
from surge.run.guest.tagged.reading import BUILDERS

KINDS = "biufcSUVmM"


def _words(dtype):
    """A dtype as text, or its size and (name, dtype, shape, place) of each field; None if it has no form."""
    if dtype.hasobject or dtype.subdtype is not None:
        return None
    if dtype.names is None:
        if dtype.char in "lL" and dtype.itemsize == 4 and dtype.isnative:
            return dtype.char + "4"
        if dtype.kind not in KINDS or (dtype.kind in "fc" and dtype.char in "gG"):
            return None
        return dtype.str
    fields = []
    for name in dtype.names:
        field, at, *title = dtype.fields[name]
        base, shape = field.subdtype or (field, ())
        inner = _words(base)
        if inner is None or title:
            return None
        fields.append([name, inner, list(shape), at])
    return [dtype.itemsize, *fields]


def _dtype(words):
    import numpy

    if type(words) is str:
        if words in ("<i4", "<u4"):
            return numpy.dtype("i" if words == "<i4" else "I")
        if words in ("l4", "L4"):
            return numpy.dtype(words[0])
        return numpy.dtype(words)
    size, *fields = words
    names, formats, offsets = [], [], []
    for name, inner, shape, at in fields:
        names.append(name)
        formats.append((_dtype(inner), tuple(shape)))
        offsets.append(at)
    return numpy.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})


def _pack_objects(shape, items, put, depth):
    depth = tagged.deeper(depth)
    tagged.head(len(items) + 2, put)
    put(tagged.MARK[tag.OBJECTS])
    tagged.TABLE[list](shape, put, depth)
    for item in items:
        tagged.pack(item, put, depth)


def pack_array(value, put, depth):
    tagged.meet(value)
    shape = list(value.shape)
    if holds_objects(value):
        _pack_objects(shape, value.ravel().tolist(), put, depth)
        return
    words = _words(value.dtype)
    if words is None:
        raise TypeError(f"an array of {value.dtype} can't travel: convert it with astype first")
    order = order_of(value)
    items = [words, shape, order, bytes_of(value, order)]
    mark(tag.ARRAY, items if value.flags.writeable else [*items, True], put, depth)


def _pack_scalar(value, put, depth):
    words = _words(value.dtype)
    if words is None:
        raise TypeError(f"a numpy {value.dtype} can't travel: convert it to a Python number first")
    mark(tag.SCALAR, [words, cleared(value).tobytes()[: value.dtype.itemsize]], put, depth)


def _pack_dtype(value, put, depth):
    words = _words(value)
    if words is None:
        raise TypeError(f"the dtype {value} can't travel: return its name")
    mark(tag.SCALAR, [words, None], put, depth)


def find(kind):
    numpy = sys.modules.get("numpy")
    if numpy is None or not hasattr(numpy, "ndarray"):
        return None
    if kind is numpy.ndarray:
        return pack_array
    if issubclass(kind, numpy.generic):
        return _pack_scalar
    if issubclass(kind, numpy.dtype):
        return _pack_dtype
    return None


def _build_array(items):
    import numpy

    words, shape, order, content, *locked = items
    dtype = _dtype(words)
    if not content:
        array = numpy.zeros(shape, dtype, "F" if order == "F" else "C")
    else:
        array = numpy.frombuffer(bytearray(content), dtype)
        if type(order) is list:
            axes = [order.index(axis) for axis in range(len(order))]
            array = array.reshape([shape[axis] for axis in order]).transpose(axes)
        else:
            array = array.reshape(shape, order=order)
    if locked:
        array.flags.writeable = False
    return array


def unlocked(value):
    """An array that was just built, for one to hold that writes to it."""
    if type(value).__module__ == "numpy" and type(value).__name__ == "ndarray":
        value.flags.writeable = True
    return value


def _build_objects(items):
    import numpy

    result = numpy.empty(items[0], object)
    fill_objects(result, items[1:])
    return result


def fill_objects(array, values):
    flat = array.reshape(-1)
    for at, value in enumerate(values):
        flat[at] = value


def _build_scalar(items):
    import numpy

    words, content = items
    dtype = _dtype(words)
    if content is None:
        return dtype
    return numpy.frombuffer(content, dtype)[0] if content else dtype.type()  # an empty text


BUILDERS.update({tag.ARRAY: _build_array, tag.OBJECTS: _build_objects, tag.SCALAR: _build_scalar})
