"""Estimators of scikit-learn as their fields: which classes may come so, and what must fit together in them.

A class is listed in names.py if what it predicts or transforms goes through NumPy, or through compiled code
that looks at what it is given; or if its check (below, in encoders.py or in machines.py) proves what that
code takes for granted. All others (Birch, HDBSCAN, splines, …) come back closed: the guest doesn't send their
fields, and they are refused here.
"""

from collections.abc import Callable
from typing import Any

from surge.model.tagged import names
from surge.model.tagged.arrays import need
from surge.model.tagged.fitted import encoders, machines
from surge.model.tagged.parts import array, count, require


def whole(module: Any, name: Any, fields: dict[str, Any], functions: dict[str, Any] | None = None) -> Any:
    """An object of a listed class that is its fields, once they have passed its check. functions: those
    fields that are a listed function, as [module, name]. Raises ValueError or TypeError for others,
    LookupError where a field is missing."""
    kind = names.find(names.ESTIMATORS, module, name, object)
    if type(fields) is not dict:
        raise TypeError("no fields")
    for field, named in (functions or {}).items():
        fields[field] = names.function(field, *named)
    if not all(_may_be_set(kind, n) for n in fields):
        raise ValueError("no fields")
    jobs = fields.get("n_jobs")
    require(jobs is None or (type(jobs) is int and abs(jobs) <= names.MAX_THREADS))
    require(fields.get("memory") is None)  # a folder of pickles
    check = CHECKS.get(name)
    if check is not None:
        check(fields)
    value = object.__new__(kind)
    vars(value).update(fields)
    return value


NAMES = {name for listed in names.ESTIMATORS.values() for name in listed.split()}


def builds_on(kind: type) -> list[type]:
    """The classes of scikit-learn, SciPy's sparse matrices and pandas that a renter's class builds upon."""
    found = []
    for owner in kind.__mro__:
        if owner.__module__.partition(".")[0] not in ("sklearn", "scipy", "pandas", "numpy", "builtins"):
            for base in owner.__bases__:
                root, _, rest = base.__module__.partition(".")
                if root == "pandas" or (root == "scipy" and rest.startswith("sparse")):
                    found.append(base)
                if root == "sklearn" and not rest.startswith(("base", "utils")):
                    found.append(base)
    return found


def check_bases(bases: list[type], fields: dict[str, Any] | None) -> None:
    """As `whole`, of an instance of a renter's class that builds upon these. fields: None while they are not
    all there yet. Raises ValueError where it can't be checked."""
    for base in bases:
        require(base.__module__.startswith("sklearn.") and base.__name__ in NAMES)
        check = CHECKS.get(base.__name__)
        if check is not None:
            require(fields is not None)
            check(fields or {})


def _may_be_set(kind: type, name: Any) -> bool:
    """Not what the class itself answers: its methods, properties and tables."""
    if type(name) is not str or not name.isidentifier() or name.startswith("__"):
        return False
    return isinstance(getattr(kind, name, None), bool | int | float | str | None)


def one_parent(left: Any, right: Any, leaf: Any) -> int:
    """The depth of a tree whose node 0 is the root and whose children stand behind their parents.

    Raises ValueError unless each other node is the child of exactly one."""
    numpy = need("numpy")
    nodes = len(leaf)
    inner = ~leaf
    at = numpy.arange(nodes)
    for child in (left, right):
        require(((child > at) & (child < nodes))[inner].all())
    children = numpy.concatenate([left[inner], right[inner]]).astype("int64")
    require(nodes and (numpy.bincount(children, minlength=nodes) == (at > 0)).all())
    above = numpy.zeros(nodes, "int64")
    above[left[inner]] = above[right[inner]] = numpy.flatnonzero(inner)
    depth = (at > 0).astype("int64")
    while above.any():  # each step doubles how far up `above` points: a chain takes no step for each node
        depth += depth[above]
        above = above[above]
    return int(depth.max())


