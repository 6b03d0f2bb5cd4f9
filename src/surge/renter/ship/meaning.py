"""What is listed (quiet.py) under which name, told by the thing itself."""

import sys
import types

from surge.renter.ship import quiet
from surge.renter.ship.modules import module_of

_BY_NAME = (types.FunctionType, types.BuiltinFunctionType, type)
_BY_TYPE = ("ufunc", "_ArrayFunctionDispatcher")


def has_name(value: object) -> bool:
    """Whether it is a function or a class."""
    return isinstance(value, _BY_NAME) or type(value).__name__ in _BY_TYPE


def meaning(value: object) -> tuple[str, str]:
    """(module, name) of what is listed; two empty strings for all else."""
    if has_name(value):
        home, name = (module_of(value) or "numpy").lstrip("_"), getattr(value, "__name__", "")
        if _is_listed(value, home, name):
            return home, name
    return "", ""


def makes(module: str, name: str) -> bool:
    """Whether it makes something of which an answer could tell the address, or a set."""
    if module == "builtins":
        return name in quiet.MAKERS | quiet.SETS
    return name in quiet.MADE.get(module, ())


def _is_listed(value: object, home: str, name: str) -> bool:
    listed = quiet.BUILTINS if home == "builtins" else quiet.MODULES.get(home, frozenset())
    return name in listed and getattr(sys.modules.get(home), name, None) is value
