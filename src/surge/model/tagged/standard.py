"""Tagged forms of the standard library's value types, exceptions and instances of known classes."""

import builtins
import collections
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import re
import uuid
import zoneinfo
from dataclasses import dataclass
from typing import Any

from surge.model.errors import Distrusted
from surge.model.tagged import tags as tag
from surge.model.tagged.core import (
    BUILDERS,
    MARKERS,
    PACKERS,
    Build,
    Building,
    Pack,
    Packing,
    Tree,
)
from surge.model.tagged.opaque import Opaque

MAX_DIGITS = 1 << 16
"""Of a Decimal's text, and bytes of a Fraction's parts: beyond it reducing them takes seconds."""

_ZONE_KEY = re.compile(r"[A-Za-z0-9_+\-]{1,32}(/[A-Za-z0-9_+\-]{1,32}){0,3}")


def packer(kind: type) -> Pack | None:
    if issubclass(kind, pathlib.PurePath):
        return _pack_path
    if issubclass(kind, BaseException) and vars(builtins).get(kind.__name__) is kind:
        return _pack_exception
    return None


def _pack_path(value: pathlib.PurePath, packing: Packing) -> Tree:
    return packing.mark(tag.PATH, value.as_posix(), isinstance(value, pathlib.Path))


def _pack_exception(value: BaseException, packing: Packing) -> Tree:
    return packing.form(tag.EXCEPTION, type(value).__name__, list(value.args), dict(vars(value)))


def _pack_zone(value: zoneinfo.ZoneInfo, packing: Packing) -> Tree:
    return packing.mark(tag.ZONE, value.key)


def _clock(value: "dt.time | dt.datetime") -> tuple[object, ...]:
    return value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo


PACKERS.update(
    {
        complex: lambda v, p: p.mark(tag.COMPLEX, v.real, v.imag),
        range: lambda v, p: p.mark(tag.RANGE, v.start, v.stop, v.step),
        slice: lambda v, p: p.mark(tag.SLICE, v.start, v.stop, v.step),
        dt.date: lambda v, p: p.mark(tag.DATE, v.year, v.month, v.day),
        dt.time: lambda v, p: p.mark(tag.TIME, *_clock(v)),
        dt.datetime: lambda v, p: p.mark(tag.DATETIME, v.year, v.month, v.day, *_clock(v)),
        dt.timedelta: lambda v, p: p.mark(tag.TIMEDELTA, v.days, v.seconds, v.microseconds),
        dt.timezone: lambda v, p: p.mark(tag.TIMEZONE, *v.__getinitargs__()),
        zoneinfo.ZoneInfo: _pack_zone,
        decimal.Decimal: lambda v, p: p.mark(tag.DECIMAL, str(v)),
        fractions.Fraction: lambda v, p: p.mark(tag.FRACTION, v.numerator, v.denominator),
        uuid.UUID: lambda v, p: p.mark(tag.UUID, v.bytes),
        type(...): lambda _, p: p.mark(tag.SINGLETON, "Ellipsis"),
        type(NotImplemented): lambda _, p: p.mark(tag.SINGLETON, "NotImplemented"),
        collections.OrderedDict: lambda v, p: p.form(tag.COLLECTION, "OrderedDict", dict(v), None),
        collections.Counter: lambda v, p: p.form(tag.COLLECTION, "Counter", dict(v), None),
        collections.deque: lambda v, p: p.form(tag.COLLECTION, "deque", list(v), v.maxlen),
    }
)

_SINGLETONS = {"Ellipsis": ..., "NotImplemented": NotImplemented}
_FACTORIES: dict[str, Any] = {kind.__name__: kind for kind in (int, float, str, list, dict, set, tuple, bool)}


def _pack_defaultdict(value: "collections.defaultdict[Any, Any]", packing: Packing) -> Tree:
    factory = value.default_factory
    name = getattr(factory, "__name__", None)
    if factory is not None and _FACTORIES.get(name or "") is not factory:
        if packing.fallback is None:
            return packing.form(tag.COLLECTION, "OrderedDict", dict(value), None)
        return packing.fallback(value, packing)
    return packing.form(tag.COLLECTION, "defaultdict", dict(value), name)


PACKERS[collections.defaultdict] = _pack_defaultdict


def _build_collection(items: list[Any], building: Building) -> Any:
    name, contents, option = (building.build(x) for x in items)
    value = empty_collection(name, option)
    if name == "deque":
        value.extend(_kind(contents, list))
    else:
        type(value).update(value, _kind(contents, dict))
    return value


