# mypy: ignore-errors
"""Results of libraries as data: each form lists its parts; model/tagged/library.py builds it again.

Nothing here pickles. What no form covers, or isn't listed below, travels opaquely (kinds.opaque).
"""

import sys
import types

from surge.model.tagged import tags as tag
from surge.model.tagged.names import (
    DTYPE,
    ERRORS,
    ESTIMATORS,
    FUNCTIONS,
    LOSSES,
    METRICS,
    RECORDS,
    TABLES,
    TYPES,
)
from surge.run.guest.tagged import core as tagged
from surge.run.guest.tagged import kinds
from surge.run.guest.tagged.closed import CHECKED, stays_closed
from surge.run.guest.tagged.core import form, mark
from surge.run.guest.tagged.kinds import known
from surge.run.guest.tagged.reading import BUILDERS

ROOTS = ("numpy", "pandas", "scipy", "sklearn", "statsmodels")


def _form(name, parts):
    return lambda value, put, depth: mark(tag.LIBRARY, [name, *parts(value)], put, depth)


def _sealed(name, parts):
    return tagged.sealed(_form(name, parts))


def pack_namespace(value, put, depth):
    tagged.meet(value)
    form(tag.LIBRARY, ["namespace", dict(vars(value))], put, depth)


def _listed(table, kind):
    """[module, name] by which a class is listed, or None."""
    name = kind.__name__
    for module, names in table.items():
        if getattr(sys.modules.get(module), name, None) is kind and name in names.split():
            return [module, name]
    return None


def find(kind):
    """The packer of a library's type, or None."""
    root = kind.__module__.partition(".")[0]
    name = kind.__name__
    if kind is type:
        return _pack_type
    if kind.__module__ == "types" and name == "SimpleNamespace":
        return pack_namespace
    if issubclass(kind, Exception):
        home = _listed(ERRORS, kind)
        return home and _form("error", lambda v: [*home, list(v.args), kinds.fields_of(v)])
    if root not in ROOTS:
        return None
    numpy = sys.modules.get("numpy")
    if root == "numpy" and name == "MaskedArray":
        return _sealed("masked", _masked)
    if root == "numpy" and name == "MaskedConstant":
        return _form("masked constant", lambda v: [])
    if root == "numpy" and name in ("matrix", "recarray"):
        return _sealed("subarray", lambda v: [name, numpy.asarray(v)])
    if root == "numpy" and name in ("Generator", "RandomState"):
        return _sealed("random", _random)
    if root == "pandas" and hasattr(kind, "construct_from_string"):
        return _form("dtype", _pandas_dtype)
    if root == "pandas" and name == "Period":
        return _form("period", lambda v: [v.ordinal, v.freqstr])
    if root == "scipy" and _is_sparse(kind):
        return _sealed("sparse", _sparse)
    if root == "sklearn":
        found = _of_sklearn(kind, name)
        if found is not None:
            return found
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _form("named", _named)
    if issubclass(kind, dict):
        home = _listed(TABLES, kind)
        return home and _sealed("table", lambda v: [*home, dict(v)])
    if hasattr(kind, "__dataclass_fields__"):
        home = _listed(RECORDS, kind)
        return home and _sealed("record", lambda v: [*home, dict(vars(v))])
    return None


def _named(value):
    """Of a named tuple: its class, the names, the items, the fields that it has besides, and what it only
    holds; a module is told by the mark alone that there is one."""
    kind = type(value)
    extra = {name: getattr(value, name) for name in getattr(kind, "_extra_fields", ())}
    held = {n: x for n, x in getattr(value, "__dict__", {}).items() if n not in extra and _is_small(x)}
    for name in [n for n, x in held.items() if isinstance(x, types.ModuleType)]:
        held[name] = None
    return [kind.__module__, kind.__qualname__, list(kind._fields), list(value), extra, held]


