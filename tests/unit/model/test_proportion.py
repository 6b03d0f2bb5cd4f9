"""No answer takes memory or time out of proportion to its bytes: what a few of them could make large (N3)."""

import random
import struct
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

from surge.model.errors import Distrusted
from surge.model.tagged import keys
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import decode, encode
from surge.model.tagged.core import EACH, ENCODER, MARKERS, SPARE
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest

assert entry.RETURNED  # the guest's packers
LINK = [MARKERS[tag.LINK], 0]
MODULUS = 2**61 - 1


def mark(code: int, *parts: Any) -> list[Any]:
    return [MARKERS[code], *parts]


def array(dtype: Any, shape: list[int], content: bytes = b"") -> list[Any]:
    return mark(tag.ARRAY, dtype, shape, "C", content)


def numbers(*values: int) -> list[Any]:
    return array("<i8", [len(values)], struct.pack(f"<{len(values)}q", *values))


def ranged(count: int) -> list[Any]:
    return mark(tag.INDEX, "range", 0, count, 1, None)


def plain(column: Any) -> list[Any]:
    return mark(tag.INDEX, "plain", column, None, None)


def categories(index: Any) -> list[Any]:
    return mark(tag.COLUMN, "categories", index, numbers(0), False)


def graph(root: Any, *nodes: Any) -> list[Any]:
    return mark(tag.GRAPH, root, *nodes)


def form(*parts: Any) -> list[Any]:
    return mark(tag.LIBRARY, *parts)


NAMES = [f"a{n}" for n in range(30_000)]
MANY = numbers(*range(9_999))
COLLIDING = [mark(tag.INT, (n * MODULUS).to_bytes(12, "little")) for n in range(1, 5_000)]
random.Random(1).shuffle(COLLIDING)
OBJECTS = mark(tag.OBJECTS, [len(COLLIDING)], *COLLIDING)
BOMBS: dict[str, Any] = {
    "a range as categories": categories(ranged(10**9)),
    "a range as categories of a type": form("dtype", "category", ranged(10**9), False),
    "a range as a level": mark(tag.INDEX, "multi", [ranged(10**9)], [numbers(0)], [None]),
    "ranges as levels": [mark(tag.INDEX, "multi", [ranged(1 << 16)], [numbers(0)], [None])] * 500,
    "texts without bytes": [array("<U0", [1_000])] * 50_000,
    "what fills a mask": [form("masked", array("|S9999999", [0]), None, b"x")] * 20,
    "rows of lists": form(
        "sparse", "lil_array", [500_000, 1], array("|i1", [0]), array("|i1", [0]),
        array("|i1", [500_001], bytes(500_001)),
    ),
    "leaves of one point": form(
        "neighbours", "KDTree", array("<f2", [900_000, 1], bytes(1_800_000)), 1, "euclidean", None
    ),
    "a tuple of many names": form("named", "x", "Y", NAMES, [1] * len(NAMES), {}),
    "columns of one array": graph([mark(tag.FRAME, ranged(1), ranged(9_999), LINK)] * 900, MANY),
    "series of one array": graph([mark(tag.SERIES, ranged(9_999), LINK, None)] * 900, MANY),
    "indexes of one array": graph([plain(LINK)] * 900, MANY),
    "intervals": graph([mark(tag.COLUMN, "intervals", LINK, LINK, "left")] * 900, MANY),
    "deques of one list": graph([mark(tag.COLLECTION, "deque", LINK, None)] * 900, [1] * 900),
    "counters": graph([mark(tag.COLLECTION, "Counter", LINK, None)] * 900, dict.fromkeys(NAMES[:300], 1)),
    "errors of one list": graph([mark(tag.EXCEPTION, "ValueError", LINK, {})] * 900, [1] * 900),
    "colliding categories": categories(plain(OBJECTS)),
    "colliding objects as categories": categories(OBJECTS),
    "colliding levels": mark(tag.INDEX, "multi", [plain(OBJECTS)], [numbers(0)], [None]),
    "colliding categories of a type": form("dtype", "category", plain(OBJECTS), False),
    "one category twice": categories(plain(numbers(5, 4, 5))),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name: str) -> None:
    content = ENCODER.encode(BOMBS[name])
    decode(guest.encode([pd.Series([1], dtype="category"), np.ma.masked_array([1])]))  # what is loaded once
    tracemalloc.start()
    try:
        with pytest.raises(Distrusted):
            decode(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < SPARE + 3 * EACH * len(content)


def shifted(count: int) -> list[int]:
    """Whole numbers that pandas' table holds under one hash."""
    found = [((((5 ^ n ^ n << 11) << 1) & 0xFFFFFFFF) << 32 | n) for n in range(count)]
    random.Random(2).shuffle(found)
    return [n - (1 << 64) if n >> 63 else n for n in found]


def test_pandas_makes_no_table_of_chosen_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uniqueness of categories and levels is found in order."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a table of chosen values")

    level = plain(numbers(*shifted(100)))
    values = [
        categories(level),
        mark(tag.INDEX, "multi", [level], [numbers(0)], [None]),
        form("dtype", "category", level, False),
        mark(tag.FRAME, ranged(1), ranged(1), categories(level)),
    ]
    monkeypatch.setattr(pd.Index, "_engine", property(refuse))
    column, index, dtype, frame = decode(ENCODER.encode(values))
    assert column.categories.tolist() == index.levels[0].tolist() == dtype.categories.tolist() == shifted(100)
    assert frame.shape == (1, 1)


