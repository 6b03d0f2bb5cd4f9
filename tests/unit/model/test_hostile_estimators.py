"""Estimators with a field that compiled code would follow out of its memory: refused when they are built."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import BaseEstimator
from sklearn.cluster import Birch, KMeans, MiniBatchKMeans
from sklearn.decomposition import NMF, LatentDirichletAllocation
from sklearn.ensemble import (
    BaggingClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics.pairwise import linear_kernel
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import (
    KernelDensity,
    KNeighborsClassifier,
    LocalOutlierFactor,
    RadiusNeighborsClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MultiLabelBinarizer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from forms import Change, fields, known_to_the_guest, setting, taking, tree_of
from surge.model.errors import Distrusted
from surge.model.tagged import tags
from surge.model.tagged.codec import decode
from surge.model.tagged.core import DECODER, ENCODER, MARKERS, Packing
from surge.model.tagged.opaque import Opaque
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest

assert entry.RETURNED  # the guest's packers
ROWS = np.random.default_rng(0).random((60, 3))
WIDE = np.random.default_rng(1).random((60, 9))
LABELS = np.arange(60) % 3


def of_tree(part: str, at: int, number: int) -> Change:
    """One number of an inner tree's nodes."""

    def change(tree: Any) -> None:
        nodes = fields(tree)["tree_"][6]
        column = decode(ENCODER.encode(nodes[part]))
        column[at] = number
        nodes[part] = Packing().pack(column)

    return change


def inner(name: str, at: int, change: Change) -> Change:
    """A change of an estimator within a list (or an array) of them."""

    def outer(tree: Any) -> None:
        found = fields(tree)[name]
        change(found[at])

    return outer


def from_other(name: str, model: Any, at: int | None = None) -> Change:
    """A field, or an item of it, of another honest estimator."""

    def change(tree: Any) -> None:
        other = fields(tree_of(model))[name]
        if at is None:
            fields(tree)[name] = other
        else:
            fields(tree)[name][at] = other[at]

    return change


def of_predictor(part: str, at: int, number: int) -> Change:
    def change(tree: Any) -> None:
        held = fields(fields(tree)["_predictors"][0][0])
        nodes = decode(ENCODER.encode(held["nodes"]))
        nodes[part][at] = number
        held["nodes"] = Packing().pack(nodes)

    return change


def bits_of_predictor(tree: Any) -> None:
    held = fields(fields(tree)["_predictors"][0][0])
    held["raw_left_cat_bitsets"] = Packing().pack(np.zeros((1, 2), "u4"))
    of_predictor("is_categorical", 0, 1)(tree)


