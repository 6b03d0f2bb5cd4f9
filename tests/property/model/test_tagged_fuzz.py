"""Whatever a provider makes of a valid answer: a value or a refusal, in memory in proportion to its bytes."""

import collections
import datetime as dt
import decimal
import fractions
import pathlib
import random
import tracemalloc
import uuid
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import sparse

from surge.model.errors import BadInput, Distrusted, LimitExceeded
from surge.model.tagged.codec import decode, encode
from surge.model.tagged.core import DECODER, EACH, ENCODER, MARKERS, SPARE, Marker
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest

assert entry.RETURNED  # the guest's packers
ANSWERS = 500
"""For each of the 100 seeds of `make test`, and of the 2,000 of `make nightly`: a million."""
INHERENT = 4 * EACH
"""Bytes of memory for each byte that a value takes of itself: an empty list is one byte."""
NODES: list[Any] = [1, {"a": []}]
NODES.append(NODES)
PLAIN: list[Any] = [
    None,
    5,
    2**70,
    1.5,
    "text",
    "\ud800",
    b"bytes",
    [1, [2, [3]]],
    (1, (2,)),
    {"a": {"b": 1}},
    {1: 2, (3,): 4},
    {1, 2, 3},
    frozenset([5]),
    bytearray(b"x"),
    range(9),
    slice(1, 2),
    1j,
    list(range(40)),
    [1.5] * 40,
    dt.datetime(2020, 1, 2, 3, tzinfo=dt.UTC),
    dt.timedelta(1),
    decimal.Decimal("1.5"),
    fractions.Fraction(1, 3),
    uuid.UUID(int=5),
    pathlib.PurePosixPath("a/b"),
    collections.OrderedDict(a=1),
    collections.deque([1], 3),
    collections.Counter("ab"),
    ValueError("x"),
    UnicodeDecodeError("utf-8", b"a", 0, 1, "x"),
    NODES,
    SyntaxError("m", ("f", 1, 1, "t", 1, 2)),
    ExceptionGroup("g", [ValueError(1)]),
    np.arange(6).reshape(2, 3),
    np.zeros((0, 4)),
    np.float32(1.5),
    np.zeros(2, [("a", "<i4"), ("b", "<f8", 2)]),
    np.array(["a", "bc"]),
    np.array([1, None], object),
    np.datetime64("2020"),
    np.ma.masked_array([1, 2], [0, 1]),
    np.random.default_rng(1),
    sparse.csr_array(np.eye(2)),
    sparse.dok_array(np.eye(2)),
]
FRAMES: list[Any] = [
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}),
    pd.Series([1, 2], dtype="Int8"),
    pd.Timestamp("2020-01-01", tz="UTC"),
    pd.Series(["b", "a"], dtype="category"),
    pd.MultiIndex.from_product([[1, 2], ["x", "y"]]),
    pd.RangeIndex(9),
    pd.date_range("2020", periods=3),
    pd.Series(pd.period_range("2020", periods=2, freq="M")),
    pd.interval_range(0, 3),
]
TREES = [guest.encode(value) for value in PLAIN] + [encode(PLAIN[31:33])]
FRAME_TREES = [guest.encode(value) for value in FRAMES]
NUMBERS = [0, 1, -1, 2, 7, 64, 255, 1000, 1 << 16, 1 << 25, 1 << 31, (1 << 48) - 1, (1 << 63) - 1, -(1 << 63)]


def changed(draw: random.Random, content: bytes) -> bytes:
    """Some bytes of it set, taken away or repeated."""
    held = bytearray(content)
    for _ in range(draw.randrange(1, 4)):
        at, way = draw.randrange(len(held) + 1), draw.random()
        if way < 0.6 and at < len(held):
            held[at] = draw.choice([draw.randrange(256), 0x90, 0x80, 0xC0, 0xD4, 0xFF, 0])
        elif way < 0.8:
            held[at:at] = held[at : at + draw.randrange(1, 20)]
        else:
            del held[at : at + draw.randrange(1, 6)]
    return bytes(held)


def spoiled(draw: random.Random, tree: Any) -> Any:
    """The same with a part of it replaced by another, of it or from elsewhere."""
    if not isinstance(tree, list | dict) or not tree or draw.random() < 0.25:
        return replaced(draw, tree)
    if isinstance(tree, dict):
        name = draw.choice(sorted(tree))
        return {**tree, name: spoiled(draw, tree[name])}
    at = draw.randrange(len(tree))
    rest = tree[at + 1 :] * (100 if draw.random() < 0.01 else 1)
    return [*tree[:at], spoiled(draw, tree[at]), *rest]


def replaced(draw: random.Random, part: Any) -> Any:
    way = draw.random()
    if isinstance(part, Marker) or way < 0.1:
        return draw.choice(MARKERS[1:])
    if way < 0.5:
        return draw.choice(NUMBERS)
    if way < 0.7:
        return DECODER.decode(draw.choice(TREES))
    return draw.choice(
        [None, "", "a", b"", b"a" * 8, [], {}, [part] * 9, True, 1e300, "<U0", "|V0", "|S99999", "C"]
    )


def open_bytes(content: bytes) -> None:
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    value = None
    try:
        value = decode(content)
    except (Distrusted, LimitExceeded):
        return
    finally:
        _, peak = tracemalloc.get_traced_memory()
        assert peak - before < SPARE + INHERENT * len(content)
    try:
        again = encode(value)
    except BadInput:  # results of libraries are not arguments
        return
    assert type(decode(again)) is type(value)


@pytest.mark.filterwarnings("ignore")
@given(st.integers(0, 2**64))
@example(0)
def test_whatever_is_made_of_an_answer(seed: int) -> None:
    draw = random.Random(seed)
    tracemalloc.start()
    try:
        for _ in range(ANSWERS):
            content = draw.choice(TREES if draw.random() < 0.97 else FRAME_TREES)
            if draw.random() < 0.5:
                open_bytes(changed(draw, content))
            else:
                open_bytes(ENCODER.encode(spoiled(draw, DECODER.decode(content))))
    finally:
        tracemalloc.stop()
