"""The demo's workload: a grid search over classifiers, on data that ships inside scikit-learn.

These functions run in the sandbox, on leased machines; the same ones run here to compare.
"""

from functools import lru_cache
from typing import Any

DIGITS, CANCER = "digits", "breast_cancer"
GRID: list[tuple[str, str, dict[str, Any]]] = [
    (dataset, model, {**fixed, name: value})
    for dataset in (DIGITS, CANCER)
    for model, fixed, name, values in (
        ("svc", {"gamma": "scale"}, "C", (0.1, 1.0, 10.0, 100.0)),
        ("svc", {"gamma": 0.001}, "C", (0.1, 1.0, 10.0, 100.0)),
        ("neighbours", {"weights": "uniform"}, "n_neighbors", (1, 3, 5, 9, 15)),
        ("neighbours", {"weights": "distance"}, "n_neighbors", (3, 5, 9, 15)),
        ("tree", {"criterion": "gini"}, "max_depth", (4, 8, 12, 16)),
        ("tree", {"criterion": "entropy"}, "max_depth", (4, 8, 12, 16)),
        ("bayes", {}, "var_smoothing", (1e-9, 1e-5, 1e-2, 1e-1)),
        ("discriminant", {"solver": "svd"}, "tol", (1e-4,)),
    )
    for value in values
]
"""(dataset, model, parameters): 60 fits."""

NEIGHBOURS = 3


@lru_cache
def load(dataset: str) -> tuple[Any, Any]:
    """Rows and labels, read once per chunk of tasks."""
    from sklearn.datasets import load_breast_cancer, load_digits

    rows, labels = (load_digits if dataset == "digits" else load_breast_cancer)(return_X_y=True)
    return rows, labels


def fit(dataset: str, model: str, parameters: dict[str, Any]) -> tuple[int, int]:
    """Train on every other row; how many of the rest are classified rightly, and how many there are."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.tree import DecisionTreeClassifier

    rows, labels = load(dataset)
    spread = rows.std(axis=0)
    rows = (rows - rows.mean(axis=0)) / (spread + (spread == 0))
    held_out = [number % 2 == 0 for number in range(len(labels))]
    kept = [not out for out in held_out]
    kinds = {
        "svc": SVC,
        "neighbours": KNeighborsClassifier,
        "tree": DecisionTreeClassifier,
        "bayes": GaussianNB,
        "discriminant": LinearDiscriminantAnalysis,
    }
    seeded = {"random_state": 0} if model == "tree" else {}
    classifier = kinds[model](**parameters, **seeded).fit(rows[kept], labels[kept])
    guessed = classifier.predict(rows[held_out])
    return int((guessed == labels[held_out]).sum()), sum(held_out)


def as_csv(dataset: str) -> str:
    """The dataset's rows, features first and the label last: what the wasm kernel reads."""
    rows, labels = load(dataset)
    lines = [
        ",".join([*(repr(float(cell)) for cell in row), str(int(label))])
        for row, label in zip(rows, labels, strict=True)
    ]
    return "\n".join(lines) + "\n"


def nearest_natively(csv: str, neighbours: int) -> tuple[int, int]:
    """The wasm kernel's answer by native scikit-learn: leave-one-out hits, and rows."""
    import numpy as np
    from sklearn.neighbors import NearestNeighbors

    table = np.array([[float(cell) for cell in line.split(",")] for line in csv.splitlines()])
    rows, labels = table[:, :-1], table[:, -1].astype(np.int64)
    found = (
        NearestNeighbors(n_neighbors=neighbours, algorithm="brute")
        .fit(rows)
        .kneighbors(return_distance=False)
    )
    votes = [np.bincount(labels[near]).argmax() for near in found]
    return int((np.array(votes) == labels).sum()), len(labels)