def empty_collection(name: Any, option: Any) -> Any:
    if name == "deque":
        return collections.deque(maxlen=option)
    if name in ("OrderedDict", "Counter"):
        return getattr(collections, name)()
    if name == "defaultdict":
        return collections.defaultdict(None if option is None else _FACTORIES[option])
    raise ValueError("an unknown collection")


def _kind(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} where a {kind.__name__} belongs")
    return value


def _each(kind: "type | tuple[type, ...]", make: Any) -> Build:
    """A builder whose items, once built, are all of `kind` and go to `make` in order."""

    def build(items: list[Any], building: Building) -> Any:
        built = [building.build(x) for x in items]
        if not all(isinstance(x, kind) for x in built):
            raise TypeError("an item of the wrong type")
        return make(*built)

    return build


def _make_decimal(text: str) -> decimal.Decimal:
    if len(text) > MAX_DIGITS:
        raise ValueError("a Decimal of too many digits")
    return decimal.Decimal(text)


def _make_fraction(numerator: int, denominator: int) -> fractions.Fraction:
    if max(numerator.bit_length(), denominator.bit_length()) > MAX_DIGITS:
        raise ValueError("a Fraction of too many digits")
    return fractions.Fraction(numerator, denominator)


def _make_zone(key: str) -> zoneinfo.ZoneInfo:
    if not _ZONE_KEY.fullmatch(key):
        raise ValueError("no name of a time zone")
    return zoneinfo.ZoneInfo(key)


def _make_path(text: str, concrete: bool) -> pathlib.PurePath:
    return pathlib.Path(text) if concrete else pathlib.PurePosixPath(text)


def _make_time(*parts: Any) -> dt.time:
    *clock, fold, zone = parts
    make: Any = dt.time
    moment: dt.time = make(*clock, tzinfo=zone, fold=fold)
    return moment


def _make_datetime(*parts: Any) -> dt.datetime:
    *clock, fold, zone = parts
    make: Any = dt.datetime
    moment: dt.datetime = make(*clock, tzinfo=zone, fold=fold)
    return moment


@dataclass(frozen=True, slots=True)
class Printed:
    """A returned value with what the task printed: (stream, text) in order."""

    value: Any
    prints: tuple[tuple[str, str], ...]


def prints_of(flat: Any) -> tuple[tuple[str, str], ...]:
    """[stream, text, …] as pairs."""
    names, texts = _kind(flat, list)[::2], flat[1::2]
    if not all(n in ("stdout", "stderr") for n in names) or not all(type(t) is str for t in texts):
        raise TypeError("prints that are none")
    return tuple(zip(names, texts, strict=True))


def _build_printed(items: list[Any], building: Building) -> Printed:
    value, flat = items
    if building.depth != 1:
        raise ValueError("prints inside of a value")
    prints = prints_of(building.build(flat))
    building.root = 2
    return Printed(building.build(value), prints)


def _make_opaque(type_name: str, text: str, content: bytes) -> Opaque:
    return Opaque(_kind(type_name, str), _kind(text, str), _kind(content, bytes))


def _build_exception(items: list[Any], building: Building) -> BaseException:
    name, arguments, fields = (building.build(x) for x in items)
    kind = getattr(builtins, _kind(name, str), None)
    if not (isinstance(kind, type) and issubclass(kind, Exception)):
        raise ValueError("no exception that may come back")
    error: BaseException = kind(*_kind(arguments, list))
    vars(error).update(_fields(fields))
    return error


def _fields(value: Any) -> dict[str, Any]:
    fields: dict[str, Any] = _kind(value, dict)
    for name in fields:
        if type(name) is not str or (name.startswith("__") and name != "__notes__"):
            raise ValueError("no field's name")
    return fields


def _known(key: Any, building: Building) -> type:
    kind = building.classes.get(_kind(key, str))
    if kind is None:
        raise Distrusted(f"the answer names the class {key!r}, which was not sent; ask another provider")
    return kind


def _build_enum(items: list[Any], building: Building) -> Any:
    key, value = (building.build(x) for x in items)
    kind = _known(key, building)
    if not issubclass(kind, enum.Enum):
        raise TypeError("a member of what is no Enum")
    if type(value) is str:
        return type.__getattribute__(kind, "_member_map_")[value]
    if issubclass(kind, enum.Flag) and type(value) is int:
        return kind(value)
    raise TypeError("no member")


BASES: tuple[Any, ...] = (list, dict, set, tuple, frozenset, str, int, float, bytes, bytearray)
CHANGING = (list, dict, set, bytearray)


