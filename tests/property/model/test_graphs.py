"""Graphs come back with the same shape; hostile ones end in Distrusted, in bounded time and memory."""

import contextlib
import time
import tracemalloc
from collections import OrderedDict, deque
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from surge.model.errors import Distrusted, LimitExceeded
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import decode, encode
from surge.model.tagged.core import ENCODER, MARKERS, Packing
from surge.model.tagged.graph import Graph
from surge.model.tagged.instances import pack_instance
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest
from surge.run.guest.tagged import graph as guest_graph
from surge.run.guest.tagged import kinds, reading

assert entry.FUNCTION


class Thing:
    def __init__(self) -> None:
        raise AssertionError("a decoded instance's code ran")

    def __setattr__(self, name: str, value: object) -> None:
        raise AssertionError("a decoded instance's code ran")


class Items(list[Any]):
    pass


class Table(dict[Any, Any]):
    def __hash__(self) -> int:  # type: ignore[override]
        return hash(tuple(self))


class Place(dict[Any, Any]):
    __hash__ = object.__hash__  # type: ignore[assignment]


@dataclass(frozen=True)
class Key:
    name: Any = 0
    left: Any = None
    right: Any = None


CLASSES: dict[str, type] = {
    "m:Thing": Thing,
    "m:Items": Items,
    "m:Key": Key,
    "m:Table": Table,
    "m:Place": Place,
}
KEYS = {kind: key for key, kind in CLASSES.items()}
for key, kind in CLASSES.items():
    kinds.known.add(key, kind)


def tree(value: object, packing: Packing) -> Any:
    return pack_instance(value, KEYS[type(value)], packing)


def graph(value: object) -> bytes:
    return ENCODER.encode(Graph(tree).table(value))


def new(kind: type) -> Any:
    return object.__new__(Thing) if kind is Thing else kind()


def parts(value: Any) -> list[Any]:
    """What a value holds, in an order that its copy has too."""
    if isinstance(value, dict):
        return [x for pair in value.items() for x in pair]
    if isinstance(value, set | frozenset):
        return sorted(value, key=lambda x: (0, x) if type(x) is int else (1, vars(x)["number"]))
    if isinstance(value, list | tuple):
        return [*value, *getattr(value, "__dict__", {}).items()]
    return list(vars(value).items()) if isinstance(value, Thing) else []


def same_shape(left: Any, right: Any) -> bool:
    """Whether each object here has exactly one counterpart there, which holds the counterparts."""
    pairs: dict[int, Any] = {}
    todo = [(left, right)]
    while todo:
        a, b = todo.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, int | str):
            if a != b:
                return False
            continue
        if not isinstance(a, tuple | frozenset):
            if id(a) in pairs:
                if pairs[id(a)] is not b:
                    return False
                continue
            pairs[id(a)] = b
        ours, theirs = parts(a), parts(b)
        if len(ours) != len(theirs):
            return False
        todo += zip(ours, theirs, strict=True)
    return len(set(map(id, pairs.values()))) == len(pairs)


@st.composite
def graphs(draw: st.DrawFn) -> Any:
    made = [
        new(k)
        for k in draw(st.lists(st.sampled_from([list, dict, set, Thing, Items, OrderedDict]), min_size=1))
    ]
    things = [x for x in made if type(x) is Thing]
    for number, thing in enumerate(things):
        vars(thing)["number"] = number
    edges = st.tuples(st.integers(0, len(made) - 1), st.integers(0, len(made) - 1), st.integers(0, 3))
    for start, end, way in draw(st.lists(edges, max_size=40)):
        node, other = made[start], made[end]
        value = [other, (other, way), way, (way, (other,))][way]
        if isinstance(node, list):
            node.append(value)
        elif isinstance(node, dict):
            node[other if type(other) is Thing else len(node)] = value
        elif isinstance(node, set):
            node.add(other if type(other) is Thing else way)
        else:
            vars(node)[f"f{way}"] = value if type(other) is not Thing else frozenset([other])
    return made[0]