def circle(count: int) -> list[int]:
    """Keys, each with a hash of its own, of which half fill the places that the other half go through."""
    slots, at, found = 1, 1, []
    while slots * 3 // 5 < 2 * count:
        slots *= 2
    for _ in range(count):
        found.append(at)
        at = (5 * at + 1) % slots
    dice = random.Random(1)
    return list(dict.fromkeys(found + [dice.randrange(1, 1 << 20) * slots + 1 for _ in range(count)]))


def test_keys_that_fill_a_table_in_its_own_order() -> None:
    chosen = circle(40_000)
    flat = ENCODER.encode(mark(tag.DICT, *[x for key in chosen for x in (key, 0)]))
    with pytest.raises(Distrusted, match="collide"):
        decode(flat)
    map_of_numbers = b"\xdf" + len(chosen).to_bytes(4, "big")
    map_of_numbers += b"".join(b"\xd3" + key.to_bytes(8, "big") + b"\xc0" for key in chosen)
    with pytest.raises(Distrusted, match="bare key"):
        decode(map_of_numbers)


@pytest.mark.parametrize(
    "step", [1, -1, 8, 1 << 20, 1 << 32, 1 << 44, -(1 << 40), 10**6, 0.125, 1e9], ids=lambda step: f"{step}"
)
def test_keys_that_nobody_chose(step: float) -> None:
    values = [n * step for n in range(3 * keys.FEW)]
    assert decode(encode(dict.fromkeys(values, 0))) == dict.fromkeys(values, 0)
    assert decode(encode(set(values))) == set(values)


def test_keys_of_pairs_and_texts() -> None:
    for values in ([(n % 99, n // 99) for n in range(20_000)], [f"{n}" for n in range(20_000)]):
        assert decode(encode(set(values))) == set(values)


def test_what_is_large_and_was_sent_as_little() -> None:
    """Honest values of that kind: they stay as small as they came, or are written in full."""
    rows = pd.RangeIndex(10**9)
    for write in (encode, guest.encode):
        assert decode(write(range(10**9))) == range(10**9)
        assert len(decode(write(rows))) == 10**9
        assert decode(write(np.broadcast_to(np.float64(0), (3, 9)))).shape == (3, 9)
        long = pd.Series(pd.Categorical.from_codes([5], categories=pd.RangeIndex(3 << 20)))
        assert decode(write(long)).cat.categories.tolist()[-1] == (3 << 20) - 1
        short = pd.Series(pd.Categorical.from_codes([1, 0], categories=["b", "a"], ordered=True))
        assert decode(write([short] * 50))[49].equals(short)
        table = pd.MultiIndex.from_product([range(300), ["x", "y"]])
        assert decode(write(table)).equals(table)
        assert decode(write(table)).is_unique
