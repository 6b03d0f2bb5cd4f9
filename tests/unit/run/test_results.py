"""Results of libraries come back as themselves, as data; what could harm this machine is looked at first."""

import collections
import json
import types
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neighbors import KNeighborsClassifier

from sandboxes import Slots
from surge.model.errors import Distrusted
from surge.model.tagged import tags
from surge.model.tagged.codec import decode, encode
from surge.model.tagged.core import ENCODER, MARKERS, Packing
from surge.model.tagged.opaque import Opaque
from surge.model.task import Limits
from surge.model.units import Bytes

ROWS = np.random.default_rng(0).random((60, 3))
LABELS = np.arange(60) % 3
ESTIMATORS = [
    ("sklearn.linear_model", "LogisticRegression", {}),
    ("sklearn.linear_model", "SGDClassifier", {"random_state": 0}),
    ("sklearn.ensemble", "RandomForestClassifier", {"n_estimators": 5, "random_state": 0}),
    ("sklearn.ensemble", "GradientBoostingRegressor", {"n_estimators": 5, "random_state": 0}),
    ("sklearn.ensemble", "HistGradientBoostingClassifier", {"max_iter": 3, "random_state": 0}),
    ("sklearn.ensemble", "IsolationForest", {"n_estimators": 5, "random_state": 0}),
    ("sklearn.tree", "DecisionTreeRegressor", {"random_state": 0}),
    ("sklearn.neighbors", "KNeighborsClassifier", {"algorithm": "kd_tree"}),
    ("sklearn.neighbors", "KNeighborsClassifier", {"algorithm": "ball_tree", "metric": "manhattan"}),
    ("sklearn.svm", "LinearSVC", {}),
    ("sklearn.cluster", "KMeans", {"n_clusters": 2, "n_init": 1, "random_state": 0}),
    ("sklearn.gaussian_process", "GaussianProcessRegressor", {}),
    ("sklearn.neural_network", "MLPClassifier", {"max_iter": 3, "random_state": 0}),
]


def fitted(made: list[Any]) -> Any:
    import importlib

    module, name, options, rows, labels = made
    return getattr(importlib.import_module(module), name)(**options).fit(rows, labels)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("module", "name", "options"), ESTIMATORS)
def test_estimators_come_back(box: Slots, module: str, name: str, options: dict[str, Any]) -> None:
    (there,) = box.chunk(fitted, [module, name, options, ROWS, LABELS])[1]
    here = fitted([module, name, options, ROWS, LABELS])
    assert type(there) is type(here)
    assert np.allclose(there.predict(ROWS), here.predict(ROWS), atol=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        KNeighborsClassifier(algorithm="kd_tree"),
        KNeighborsClassifier(algorithm="ball_tree", metric="manhattan"),
        KNeighborsClassifier(),
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingClassifier(max_iter=3),
    ],
    ids=lambda m: type(m).__name__,
)  # fmt: skip
def test_estimators_work_there(box: Slots, model: BaseEstimator) -> None:
    model.fit(ROWS, LABELS)

    def predicted(rows: Any) -> Any:
        return model.predict(rows)

    assert (box.chunk(predicted, ROWS)[1][0] == model.predict(ROWS)).all()


class Outer:
    class Inner(Exception):
        pass


class Labelled(np.ndarray):
    pass


class Frame(pd.DataFrame):
    _metadata = ["note"]  # noqa: RUF012 pandas's way


def results(which: int) -> Any:
    import scipy.optimize as op
    import scipy.stats as st

    labelled = np.arange(3).view(Labelled)
    labelled.unit = "m"  # type: ignore[attr-defined]
    frame = Frame({"a": [1, 2]})
    frame.note = "mine"
    made = [
        lambda: np.linalg.svd(np.eye(2)),
        lambda: st.mode([1, 2, 2]),
        lambda: st.linregress([1, 2, 3], [1, 2, 4]),
        lambda: sp.csr_array(np.eye(3)),
        lambda: sp.lil_matrix(np.eye(2)),
        lambda: np.ma.array([1, 2, 3], mask=[0, 1, 0], fill_value=7),
        lambda: pd.Period("2024-01", "M"),
        lambda: types.SimpleNamespace(a=1, b=[2]),
        lambda: op.minimize(lambda x: (x[0] - 1) ** 2, [0.0]),
        lambda: np.matrix([[1, 2]]),
        lambda: np.random.default_rng(3),
        lambda: np.unique_counts([1, 1, 2]),
        lambda: labelled,
        lambda: frame,
        lambda: np.unique(np.array([[1, 2], [1, 2]]), axis=0, return_counts=True),
    ]
    return made[which]()


