"""What takes long to build for each of its bytes: so much of it is read, and no more."""

import copy
import random
import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from surge.model.errors import LimitExceeded
from surge.model.tagged import parts
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import decode, encode
from surge.model.tagged.core import ENCODER, MARKERS, Packing
from surge.model.tagged.fitted.estimators import one_parent

LIBRARY = MARKERS[tag.LIBRARY]


def named(name: str, field: str = "a") -> list[Any]:
    return [LIBRARY, "named", "x", name, [field], [1], {}]


def test_named_tuples_that_are_made_anew_share_a_class() -> None:
    one, two, other, third = decode(ENCODER.encode([named("Y"), named("Y"), named("Y", "b"), named("Z")]))
    assert type(one) is type(two)
    assert len({type(x) for x in (one, other, third)}) == 3
    assert (one.a, other.b, third.a) == (1, 1, 1)


def test_only_so_many_classes_of_named_tuples_are_made() -> None:
    assert len(decode(ENCODER.encode([named(f"Y{n % 100}") for n in range(20_000)]))) == 20_000
    with pytest.raises(LimitExceeded, match="is not read"):
        decode(ENCODER.encode([named(f"Y{n}") for n in range(5_000)]))


@pytest.mark.parametrize(
    "value",
    [
        pd.Series([1]),
        pd.DataFrame({"a": [1]}),
        pd.Index(["a"]),
        pd.Timestamp("2020-01-01"),
        pd.Period("2020-01", "M"),
        sparse.csr_array([[1]]),
        sparse.dok_array([[1]]),
        np.ma.masked_array([1.0]),
        np.random.default_rng(1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_heavy_is_counted(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if isinstance(value, pd.Period):
        content = ENCODER.encode([[LIBRARY, "period", 1, "D"]] * 300)
    elif isinstance(value, np.random.Generator):
        state = {"state": {"state": 1, "inc": 1}, "has_uint32": 0, "uinteger": 0}
        content = ENCODER.encode([[LIBRARY, "random", "Generator", "PCG64", state]] * 300)
    elif sparse.issparse(value) or isinstance(value, np.ma.MaskedArray):
        form = encode_library(value)
        content = ENCODER.encode([form] * 300)
    else:
        content = encode([copy.copy(value) for _ in range(300)])
    assert len(decode(content)) == 300
    monkeypatch.setattr(parts, "MAX_VALUES", 2_000)
    with pytest.raises(LimitExceeded, match="is not read"):
        decode(content)


def encode_library(value: Any) -> list[Any]:
    pack = Packing().pack
    if isinstance(value, np.ma.MaskedArray):
        return [LIBRARY, "masked", pack(value.data), None, 0.0]
    ones, zeros, ends = np.ones(1), np.zeros(1, "int32"), np.array([0, 1], "int32")
    second = zeros if isinstance(value, sparse.dok_array) else ends
    return [LIBRARY, "sparse", type(value).__name__, [1, 1], pack(ones), pack(zeros), pack(second)]


def depth_of(left: list[int], right: list[int], node: int = 0) -> int:
    below = [depth_of(left, right, child) for child in (left[node], right[node]) if child != -1]
    return 1 + max(below) if below else 0


def test_the_depth_of_a_tree_is_that_of_its_deepest_leaf() -> None:
    source = random.Random(1)
    for _ in range(200):
        left, right = [-1], [-1]
        for _ in range(source.randrange(40)):
            leaf = source.choice([n for n, child in enumerate(left) if child == -1])
            left[leaf], right[leaf] = len(left), len(left) + 1
            left += [-1, -1]
            right += [-1, -1]
        found = one_parent(np.array(left), np.array(right), np.array(left) == -1)
        assert found == depth_of(left, right)


def test_a_chain_of_nodes_takes_no_step_for_each() -> None:
    left = np.full(400_001, -1)
    right = left.copy()
    inner = np.arange(0, 400_000, 2)
    left[inner], right[inner] = inner + 1, inner + 2
    began = time.process_time()
    assert one_parent(left, right, left == -1) == 200_000
    assert time.process_time() - began < 2