def _pandas_dtype(value):
    """Its name; of categories also what they are."""
    if hasattr(value, "categories"):
        return ["category", value.categories, bool(value.ordered)]
    if not DTYPE.fullmatch(str(value)):
        raise TypeError(f"the dtype {value} can't travel; return str(…) of it")
    return [str(value)]


def _is_small(value):
    """Numbers, texts, arrays of numbers, a dtype, a module."""
    kind = type(value)
    if kind.__module__ == "numpy" or kind.__module__.startswith("numpy."):
        return not getattr(value, "dtype", value).hasobject
    return kind in (int, float, bool, str, type(None), types.ModuleType)


def of_subclass(kind):
    """The packer of a shipped class that is an array or a frame, or builds upon what stays closed."""
    if kind not in known.keys:
        return None
    if _builds_on_closed(kind):
        return kinds.opaque(kind)
    estimators = [o.__name__ for o in kind.__mro__ if _listed(ESTIMATORS, o)]
    if estimators:
        return _of_estimator([name for name in estimators if name in CHECKED])
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return _sealed("array of", lambda v: [known.keys[kind], numpy.asarray(v), dict(vars(v))])
    if pandas is not None and issubclass(kind, pandas.DataFrame | pandas.Series):
        base = pandas.DataFrame if issubclass(kind, pandas.DataFrame) else pandas.Series
        return _sealed("frame of", lambda v: [known.keys[kind], base(v), _metadata(v)])
    return None


def _of_estimator(names):
    """The packer of a shipped class that builds upon estimators of these names."""

    def pack(value, put, depth):
        closed = any(stays_closed(name, vars(value)) for name in names)
        (kinds.opaque(type(value)) if closed else kinds.pack_instance)(value, put, depth)

    return tagged.unnoted(pack)


def _builds_on_closed(kind):
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    whole = ((numpy.ndarray,) if numpy else ()) + ((pandas.DataFrame, pandas.Series) if pandas else ())
    owners = [o for o in kind.__mro__ if o.__module__.partition(".")[0] not in (*ROOTS, "builtins")]
    for base in {base for owner in owners for base in owner.__bases__}:
        root, _, rest = base.__module__.partition(".")
        if root == "sklearn" and not rest.startswith(("base", "utils")) and not _listed(ESTIMATORS, base):
            return True
        if (root == "pandas" or base.__module__.startswith("scipy.sparse")) and not issubclass(base, whole):
            return True
    return False


def _metadata(value):
    return {name: getattr(value, name, None) for name in value._metadata if name not in ("name", "_name")}


def _masked(value):
    numpy = sys.modules["numpy"]
    mask = None if value.mask is numpy.ma.nomask else numpy.asarray(value.mask)
    fill = value.fill_value
    fill = None if value.dtype.kind in "SU" and str(fill) == "N/A" else fill  # it would be cut
    fill = fill.item() if getattr(getattr(fill, "dtype", None), "names", None) else fill
    return [numpy.asarray(value.data), mask, fill, value.hardmask]


def _random(value):
    bits = getattr(value, "bit_generator", None) or value._bit_generator
    whole = value.get_state(legacy=False) if type(value).__name__ == "RandomState" else bits.state
    return [type(value).__name__, type(bits).__name__, dict(whole)]


def _is_sparse(kind):
    sparse = sys.modules.get("scipy.sparse")
    return sparse is not None and (issubclass(kind, sparse.sparray | sparse.spmatrix))


def _sparse(value):
    kind, shape = value.format, [int(n) for n in value.shape]
    home = type(value).__name__
    if kind in ("csr", "csc", "bsr", "lil"):
        rows = value.tocsr() if kind == "lil" else value
        return [home, shape, rows.data, rows.indices, rows.indptr]
    if kind == "dia":
        return [home, shape, value.data, value.offsets]
    coo = value.tocoo()
    return [home, shape, coo.data, *coo.coords]


