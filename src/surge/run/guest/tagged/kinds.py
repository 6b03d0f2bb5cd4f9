# mypy: ignore-errors
# ruff: noqa: BLE001 — whatever refuses to be pickled is named
"""Tagged forms of the standard library's value types, exceptions and shipped classes, in the sandbox.

A type's module is imported only when one of its values is met.
"""

import builtins
import errno
import sys
from functools import lru_cache

from surge.model.tagged import tags as tag
from surge.model.tagged.bare import bare
from surge.run.guest.tagged import core as tagged
from surge.run.guest.tagged.core import form, mark
from surge.run.guest.tagged.reading import BUILDERS

LISTED = 200
"""Characters of the repr of what can't travel as data."""


class Classes:
    """The shipped classes by key, and back."""

    def __init__(self):
        self.by_key = {}
        self.keys = {}

    def add(self, key, kind):
        self.by_key[key] = kind
        self.keys[kind] = key


known = Classes()


CHANGING = ("OrderedDict", "defaultdict", "deque", "list", "dict", "set", "bytearray")
BASES = (*CHANGING, "tuple", "frozenset", "str", "int", "float", "complex", "bytes")
BASES += ("datetime", "date", "time", "timedelta", "Decimal")


@lru_cache(256)
def base_of(kind):
    """The built-in type whose contents the class's instances have, if one."""
    owners = {}
    for owner in kind.__mro__:
        if owner.__module__ in ("builtins", "collections", "datetime", "decimal"):
            owners.setdefault(owner.__name__, owner)
    return next((owners[name] for name in BASES if name in owners), None)


MEMBERS = {"OSError": ("errno", "strerror", "filename", "filename2"), "ImportError": ("msg", "name", "path")}


def _slots(owner):
    slots = vars(owner).get("__slots__", ())
    head = "_" + owner.__name__.lstrip("_")
    return [
        head + name if name.startswith("__") and not name.endswith("__") else name
        for name in ((slots,) if isinstance(slots, str) else slots)
    ]


@lru_cache(256)
def _places(kind):
    """What holds the fields of its instances that are in no __dict__, by their names."""
    places = {}
    for owner in reversed(kind.__mro__):
        built_in = MEMBERS.get(owner.__name__, ()) if owner.__module__ == "builtins" else ()
        if owner.__module__ in ("datetime", "decimal"):
            continue  # what _of_base carries
        for name in (*_slots(owner), *built_in):
            if hasattr(vars(owner).get(name), "__set__") and name not in ("__dict__", "__weakref__"):
                places[name] = vars(owner)[name]
    return places


def fields_of(value):
    """What an instance holds in its __dict__ and its slots, by name."""
    fields = dict(getattr(value, "__dict__", {}))
    for name, place in _places(type(value)).items():
        try:
            held = place.__get__(value)
        except AttributeError:
            continue  # a slot that is empty
        if held is not None or place.__objclass__.__name__ not in MEMBERS:
            fields[name] = held
    return fields


def pack_instance(value, put, depth):
    kind = type(value)
    if changes(kind):
        tagged.meet(value)
    fields = fields_of(value)
    base = base_of(kind)
    name = None if base is None else base.__name__
    contents = list(value.args) if isinstance(value, BaseException) else None
    if isinstance(value, OSError) and value.errno is not None:
        fields["errno"] = number = _number(value)
        contents[:1] = [number]
    if name == "deque":
        contents = [base.maxlen.__get__(value), *base.__iter__(value)]
    elif base is not None:
        contents = _of_base(base, base, value) if base.__module__ == "datetime" else bare(base, value)
    if name == "defaultdict":
        fields["default_factory"] = _factory(value)
    form(tag.INSTANCE, [known.keys[kind], fields, contents], put, depth)


def _of_base(base, kind, value):
    """An instance of `kind` that holds what `value`, of its built-in base, does."""
    if base.__module__ != "datetime":
        return base.__new__(kind, value)
    if base.__name__ == "timedelta":
        return base.__new__(kind, value.days, value.seconds, value.microseconds)
    parts = [] if base.__name__ == "time" else [value.year, value.month, value.day]
    if base.__name__ == "date":
        return base.__new__(kind, *parts)
    parts += [value.hour, value.minute, value.second, value.microsecond, value.tzinfo]
    return base.__new__(kind, *parts, fold=value.fold)


def _number(error):
    """The number of an OSError as Linux has it."""
    return LINUX.get(errno.errorcode.get(error.errno), error.errno)


def _pack_member(value, put, depth):
    name = value._name_
    named = name in type(value)._member_map_
    mark(tag.ENUM, [known.keys[type(value)], name if named else value.value], put, depth)


