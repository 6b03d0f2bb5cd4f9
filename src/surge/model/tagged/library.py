"""Results of libraries: estimators, sparse matrices, named tuples, exceptions. Data, never authority.

A form names a class of a known library and lists its parts; the class must be what the form says, and its
own code doesn't run where it could do more than hold data. Parts that a library's compiled code trusts
without looking (indices of sparse matrices, nodes of trees) are checked here.
"""

import collections
import importlib
import keyword
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from surge.model.errors import Distrusted
from surge.model.tagged import tags as tag
from surge.model.tagged.arrays import need
from surge.model.tagged.core import BUILDERS, Building

ROOTS = ("numpy", "pandas", "scipy", "sklearn", "statsmodels")
ERRORS = (*ROOTS, "binascii", "csv", "decimal", "json", "re", "sqlite3", "struct", "xml", "zipfile", "zlib")
"""Whose classes a form may name; the guest's side has the same."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}(\.[A-Za-z_][A-Za-z0-9_]{0,63}){0,7}")
BITS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
LOSSES = ("sklearn._loss._loss", "sklearn.linear_model._sgd_fast")
METRICS = ("euclidean", "manhattan", "chebyshev", "minkowski")


def _class(module: Any, qualname: Any, base: type, roots: tuple[str, ...] = ROOTS) -> Any:
    """A library's class by its name. Raises for what is none, or no subclass of `base`."""
    if not (_NAME.fullmatch(module) and _NAME.fullmatch(qualname)) or module.partition(".")[0] not in roots:
        raise ValueError("a class of no known library")
    found: Any = sys.modules.get(module) or importlib.import_module(module)
    for part in qualname.split("."):
        if part.startswith("__"):
            raise ValueError("no class's name")
        found = getattr(found, part)
    if not isinstance(found, type) or not issubclass(found, base):
        raise TypeError("another kind of class")
    return found


def _fields(value: Any) -> dict[str, Any]:
    if type(value) is not dict or any(type(n) is not str or n.startswith("__") for n in value):
        raise ValueError("no fields")
    return value


def _named(module: str, qualname: str, names: list[str], items: list[Any], extra: dict[str, Any]) -> Any:
    """A named tuple as its library makes it; where that has none of the name, one with the same fields."""
    try:
        kind = _class(module, qualname, tuple)
        if list(getattr(kind, "_fields", ())) == names:
            return kind(*items, **_fields(extra)) if extra else tuple.__new__(kind, items)
    except (ImportError, AttributeError, TypeError):
        pass  # another version of the library
    names = [*names, *extra]
    if not all(n.isidentifier() and not keyword.iskeyword(n) and not n.startswith("_") for n in names):
        raise ValueError("no fields of a tuple")
    made: Any = collections.namedtuple(qualname.rpartition(".")[2], names)  # type: ignore[misc]
    return made(*items, *extra.values())


def _table(module: str, qualname: str, contents: dict[Any, Any]) -> Any:
    value: Any = dict.__new__(_class(module, qualname, dict))
    dict.update(value, contents)
    return value


def _record(module: str, qualname: str, fields: dict[str, Any]) -> Any:
    kind = _class(module, qualname, object)
    if not hasattr(kind, "__dataclass_fields__"):
        raise TypeError("no dataclass")
    return _with(object.__new__(kind), fields)


def _with(value: Any, fields: dict[str, Any]) -> Any:
    object.__getattribute__(value, "__dict__").update(_fields(fields))
    return value


def _error(module: str, qualname: str, arguments: list[Any], fields: dict[str, Any]) -> Any:
    kind = _class(module, qualname, Exception, ERRORS)
    error = BaseException.__new__(kind, *arguments)
    error.args = tuple(arguments)
    return _with(error, {n: x for n, x in fields.items() if not n.startswith("__")})


def _whole(module: str, qualname: str, fields: dict[str, Any]) -> Any:
    """An estimator, or a part of one: an object of a Python class of scikit-learn that is its fields."""
    kind = _class(module, qualname, object, ("sklearn",))
    if kind.__reduce_ex__ is not object.__reduce_ex__ or kind.__new__ is not object.__new__:
        raise TypeError("no object that is its fields")
    if qualname == "TreePredictor":
        _check_predictor(fields)
    return _with(object.__new__(kind), fields)


def _check_predictor(fields: dict[str, Any]) -> None:
    """Of histogram boosting; compiled code walks it without looking."""
    nodes = fields["nodes"]
    count, at = len(nodes), need("numpy").arange(len(nodes))
    inner = nodes["is_leaf"] == 0
    below = (nodes["left"] > at) & (nodes["left"] < count) & (nodes["right"] > at) & (nodes["right"] < count)
    sets = nodes["is_categorical"] != 0
    rows = min(len(fields["binned_left_cat_bitsets"]), len(fields["raw_left_cat_bitsets"]))
    if not count or not below[inner].all() or not (nodes["bitset_idx"][sets] < rows).all():
        raise ValueError("no tree")