def _trees(found: Any, kinds: str, features: "int | list[int]") -> list[Any]:
    """The inner trees of estimators, all of the kinds named, each over as many features."""
    home = need("sklearn.tree")
    allowed = [getattr(home, kind) for kind in kinds.split()]
    require(type(found) is list and all(type(one) in allowed for one in found))
    inner = [vars(one)["tree_"] for one in found]
    wanted = features if type(features) is list else [features] * len(inner)
    require(len(inner) == len(wanted))
    require(all(tree.n_features == n for tree, n in zip(inner, wanted, strict=True)))
    return inner


def _check_tree(fields: dict[str, Any]) -> None:
    if "tree_" in fields:
        tree = fields["tree_"]
        require(type(tree) is need("sklearn.tree._tree").Tree and tree.n_features == count(fields))


ANY_TREE = "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor"


def _check_forest(fields: dict[str, Any]) -> None:
    if "estimators_" in fields:
        _trees(fields["estimators_"], ANY_TREE, count(fields))


def _check_isolation(fields: dict[str, Any]) -> None:
    if "estimators_" not in fields:
        return
    features = count(fields)
    sizes = [len(array(one, "iu", None)) for one in fields["estimators_features_"]]
    require(count(fields, "_max_features") != features or set(sizes) <= {features})
    _trees(fields["estimators_"], "ExtraTreeRegressor", sizes)


def _check_boosting(fields: dict[str, Any]) -> None:
    if "estimators_" not in fields:
        return
    numpy, dummy = need("numpy"), need("sklearn.dummy")
    width = count(fields, "n_trees_per_iteration_")
    found = array(fields["estimators_"], "O", None, width)
    for tree in _trees(found.ravel().tolist(), "DecisionTreeRegressor", count(fields)):
        require(tree.n_outputs == 1 and tree.max_n_classes == 1)
    first, loss = fields["init_"], fields.get("_loss")
    if loss is not None:
        require(type(loss).__module__ == "sklearn._loss.loss" and loss.is_multiclass is (width > 1))
        require(type(loss.link).__module__ == "sklearn._loss.link")
    if type(first) is str:
        require(first == "zero")
        return
    inner = vars(first)
    require(type(first) in (dummy.DummyClassifier, dummy.DummyRegressor) and inner["n_outputs_"] == 1)
    if type(first) is dummy.DummyRegressor:
        require(width == 1 and numpy.shape(array(inner["constant_"], "f", None, None)) == (1, 1))
    else:
        require(loss is not None and inner["strategy"] == "prior")
        array(inner["class_prior_"], "f", max(2, width))


def _check_predictor(fields: dict[str, Any]) -> None:
    """Of histogram boosting; its compiled code walks it without looking."""
    nodes = array(fields["nodes"], "V", None)
    one_parent(nodes["left"], nodes["right"], nodes["is_leaf"] != 0)
    sets = nodes["bitset_idx"][nodes["is_categorical"] != 0]
    for name in ("binned_left_cat_bitsets", "raw_left_cat_bitsets"):
        require((sets < len(array(fields[name], "u", None, 8))).all())


def _check_histogram(fields: dict[str, Any]) -> None:
    require("_in_fit" not in fields)
    if "_predictors" not in fields:
        return
    home = need("sklearn.ensemble._hist_gradient_boosting.predictor")
    features, bins = count(fields), fields["_bin_mapper"]
    require(fields["_preprocessor"] is None)
    require(type(bins) is need("sklearn.ensemble._hist_gradient_boosting.binning")._BinMapper)
    sorts = array(vars(bins)["is_categorical_"], "bu", features) != 0
    require(len(vars(bins)["bin_thresholds_"]) == features)
    require(type(fields["_predictors"]) is list)
    for one in fields["_predictors"]:
        require(type(one) is list and all(type(p) is home.TreePredictor for p in one))
        for predictor in one:
            nodes = predictor.nodes
            inner = nodes["is_leaf"] == 0
            asked = nodes["feature_idx"][inner]
            require(((asked >= 0) & (asked < features)).all())
            require((sorts[asked] | (nodes["is_categorical"][inner] == 0)).all())


