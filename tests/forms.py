"""What tests of hostile estimators share: the tree that a guest sends of one, and what changes it."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from surge.model.errors import Distrusted
from surge.model.tagged.codec import decode
from surge.model.tagged.core import DECODER, ENCODER, Packing
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest
from surge.run.guest.tagged import kinds, library

assert entry.RETURNED  # the guest's packers
Change = Callable[[Any], None]


def tree_of(model: Any) -> Any:
    return DECODER.decode(guest.encode(model))


def fields(tree: Any) -> Any:
    """Of the form of an estimator."""
    assert tree[1] == "fields"
    return tree[4]


def setting(name: str, value: Any) -> Change:
    return lambda tree: fields(tree).__setitem__(name, Packing().pack(value))


def taking(name: str, *others: str) -> Change:
    def change(tree: Any) -> None:
        for one in (name, *others):
            del fields(tree)[one]

    return change


def within(name: str, change: Change) -> Change:
    return lambda tree: change(fields(tree)[name])


def at(name: str, place: int, value: Any) -> Change:
    """One item of an array (or a list) in a field."""

    def change(tree: Any) -> None:
        held = decode(ENCODER.encode(fields(tree)[name]))
        held[place] = value
        fields(tree)[name] = Packing().pack(held)

    return change


def all_of(*changes: Change) -> Change:
    return lambda tree: [change(tree) for change in changes] and None


RNG = np.random.default_rng(0)
ROWS = RNG.random((60, 3))
LABELS = np.arange(60) % 3
SPARSE = sp.csr_matrix(np.where(ROWS > 0.5, ROWS, 0))
MIXED = np.array([["a", 1], ["b", 2], ["c", np.nan], ["a", 1]], object)
NUMBERS = np.array([[1.0, 5], [2, 5], [np.nan, 6], [1, 7]])
TEXTS = ["the cat sat", "the dog sat down", "a bird, a cat", "été à la mer"]
TABLES = [{"a": 1, "b": "x"}, {"a": 2.5, "b": ["x", "y"]}, {"c": True}]


def fit(model: Any, rows: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(rows, LABELS[: rows.shape[0] if hasattr(rows, "shape") else len(rows)])


def told(model: Any, rows: Any) -> list[Any]:
    """What a model says of rows, in each way that it has."""
    said = []
    for way in ("predict", "decision_function", "score_samples", "predict_proba", "transform"):
        if hasattr(model, way):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = getattr(model, way)(rows)
            said.append(found.toarray() if sp.issparse(found) else np.asarray(found))
    return said


def same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) > 0 and all(
        a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        for a, b in zip(one, other, strict=True)
    )


def refuses(model: Any, rows: Any, change: Change) -> None:
    """What a guest sends of the model is itself, and what the change makes of it is refused."""
    tree = tree_of(fit(model, rows))
    assert type(decode(ENCODER.encode(tree))) is type(model)
    change(tree)
    with pytest.raises(Distrusted):
        decode(ENCODER.encode(tree))


@contextmanager
def known_to_the_guest(patch: pytest.MonkeyPatch, sent: dict[str, type]) -> Iterator[None]:
    """As if the renter had sent these classes, by their keys."""
    classes = kinds.Classes()
    for key, kind in sent.items():
        classes.add(key, kind)
    before = dict(guest.TABLE)
    patch.setattr(kinds, "known", classes)
    patch.setattr(library, "known", classes)
    yield
    guest.TABLE.clear()
    guest.TABLE.update(before)
