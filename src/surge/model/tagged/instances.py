"""Tagged forms of built-in exceptions and of instances of known classes. No code of a class runs."""

import builtins
import collections
import contextlib
import datetime as dt
import decimal
import enum
import types
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from surge.model.errors import Distrusted
from surge.model.tagged import tags as tag
from surge.model.tagged.bare import bare
from surge.model.tagged.core import BUILDERS, MARKERS, Building, Pack, Packing, Tree
from surge.model.tagged.fitted.estimators import builds_on, check_bases
from surge.model.tagged.standard import FACTORIES, factory_name, of_kind

FURTHEST = 1_000
"""Columns behind the end of a line that a SyntaxError may point at: a traceback draws each of them."""
MAX_FLAGS = 64


def packer(kind: type) -> Pack | None:
    if issubclass(kind, BaseException) and vars(builtins).get(kind.__name__) is kind:
        return _pack_exception
    return None


def _pack_exception(value: BaseException, packing: Packing) -> Tree:
    packing.once(value)
    arguments = list(value.args)
    if isinstance(value, OSError) and len(arguments) == 2 and value.filename is not None:
        arguments.append(value.filename)
    return packing.form(tag.EXCEPTION, type(value).__name__, arguments, dict(vars(value)))


def make_error(kind: Any, arguments: list[Any]) -> Any:
    """An exception of a class that is no renter's, as its built-in base makes it. Raises ValueError or
    TypeError for arguments that this base's C code would trust, or that would take it more memory than they
    have."""
    base: Any = next(owner for owner in kind.__mro__ if owner.__module__ == "builtins")
    if issubclass(base, SyntaxError):
        _check_place(arguments)
    elif issubclass(base, UnicodeError) and base is not UnicodeError:
        start, end = arguments[-3:-1]
        if type(start) is not int or type(end) is not int or min(start, end) < 0:
            raise ValueError("no place in a text")
    elif issubclass(base, BaseExceptionGroup) and type(arguments[1]) not in (list, tuple):
        raise TypeError("no group of exceptions")
    value: Any = base.__new__(kind, *arguments)
    if kind is not base:
        _ARGS.__set__(value, tuple(arguments))
    base.__init__(value, *arguments)
    return value


def _check_place(arguments: list[Any]) -> None:
    if len(arguments) < 2:
        return
    place = arguments[1]
    if type(place) not in (list, tuple) or len(place) > 7:
        raise TypeError("no place of a SyntaxError")
    text = place[3] if len(place) > 3 else None
    most = FURTHEST + (len(text) if type(text) is str else 0)
    for number in (place[1], place[2], *place[4:6]):
        if number is not None and type(number) is not int:
            raise TypeError("no line and column")
    if not all(x is None or -1 <= x <= most for x in (place[2], *place[5:6])):
        raise ValueError("a column outside of its line")


