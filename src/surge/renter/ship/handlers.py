"""What takes apart the values that have no tagged form of their own."""

import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Handlers:
    """How classes, functions and objects are taken apart, and how what holds itself is made empty and filled
    later: given to a Reach by whoever makes it, since each of them reaches on through it."""

    of_class: Callable[[Any, type], None]
    of_function: Callable[[Any, types.FunctionType], None]
    of_object: Callable[[Any, Any], None]
    make_shell: Callable[[Any, object], None]
    fill_shell: Callable[[Any, object, list[str]], None]
