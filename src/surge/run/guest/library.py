# mypy: ignore-errors
"""Results of libraries as data: each form lists its parts; model/tagged/library.py builds it again.

Nothing here pickles. What no form covers travels opaquely (kinds.opaque).
"""

import sys

from surge.run.guest import kinds, tagged
from surge.run.guest.kinds import known
from surge.run.guest.tagged import form, mark

ROOTS = ("numpy", "pandas", "scipy", "sklearn", "statsmodels")
ERRORS = (*ROOTS, "binascii", "csv", "decimal", "json", "re", "sqlite3", "struct", "xml", "zipfile", "zlib")
"""Whose classes a form may name; the renter's side has the same."""


def _module(name):
    return sys.modules.get(name)


def _form(name, parts):
    return lambda value, put, depth: mark(tagged.LIBRARY, [name, *parts(value)], put, depth)


def pack_namespace(value, put, depth):
    form(tagged.LIBRARY, ["namespace", dict(vars(value))], put, depth)


def _home(kind):
    return [kind.__module__, kind.__qualname__]


def settle(value):
    """Of an object of the renter's machine: indices that compiled code takes get this machine's width."""
    labels = vars(value).get("_y") if type(value).__module__.startswith("sklearn.neighbors") else None
    if getattr(labels, "dtype", None) == "int64":
        value._y = labels.astype(sys.modules["numpy"].intp)


def find(kind):
    """The packer of a library's type, or None."""
    root = kind.__module__.partition(".")[0]
    name = kind.__name__
    if kind.__module__ == "types" and name == "SimpleNamespace":
        return pack_namespace
    if issubclass(kind, Exception) and root in ERRORS:
        return _form("error", lambda v: [*_home(kind), list(v.args), dict(vars(v))])
    if root not in ROOTS:
        return None
    numpy = _module("numpy")
    if name == "MaskedArray" and root == "numpy":
        return _form(
            "masked", lambda v: [numpy.asarray(v.data), numpy.ma.getmaskarray(v), _plain(v.fill_value)]
        )
    if numpy is not None and issubclass(kind, numpy.ndarray) and root == "numpy":
        return _form("subarray", lambda v: [name, numpy.asarray(v)])
    if root == "numpy" and name in ("Generator", "RandomState"):
        return _form("random", _random)
    if root == "pandas" and name == "Period":
        return _form("period", lambda v: [v.ordinal, v.freqstr])
    if root == "scipy" and _is_sparse(kind):
        return _form("sparse", _sparse)
    if root == "sklearn":
        found = _of_sklearn(kind, name)
        if found is not None:
            return found
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return _form("named", lambda v: [*_home(kind), list(kind._fields), list(v), _extra(v)])
    if issubclass(kind, dict):
        return _form("table", lambda v: [*_home(kind), dict(v)])
    if hasattr(kind, "__dataclass_fields__"):
        return _form("record", lambda v: [*_home(kind), dict(vars(v))])
    return None


def of_subclass(kind):
    """The packer of a shipped class that is an array or a frame."""
    if kind not in known.keys:
        return None
    numpy, pandas = _module("numpy"), _module("pandas")
    if numpy is not None and issubclass(kind, numpy.ndarray):
        return _form("array of", lambda v: [known.keys[kind], numpy.asarray(v), dict(vars(v))])
    if pandas is not None and issubclass(kind, pandas.DataFrame | pandas.Series):
        base = pandas.DataFrame if issubclass(kind, pandas.DataFrame) else pandas.Series
        return _form("frame of", lambda v: [known.keys[kind], base(v), _metadata(v)])
    return None


def _metadata(value):
    return {name: getattr(value, name, None) for name in value._metadata if name != "name"}


def _plain(value):
    return value.item() if hasattr(value, "item") else value


def _extra(value):
    names = getattr(value, "_extra_fields", ())
    return {name: getattr(value, name) for name in names}


def _random(value):
    bits = getattr(value, "bit_generator", None) or value._bit_generator
    return [type(value).__name__, type(bits).__name__, dict(bits.state)]


def _is_sparse(kind):
    sparse = _module("scipy.sparse")
    return sparse is not None and (issubclass(kind, sparse.sparray | sparse.spmatrix))


def _sparse(value):
    kind, shape = value.format, [int(n) for n in value.shape]
    home = type(value).__name__
    if kind in ("csr", "csc", "bsr"):
        return [home, shape, value.data, value.indices, value.indptr]
    if kind == "dia":
        return [home, shape, value.data, value.offsets]
    coo = value.tocoo()
    return [home, shape, coo.data, *coo.coords]


NODE = ("left_child", "right_child", "feature", "threshold", "impurity", "n_node_samples",
        "weighted_n_node_samples", "missing_go_to_left")  # fmt: skip


def _of_sklearn(kind, name):
    if name == "Tree":
        return _form("tree", _tree)
    if name in ("KDTree", "BallTree", "KDTree64", "BallTree64", "KDTree32", "BallTree32"):
        return _form("neighbours", _neighbours)
    if kind.__module__ in LOSSES:
        return _form("loss", lambda v: [*_home(kind), _arguments(v)])
    if issubclass(kind, tuple | dict | Exception) or hasattr(kind, "__dataclass_fields__"):
        return None
    if kind.__flags__ & HEAP and kind.__reduce_ex__ is object.__reduce_ex__:
        return _whole
    return None


LOSSES = ("sklearn._loss._loss", "sklearn.linear_model._sgd_fast")


def _arguments(value):
    make, given = value.__reduce__()[:2]
    return [float(x) for x in given] if make is type(value) else []


HEAP = 1 << 9
"""A class made by Python code: https://docs.python.org/3/c-api/typeobj.html#c.Py_TPFLAGS_HEAPTYPE."""


def _whole(value, put, depth):
    """An estimator, or a part of one, as its fields; closed as a whole where one of them can't travel."""
    parts = ["fields", *_home(type(value)), dict(vars(value))]
    kinds.strict += 1
    try:
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
        mark(tagged.LIBRARY, parts, put, depth)


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


METRICS = ("euclidean", "manhattan", "chebyshev")


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
    """What the renter sends so: a frame with attributes."""
    _, value, attrs = items
    value.attrs.update(attrs)
    return value


tagged.BUILDERS[tagged.LIBRARY] = _build