def pack_exception(value, put, depth):
    arguments = list(value.args)
    if isinstance(value, OSError) and value.errno is not None:
        named = [value.filename] if value.filename is not None else []
        arguments = [_number(value), value.strerror, *named]
    form(tag.EXCEPTION, [type(value).__name__, arguments, dict(vars(value))], put, depth)


LINUX = {
    "EPERM": 1, "ENOENT": 2, "EIO": 5, "EBADF": 9, "EAGAIN": 11, "ENOMEM": 12, "EACCES": 13, "EEXIST": 17,
    "ENOTDIR": 20, "EISDIR": 21, "EINVAL": 22, "EMFILE": 24, "EFBIG": 27, "ENOSPC": 28, "EROFS": 30,
    "EPIPE": 32, "EDOM": 33, "ERANGE": 34, "ENAMETOOLONG": 36, "ENOSYS": 38, "ENOTEMPTY": 39, "ENOTSUP": 95,
}  # fmt: skip
"""WASI numbers errors otherwise."""
HERE = {number: getattr(errno, name) for name, number in LINUX.items() if hasattr(errno, name)}


strict = 0
"""How many values are being packed that would be broken by a part that stays closed."""


class Closed(Exception):
    """Such a part was met."""


def _pack_opaque(value, put, depth):
    import pickle

    if strict:
        raise Closed

    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    try:
        content = pickle.dumps(value, 5)
    except Exception as error:
        raise TypeError(
            f"the task returned a {name}, which can't travel ({error}): return its parts as lists or arrays"
        ) from None
    mark(tag.OPAQUE, [name, repr(value)[:LISTED], content], put, depth)


def _clock(value):
    return value.hour, value.minute, value.second, value.microsecond, value.fold, value.tzinfo


def _listed(code, parts):
    """A packer of the items that `parts(value)` gives."""
    return lambda value, put, depth: mark(code, parts(value), put, depth)


def _collection(kind, contents, option):
    name = kind.__name__

    def pack(value, put, depth):
        tagged.meet(value)
        if getattr(value, "__dict__", None):
            raise TypeError(f"the attributes of a {name} can't travel: return them beside it")
        form(tag.COLLECTION, [name, contents(value), option(value)], put, depth)

    return pack


_FACTORIES = {kind.__name__: kind for kind in (int, float, str, list, dict, set, tuple, bool)}


def _factory(value):
    name = getattr(value.default_factory, "__name__", None)
    return name if _FACTORIES.get(name) is value.default_factory else None


_TABLE = {
    "builtins.complex": _listed(tag.COMPLEX, lambda v: (v.real, v.imag)),
    "builtins.range": _listed(tag.RANGE, lambda v: (v.start, v.stop, v.step)),
    "builtins.slice": _listed(tag.SLICE, lambda v: (v.start, v.stop, v.step)),
    "builtins.ellipsis": _listed(tag.SINGLETON, lambda v: ("Ellipsis",)),
    "builtins.NotImplementedType": _listed(tag.SINGLETON, lambda v: ("NotImplemented",)),
    "datetime.date": _listed(tag.DATE, lambda v: (v.year, v.month, v.day)),
    "datetime.time": _listed(tag.TIME, _clock),
    "datetime.datetime": _listed(tag.DATETIME, lambda v: (v.year, v.month, v.day, *_clock(v))),
    "datetime.timedelta": _listed(tag.TIMEDELTA, lambda v: (v.days, v.seconds, v.microseconds)),
    "datetime.timezone": _listed(tag.TIMEZONE, lambda v: v.__getinitargs__()),
    "zoneinfo.ZoneInfo": _listed(tag.ZONE, lambda v: (v.key,)),
    "decimal.Decimal": _listed(tag.DECIMAL, lambda v: (str(v),)),
    "fractions.Fraction": _listed(tag.FRACTION, lambda v: (v.numerator, v.denominator)),
    "uuid.UUID": _listed(tag.UUID, lambda v: (v.bytes,)),
}


def find(kind):
    if kind in known.keys:
        return _pack_member if hasattr(kind, "_member_map_") else pack_instance
    found = _TABLE.get(f"{kind.__module__}.{kind.__qualname__}")
    if found is not None:
        return found
    if kind.__module__.startswith("pathlib"):
        concrete = not kind.__name__.startswith("Pure")
        return _listed(tag.PATH, lambda v: (v.as_posix(), concrete))
    if kind.__module__ == "collections":
        if kind.__name__ == "deque":
            return _collection(kind, list, lambda v: v.maxlen)
        if kind.__name__ == "defaultdict":
            return _collection(kind, dict, _factory)
        if kind.__name__ in ("OrderedDict", "Counter"):
            return _collection(kind, dict, lambda v: None)
    if kind.__module__ == "builtins" and issubclass(kind, Exception) and hasattr(builtins, kind.__name__):
        return pack_exception
    return None


