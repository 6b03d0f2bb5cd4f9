"""What an instance of a class built on a built-in type holds, told by that type's own code: none of the
class's runs. Read by the sandbox, too."""

from typing import Any


def bare(base: Any, value: Any) -> Any:
    """The contents of `value` as an instance of `base` itself: list, dict (and what is built on it), set,
    bytearray, tuple, frozenset, str, int, float, complex, bytes, Decimal."""
    name = base.__name__
    if name in ("list", "set", "tuple", "frozenset"):
        return base(base.__iter__(value))
    if name in ("dict", "OrderedDict", "defaultdict"):
        return dict(base.items(value))
    if name in ("str", "int", "float"):
        return getattr(base, f"__{name}__")(value)
    if name in ("bytes", "bytearray"):
        return base.__getitem__(value, slice(None))
    if name == "complex":
        return complex(base.real.__get__(value), base.imag.__get__(value))
    return base.__new__(base, value)
