"""Which classes have instances that are nothing but their fields."""

import enum


def is_plain(kind: type) -> bool:
    """Whether an instance is its fields and what a built-in base holds: no protocol of its own."""
    if issubclass(kind, BaseException | tuple | enum.Enum):
        return True
    state = getattr(kind, "__getstate__", None)
    plain_state = state is getattr(object, "__getstate__", None) or (
        getattr(state, "__name__", "") == "_dataclass_getstate"
    )
    return (
        kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and plain_state
        and (
            state is None
            or not hasattr(kind, "__setstate__")
            or getattr(state, "__name__", "") != "__getstate__"
        )
        and not hasattr(kind, "__getnewargs__")
        and not hasattr(kind, "__getnewargs_ex__")
    ) or (issubclass(kind, int | float | str | bytes) and plain_state)