def shown(value: Any) -> str:
    own = vars(value) if hasattr(value, "unit") else str(value)
    return f"{type(value).__module__}.{type(value).__qualname__} {own}"


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("which", range(15))
def test_results_of_libraries(box: Slots, which: int) -> None:
    there, here = box.chunk(results, which)[1][0], results(which)
    if which == 8:
        assert set(there) == set(here)
        assert abs(there.x[0] - here.x[0]) < 1e-6
    elif which == 10:
        assert there.integers(10**9) == here.integers(10**9)
    elif which == 2:
        assert type(there) is type(here)
        assert np.allclose(there, here)
        assert np.isclose(there.intercept_stderr, here.intercept_stderr)
    else:
        assert shown(there) == shown(here)
    if which == 13:
        assert there.note == "mine"


def raises(which: int) -> Any:
    if which == 0:
        np.linalg.inv(np.zeros((2, 2)))
    if which == 1:
        json.loads("{")
    if which == 2:
        raise Outer.Inner("x", 2)
    from sklearn.svm import SVC

    return open("/nope") if which == 3 else SVC().predict([[1]])  # noqa: PTH123


@pytest.mark.parametrize("which", range(5))
def test_exceptions_are_themselves(box: Slots, which: int) -> None:
    (there,) = box.chunk(raises, which)[1]
    with pytest.raises(Exception) as here:  # noqa: PT011 whichever it is
        raises(which)
    assert type(there) is type(here.value)
    assert str(there) == str(here.value)
    for name in ("errno", "filename", "pos", "lineno", "args"):
        assert getattr(there, name, None) == getattr(here.value, name, None)


SENT = FileNotFoundError(2, "no such thing", "data.csv")


def handed_back(error: OSError) -> Any:
    import errno

    known = [e.errno == errno.ENOENT for e in (error, SENT)]
    return known, error.filename, SENT.filename, error, SENT


def test_errors_of_the_system_keep_their_meaning_there_and_back(box: Slots) -> None:
    (found,) = box.chunk(handed_back, SENT)[1]
    known, *names, back, again = found
    assert (known, names) == ([True, True], ["data.csv", "data.csv"])
    for error in (back, again):
        assert type(error) is FileNotFoundError
        assert (error.errno, error.filename, str(error)) == (2, "data.csv", str(SENT))


def closed(which: int) -> Any:
    from sklearn.cluster import Birch
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics.pairwise import linear_kernel
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler
    from sklearn.svm import SVC

    made = [
        lambda: FunctionTransformer(np.sinh),
        Birch,
        lambda: make_pipeline(StandardScaler(), SVC(kernel=linear_kernel)),
        lambda: GradientBoostingRegressor(n_estimators=2, init=LinearRegression()),
        lambda: HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]),
    ]
    return made[which]().fit(np.round(ROWS), LABELS)


@pytest.mark.parametrize("which", range(5))
def test_an_estimator_with_a_closed_part_stays_closed_whole(box: Slots, which: int) -> None:
    (there,) = box.chunk(closed, which)[1]
    assert isinstance(there, Opaque)
    assert closed(which).__class__.__name__ in there.type_name