def base_of(kind: type) -> Any:
    """The built-in type whose contents the class's instances have, if one."""
    return next((b for b in BASES if issubclass(kind, b)), None)


def empty_instance(key: Any, building: Building) -> Any:
    """An instance without fields or contents. The class's own __new__ and __init__ never run."""
    kind = _known(key, building)
    if issubclass(kind, enum.Enum):
        raise TypeError("an Enum's member is no instance")
    if issubclass(kind, BaseException):
        return BaseException.__new__(kind)
    base = base_of(kind)
    if base is not None and base not in CHANGING:
        raise TypeError("an instance that is whole from the start")
    return (base or object).__new__(kind)


_ARGS: Any = vars(BaseException)["args"]


def fill_instance(value: Any, contents: Any) -> None:
    """Give an empty instance what its base holds."""
    base = base_of(type(value))
    if isinstance(value, BaseException):
        _ARGS.__set__(value, tuple(_kind(contents, list)))
    elif base is list:
        list.extend(value, _kind(contents, list))
    elif base is dict:
        dict.update(value, _kind(contents, dict))
    elif base is set:
        set.update(value, _kind(contents, set))
    elif base is bytearray:
        bytearray.extend(value, _kind(contents, bytearray))


def set_fields(value: Any, fields: Any) -> None:
    """The class's setters never run."""
    slots = {name for owner in type(value).__mro__ for name in _slots(owner)}
    for name, x in _fields(fields).items():
        if name in slots:
            object.__setattr__(value, name, x)
        else:
            object.__getattribute__(value, "__dict__")[name] = x


def _build_instance(items: list[Any], building: Building) -> Any:
    key, fields, contents = (building.build(x) for x in items)
    kind = _known(key, building)
    base = base_of(kind)
    if base is None or base in CHANGING or issubclass(kind, BaseException):
        value = empty_instance(key, building)
        fill_instance(value, contents)
    elif issubclass(kind, enum.Enum):
        raise TypeError("an Enum's member is no instance")
    else:
        value = base.__new__(kind, _kind(contents, base))
    set_fields(value, fields)
    return value


def _slots(owner: type) -> tuple[str, ...]:
    slots = vars(owner).get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


_PLAIN_INT = (int, type(None))
BUILDERS.update(
    {
        tag.COMPLEX: _each(float, complex),
        tag.RANGE: _each(int, range),
        tag.SLICE: _each(object, slice),
        tag.DATE: _each(int, dt.date),
        tag.TIME: _each((*_PLAIN_INT, dt.tzinfo), _make_time),
        tag.DATETIME: _each((*_PLAIN_INT, dt.tzinfo), _make_datetime),
        tag.TIMEDELTA: _each(int, dt.timedelta),
        tag.TIMEZONE: _each((dt.timedelta, str), dt.timezone),
        tag.ZONE: _each(str, _make_zone),
        tag.DECIMAL: _each(str, _make_decimal),
        tag.FRACTION: _each(int, _make_fraction),
        tag.UUID: _each(bytes, lambda content: uuid.UUID(bytes=content)),
        tag.PATH: _each((str, bool), _make_path),
        tag.SINGLETON: _each(str, _SINGLETONS.__getitem__),
        tag.OPAQUE: _each((str, bytes), _make_opaque),
        tag.EXCEPTION: _build_exception,
        tag.PRINTED: _build_printed,
        tag.COLLECTION: _build_collection,
        tag.ENUM: _build_enum,
        tag.INSTANCE: _build_instance,
    }
)


def pack_member(value: enum.Enum, key: str) -> Tree:
    """The tree of an Enum's member whose class is known as `key`."""
    name = value._name_
    return [MARKERS[tag.ENUM], key, name if name in type(value)._member_map_ else value.value]


def pack_instance(value: Any, key: str, packing: Packing) -> Tree:
    """The tree of an instance whose class is known as `key`: its fields, and what its base holds."""
    base = base_of(type(value))
    if base is None or base in CHANGING or isinstance(value, BaseException):
        return packing.whole(value, lambda: _instance(value, key, base, packing))
    return _instance(value, key, base, packing)


def _instance(value: Any, key: str, base: Any, packing: Packing) -> Tree:
    fields = dict(getattr(value, "__dict__", {}))
    for owner in type(value).__mro__:
        for name in _slots(owner):
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                fields[name] = getattr(value, name)
    contents: Any = list(value.args) if isinstance(value, BaseException) else None
    if base is not None:
        contents = base(value) if base in CHANGING else base.__new__(base, value)
    return packing.form(tag.INSTANCE, key, fields, contents)