NODE = ("left_child", "right_child", "feature", "threshold", "impurity", "n_node_samples",
        "weighted_n_node_samples", "missing_go_to_left")  # fmt: skip


def _of_sklearn(kind, name):
    if name == "Tree":
        return _sealed("tree", _tree)
    if name in ("KDTree", "BallTree", "KDTree64", "BallTree64", "KDTree32", "BallTree32"):
        return _sealed("neighbours", _neighbours)
    if kind.__module__ in LOSSES:
        return _form("loss", lambda v: [kind.__module__, name, _arguments(v)])
    if issubclass(kind, tuple | dict | Exception) or hasattr(kind, "__dataclass_fields__"):
        return None
    return tagged.sealed(_whole) if _listed(ESTIMATORS, kind) else None


def _arguments(value):
    make, given = value.__reduce__()[:2]
    return [float(x) for x in given] if make is type(value) else []


def _whole(value, put, depth):
    """An estimator, or a part of one, as its fields; closed as a whole where one of them can't travel."""
    name, fields = type(value).__name__, dict(vars(value))
    functions = {field: _function(field, fields[field]) for field in FUNCTIONS if field in fields}
    functions = {field: named for field, named in functions.items() if named}
    kept = {field: x for field, x in fields.items() if field not in functions}
    parts = ["fields", *_listed(ESTIMATORS, type(value)), kept, functions]
    kinds.strict += 1
    try:
        if stays_closed(name, fields):
            raise kinds.Closed
        tagged.pack(parts, [].append, 0)
    except kinds.Closed:
        if kinds.strict > 1:
            raise
        parts = None
    finally:
        kinds.strict -= 1
    if parts is None:
        kinds.opaque(type(value))(value, put, depth)
    else:
        mark(tag.LIBRARY, parts, put, depth)


def _function(field, value):
    """[module, name] of a function that this field may be, or None."""
    for module, names in FUNCTIONS[field].items():
        for name in names.split():
            if getattr(sys.modules.get(module), name, None) is value is not None:
                return [module, name]
    return None


def _pack_type(value, put, depth):
    numpy = sys.modules.get("numpy")
    if numpy is not None and value in (numpy.intp, numpy.uintp):  # 64 bits wide elsewhere
        value = numpy.int64 if value is numpy.intp else numpy.uint64
    for module, names in TYPES.items():
        for name in names.split():
            if getattr(sys.modules.get(module), name, None) is value:
                mark(tag.LIBRARY, ["type", module, name], put, depth)
                return
    kinds.opaque(type)(value, put, depth)


def _tree(value):
    state = value.__getstate__()
    nodes = state["nodes"]
    fields = {name: nodes[name].copy() for name in NODE}
    whole = {
        name: column.astype("int64") if column.dtype.kind == "i" else column
        for name, column in fields.items()
    }
    _, (features, classes, outputs), _ = value.__reduce__()
    return [
        int(features),
        classes.astype("int64"),
        int(outputs),
        int(state["max_depth"]),
        whole,
        state["values"],
    ]


def _neighbours(value):
    """A tree of neighbours is made anew from its points: its own nodes are this machine's."""
    import numpy

    state = value.__getstate__()
    points, leaf_size, metric, weights = numpy.asarray(state[0]), int(state[4]), state[11], state[12]
    named = type(metric).__name__.removesuffix("64").removesuffix("32").removesuffix("Distance").lower()
    if named not in (*METRICS, "minkowski") or weights is not None:
        raise TypeError(
            f"a {type(value).__name__} of the metric {named} can't travel: return the estimator's data"
        )
    p = float(metric.__getstate__()[0]) if named == "minkowski" else None
    return [type(value).__name__, points, leaf_size, named, p]


def _build(items):
    """What the renter sends so: a namespace, or a frame with attributes."""
    form, value, *attrs = items
    if form == "namespace":
        return types.SimpleNamespace(**value)
    value.attrs.update(*attrs)
    return value


BUILDERS[tag.LIBRARY] = _build