def tables(which: int) -> Any:
    """What first jobs are made of: tables with words in them, and texts."""
    from sklearn.cluster import FeatureAgglomeration
    from sklearn.compose import ColumnTransformer
    from sklearn.feature_extraction import DictVectorizer, FeatureHasher
    from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
    from sklearn.feature_selection import SelectKBest
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler
    from sklearn.svm import SVC, SVR, NuSVC, OneClassSVM

    frame = pd.DataFrame({"kind": ["a", "b", "c"] * 20, "x": ROWS[:, 0], "y": ROWS[:, 1]})
    each = ColumnTransformer([("k", OneHotEncoder(), ["kind"]), ("n", StandardScaler(), ["x", "y"])])
    texts = ["the cat sat", "the dog sat down", "a bird, a cat", "one bird"] * 15
    sparse = sp.csr_matrix(np.where(ROWS > 0.5, ROWS, 0))
    made: list[tuple[Any, Any]] = [
        (make_pipeline(each, SVC()), frame),
        (make_pipeline(TfidfVectorizer(), LogisticRegression()), texts),
        (make_pipeline(HashingVectorizer(n_features=64), LogisticRegression()), texts),
        (CountVectorizer(max_features=5, dtype=np.int32), texts),
        (OneHotEncoder(drop="first", dtype=np.float32), frame[["kind"]]),
        (OrdinalEncoder(dtype=np.int64), frame[["kind"]]),
        (DictVectorizer(), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}] * 30),
        (FeatureHasher(8), [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}] * 30),
        (KBinsDiscretizer(4), ROWS),
        (make_pipeline(SelectKBest(k=2), NuSVC(nu=0.4)), ROWS),
        (FeatureAgglomeration(2), ROWS),
        (SVC(), sparse),
        (SVR(), ROWS),
        (OneClassSVM(), sparse),
    ]
    model, rows = made[which]
    return model.fit(rows, LABELS), rows


@pytest.mark.parametrize("which", range(14))
def test_encoders_and_machines_come_back(box: Slots, which: int) -> None:
    there, rows = box.chunk(tables, which)[1][0]
    here, _ = tables(which)
    assert type(there) is type(here)
    way = "predict" if hasattr(here, "predict") else "transform"
    mine, other = (getattr(model, way)(rows) for model in (here, there))
    if sp.issparse(mine):
        assert mine.dtype == other.dtype
        mine, other = mine.toarray(), other.toarray()
    assert np.allclose(mine, other)


def test_types_come_back(box: Slots) -> None:
    made = [float, np.float64, np.intp, np.int32, np.str_, np.bool_]
    assert box.chunk(lambda x: [*x, float, np.int64], made)[1][0] == [*made, float, np.int64]


# Hostile forms


def form(*parts: Any) -> bytes:
    packing = Packing()
    return ENCODER.encode([MARKERS[tags.LIBRARY], *(packing.pack(part) for part in parts)])


NODES = {
    "left_child": np.array([1, -1, -1]),
    "right_child": np.array([2, -1, -1]),
    "feature": np.array([0, -2, -2]),
    "threshold": np.zeros(3),
    "impurity": np.zeros(3),
    "n_node_samples": np.ones(3, int),
    "weighted_n_node_samples": np.ones(3),
    "missing_go_to_left": np.zeros(3, "u1"),
}


def tree(**changed: Any) -> bytes:
    return form("tree", 1, np.array([2]), 1, 1, {**NODES, **changed}, np.ones((3, 1, 2)))


def test_a_tree_that_is_one() -> None:
    assert decode(tree()).node_count == 3


