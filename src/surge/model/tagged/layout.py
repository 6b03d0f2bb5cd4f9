"""How an array lies in memory. The sandbox reads this file too."""

from typing import Any


def holds_objects(value: Any) -> bool:
    """Whether an array's items are objects, which travel one by one."""
    return bool(value.dtype.hasobject) and value.dtype.names is None


def order_of(value: Any) -> Any:
    """How an array's items follow each other: "C", "F", or its axes from the slowest to the quickest."""
    if value.flags.c_contiguous:
        return "C"
    if value.flags.f_contiguous:
        return "F"
    axes = sorted(range(value.ndim), key=lambda axis: -value.strides[axis])
    return axes if value.transpose(axes).flags.c_contiguous else "C"


def bytes_of(value: Any, order: Any) -> bytes:
    """An array's bytes in the order that `order_of` gave; zeros between the fields of records."""
    axes = order if type(order) is list else range(value.ndim)[:: -1 if order == "F" else 1]
    content: bytes = cleared(value.transpose(*axes)).tobytes()  # in C's order: another one would copy records
    return content


def cleared(value: Any) -> Any:
    """The array; of records, a copy with zeros between the fields, where old memory could stand."""
    if value.dtype.names is None:
        return value
    import numpy

    copy = numpy.zeros(
        value.shape, value.dtype
    )  # zeros_like, and each copy of records, leave gaps as they are
    for name in value.dtype.names:
        copy[name] = cleared(value[name])
    return copy
