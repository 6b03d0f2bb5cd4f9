"""Support vector machines with a length that libsvm would trust: refused when they are built."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.svm import SVC, SVR, OneClassSVM

from forms import ROWS, SPARSE, Change, all_of, at, fields, refuses, setting, taking
from surge.model.tagged.codec import decode
from surge.model.tagged.core import ENCODER, Packing

HOSTILE: dict[str, tuple[Any, Any, Change]] = {}


def machine(name: str, change: Change, model: Any = None, rows: Any = ROWS) -> None:
    HOSTILE[f"machine: {name}"] = (SVC(random_state=0) if model is None else model, rows, change)


PROBABLE = SVC(probability=True, random_state=0)
for private, public in (("_dual_coef_", "dual_coef_"), ("_intercept_", "intercept_")):
    for field in (private, public):
        machine(f"short {field}", setting(field, np.zeros((2, 1)) if "dual" in field else np.zeros(1)))
        machine(f"whole numbers in {field}", setting(field, np.zeros((2, 60) if "dual" in field else 3, int)))
        machine(f"short {field} of a line", setting(field, np.zeros((0, 0))), SVR())
        machine(f"none of {field}", taking(field), OneClassSVM())
machine("columns before rows", lambda t: fields(t).__setitem__("_dual_coef_", Packing().pack(
    np.asfortranarray(np.zeros((2, len(decode(ENCODER.encode(fields(t)["support_"]))))))
)))  # fmt: skip
machine("few vectors", setting("support_vectors_", np.zeros((2, 3))))
machine("narrow vectors", setting("support_vectors_", np.zeros((60, 2))))
machine("small vectors", setting("support_vectors_", np.zeros((60, 3), "f4")))
machine("no vectors", setting("support_vectors_", np.zeros((0, 3))))
machine("few places", setting("support_", np.zeros(2, "i4")))
machine("many places", setting("support_", np.zeros(10**5, "i4")))
machine(
    "wide places",
    lambda t: setting("support_", decode(ENCODER.encode(fields(t)["support_"])).astype("i8"))(t),
)
machine("a far place", at("support_", 0, 60))
machine("a place before", at("support_", 0, -1))
machine("more vectors of a class", at("_n_support", 0, 10**6))
machine("less than none of a class", all_of(at("_n_support", 0, -5), at("_n_support", 1, 10**6)))
machine("few classes in its counts", setting("_n_support", np.array([60], "i4")))
machine("counts that turn around", setting("_n_support", np.array([2**31 - 1, 2**31 - 1, 62], "i4")))
machine("more classes", setting("classes_", np.arange(100)))
machine("one class", setting("classes_", np.arange(1)))
machine("no class", taking("classes_"))
machine("another kind of machine", setting("_impl", "epsilon_svr"))
machine("another kind of line", setting("_impl", "c_svc"), SVR())
machine("a line with classes", setting("classes_", np.arange(100)), SVR())
machine("more counts of a line", setting("_n_support", np.zeros(50, "i4")), SVR())
machine("rows of the training set", setting("kernel", "precomputed"))
machine("a kernel that is a number", setting("kernel", 1))
machine("a degree out of all bounds", setting("degree", 1 << 40))
machine("no number for coef0", setting("coef0", float("nan")))
machine("no number for gamma", setting("_gamma", float("inf")))
machine("no gamma", taking("_gamma"))
machine("few chances", setting("_probA", np.zeros(1)), PROBABLE)
machine("no other chances", setting("_probB", np.zeros(0)), PROBABLE)
machine("chances from nowhere", setting("_effective_probability", True))
machine("chances of a line", setting("_effective_probability", True), SVR())
machine("chances that nobody asks for", setting("_probA", np.zeros(1)))
machine("another number of columns", setting("n_features_in_", 300))
machine("no number of columns", taking("n_features_in_"))
machine("another width of its rows", setting("shape_fit_", (60, 300)))
machine("fewer rows", setting("shape_fit_", (1, 3)))
machine("dense as sparse", setting("_sparse", True))
machine("sparse as dense", setting("_sparse", False), rows=SPARSE)
machine("sparseness that is a number", setting("_sparse", 0))
machine("few weights of classes", setting("class_weight_", np.zeros(1)), rows=SPARSE)


def hollow(name: str) -> Change:
    """A sparse matrix of the same shape, without its values."""

    def change(tree: Any) -> None:
        part = fields(tree)[name]
        starts = np.zeros(part[3][0] + 1, "i4")
        part[4:] = [Packing().pack(x) for x in (np.zeros(0), np.zeros(0, "i4"), starts)]

    return change


def sized(name: str, axis: int) -> Change:
    """A sparse matrix with another size."""
    return lambda tree: fields(tree)[name][3].__setitem__(axis, 500)


def doubled(tree: Any) -> None:
    """As many values, not one for each place."""
    part = fields(tree)["_dual_coef_"]
    part[5] = Packing().pack(np.zeros_like(decode(ENCODER.encode(part[5]))))


for field in ("_dual_coef_", "dual_coef_"):
    machine(f"a hollow {field}", hollow(field), rows=SPARSE)
    machine(f"a hollow {field} of a line", hollow(field), SVR(), SPARSE)
for field in ("_dual_coef_", "dual_coef_", "support_vectors_"):
    machine(f"another width of {field}", sized(field, 1), rows=SPARSE)
    machine(f"another height of {field}", sized(field, 0), rows=SPARSE)
machine("values at one place", doubled, rows=SPARSE)


def of_vectors(change: Callable[..., tuple[Any, Any, Any]], name: str = "support_vectors_") -> Change:
    """A sparse matrix of other parts."""

    def changed(tree: Any) -> None:
        part = fields(tree)[name]
        made = change(*(decode(ENCODER.encode(x)) for x in part[4:]))
        part[4:] = [Packing().pack(x) for x in made]

    return changed


def shifted(values: Any, places: Any, starts: Any) -> tuple[Any, Any, Any]:
    return values, places, np.array([starts[0], starts[1] - 1, starts[2]], "i4")


machine("small values", of_vectors(lambda v, p, s: (v.astype("f4"), p, s)), rows=SPARSE)
machine("values in other rows", of_vectors(shifted, "_dual_coef_"), rows=SPARSE)
machine("counts of a line", setting("_n_support", np.zeros(2, "i4")), SVR())
machine(
    "chances of a line, all there",
    all_of(*(setting(f"_prob{x}", np.zeros(1)) for x in "AB"), setting("_effective_probability", True)),
    SVR(),
)
machine(
    "a class alone",
    all_of(
        setting("classes_", np.arange(1)),
        setting("_n_support", np.array([2], "i4")),
        setting("class_weight_", np.ones(1)),
    ),
    rows=ROWS[:2],
)


@pytest.mark.parametrize("name", HOSTILE)
def test_lengths_that_do_not_fit_are_refused(name: str) -> None:
    refuses(*HOSTILE[name])
