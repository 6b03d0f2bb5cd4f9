"""What tests of hostile estimators share: the tree that a guest sends of one, and what changes it."""

from collections.abc import Callable
from typing import Any

from surge.model.tagged.core import DECODER, Packing
from surge.run.guest import entry
from surge.run.guest import tagged as guest

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