@settings(max_examples=300)
@given(graphs())
def test_the_same_shape(value: Any) -> None:
    for written in (graph(value), encode(value, tree)):
        assert same_shape(value, reading.decode(written))
        assert same_shape(value, decode(written, CLASSES))
    for written in (guest_graph.encode(value), guest.encode(value)):
        assert same_shape(value, decode(written, CLASSES))


def test_one_array_or_frame_in_two_places() -> None:
    """Whatever holds it; the renter's side and the sandbox's."""
    values = [np.arange(3.0), np.array([[1], None], object), pd.DataFrame({"a": [1]}), pd.Series([1.5])]
    held: Any = [values, {"again": values[::-1]}, (deque(values),)]
    for copy in (decode(encode(held)), decode(guest.encode(held)), reading.decode(encode(held))):
        first, second, (third,) = copy
        for one, other, last in zip(first, second["again"][::-1], third, strict=True):
            assert one is other is last
        assert len(set(map(id, first))) == 4
    masked, model = np.ma.masked_array([1, 2], [True, False]), LinearRegression().fit([[1.0], [2.0]], [1, 2])
    returned = decode(guest.encode([masked, model, masked, model]))
    assert returned[0] is returned[2]
    assert returned[1] is returned[3]
    assert returned[0].mask.tolist() == [True, False]
    assert returned[1].coef_.tolist() == model.coef_.tolist()


@settings(max_examples=500)
@given(graphs(), st.data())
def test_mutated_graphs(value: Any, draw: st.DataObject) -> None:
    content = bytearray(graph(value))
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(content) - 1))
        content[at] = draw.draw(st.integers(0, 255))
    with contextlib.suppress(Distrusted):
        decode(bytes(content), CLASSES)


