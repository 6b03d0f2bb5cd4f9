"""Results that a hostile provider would write: each is refused, and none runs code, reads a file, or takes
memory that didn't arrive. The attacks are those of an audit, and their brothers."""

import sys
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.sparse  # noqa: F401
import sklearn.linear_model
import sklearn.neighbors
import sklearn.tree  # noqa: F401

from surge.model.errors import Distrusted
from surge.model.tagged import names
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import decode
from surge.model.tagged.core import BUILDERS, ENCODER, MARKERS, Packing
from surge.model.tagged.fitted import estimators
from surge.model.tagged.opaque import Opaque
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest

assert entry.RETURNED  # the guest's packers
FEW = 4 << 20
"""Bytes that a refusal of a short answer may take at most."""


def pack(value: Any) -> Any:
    return Packing().pack(value)


def mark(code: int, *parts: Any) -> list[Any]:
    """A tagged tree of trees."""
    return [MARKERS[code], *parts]


def form(*parts: Any) -> list[Any]:
    return mark(tag.LIBRARY, *map(pack, parts))


def long() -> list[Any]:
    return mark(tag.RANGE, 0, 300_000_000, 1)


def refused(tree: Any, classes: dict[str, type] | None = None) -> None:
    content = ENCODER.encode(tree)
    tracemalloc.start()
    try:
        with pytest.raises(Distrusted):
            decode(content, classes)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < FEW + 30 * len(content)


# Classes


