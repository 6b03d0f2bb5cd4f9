"""Tagged forms of the standard library's value types; exceptions and instances have a module of their own."""

import collections
import datetime as dt
import decimal
import fractions
import pathlib
import re
import types
import uuid
import zoneinfo
from dataclasses import dataclass
from typing import Any

from surge.model.errors import BadInput
from surge.model.tagged import tags as tag
from surge.model.tagged.core import (
    BUILDERS,
    CHANGING,
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
    return None


def _pack_path(value: pathlib.PurePath, packing: Packing) -> Tree:
    return packing.mark(tag.PATH, value.as_posix(), isinstance(value, pathlib.Path))


def _pack_zone(value: zoneinfo.ZoneInfo, packing: Packing) -> Tree:
    return packing.mark(tag.ZONE, value.key)


def _pack_table(name: str, value: Any, packing: Packing) -> Tree:
    if vars(value):
        raise BadInput(f"the attributes of a {name} can't travel: pass them beside it")
    return packing.form(tag.COLLECTION, name, dict(value), None)


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
        collections.OrderedDict: lambda v, p: _pack_table("OrderedDict", v, p),
        collections.Counter: lambda v, p: _pack_table("Counter", v, p),
        collections.deque: lambda v, p: p.form(tag.COLLECTION, "deque", list(v), v.maxlen),
    }
)

_SINGLETONS = {"Ellipsis": ..., "NotImplemented": NotImplemented}
FACTORIES: dict[str, Any] = {kind.__name__: kind for kind in (int, float, str, list, dict, set, tuple, bool)}


def factory_name(value: "collections.defaultdict[Any, Any]") -> str | None:
    """The name of a defaultdict's factory, if it is one that travels."""
    name = getattr(value.default_factory, "__name__", "")
    return name if name and FACTORIES.get(name) is value.default_factory else None


def _pack_defaultdict(value: "collections.defaultdict[Any, Any]", packing: Packing) -> Tree:
    factory = value.default_factory
    name = getattr(factory, "__name__", None)
    if factory is not None and FACTORIES.get(name or "") is not factory:
        if packing.fallback is None:
            return packing.form(tag.COLLECTION, "OrderedDict", dict(value), None)
        return packing.fallback(value, packing)
    return packing.form(tag.COLLECTION, "defaultdict", dict(value), name)


PACKERS[collections.defaultdict] = _pack_defaultdict
PACKERS[types.SimpleNamespace] = lambda v, p: p.form(tag.LIBRARY, "namespace", dict(vars(v)))
CHANGING.update((collections.OrderedDict, collections.Counter, collections.deque, collections.defaultdict))
CHANGING.add(types.SimpleNamespace)


def _build_collection(items: list[Any], building: Building) -> Any:
    name, contents, option = (building.own(x) for x in items)
    value = empty_collection(name, option)
    if name == "deque":
        value.extend(of_kind(contents, list))
    else:
        type(value).update(value, of_kind(contents, dict))
    return value


def empty_collection(name: Any, option: Any) -> Any:
    if name == "deque":
        return collections.deque(maxlen=option)
    if name in ("OrderedDict", "Counter"):
        return getattr(collections, name)()
    if name == "defaultdict":
        return collections.defaultdict(None if option is None else FACTORIES[option])
    raise ValueError("an unknown collection")


def of_kind(value: Any, kind: type) -> Any:
    """The value, if it is exactly of `kind`; raises TypeError otherwise."""
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


def make_zone(key: str) -> zoneinfo.ZoneInfo:
    """Raises ValueError or LookupError for what names none."""
    if not _ZONE_KEY.fullmatch(key):
        raise ValueError("no name of a time zone")
    try:
        return zoneinfo.ZoneInfo(key)
    except OSError as error:  # a folder of zones
        raise ValueError("no time zone") from error


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
    names, texts = of_kind(flat, list)[::2], flat[1::2]
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
    return Opaque(of_kind(type_name, str), of_kind(text, str), of_kind(content, bytes))


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
        tag.ZONE: _each(str, make_zone),
        tag.DECIMAL: _each(str, _make_decimal),
        tag.FRACTION: _each(int, _make_fraction),
        tag.UUID: _each(bytes, lambda content: uuid.UUID(bytes=content)),
        tag.PATH: _each((str, bool), _make_path),
        tag.SINGLETON: _each(str, _SINGLETONS.__getitem__),
        tag.OPAQUE: _each((str, bytes), _make_opaque),
        tag.PRINTED: _build_printed,
        tag.COLLECTION: _build_collection,
    }
)
