"""Strategies for every kind of message, from the types and caps of its own fields."""

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from surge.net import messages as m

KINDS = m.Message.__subclasses__()
SMALL = 6


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Of a type as msgspec.inspect describes it; lengths at both ends of their caps stay small."""
    match kind:
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.IntType(ge=low, le=high):
            return st.integers(-(2**63) if low is None else low, 2**64 - 1 if high is None else high)
        case inspect.BytesType(min_length=low, max_length=high):
            return st.binary(min_size=low or 0, max_size=min(high, (low or 0) + 20))
        case inspect.StrType(min_length=low, max_length=high):
            return st.text(min_size=low or 0, max_size=min(high, 20))
        case inspect.LiteralType(values=choices):
            return st.sampled_from(choices)
        case inspect.ListType(item_type=item, min_length=low):
            return st.lists(values_of(item), min_size=low or 0, max_size=SMALL)
        case inspect.UnionType(types=choices):
            return st.one_of([values_of(choice) for choice in choices])
        case inspect.StructType(cls=cls):
            return messages_of(cls)
    raise NotImplementedError(f"no strategy for {kind}: add its case")


def messages_of(cls: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    described = inspect.type_info(cls)
    assert isinstance(described, inspect.StructType)
    fields = {field.name: values_of(field.type) for field in described.fields}
    if cls is m.PrepareImage:
        fields["module"] = st.sampled_from([b"", b"m" * 32])
    if cls is not m.RunChunk:
        return st.builds(cls, **fields)
    return st.integers(1, SMALL).flatmap(lambda count: st.builds(cls, **(fields | _of_length(count))))


_DIGESTS = st.lists(st.binary(min_size=32, max_size=32), max_size=2)


def _of_length(count: int) -> dict[str, st.SearchStrategy[Any]]:
    return {
        "seeds": st.lists(st.integers(0, 2**64 - 1), min_size=count, max_size=count),
        "inputs": st.lists(st.binary(max_size=20), min_size=count, max_size=count),
        "blobs": st.just([]) | st.lists(_DIGESTS, min_size=count, max_size=count),
    }


MESSAGES = st.one_of([messages_of(kind) for kind in KINDS])