def _check_centres(fields: dict[str, Any]) -> None:
    if "cluster_centers_" not in fields:
        return
    centres = array(fields["cluster_centers_"], "f", None, count(fields))
    require(len(centres))
    count(fields, "_n_threads", names.MAX_THREADS)
    if "_counts" in fields:
        array(fields["_counts"], "f", len(centres))


def _check_neighbours(fields: dict[str, Any]) -> None:
    if "_fit_X" not in fields:
        return
    numpy, points = need("numpy"), fields["_fit_X"]
    rows, tree = count(fields, "n_samples_fit_"), fields.get("_tree")
    if not need("scipy.sparse").issparse(points):
        array(points, "fiu", None, None)
    require(points.shape == (rows, count(fields)))
    if tree is not None:
        require(type(tree).__name__.startswith(("KDTree", "BallTree")))
        require(numpy.shape(tree.data) == points.shape)
    if "classes_" not in fields:
        return
    labels, classes = fields["_y"], fields["classes_"]
    each = list(zip(labels.T, classes, strict=True)) if type(classes) is list else [(labels, classes)]
    for column, names_of in each:
        column = array(column, "iu", rows)  # noqa: PLW2901 the same, looked at
        require(((column >= 0) & (column < len(names_of))).all())


def _check_density(fields: dict[str, Any]) -> None:
    if "tree_" in fields:
        require(fields["tree_"].data.shape[1] == count(fields))


def _check_weights(fields: dict[str, Any]) -> None:
    """Of stochastic gradient descent: compiled code steps through them by the number of features."""
    for name in ("coef_", "_standard_coef", "_average_coef"):
        value = fields.get(name)
        if value is not None and not need("scipy.sparse").issparse(value):
            flat = type(value) is need("numpy").ndarray and value.ndim == 1
            array(value, "f", *(() if flat else (None,)), count(fields))


def _check_parts(fields: dict[str, Any]) -> None:
    for name in ("components_", "exp_dirichlet_component_"):
        if name in fields:
            require(fields["components_"].shape == array(fields[name], "f", None, count(fields)).shape)


def _check_one_against_rest(fields: dict[str, Any]) -> None:
    if "estimators_" in fields:
        labels = fields["label_binarizer_"]
        require(type(labels) is need("sklearn.preprocessing").LabelBinarizer)
        require(vars(labels)["y_type_"] == "multiclass")


def _check_labels(fields: dict[str, Any]) -> None:
    places = fields.get("_cached_dict")
    if places is not None:
        most = len(fields["classes_"])
        require(type(places) is dict and all(type(n) is int and 0 <= n < most for n in places.values()))


CHECKS: dict[str, Callable[[dict[str, Any]], None]] = {
    **encoders.CHECKS,
    **machines.CHECKS,
    **dict.fromkeys(ANY_TREE.split(), _check_tree),
    **dict.fromkeys(("RandomForestClassifier", "RandomForestRegressor"), _check_forest),
    **dict.fromkeys(("ExtraTreesClassifier", "ExtraTreesRegressor"), _check_forest),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), _check_boosting),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _check_histogram),
    **dict.fromkeys(("KMeans", "MiniBatchKMeans"), _check_centres),
    **dict.fromkeys(("NMF", "MiniBatchNMF", "LatentDirichletAllocation"), _check_parts),
    **dict.fromkeys(
        (n for n in names.ESTIMATORS["sklearn.neighbors"].split() if "Neighbors" in n), _check_neighbours
    ),
    **dict.fromkeys(("SGDClassifier", "SGDOneClassSVM", "SGDRegressor", "Perceptron"), _check_weights),
    **dict.fromkeys(("PassiveAggressiveClassifier", "PassiveAggressiveRegressor"), _check_weights),
    "IsolationForest": _check_isolation,
    "KernelDensity": _check_density,
    "LocalOutlierFactor": _check_neighbours,
    "MultiLabelBinarizer": _check_labels,
    "OneVsRestClassifier": _check_one_against_rest,
    "TreePredictor": _check_predictor,
}