HIST = {"max_iter": 2, "max_leaf_nodes": 4, "min_samples_leaf": 5}
NEAR = {"algorithm": "brute"}
ATTACKS: dict[str, tuple[Any, Change]] = {
    "tree: too few features in the rows": (DecisionTreeRegressor(max_depth=2), setting("n_features_in_", 2)),
    "tree: no number of features": (DecisionTreeRegressor(max_depth=2), taking("n_features_in_")),
    "tree: truth for a number": (DecisionTreeRegressor(max_depth=2), setting("n_features_in_", True)),
    "tree: of another kind": (DecisionTreeRegressor(max_depth=2), setting("tree_", 5)),
    "tree: a far feature": (DecisionTreeRegressor(max_depth=2), of_tree("feature", 0, 10**6)),
    "tree: a far child": (DecisionTreeRegressor(max_depth=2), of_tree("left_child", 0, 10**6)),
    "tree: two parents": (DecisionTreeRegressor(max_depth=2), of_tree("left_child", 0, 2)),
    "forest: a tree of other rows": (
        RandomForestClassifier(3, max_depth=2),
        from_other("estimators_", RandomForestClassifier(3, max_depth=2).fit(WIDE, LABELS), 1),
    ),
    "forest: fewer features": (RandomForestClassifier(3, max_depth=2), setting("n_features_in_", 2)),
    "forest: no number of features": (ExtraTreesRegressor(3, max_depth=2), taking("n_features_in_")),
    "forest: no trees": (RandomForestClassifier(3), setting("estimators_", [5])),
    "forest: a tree that isn't fitted": (
        RandomForestClassifier(3), inner("estimators_", 0, taking("tree_"))
    ),
    "isolation: a part of the features": (
        IsolationForest(n_estimators=3, max_features=2), setting("estimators_features_", [np.arange(1)] * 3)
    ),
    "isolation: all features": (
        IsolationForest(n_estimators=3, max_features=2), setting("_max_features", 3)
    ),
    "boosting: more trees in a row": (
        GradientBoostingRegressor(n_estimators=2),
        from_other("estimators_", GradientBoostingClassifier(n_estimators=2).fit(ROWS, LABELS)),
    ),
    "boosting: fewer features": (GradientBoostingRegressor(n_estimators=2), setting("n_features_in_", 2)),
    "boosting: a beginning of another width": (
        GradientBoostingClassifier(n_estimators=2),
        lambda tree: setting("class_prior_", np.ones(2) / 2)(fields(tree)["init_"]),
    ),
    "boosting: another beginning": (
        GradientBoostingClassifier(n_estimators=2), setting("init_", None)
    ),
    "boosting: another loss": (
        GradientBoostingClassifier(n_estimators=2),
        from_other("_loss", GradientBoostingClassifier(n_estimators=2).fit(ROWS, LABELS > 0)),
    ),
    "boosting: a beginning of more outputs": (
        GradientBoostingRegressor(n_estimators=2),
        lambda tree: setting("n_outputs_", 2)(fields(tree)["init_"]),
    ),
    "histogram: far feature": (HistGradientBoostingRegressor(**HIST), of_predictor("feature_idx", 0, 2**30)),
    "histogram: one before": (HistGradientBoostingRegressor(**HIST), of_predictor("feature_idx", 0, -1)),
    "histogram: a far child": (HistGradientBoostingClassifier(**HIST), of_predictor("left", 0, 10**6)),
    "histogram: two parents": (HistGradientBoostingClassifier(**HIST), of_predictor("left", 0, 2)),
    "histogram: sets of another width": (HistGradientBoostingClassifier(**HIST), bits_of_predictor),
    "histogram: a set where there is none": (
        HistGradientBoostingClassifier(**HIST), of_predictor("is_categorical", 0, 1)
    ),
    "histogram: fewer features": (HistGradientBoostingClassifier(**HIST), setting("n_features_in_", 2)),
    "histogram: in its fit": (HistGradientBoostingClassifier(**HIST), setting("_in_fit", True)),
    "histogram: rows changed before": (
        HistGradientBoostingClassifier(**HIST),
        lambda tree: fields(tree).__setitem__("_preprocessor", tree_of(StandardScaler().fit(ROWS))),
    ),
    "centres: fewer columns": (KMeans(2, n_init=1), setting("cluster_centers_", np.zeros((8, 1)))),
    "centres: flat": (KMeans(2, n_init=1), setting("cluster_centers_", np.zeros(8))),
    "centres: a crowd of threads": (KMeans(2, n_init=1), setting("_n_threads", 10**6)),
    "centres: fewer weights": (MiniBatchKMeans(2, n_init=1), setting("_counts", np.zeros(1))),
    "parts: fewer columns": (NMF(2, max_iter=500), setting("components_", np.zeros((2, 1)))),
    "topics: fewer columns": (
        LatentDirichletAllocation(2, max_iter=2), setting("exp_dirichlet_component_", np.zeros((2, 1)))
    ),
    "neighbours: more than there are": (KNeighborsClassifier(**NEAR), setting("n_samples_fit_", 10**6)),
    "neighbours: other rows": (KNeighborsClassifier(**NEAR), setting("_fit_X", np.zeros((60, 2)))),
    "neighbours: a far label": (KNeighborsClassifier(**NEAR), setting("_y", np.full(60, 10**6))),
    "neighbours: a label before": (RadiusNeighborsClassifier(**NEAR), setting("_y", np.full(60, -1))),
    "neighbours: few labels": (RadiusNeighborsClassifier(**NEAR), setting("_y", np.zeros(3, int))),
    "neighbours: a tree of other points": (
        KNeighborsClassifier(algorithm="kd_tree"),
        from_other("_tree", KNeighborsClassifier(algorithm="kd_tree").fit(ROWS[:9], LABELS[:9])),
    ),
    "outliers: more than there are": (LocalOutlierFactor(novelty=True), setting("n_samples_fit_", 10**6)),
    "density: other points": (
        KernelDensity(), from_other("tree_", KernelDensity().fit(WIDE))
    ),
    "descent: few weights": (SGDClassifier(), setting("coef_", np.zeros((3, 1)))),
    "descent: few weights within": (SGDClassifier(), setting("_standard_coef", np.zeros((3, 1)))),
    "one against the rest: rows that are flattened": (
        OneVsRestClassifier(LogisticRegression()),
        lambda tree: setting("y_type_", "binary")(fields(tree)["label_binarizer_"]),
    ),
    "jobs: a crowd": (BaggingClassifier(n_estimators=2), setting("n_jobs", 10**6)),
    "jobs: all but a crowd": (BaggingClassifier(n_estimators=2), setting("n_jobs", -(10**6))),
    "pipeline: a folder of pickles": (make_pipeline(Ridge()), setting("memory", "/tmp")),  # noqa: S108
    "pipeline: a hostile tree within": (
        make_pipeline(DecisionTreeRegressor(max_depth=2)),
        lambda tree: setting("n_features_in_", 2)(fields(tree)["steps"][0][2]),
    ),
    "a method as a field": (LinearRegression(), setting("predict", 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_parts_that_do_not_fit_are_refused(name: str) -> None:
    model, change = ATTACKS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = tree_of(model.fit(ROWS, LABELS))
    honest = decode(ENCODER.encode(tree))
    assert type(honest) is type(model)
    change(tree)
    with pytest.raises(Distrusted):
        decode(ENCODER.encode(tree))


def test_places_of_labels() -> None:
    model = MultiLabelBinarizer().fit([[1], [2, 3]])
    model.transform([[1]])
    tree = tree_of(model)
    assert (decode(ENCODER.encode(tree)).transform([[2]]) == [[0, 1, 0]]).all()
    setting("_cached_dict", {1: 0, 2: 10**6})(tree)
    with pytest.raises(Distrusted):
        decode(ENCODER.encode(tree))


def test_the_depth_of_a_tree_is_its_own() -> None:
    """`decision_path` reserves room by it."""
    model = DecisionTreeClassifier().fit(ROWS, LABELS)
    tree = tree_of(model)
    assert fields(tree)["tree_"][5] == model.get_depth() > 1
    fields(tree)["tree_"][5] = 0
    found = decode(ENCODER.encode(tree))
    assert found.get_depth() == model.get_depth()
    assert (found.decision_path(ROWS) != model.decision_path(ROWS)).nnz == 0


CLOSED: list[BaseEstimator] = [
    SVC(kernel=linear_kernel),
    make_pipeline(StandardScaler(), SVC(kernel=linear_kernel)),
    OneVsRestClassifier(LogisticRegression()),
    HistGradientBoostingClassifier(max_iter=1, categorical_features=[0]),
    GradientBoostingRegressor(n_estimators=2, init=LinearRegression()),
    RandomForestClassifier(2, n_jobs=65),
]


@pytest.mark.parametrize("model", CLOSED, ids=lambda m: type(m).__name__)
def test_what_cannot_be_checked_comes_closed(model: Any) -> None:
    found = decode(guest.encode(model.fit(np.round(ROWS), LABELS > 0)))
    assert isinstance(found, Opaque)
    assert type(model).__name__ in found.type_name
    assert (found.open_trusting_the_provider().predict(ROWS) == model.predict(ROWS)).all()  # type: ignore[attr-defined]


class Mine(RandomForestClassifier):  # type: ignore[misc]
    pass


class Machine(Birch):  # type: ignore[misc]
    pass


class Line(LinearRegression):  # type: ignore[misc]
    pass


class Matrix(sp.csr_matrix):
    pass


class Rows(pd.Index):
    pass


SENT: dict[str, type] = {f"m:{kind.__name__}": kind for kind in (Mine, Machine, Line, Matrix, Rows)}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The classes above were sent."""
    with known_to_the_guest(monkeypatch, SENT):
        yield


def instance(key: str, fields: Any) -> bytes:
    return ENCODER.encode([MARKERS[tags.INSTANCE], key, fields, None])


@pytest.mark.usefixtures("sent")
def test_classes_that_build_upon_a_library_s_pass_its_check() -> None:
    model = Mine(2, max_depth=2).fit(ROWS, LABELS)
    content = guest.encode(model)
    found = decode(content, SENT)
    assert type(found) is Mine
    assert (found.predict(ROWS) == model.predict(ROWS)).all()
    tree = DECODER.decode(content)
    tree[2]["n_features_in_"] = 2
    with pytest.raises(Distrusted):
        decode(ENCODER.encode(tree), SENT)
    with pytest.raises(Distrusted):  # in a graph its fields come later
        decode(ENCODER.encode([MARKERS[tags.GRAPH], [MARKERS[tags.LINK], 0], DECODER.decode(content)]), SENT)
    line = Line().fit(ROWS, LABELS)
    assert (decode(guest.encode(line), SENT).coef_ == line.coef_).all()


@pytest.mark.usefixtures("sent")
def test_classes_that_build_upon_what_stays_closed() -> None:
    for model in (Machine(n_clusters=None).fit(ROWS, LABELS), Matrix(np.eye(2))):
        key = f"m:{type(model).__name__}"
        assert isinstance(decode(guest.encode(model), SENT), Opaque)
        with pytest.raises(Distrusted):
            decode(instance(key, {}), SENT)
    with pytest.raises(Distrusted):
        decode(instance("m:Rows", {"_data": 1}), SENT)