def _build_exception(items: list[Any], building: Building) -> BaseException:
    name, arguments, fields = (building.own(x) for x in items)
    kind = getattr(builtins, of_kind(name, str), None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        raise ValueError("no exception that may come back")
    error: BaseException = make_error(kind, of_kind(arguments, list))
    vars(error).update(_fields(fields))
    return error


def _fields(value: Any) -> dict[str, Any]:
    fields: dict[str, Any] = of_kind(value, dict)
    for name in fields:
        if type(name) is not str or (name.startswith("__") and name != "__notes__"):
            raise ValueError("no field's name")
    return fields


def _known(key: Any, building: Building) -> type:
    kind = building.classes.get(of_kind(key, str))
    if kind is None:
        raise Distrusted(f"the answer names the class {key!r}, which was not sent; ask another provider")
    return kind


def _build_enum(items: list[Any], building: Building) -> Any:
    key, value = (building.build(x) for x in items)
    kind = _known(key, building)
    if not issubclass(kind, enum.Enum):
        raise TypeError("a member of what is no Enum")
    members = type.__getattribute__(kind, "_member_map_")
    if type(value) is str:
        return members[value]
    if issubclass(kind, enum.Flag) and type(value) is int:
        widest = max((int(m.value).bit_length() for m in members.values()), default=0)
        if value.bit_length() > max(MAX_FLAGS, widest):
            raise ValueError("flags that are none")
        return kind(value)
    raise TypeError("no member")


CHANGING: tuple[Any, ...] = (
    collections.OrderedDict, collections.defaultdict, collections.deque, list, dict, set, bytearray,
)  # fmt: skip
BASES: tuple[Any, ...] = (
    *CHANGING, tuple, frozenset, str, int, float, complex, bytes,
    dt.datetime, dt.date, dt.time, dt.timedelta, decimal.Decimal,
)  # fmt: skip


def _base_of(kind: Any) -> Any:
    """The built-in type whose contents the class's instances have, if one."""
    return next((b for b in BASES if issubclass(kind, b)), None)


_builds_on: Callable[[type], list[type]] = lru_cache(256)(builds_on)
base_of: Callable[[type], Any] = lru_cache(256)(_base_of)


def empty_instance(key: Any, building: Building, fields: dict[str, Any] | None = None) -> Any:
    """An instance without fields or contents. The class's own __new__ and __init__ never run. fields: those
    that it will get, if they are known."""
    kind = _known(key, building)
    if issubclass(kind, enum.Enum):
        raise TypeError("an Enum's member is no instance")
    if issubclass(kind, BaseException):
        built_in: Any = next(owner for owner in kind.__mro__ if owner.__module__ == "builtins")
        return built_in.__new__(kind)
    check_bases(_builds_on(kind), fields)
    base = base_of(kind)
    if base is not None and base not in CHANGING:
        raise TypeError("an instance that is whole from the start")
    return (base or object).__new__(kind)


_ARGS: Any = vars(BaseException)["args"]
_MAXLEN: Any = vars(collections.deque)["maxlen"]
_FACTORY: Any = vars(collections.defaultdict)["default_factory"]


def fill_instance(value: Any, contents: Any) -> None:
    """Give an empty instance what its base holds."""
    base = base_of(type(value))
    if isinstance(value, BaseException):
        _ARGS.__set__(value, tuple(of_kind(contents, list)))
    elif base is collections.OrderedDict:
        for key, x in of_kind(contents, dict).items():
            collections.OrderedDict.__setitem__(value, key, x)
    elif base is collections.deque:
        longest, *items = of_kind(contents, list)
        collections.deque.__init__(value, items, longest)
    elif base is list:
        list.extend(value, of_kind(contents, list))
    elif base in (dict, collections.defaultdict):
        dict.update(value, of_kind(contents, dict))
    elif base is set:
        set.update(value, of_kind(contents, set))
    elif base is bytearray:
        bytearray.extend(value, of_kind(contents, bytearray))


def set_fields(value: Any, fields: Any) -> None:
    """The class's setters never run."""
    kind = type(value)
    places = _places(kind)
    for name, x in _fields(fields).items():
        if name in places:
            places[name].__set__(value, x)
        elif name == "default_factory" and issubclass(kind, collections.defaultdict):
            _FACTORY.__set__(value, None if x is None else FACTORIES[x])
        else:
            object.__getattribute__(value, "__dict__")[name] = x


_MEMBERS = {OSError: ("errno", "strerror", "filename", "filename2"), ImportError: ("msg", "name", "path")}
"""What built-in exceptions hold beside their arguments, and what a class of the renter's may build upon."""


def _find_places(kind: Any) -> dict[str, Any]:
    """What holds the fields of its instances that are in no __dict__, by their names."""
    places = {}
    for owner in reversed(kind.__mro__):
        found = vars(owner)
        for name in (*_slots(owner), *_MEMBERS.get(owner, ())):
            place = found.get(name)
            if isinstance(place, types.MemberDescriptorType):
                places[name] = place
    return places


_places: Callable[[type], dict[str, Any]] = lru_cache(256)(_find_places)


def _slots(owner: type) -> list[str]:
    """The names of a class's slots, private ones as the class holds them."""
    slots = vars(owner).get("__slots__", ())
    head = "_" + owner.__name__.lstrip("_")
    return [
        head + name if name.startswith("__") and not name.endswith("__") else name
        for name in ((slots,) if isinstance(slots, str) else slots)
    ]


def _build_instance(items: list[Any], building: Building) -> Any:
    key, fields, contents = (building.own(x) for x in items)
    kind = _known(key, building)
    base = base_of(kind)
    if base is None or base in CHANGING or issubclass(kind, BaseException):
        value = empty_instance(key, building, of_kind(fields, dict))
        fill_instance(value, contents)
    elif issubclass(kind, enum.Enum):
        raise TypeError("an Enum's member is no instance")
    else:
        value = _of_base(base, kind, of_kind(contents, base))
    set_fields(value, fields)
    return value


def _of_base(base: Any, kind: Any, value: Any) -> Any:
    """An instance of `kind` that holds what `value`, of its built-in base, does."""
    if base is dt.datetime:
        day = (value.year, value.month, value.day)
        return dt.datetime.__new__(kind, *day, *_clock(value), fold=value.fold)
    if base is dt.date:
        return dt.date.__new__(kind, value.year, value.month, value.day)
    if base is dt.time:
        return dt.time.__new__(kind, *_clock(value), fold=value.fold)
    if base is dt.timedelta:
        return dt.timedelta.__new__(kind, value.days, value.seconds, value.microseconds)
    return base.__new__(kind, value)


def _clock(value: Any) -> tuple[Any, ...]:
    return value.hour, value.minute, value.second, value.microsecond, value.tzinfo


BUILDERS.update({tag.EXCEPTION: _build_exception, tag.ENUM: _build_enum, tag.INSTANCE: _build_instance})


def pack_member(value: enum.Enum, key: str) -> Tree:
    """The tree of an Enum's member whose class is known as `key`."""
    name = value._name_
    return [MARKERS[tag.ENUM], key, name if name in type(value)._member_map_ else value.value]


def pack_instance(value: Any, key: str, packing: Packing) -> Tree:
    """The tree of an instance whose class is known as `key`: its fields, and what its base holds."""
    base = base_of(type(value))
    if base is None or base in CHANGING or isinstance(value, BaseException):
        return packing.whole(value, lambda: packing.form(tag.INSTANCE, key, *parts_of(value)))
    if getattr(value, "__dict__", None):
        packing.once(value)
    return packing.form(tag.INSTANCE, key, *parts_of(value))


def parts_of(value: Any) -> tuple[dict[str, Any], Any]:
    """An instance's fields, and what its base holds (None without a base)."""
    base = base_of(type(value))
    fields = dict(getattr(value, "__dict__", {}))
    for name, place in _places(type(value)).items():
        with contextlib.suppress(AttributeError):  # a slot that is empty
            held = place.__get__(value)
            if held is not None or place.__objclass__ not in _MEMBERS:
                fields[name] = held
    contents: Any = list(value.args) if isinstance(value, BaseException) else None
    if base is collections.deque:
        contents = [_MAXLEN.__get__(value), *base.__iter__(value)]
    elif base is not None:
        contents = _of_base(base, base, value) if base.__module__ == "datetime" else bare(base, value)
    if base is collections.defaultdict:
        fields["default_factory"] = factory_name(value)
    return fields, contents