SCRAPS = st.recursive(
    st.none() | st.integers(-1, 4) | st.sampled_from(["m:Thing", "m:Items", "m:Key", "deque", "a", b"x"])
    | st.integers(0, 4).map(lambda n: [MARKERS[tag.LINK], n]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    | st.tuples(st.sampled_from(MARKERS[1:]), st.lists(inner, max_size=4)).map(lambda x: [x[0], *x[1]]),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(SCRAPS, max_size=5))
def test_tables_of_anything(scraps: list[Any]) -> None:
    try:
        decode(ENCODER.encode([MARKERS[tag.GRAPH], *scraps]), CLASSES)
    except Distrusted:
        pass
    except LimitExceeded:
        assert "m:Key" in str(scraps)


def node(key: str, **fields: Any) -> list[Any]:
    return [MARKERS[tag.INSTANCE], key, fields, None]


def link(number: Any) -> list[Any]:
    return [MARKERS[tag.LINK], number]


def table(*trees: Any) -> bytes:
    return ENCODER.encode([MARKERS[tag.GRAPH], *trees])


HOSTILE = {
    "no root": table(),
    "no node": table(link(0)),
    "link beyond": table(link(1), []),
    "negative link": table(link(-1), []),
    "true link": table(link(False), []),
    "link of text": table(link("0"), []),
    "link of two": table([MARKERS[tag.LINK], 0, 0], []),
    "link outside": ENCODER.encode(link(0)),
    "link inside a list": ENCODER.encode([link(0)]),
    "node that is a link": table(link(0), link(0)),
    "node of a scalar": table(link(0), 5),
    "node of a tuple": table(link(0), [MARKERS[tag.TUPLE], 1]),
    "graph in a graph": table([MARKERS[tag.GRAPH], link(0), []], []),
    "graph as a node": table(link(0), [MARKERS[tag.GRAPH], link(0), []]),
    "graph in a list": ENCODER.encode([[MARKERS[tag.GRAPH], link(0), []]]),
    "graph in printed twice": ENCODER.encode(
        [MARKERS[tag.PRINTED], [MARKERS[tag.PRINTED], [MARKERS[tag.GRAPH], link(0), []], []], []]
    ),
    "graph as prints": ENCODER.encode([MARKERS[tag.PRINTED], 1, [MARKERS[tag.GRAPH], link(0), []]]),
    "unknown class": table(link(0), node("os:system")),
    "fields of another": table(link(0), [MARKERS[tag.INSTANCE], "m:Thing", link(1), None], {}),
    "contents of another": table(link(0), [MARKERS[tag.INSTANCE], "m:Items", {}, link(1)], []),
    "dunder": table(link(0), node("m:Thing", __class__=link(0))),
    "list that is a dict": table(link(0), [MARKERS[tag.INSTANCE], "m:Items", {}, {}]),
    "unhashable key": table(link(0), [MARKERS[tag.SET], link(0)]),
    "odd dict": table(link(0), [MARKERS[tag.DICT], link(0)]),
    "no collection": table(link(0), [MARKERS[tag.COLLECTION], "eval", [], None]),
    "deque of a dict": table(link(0), [MARKERS[tag.COLLECTION], "deque", {}, None]),
    "array too large": table(link(0), [MARKERS[tag.OBJECTS], [1 << 40], 1]),
    "library": table(link(0), [MARKERS[tag.LIBRARY], "tree", {}]),
    "deep node": table(link(0), reduce(lambda inner, _: [inner], range(150), [])),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_graphs(name: str) -> None:
    with pytest.raises(Distrusted):
        decode(HOSTILE[name], CLASSES)


def test_instances_run_no_code() -> None:
    found = decode(table(link(0), node("m:Thing", me=link(0))), CLASSES)
    assert vars(found) == {"me": found}
    printed = ENCODER.encode([MARKERS[tag.PRINTED], [MARKERS[tag.GRAPH], link(0), [link(0)]], []])
    value = decode(printed).value
    assert value[0] is value


def test_paths_without_end_are_not_hashed() -> None:
    """2 to the 60 paths from the first key, and a circle behind them."""
    keys = [node("m:Key", name=n, left=link(n + 1), right=link(n + 1)) for n in range(60)]
    keys.append(node("m:Key", name=60, left=link(0)))
    for tail in (keys, [*keys[:-1], node("m:Key", name=60)]):
        for holder in ([MARKERS[tag.SET], link(0)], [MARKERS[tag.COLLECTION], "OrderedDict",
                       [MARKERS[tag.DICT], link(0), 1], None]):  # fmt: skip
            begun = time.monotonic()
            with pytest.raises(LimitExceeded, match="needs more for its hash"):
                decode(table(link(len(tail)), *tail, holder), CLASSES)
            with pytest.raises(LimitExceeded, match="needs more for its hash"):
                decode(table([MARKERS[tag.FROZENSET], link(0)], *tail), CLASSES)
            assert time.monotonic() - begun < 5


def test_keys_with_a_hash_of_their_own() -> None:
    keys = [Key(1), Key(2, Key(3))]
    value: list[Any] = [{keys[0], keys[1]}, {Key(keys[0], keys[1]): 1}, keys]
    value.append(value)
    for content in (graph(value), encode(value, tree), guest.encode(value)):
        for found in (decode(content, CLASSES), reading.decode(content)):
            assert found[:3] == value[:3]
            assert found[3] is found
            assert found[2][0] in found[0]


def test_keys_that_are_dicts() -> None:
    place: Any = Place(a=1)
    place["me"] = {place}
    found = decode(graph(place), CLASSES)
    assert found["me"] == {found}
    held: Any = Table(a=1)
    held["me"] = {held}
    with pytest.raises(LimitExceeded, match="needs more for its hash"):
        decode(graph(held), CLASSES)


def test_the_order_of_fields_is_kept() -> None:
    thing: Any = object.__new__(Thing)
    vars(thing).update(a=1, me=thing, b=[2], c={thing})
    assert list(vars(decode(graph(thing), CLASSES))) == ["a", "me", "b", "c"]


def test_many_nodes_take_little() -> None:
    content = table(link(0), *[[link(n + 1)] for n in range(100_000)], [])
    tracemalloc.start()
    try:
        decode(content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 200 * len(content)