@pytest.mark.parametrize(
    "content",
    [
        tree(left_child=np.array([1, 5, -1])),
        tree(left_child=np.array([10**9, -1, -1])),
        tree(left_child=np.array([0, -1, -1])),
        tree(feature=np.array([7, -2, -2])),
        form("tree", 1, np.array([9]), 1, 1, NODES, np.ones((3, 1, 2))),
        form("sparse", "csr_array", [2, 2], np.ones(2), np.array([0, 99]), np.array([0, 1, 2])),
        form("sparse", "csr_array", [2, 2], np.ones(2), np.array([0, 1]), np.array([0, 10**6, 2])),
        form("sparse", "csr_array", [2, 2], np.ones(0), np.zeros(0, int), np.array([0, 10**6, 0])),
        form("sparse", "csc_matrix", [2, 2], np.ones(0), np.zeros(0, int), np.array([0, 10**6, 0])),
        form("sparse", "lil_matrix", [2, 2], np.ones(0), np.zeros(0, int), np.array([0, 10**6, 0])),
        form("sparse", "bsr_array", [2, 2], np.ones((0, 1, 1)), np.zeros(0, int), np.array([0, 10**6, 0])),
        form("sparse", "csr_array", [2, 2], np.ones(1), np.zeros(1, int), np.array([0, 2, 1])),
        form("sparse", "csr_array", [2, 2], np.ones(0), np.zeros(0, int), np.array([0, 9, 2**64 - 5], "u8")),
        form("sparse", "coo_array", [2, 2], np.ones(1), np.array([5]), np.array([0])),
        form("sparse", "eval", [2, 2]),
        form("named", "numpy", "load", ["a"], ["x"], {"__class__": 1}),
        form("table", "subprocess", "Popen", {}),
        form("record", "numpy.lib", "npyio", {}),
        form("fields", "sklearn.svm._classes", "SVC", {"__class__": 1}),
        form("fields", "surge.model.task", "Task", {}),
        form("fields", "sklearn.utils", "os.path", {}),
        form("error", "json.decoder", "JSONDecoder", [], {}),
        form("error", "builtins", "SystemExit", [1], {}),
        form("random", "Generator", "SeedSequence", {}),
        form("loss", "sklearn._loss._loss", "__doc__", []),
        form("neighbours", "KDTree", np.zeros((3, 2)), 0, "euclidean", None),
        form("neighbours", "KDTree", np.zeros((3, 2)), 5, "pyfunc", None),
        form("array of", "m:Nothing", np.zeros(2), {}),
        form("nothing"),
    ],
)  # fmt: skip
def test_hostile_forms_are_refused(content: bytes) -> None:
    with pytest.raises(Distrusted):
        decode(content)


def test_a_named_tuple_of_another_version_keeps_its_fields() -> None:
    there = decode(
        form("named", "scipy.stats", "NoSuchResult", ["statistic", "pvalue"], [1.5, 0.1], {"df": 3})
    )
    assert (there.statistic, there.pvalue, there.df) == (1.5, 0.1, 3)
    assert isinstance(there, tuple)
    other = decode(form("named", "os", "system", ["a"], ["true"], {}))
    assert type(other).__mro__[1:] == (tuple, object)
    assert other._asdict() == {"a": "true"}
    assert collections.Counter([1]) == decode(encode(collections.Counter([1])))


def told(frame: Any) -> Any:
    frame.attrs["seen"] = dict(frame.attrs)
    return frame


@pytest.mark.parametrize("frame", [pd.DataFrame({"a": [1]}), pd.Series([1, 2], name="s")])
def test_attributes_of_frames_travel(box: Slots, frame: Any) -> None:
    frame.attrs = {"unit": "m", "scale": [1, 2]}
    (there,) = box.chunk(told, frame)[1]
    assert there.attrs == {**frame.attrs, "seen": frame.attrs}
    assert there.equals(frame)
    assert "seen" not in frame.attrs


def columns(which: int) -> Any:
    frame = pd.DataFrame({"v": [1.0, 2, 3]})
    cut = frame.groupby(pd.cut(frame.v, 2), observed=True).v
    months = pd.period_range("2024-01", periods=2, freq="M")
    made = [
        cut.mean,
        lambda: pd.Series(pd.cut([1, 2, 3], 2)),
        lambda: pd.Series(months),
        lambda: pd.DataFrame({"a": [1, 2]}, index=months),
        lambda: pd.interval_range(0, 3),
    ]
    return made[which]()


@pytest.mark.parametrize("which", range(5))
def test_periods_and_intervals_are_columns(box: Slots, which: int) -> None:
    (there,) = box.chunk(columns, which)[1]
    here = columns(which)
    assert type(there) is type(here)
    assert there.equals(here)


def fills(x: int) -> float:
    return float(np.ones(100_000_000).sum())


def test_memory_of_numpy_that_runs_out_is_a_memory_error(box: Slots) -> None:
    (there,) = box.chunk(fills, 1, limits=Limits(memory=Bytes(256 << 20)))[1]
    assert type(there) is MemoryError
    assert "raise memory_mib" in str(there)