GADGETS = {
    "a module that runs when imported": form("error", "numpy.f2py.__main__", "X", [], {}),
    "a module that raises a BaseException": form("error", "pandas.tests.io.test_orc", "X", [], {}),
    "a test": form("error", "sklearn.utils.estimator_checks", "SkipTest", [], {}),
    "a file's end": form(
        "fields", "sklearn.datasets._openml", "np.f2py.diagnose.tempfile._TemporaryFileCloser", {}
    ),
    "an inner module": form("fields", "sklearn.utils.sparsefuncs", "sp.csr_matrix", {}),
    "a checked class by another way": form(
        "fields", "sklearn.ensemble._hist_gradient_boosting", "predictor.TreePredictor", {}
    ),
    "a class by its private module": form("fields", "sklearn.svm._classes", "SVC", {}),
    "a closed class": form("fields", "sklearn.cluster", "Birch", {}),
    "a closed encoder": form("fields", "sklearn.preprocessing", "SplineTransformer", {}),
    "a function": form("fields", "sklearn.cluster", "k_means", {}),
    "a dict of no result": form("table", "sklearn.utils._repr_html.params", "ParamsDict", {}),
    "a dict of another library": form("table", "collections", "OrderedDict", {}),
    "a dataclass that isn't listed": form("record", "sklearn.utils._tags", "Tags", {}),
    "another table's class": form("record", "scipy.optimize", "OptimizeResult", {}),
    "an exit": form("error", "builtins", "SystemExit", [], {}),
    "a method as a field": form("fields", "sklearn.linear_model", "Ridge", {"predict": 1}),
    "a table as a field": form("fields", "sklearn.linear_model", "Ridge", {"_parameter_constraints": {}}),
    "a dunder as a field": form("fields", "sklearn.linear_model", "Ridge", {"__class__": 1}),
    "a method of an error as a field": form("error", "json", "JSONDecodeError", [], {"with_traceback": 1}),
    "a loss that is none": form("loss", "sklearn._loss._loss", "CyLossFunction.__new__", []),
    "a type that isn't listed": form("type", "builtins", "bytes"),
    "a type of another module": form("type", "subprocess", "Popen"),
    "a type that reserves room": form("type", "numpy", "void"),
    "a function as a type": form("type", "numpy", "mean"),
    "a function as a value": form("function", "numpy", "mean"),
    "a function as another field": form("fields", "sklearn.svm", "SVC", {}, {"kernel": ["numpy", "mean"]}),
    "a function of another field": form(
        "fields", "sklearn.preprocessing", "FunctionTransformer", {}, {"func": ["numpy", "mean"]}
    ),
    "a function that isn't listed": form(
        "fields", "sklearn.preprocessing", "FunctionTransformer", {}, {"func": ["numpy", "load"]}
    ),
    "a function of another module": form(
        "fields", "sklearn.preprocessing", "FunctionTransformer", {}, {"func": ["os", "system"]}
    ),
    "functions that are a list": form("fields", "sklearn.preprocessing", "FunctionTransformer", {}, [1]),
    "a name that is a list": form("fields", ["sklearn.linear_model"], "Ridge", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", GADGETS)
def test_only_listed_classes(name: str) -> None:
    before = set(sys.modules)
    refused(GADGETS[name])
    roots = {"f2py", "tests", "estimator_checks", "diagnose", "_openml", "_repr_html"}
    assert not {m for m in set(sys.modules) - before if roots & set(m.split("."))}


def test_a_file_stays(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("x")
    fields = {"close_called": False, "delete": True, "name": str(victim), "cleanup_called": False}
    refused(
        form("fields", "sklearn.datasets._openml", "np.f2py.diagnose.tempfile._TemporaryFileCloser", fields)
    )
    refused(form("fields", "tempfile", "_TemporaryFileCloser", fields))
    assert victim.exists()
    assert tempfile.gettempdir()


TABLES = [
    (names.ERRORS, Exception), (names.TABLES, dict), (names.RECORDS, object), (names.NAMED, tuple),
    (names.LOSSES, object), (names.ESTIMATORS, object), (names.TYPES, object),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", range(len(TABLES)))
def test_the_lists_name_classes(which: int) -> None:
    table, base = TABLES[which]
    missing = []
    for module, listed in table.items():
        if module.startswith("statsmodels"):  # not among this machine's libraries
            continue
        for name in listed.split():
            try:
                assert issubclass(names.find(table, module, name, base), base)
            except LookupError:
                missing.append(name)
    assert set(missing) <= {"PatternError", "PickleError"}  # of newer Pythons


def test_the_lists_name_functions() -> None:
    for field, homes in names.FUNCTIONS.items():
        for module, listed in homes.items():
            for name in listed.split():
                assert callable(names.function(field, module, name))


def test_types_are_values() -> None:
    for value in (int, str, object, np.float64, np.int64, np.intp, np.str_, np.bool_):
        assert decode(guest.encode([value])) == [value]
    found = decode(guest.encode({int: bytes}))
    assert [*found] == [int]
    assert isinstance(found[int], Opaque)


def test_checks_are_of_listed_classes() -> None:
    listed = {name for names_of in names.ESTIMATORS.values() for name in names_of.split()}
    assert estimators.CHECKS.keys() <= listed


def test_whatever_a_builder_raises_is_distrusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for error in (SystemExit, GeneratorExit, OSError, MemoryError, pd.errors.ParserError):

        def build(items: Any, building: Any, error: Any = error) -> Any:
            raise error

        monkeypatch.setitem(BUILDERS, tag.UUID, build)
        refused(mark(tag.UUID, b""))

    def interrupted(items: Any, building: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setitem(BUILDERS, tag.UUID, interrupted)
    with pytest.raises(KeyboardInterrupt):
        decode(ENCODER.encode(mark(tag.UUID, b"")))


# Memory


def rows(count: int) -> list[Any]:
    return mark(tag.INDEX, "range", 0, count, 1, None)


def array(dtype: Any, shape: Any, content: bytes = b"", *rest: Any) -> list[Any]:
    return mark(tag.ARRAY, dtype, shape, *(rest or ("C",)), content)


OVERLAID = [8, *[[f"f{n}", "<i8", [], 0] for n in range(999)]]
DISPROPORTIONATE = {
    "a column that is a range": mark(tag.FRAME, rows(1), rows(300_000_000), long()),
    "a series that is a range": mark(tag.SERIES, rows(300_000_000), long(), None),
    "an index that is a range": mark(tag.INDEX, "plain", long(), None, None),
    "levels that are ranges": mark(tag.INDEX, "multi", [long()], [pack(np.array([0]))], [None]),
    "a level that is a long range": mark(
        tag.INDEX, "multi", [rows(300_000_000)], [pack(np.array([0]))], [None]
    ),
    "codes that are a range": mark(tag.COLUMN, "categories", rows(3), long(), False),
    "texts that are a range": mark(tag.COLUMN, "text", "str", long()),
    "ends that are ranges": mark(tag.COLUMN, "intervals", long(), long(), "right"),
    "periods that are a range": mark(tag.COLUMN, "periods", long(), "D"),
    "numbers that are a range": mark(tag.COLUMN, "masked", "Int64", long(), long()),
    "a lil_matrix of many rows": form(
        "sparse", "lil_matrix", [20_000_000, 1], np.zeros(0), np.zeros(0, int), np.zeros(0, int)
    ),
    "a csr_matrix of ranges": mark(tag.LIBRARY, "sparse", "csr_matrix", [1, 1], long(), long(), long()),
    "a shape that is a range": mark(tag.LIBRARY, "sparse", "coo_array", long(), pack(np.zeros(1)), long()),
    "items without bytes": array("<U0", [1 << 20]),
    "bytes without items": array("|S0", [1 << 20]),
    "an empty array with a long axis": array("<f8", [0, 1 << 40]),
    "objects with a long axis": mark(tag.OBJECTS, [0, 1 << 40]),
    "fields that share their bytes": array([8, *OVERLAID[1:], ["i", "l4", [], 0]], [1], bytes(8)),
    "arguments that are a range": mark(tag.LIBRARY, "error", "numpy.linalg", "LinAlgError", long(), {}),
    "items that are a range": mark(tag.LIBRARY, "named", "a", "B", ["x"], long(), {}),
    "nodes that are a range": mark(
        tag.LIBRARY, "tree", 1, pack(np.array([1])), 1, 1, {"left_child": long()}, pack(np.zeros((1, 1, 1)))
    ),
    "points that are a range": mark(tag.LIBRARY, "neighbours", "KDTree", long(), 5, "euclidean", None),
    "values that are a range": mark(tag.LIBRARY, "masked", long(), None, 0, False),
    "a filling that is a range": mark(tag.LIBRARY, "masked", pack(np.zeros(1)), None, long(), False),
    "a place that is a range": mark(tag.EXCEPTION, "SyntaxError", ["m", long()], {}),
    "a group that is a range": mark(tag.EXCEPTION, "ExceptionGroup", ["m", long()], {}),
    "a line's end far away": mark(
        tag.EXCEPTION, "SyntaxError", ["m", mark(tag.TUPLE, "f", 1, 1, "abc", 1, 10**9)], {}
    ),
    "a line's start far away": mark(
        tag.EXCEPTION, "SyntaxError", ["m", mark(tag.TUPLE, "f", 1, 10**9, "abc")], {}
    ),
}


@pytest.mark.parametrize("name", DISPROPORTIONATE)
def test_nothing_takes_memory_that_did_not_arrive(name: str) -> None:
    refused(DISPROPORTIONATE[name])


# What C code trusts, and files


CHOSEN = {
    "a letter before the text": mark(tag.EXCEPTION, "UnicodeEncodeError", ["ascii", "abc", -5, -4, "r"], {}),
    "a byte before the bytes": mark(tag.EXCEPTION, "UnicodeDecodeError", ["ascii", b"abc", -5, -4, "r"], {}),
    "translated before the text": mark(tag.EXCEPTION, "UnicodeTranslateError", ["abc", -5, -4, "r"], {}),
    "a folder of zones": mark(tag.ZONE, "America"),
    "a zone in a file": mark(tag.MOMENT, "stamp", pack(np.datetime64("2020-01-01")), "dateutil//etc/passwd"),
    "zones in a file": mark(
        tag.COLUMN, "zoned", pack(np.array([0])), "ns", "dateutil/../../../../etc/passwd"
    ),
    "a moment that is text": mark(tag.MOMENT, "stamp", "now", None),
    "a span that is text": mark(tag.MOMENT, "span", "1 day"),
    "an endless period": mark(tag.LIBRARY, "period", mark(tag.INT, b"\x01" * 99), "D"),
    "a period of no frequency": mark(tag.LIBRARY, "period", 1, "D" * 100),
}  # fmt: skip


@pytest.mark.parametrize("name", CHOSEN)
def test_what_compiled_code_trusts(name: str) -> None:
    refused(CHOSEN[name])


def states() -> dict[str, tuple[str, Any]]:
    def state(kind: str, *path: str, **changed: Any) -> tuple[str, Any]:
        whole = getattr(np.random, kind)(1).state
        inner = whole
        for step in path:
            inner = inner[step]
        inner.update(changed)
        return kind, whole

    return {
        "a place far behind": state("MT19937", "state", pos=1_500_000_000),
        "a place just behind": state("MT19937", "state", pos=625),
        "a place before": state("MT19937", "state", pos=-1),
        "few words": state("MT19937", "state", key=np.zeros(623, "u4")),
        "wide words": state("MT19937", "state", key=np.full(624, 1 << 40)),
        "words of floats": state("MT19937", "state", key=np.zeros(624)),
        "a buffer's place": state("Philox", buffer_pos=-1_000_000_000),
        "a buffer's end": state("Philox", buffer_pos=5),
        "a short buffer": state("Philox", buffer=np.zeros(1, "u8")),
        "a short key": state("Philox", "state", key=np.zeros(1, "u8")),
        "a short counter": state("Philox", "state", counter=np.zeros(3, "u8")),
        "a flag of 2": state("PCG64", has_uint32=2),
        "a wide half": state("SFC64", uinteger=1 << 32),
        "a wide state": state("PCG64", "state", state=1 << 128),
        "a state that is a flag": state("PCG64DXSM", "state", inc=True),
        "a short state": state("SFC64", "state", state=np.zeros(2, "u8")),
    }


@pytest.mark.parametrize("name", states())
@pytest.mark.parametrize("kind", ["Generator", "RandomState"])
def test_states_of_generators(name: str, kind: str) -> None:
    bits, state = states()[name]
    refused(form("random", kind, bits, state))


@pytest.mark.parametrize("bits", ["MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"])
def test_honest_states_of_generators(bits: str) -> None:
    source = getattr(np.random, bits)(3)
    np.random.Generator(source).random(3, np.float32)
    there = decode(ENCODER.encode(form("random", "Generator", bits, dict(source.state))))
    assert (
        there.integers(1 << 60, size=700) == np.random.Generator(source).integers(1 << 60, size=700)
    ).all()


class Frame(pd.DataFrame):
    _metadata = ["note", "_mgr"]  # noqa: RUF012 pandas's way


@pytest.mark.parametrize("name", ["_mgr", "_item_cache", "columns", "sum", "attrs", "other", "__class__"])
def test_frames_own_names_stay_theirs(name: str) -> None:
    base = pack(pd.DataFrame({"a": [1]}))
    tree = mark(tag.LIBRARY, "frame of", "m:Frame", base, {name: 1})
    refused(tree, {"m:Frame": Frame})
    tree[-1] = {"note": 1}
    assert decode(ENCODER.encode(tree), {"m:Frame": Frame}).note == 1


def test_no_part_of_a_library_s_object_changes_after_it_was_looked_at() -> None:
    """A link's node may be filled later: by then the check is over."""
    forest = mark(
        tag.LIBRARY, "fields", "sklearn.ensemble", "RandomForestClassifier",
        {"n_features_in_": 3, "estimators_": mark(tag.LINK, 0)},
    )  # fmt: skip
    refused(mark(tag.GRAPH, [forest, mark(tag.LINK, 0)], [1]))