def opaque(kind):
    """The packer of whatever has no other: it travels opaquely."""
    return _pack_opaque


def _build_datetime(items):
    import datetime

    *clock, fold, zone = items
    return datetime.datetime(*clock, tzinfo=zone, fold=fold)


def _build_time(items):
    import datetime

    *clock, fold, zone = items
    return datetime.time(*clock, tzinfo=zone, fold=fold)


def _build_path(items):
    import pathlib

    return (pathlib.Path if items[1] else pathlib.PurePosixPath)(items[0])


def _build_uuid(items):
    import uuid

    return uuid.UUID(bytes=items[0])


def _imported(module, name):
    """A builder that calls `module.name` on its items."""

    def build(items):
        __import__(module)
        return getattr(sys.modules[module], name)(*items)

    return build


def empty_collection(name, option):
    import collections

    if name == "deque":
        return collections.deque(maxlen=option)
    if name == "defaultdict":
        return collections.defaultdict(None if option is None else _FACTORIES[option])
    return getattr(collections, name)()


def _build_collection(items):
    name, contents, option = items
    value = empty_collection(name, option)
    (value.extend if name == "deque" else value.update)(contents)
    return value


def _build_exception(items):
    name, arguments, fields = items
    kind = getattr(builtins, name)
    if issubclass(kind, OSError) and len(arguments) > 1:
        arguments = [HERE.get(arguments[0], arguments[0]), *arguments[1:]]
    error = kind(*arguments)
    vars(error).update(fields)
    return error


def _build_enum(items):
    kind = known.by_key[items[0]]
    return kind._member_map_[items[1]] if type(items[1]) is str else kind(items[1])


def changes(kind):
    """Whether an instance can be made before what it holds."""
    base = base_of(kind)
    return issubclass(kind, BaseException) or base is None or base.__name__ in CHANGING


def empty_instance(key):
    kind = known.by_key[key]
    if issubclass(kind, BaseException):
        return next(owner for owner in kind.__mro__ if owner.__module__ == "builtins").__new__(kind)
    return (base_of(kind) or object).__new__(kind)


def fill_instance(value, contents):
    base = base_of(type(value))
    name = None if base is None else base.__name__
    if isinstance(value, BaseException):
        vars(BaseException)["args"].__set__(value, tuple(contents))
    elif name in ("list", "bytearray"):
        base.extend(value, contents)
    elif name == "deque":
        base.__init__(value, contents[1:], contents[0])
    elif name == "OrderedDict":
        for key, item in contents.items():
            base.__setitem__(value, key, item)
    elif name == "defaultdict":
        dict.update(value, contents)
    elif base is not None:
        base.update(value, contents)


def set_fields(value, fields):
    places = _places(type(value))
    for name, item in fields.items():
        if name in places:
            places[name].__set__(value, item)
        elif name == "default_factory" and hasattr(type(value), name):
            value.default_factory = None if item is None else _FACTORIES[item]
        else:
            value.__dict__[name] = item


def _build_instance(items):
    key, fields, contents = items
    kind = known.by_key[key]
    if changes(kind):
        value = empty_instance(key)
        fill_instance(value, contents)
    else:
        value = _of_base(base_of(kind), kind, contents)
    set_fields(value, fields)
    return value


BUILDERS.update(
    {
        tag.COMPLEX: lambda items: complex(*items),
        tag.RANGE: lambda items: range(*items),
        tag.SLICE: lambda items: slice(*items),
        tag.SINGLETON: lambda items: {"Ellipsis": ..., "NotImplemented": NotImplemented}[items[0]],
        tag.DATE: _imported("datetime", "date"),
        tag.TIME: _build_time,
        tag.DATETIME: _build_datetime,
        tag.TIMEDELTA: _imported("datetime", "timedelta"),
        tag.TIMEZONE: _imported("datetime", "timezone"),
        tag.ZONE: _imported("zoneinfo", "ZoneInfo"),
        tag.DECIMAL: _imported("decimal", "Decimal"),
        tag.FRACTION: _imported("fractions", "Fraction"),
        tag.UUID: _build_uuid,
        tag.PATH: _build_path,
        tag.COLLECTION: _build_collection,
        tag.EXCEPTION: _build_exception,
        tag.ENUM: _build_enum,
        tag.INSTANCE: _build_instance,
    }
)