def _loss(module: str, name: str, arguments: list[float]) -> Any:
    if module not in LOSSES or not re.fullmatch(r"[A-Z][A-Za-z]{1,40}", name):
        raise ValueError("no loss")
    if not all(type(x) is float for x in arguments):
        raise TypeError("no number")
    return _class(module, name, object, ("sklearn",))(*arguments)


def _tree(features: int, classes: Any, outputs: int, depth: int, fields: dict[str, Any], values: Any) -> Any:
    """A decision tree; compiled code walks it without looking, so that each step must lead down and end."""
    numpy, home = need("numpy"), need("sklearn.tree._tree")
    dtype = home.NODE_DTYPE
    count = len(fields["left_child"])
    nodes = numpy.zeros(count, dtype)
    for name in dtype.names:
        nodes[name] = fields[name]
    at, left, right = numpy.arange(count), nodes["left_child"], nodes["right_child"]
    leaf = left == -1
    inner = ~leaf
    below = (left > at) & (left < count) & (right > at) & (right < count)
    asks = (nodes["feature"] >= 0) & (nodes["feature"] < features)
    if not count or not (below & asks)[inner].all() or not (right == -1)[leaf].all():
        raise ValueError("no tree")
    if values.shape != (count, outputs, int(classes.max())) or classes.shape != (outputs,):
        raise ValueError("no values of a tree")
    tree = home.Tree(features, classes.astype(numpy.intp), outputs)
    state = {"max_depth": depth, "node_count": count, "nodes": nodes, "values": values.astype("float64")}
    tree.__setstate__(state)
    return tree


def _neighbours(name: str, points: Any, leaf_size: int, metric: str, p: float | None) -> Any:
    if name not in ("KDTree", "BallTree", "KDTree64", "BallTree64", "KDTree32", "BallTree32"):
        raise ValueError("no tree of neighbours")
    if metric not in METRICS or not 0 < leaf_size < 1 << 31:
        raise ValueError("no metric")
    home = need("sklearn.neighbors")
    kind = getattr(home, name.removesuffix("64"), None) or getattr(home, name.rstrip("0123456789"))
    return kind(points, leaf_size=leaf_size, metric=metric, **({} if p is None else {"p": p}))


def _sparse(home: str, shape: list[int], values: Any, *parts: Any) -> Any:
    """Checked whole: compiled code would follow an index out of the array."""
    sparse = need("scipy.sparse")
    if not re.fullmatch(r"(csr|csc|bsr|coo|dia|lil|dok)_(array|matrix)", home):
        raise ValueError("no sparse matrix")
    kind, size = home[:3], tuple(shape)
    if kind in ("csr", "csc", "bsr"):
        value = getattr(sparse, home)((values, *parts), shape=size)
        value.check_format(full_check=True)
        return value
    if kind == "dia":
        return sparse.__dict__[home]((values, *parts), shape=size)
    value = getattr(sparse, f"coo_{home[4:]}")((values, tuple(parts)), shape=size)
    return value if kind == "coo" else value.asformat(kind)


def _masked(values: Any, mask: Any, fill: Any) -> Any:
    return need("numpy").ma.MaskedArray(values, mask, fill_value=fill)


def _subarray(name: str, array: Any) -> Any:
    numpy = need("numpy")
    if name not in ("matrix", "recarray"):
        raise ValueError("no array of numpy's")
    return array.view(getattr(numpy, name))


def _random(name: str, bits: str, state: dict[str, Any]) -> Any:
    random = need("numpy").random
    if bits not in BITS or name not in ("Generator", "RandomState"):
        raise ValueError("no source of random numbers")
    source = getattr(random, bits)()
    source.state = state
    return getattr(random, name)(source)


def _period(ordinal: int, frequency: str) -> Any:
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
    "fields": _whole,
    "loss": _loss,
    "masked": _masked,
    "named": _named,
    "namespace": lambda fields: types.SimpleNamespace(**_fields(fields)),
    "neighbours": _neighbours,
    "period": _period,
    "random": _random,
    "record": _record,
    "sparse": _sparse,
    "subarray": _subarray,
    "table": _table,
    "tree": _tree,
}


def _of_known(form: str, key: str, base: Any, fields: dict[str, Any], building: Building) -> Any:
    """An instance of a class that was sent: an array or a frame with its own fields."""
    kind = building.classes.get(key)
    if kind is None:
        raise Distrusted(f"the answer names the class {key!r}, which was not sent; ask another provider")
    if form == "array of":
        if not issubclass(kind, need("numpy").ndarray):
            raise TypeError("no array's class")
        return _with(need("numpy").ndarray.view(base, kind), fields)
    pandas = need("pandas")
    if not issubclass(kind, type(base)) or not isinstance(base, pandas.DataFrame | pandas.Series):
        raise TypeError("no frame's class")
    value: Any = object.__new__(kind)
    type(base).__init__(value, base)
    for name, x in _fields(fields).items():
        object.__setattr__(value, name, x)
    return value


def _build(items: list[Any], building: Building) -> Any:
    form, *parts = (building.build(x) for x in items)
    if form in ("array of", "frame of"):
        key, base, fields = parts
        return _of_known(form, key, base, fields, building)
    return _FORMS[form](*parts)


BUILDERS[tag.LIBRARY] = _build
