"""Results of libraries: estimators, sparse matrices, named tuples, exceptions. Data, never authority.

A form names a class that names.py lists, and its parts; no code of the class runs where it
could do more than hold data. Parts that a library's compiled code trusts without looking (indices of sparse
matrices, nodes of trees, places in a generator's state) are checked here, and whatever would make a builder
take more memory than has arrived (a range where an array belongs) is refused.
"""

import collections
import importlib
import keyword
import re
import types
from collections.abc import Callable
from typing import Any

from surge.model.errors import Distrusted
from surge.model.tagged import names as listed
from surge.model.tagged import tags as tag
from surge.model.tagged.arrays import need
from surge.model.tagged.core import BUILDERS, Building
from surge.model.tagged.fitted.estimators import one_parent, whole
from surge.model.tagged.instances import make_error, set_fields
from surge.model.tagged.parts import array, known_distinct, range_room, weigh


def _of(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError("another kind of part")
    return value


def _fields(value: Any) -> dict[str, Any]:
    if type(value) is not dict or any(type(n) is not str or n.startswith("__") for n in value):
        raise ValueError("no fields")
    return value


def _size(value: Any, most: int = (1 << 31) - 1) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("no size")
    return value


def _named(
    building: Building,
    module: Any,
    name: Any,
    names: list[str],
    items: list[Any],
    extra: dict[str, Any],
    held: dict[str, Any] | None = None,
) -> Any:
    """A named tuple as its library makes it; where that has none of the name, one with the same fields.
    held: what it has besides, to answer questions with (scipy.stats' intervals)."""
    if len(_of(names, list)) != len(_of(items, list)) or not all(type(n) is str for n in names):
        raise ValueError("no fields of a tuple")
    try:
        kind = listed.find(listed.NAMED, module, name, tuple)
        if [*kind._fields] == names and [*getattr(kind, "_extra_fields", ())] == [*_fields(extra)]:
            made: Any = tuple.__new__(kind, items)
            kept = {n: x for n, x in _of(held or {}, dict).items() if not hasattr(kind, n)}
            if "_xp" in kept:
                kept["_xp"] = importlib.import_module("scipy._lib.array_api_compat.numpy")
            return _with(made, extra | kept) if extra or kept else made
    except (ImportError, LookupError, TypeError, ValueError):
        pass  # another version of the library, or one that isn't listed
    names = [*names, *_fields(extra)]
    if not all(n.isidentifier() and not keyword.iskeyword(n) and not n.startswith("_") for n in names):
        raise ValueError("no fields of a tuple")
    key = (_of(name, str).rpartition(".")[2], *names)
    fresh = building.fresh.get(key)
    if fresh is None:
        weigh(building, 1_000 + 20 * len(names))
        building.take(2_000 * len(names))
        fresh = building.fresh[key] = collections.namedtuple(key[0], names)
    return fresh(*items, *extra.values())


def _dtype(name: Any, categories: Any = None, ordered: Any = False) -> Any:
    """Of a pandas column."""
    pandas = need("pandas")
    if name != "category":
        if not listed.DTYPE.fullmatch(_of(name, str)):
            raise ValueError("no type of a column")
        return pandas.api.types.pandas_dtype(name)
    if categories is not None and not isinstance(categories, pandas.Index):
        raise TypeError("no categories")
    if categories is not None:
        known_distinct(categories)
    return pandas.CategoricalDtype(categories, _of(ordered, bool))


def _table(module: Any, name: Any, contents: dict[Any, Any]) -> Any:
    value: Any = dict.__new__(listed.find(listed.TABLES, module, name, dict))
    dict.update(value, _of(contents, dict))
    return value


def _record(module: Any, name: Any, fields: dict[str, Any]) -> Any:
    kind = listed.find(listed.RECORDS, module, name, object)
    known = kind.__dataclass_fields__
    if not all(n in known or not hasattr(kind, n) for n in _fields(fields)):
        raise ValueError("fields of another dataclass")
    return _with(object.__new__(kind), fields)


def _with(value: Any, fields: dict[str, Any]) -> Any:
    object.__getattribute__(value, "__dict__").update(_fields(fields))
    return value


def _error(module: Any, name: Any, arguments: list[Any], fields: dict[str, Any]) -> Any:
    kind = listed.find(listed.ERRORS, module, name, Exception)
    notes = _of(fields, dict).pop("__notes__", None)
    if not all(not callable(getattr(kind, n, None)) for n in _fields(fields)):
        raise ValueError("fields that are the class's own")
    error = make_error(kind, _of(arguments, list))
    set_fields(error, fields)
    for note in () if notes is None else _of(notes, list):
        error.add_note(note)
    return error


def _loss(module: Any, name: Any, arguments: list[float]) -> Any:
    if not all(type(x) is float for x in _of(arguments, list)):
        raise TypeError("no number")
    return listed.find(listed.LOSSES, module, name, object)(*arguments)


def _tree(features: int, classes: Any, outputs: int, _: int, fields: dict[str, Any], values: Any) -> Any:
    """A decision tree; compiled code walks it without looking, so that each step must lead down and end, and
    reserves room by its depth, which is therefore found out here."""
    numpy, home = need("numpy"), need("sklearn.tree._tree")
    dtype = home.NODE_DTYPE
    count = len(array(fields["left_child"], "iu", None))
    nodes = numpy.zeros(count, dtype)
    for name in dtype.names:
        nodes[name] = array(fields[name], "biuf", count)
    left, right = nodes["left_child"], nodes["right_child"]
    leaf = left == -1
    depth = one_parent(left, right, leaf)
    asks = (nodes["feature"] >= 0) & (nodes["feature"] < _size(features))
    if not asks[~leaf].all() or not (right == -1)[leaf].all():
        raise ValueError("no tree")
    classes = array(classes, "iu", _size(outputs))
    if not outputs or not (classes > 0).all():
        raise ValueError("no values of a tree")
    values = array(values, "f", count, outputs, int(classes.max()))
    tree = home.Tree(features, classes.astype(numpy.intp), outputs)
    state = {"max_depth": depth, "node_count": count, "nodes": nodes, "values": values.astype("float64")}
    tree.__setstate__(state)
    return tree


def _neighbours(name: str, points: Any, leaf_size: int, metric: str, p: float | None) -> Any:
    if name not in ("KDTree", "BallTree", "KDTree64", "BallTree64", "KDTree32", "BallTree32"):
        raise ValueError("no tree of neighbours")
    if (
        metric not in (*listed.METRICS, "minkowski")
        or not _size(leaf_size)
        or type(p) not in (float, type(None))
    ):
        raise ValueError("no metric")
    array(points, "f", None, None)
    home = need("sklearn.neighbors")
    kind = getattr(home, name.removesuffix("64"), None) or getattr(home, name.rstrip("0123456789"))
    return kind(points, leaf_size=leaf_size, metric=metric, **({} if p is None else {"p": p}))


def _sparse(home: str, shape: list[int], values: Any, *parts: Any) -> Any:
    """Checked whole: compiled code would follow an index out of the array. A lil_matrix, which has lists for
    each of its rows, comes as a csr_matrix, whose bytes say how many there are."""
    sparse = need("scipy.sparse")
    if not re.fullmatch(r"(csr|csc|bsr|coo|dia|lil|dok)_(array|matrix)", home):
        raise ValueError("no sparse matrix")
    kind, family = home.split("_")
    size = tuple(_size(n, (1 << 63) - 1) for n in _of(shape, list))
    block = {"bsr": 3, "dia": 2}.get(kind, 1)
    array(values, "biufc", *[None] * block)
    for part in parts:
        array(part, "iu", None)
    if kind in ("csr", "csc", "bsr", "lil"):
        indices, indptr = parts
        form = "csr" if kind == "lil" else kind
        value = getattr(sparse, f"{form}_{family}")((values, indices, indptr), shape=size)
        value.check_format(full_check=True)
        if (value.indptr[1:] < value.indptr[:-1]).any():  # SciPy doesn't look where the last one is 0 or less
            raise ValueError("rows that end before they begin")
        return value.tolil() if kind == "lil" else value
    if kind == "dia":
        (offsets,) = parts
        if len(offsets) != len(values):
            raise ValueError("a diagonal without its place")
        return getattr(sparse, home)((values, offsets), shape=size)
    if len(parts) != len(size) or not all(len(part) == len(values) for part in parts):
        raise ValueError("values without their places")
    value = getattr(sparse, f"coo_{family}")((values, tuple(parts)), shape=size)
    return value if kind == "coo" else value.asformat(kind)


def _plain(value: Any) -> bool:
    if type(value) is tuple:
        return all(map(_plain, value))
    numbers = (type(None), bool, int, float, complex, str, bytes)
    return type(value) in numbers or isinstance(value, need("numpy").generic)


def _masked(values: Any, mask: Any, fill: Any, hard: bool = False) -> Any:
    ma = need("numpy").ma
    plain = need("numpy").ndarray
    if type(values) is not plain or type(mask) not in (plain, type(None)):
        raise TypeError("no masked array")
    if not _plain(fill):
        raise TypeError("nothing to fill with")
    if mask is not None and (mask.shape != values.shape or mask.dtype != ma.make_mask_descr(values.dtype)):
        raise ValueError("a mask that doesn't fit")
    return ma.MaskedArray(
        values, ma.nomask if mask is None else mask, fill_value=fill, hard_mask=hard is True
    )


def _subarray(name: str, values: Any) -> Any:
    numpy = need("numpy")
    if name not in ("matrix", "recarray") or type(values) is not numpy.ndarray:
        raise ValueError("no array of numpy's")
    return values.view(getattr(numpy, name))


_WORDS = {"MT19937": ("key", 624, 32), "Philox": ("counter", 4, 64), "SFC64": ("state", 4, 64)}
"""bits → (name, length, width) of what its state holds as an array"""
_PERIOD = 1 << 128


def _words(value: Any, count: int, bits: int) -> Any:
    found = array(value, "iu", count)
    if bits == 32 and ((found < 0) | (found >= 1 << 32)).any():
        raise ValueError("no word of a generator")
    return found.astype(f"u{bits // 8}")


def _inner(bits: str, state: dict[str, Any]) -> dict[str, Any]:
    if bits in ("PCG64", "PCG64DXSM"):
        return {name: _size(state[name], _PERIOD - 1) for name in ("state", "inc")}
    name, count, width = _WORDS[bits]
    made = {name: _words(state[name], count, width)}
    if bits == "Philox":
        made["key"] = _words(state["key"], 2, 64)
    if bits == "MT19937":
        made["pos"] = _size(state["pos"], 624)
    return made


def _random(name: str, bits: str, state: dict[str, Any]) -> Any:
    """Compiled code follows a state's places without looking: each is checked."""
    random = need("numpy").random
    if name not in ("Generator", "RandomState") or bits not in (*_WORDS, "PCG64", "PCG64DXSM"):
        raise ValueError("no source of random numbers")
    inner = _inner(bits, _of(_of(state, dict)["state"], dict))
    whole_state: dict[str, Any] = {"bit_generator": bits, "state": inner}
    if bits != "MT19937":
        whole_state |= {"has_uint32": _size(state["has_uint32"], 1)}
        whole_state |= {"uinteger": _size(state["uinteger"], (1 << 32) - 1)}
    if bits == "Philox":
        whole_state |= {"buffer": _words(state["buffer"], 4, 64), "buffer_pos": _size(state["buffer_pos"], 4)}
    source = getattr(random, bits)()
    source.state = whole_state
    made = getattr(random, name)(source)
    if name == "RandomState" and "has_gauss" in state:
        kept = {"has_gauss": _size(state["has_gauss"], 1), "gauss": _of(state["gauss"], float)}
        made.set_state({**made.get_state(legacy=False), **kept})
    return made


_FREQUENCY = re.compile(r"-?[0-9]{0,4}[A-Za-z]{1,4}(-[A-Za-z]{3})?")


def _period(ordinal: int, frequency: str) -> Any:
    if not _FREQUENCY.fullmatch(frequency) or not -(1 << 63) <= _of(ordinal, int) < 1 << 63:
        raise ValueError("no period")
    return need("pandas").Period(ordinal=ordinal, freq=frequency)


def _attrs(value: Any, attrs: dict[Any, Any]) -> Any:
    pandas = need("pandas")
    if not isinstance(value, pandas.DataFrame | pandas.Series) or type(attrs) is not dict:
        raise TypeError("no frame with attributes")
    value.attrs.update(attrs)
    return value


_FORMS: dict[str, Callable[..., Any]] = {
    "attrs": _attrs,
    "error": _error,
    "fields": whole,
    "loss": _loss,
    "masked": _masked,
    "masked constant": lambda: need("numpy").ma.masked,
    "namespace": lambda fields: types.SimpleNamespace(**_fields(fields)),
    "neighbours": _neighbours,
    "dtype": _dtype,
    "period": _period,
    "random": _random,
    "record": _record,
    "sparse": _sparse,
    "subarray": _subarray,
    "table": _table,
    "tree": _tree,
    "type": listed.type_of,
}

_WEIGHTS = {
    "attrs": 70,
    "frame of": 100,
    "masked": 30,
    "neighbours": 200,
    "dtype": 100,
    "period": 20,
    "random": 100,
}
_WEIGHTS |= {"sparse": 150, "tree": 100}
_ROOM: dict[str, Callable[..., int]] = {
    "dtype": lambda name, categories=None, ordered=False: range_room(categories),
    "masked": lambda values, *_: 2 * values.dtype.itemsize,
    "neighbours": lambda name, points, leaf, *_: (2 * len(points) // leaf + 1) * (64 + 16 * points.shape[1]),
    "sparse": lambda home, shape, values, *parts: 256 * len(parts[-1]) if home[:3] in ("lil", "dok") else 0,
}
"""Bytes that some take beyond those of their parts."""
_LIGHT = 10
"""Values that take as long to build, about a microsecond each."""


def _of_known(form: str, key: str, base: Any, fields: dict[str, Any], building: Building) -> Any:
    """An instance of a class that was sent: an array or a frame with its own fields."""
    kind = building.classes.get(key)
    if kind is None:
        raise Distrusted(f"the answer names the class {key!r}, which was not sent; ask another provider")
    if form == "array of":
        numpy = need("numpy")
        if not issubclass(kind, numpy.ndarray) or type(base) is not numpy.ndarray:
            raise TypeError("no array's class")
        return _with(numpy.ndarray.view(base, kind), fields)
    pandas = need("pandas")
    if type(base) not in (pandas.DataFrame, pandas.Series) or not issubclass(kind, type(base)):
        raise TypeError("no frame's class")
    own = {*getattr(kind, "_metadata", ())} - {*type(base)._metadata}
    if not own >= _fields(fields).keys() or any(hasattr(base, name) for name in fields):
        raise ValueError("what a frame has for itself")
    value: Any = object.__new__(kind)
    type(base).__init__(value, base)
    for name, x in fields.items():
        object.__setattr__(value, name, x)
    return value


def _build(items: list[Any], building: Building) -> Any:
    form, *parts = building.apart(items)
    if form in ("array of", "frame of"):
        key, base, fields = parts
        weigh(building, _WEIGHTS.get(form, _LIGHT))
        return _of_known(form, key, base, fields, building)
    if form == "named":
        return _named(building, *parts)
    weigh(building, _WEIGHTS.get(form, _LIGHT))
    if form in _ROOM:
        building.take(_ROOM[form](*parts))
    return _FORMS[form](*parts)


BUILDERS[tag.LIBRARY] = _build
