"""Objects that hold each other, or nest deeply, travel both ways as themselves."""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from guests import Guest, NativeGuest, answers
from sandboxes import Slots
from surge.renter.ship.call import decode_outcome, encode_call, ship


class Node:
    def __init__(self, value: Any) -> None:
        self.value = value
        self.before: Node | None = None
        self.after: Node | None = None
        self.children: list[Node] = []


@dataclass
class Peer:
    name: str
    peers: "list[Peer]" = field(default_factory=list)
    best: "Peer | None" = None


class City:
    """With a hash of its own."""

    def __init__(self, name: str) -> None:
        self.roads: set[City] = set()
        self.name = name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, City) and self.name == other.name


@dataclass(frozen=True)
class Edge:
    start: City
    end: City


class Pair(NamedTuple):
    left: Any
    right: Any


class Slotted:
    __slots__ = ("me", "x")


class Items(list[Any]):
    pass


class Odd(Exception):
    pass


def chain(length: int) -> Node:
    first = last = Node(0)
    for value in range(1, length):
        last.after = Node(value)
        last.after.before = last
        last = last.after
    return first


def tree(levels: int, before: Node | None = None) -> Node:
    node = Node(levels)
    node.before = before
    node.children = [tree(levels - 1, node) for _ in range(2)] if levels else []
    return node


def nest(levels: int) -> list[Any]:
    deep: list[Any] = []
    for _ in range(levels):
        deep = [deep]
    return deep


def values(node: Node | None) -> list[Any]:
    found, before = [], None
    while node is not None:
        assert node.before is before
        found.append(node.value)
        before, node = node, node.after
    return found


def depth(value: list[Any]) -> int:
    levels = 0
    while value:
        (value,) = value
        levels += 1
    return levels


def whole(node: Node) -> int:
    assert all(child.before is node for child in node.children)
    return 1 + sum(map(whole, node.children))


def cities() -> City:
    paris, lyon, nice = City("Paris"), City("Lyon"), City("Nice")
    paris.roads, lyon.roads, nice.roads = {lyon, nice}, {paris}, {paris, nice}
    paris.edges = {Edge(paris, lyon): 1, Edge(paris, nice): 2}  # type: ignore[attr-defined]
    return paris


def is_map(paris: Any) -> bool:
    by_name = {city.name: city for city in paris.roads}
    nice = by_name["Nice"]
    return (
        sorted(by_name) == ["Lyon", "Nice"]
        and by_name["Lyon"].roads == {paris}
        and nice in nice.roads
        and paris.edges[Edge(paris, nice)] == 2
        and type(nice) is City
    )


def made(which: str) -> Any:
    if which == "list":
        loop: Any = [1]
        loop.append(loop)
        return loop
    if which == "dict":
        loop = {"a": 1, (1, 2): 2}
        loop["me"] = loop
        return loop
    if which == "defaultdict":
        loop = defaultdict(list)
        loop["a"].append(loop)
        return loop
    if which == "deque":
        loop = deque([1], 3)
        loop.append((loop,))
        return loop
    if which == "ordered":
        loop = OrderedDict(b=1)
        loop["a"] = loop
        return loop
    if which == "chain":
        return chain(1_000)
    if which == "tree":
        return tree(6)
    if which == "nest":
        return nest(5_000)
    if which == "long chain":
        return chain(20_000)
    if which == "cities":
        return cities()
    if which == "set":
        nodes = {Node(n) for n in range(5)}
        for node in nodes:
            node.children = nodes  # type: ignore[assignment]
        return nodes
    if which == "alias":
        shared = [1.5] * 40
        loop = [shared, shared, b"x"]
        loop.append(loop)
        return loop
    if which == "dataclass":
        first, second = Peer("a"), Peer("b")
        first.peers, second.best, first.best = [second, first], first, first
        return first
    if which == "tuple":
        loop = []
        loop.append(Pair((loop,), frozenset([1])))
        return loop
    if which == "slots":
        slotted = Slotted()
        slotted.me = slotted  # type: ignore[attr-defined]
        return slotted
    if which == "base":
        loop = Items([1])
        loop.append(loop)
        loop.me = loop
        return loop
    if which == "array":
        loop = np.empty((2, 1), object)
        loop[:] = [[1], [None]]
        loop[1, 0] = [loop]
        return loop
    error = Odd("x")
    error.me = error  # type: ignore[attr-defined]
    return error


CHECKS: dict[str, Callable[[Any], bool]] = {
    "list": lambda v: v[0] == 1 and v[1] is v,
    "dict": lambda v: v["me"] is v and list(v) == ["a", (1, 2), "me"],
    "defaultdict": lambda v: v["a"][0] is v and v["b"] == [],
    "deque": lambda v: v[1][0] is v and v.maxlen == 3 and type(v) is deque,
    "ordered": lambda v: v["a"] is v and type(v) is OrderedDict and list(v) == ["b", "a"],
    "chain": lambda v: values(v) == list(range(1_000)) and type(v) is Node,
    "tree": lambda v: whole(v) == 127,
    "nest": lambda v: depth(v) == 5_000,
    "long chain": lambda v: values(v) == list(range(20_000)),
    "cities": is_map,
    "set": lambda v: type(v) is set and len(v) == 5 and all(n.children is v for n in v),
    "alias": lambda v: v[0] is v[1] and v[0] == [1.5] * 40 and v[3] is v,
    "dataclass": lambda v: v.peers[0].best is v and v.peers[1] is v.best is v and type(v) is Peer,
    "tuple": lambda v: v[0].left[0] is v and v[0].right == {1} and type(v[0]) is Pair,
    "slots": lambda v: v.me is v,
    "base": lambda v: v[1] is v.me is v and type(v) is Items,
    "array": lambda v: v.shape == (2, 1) and v[0, 0] == 1 and v[1, 0][0] is v,
    "exception": lambda v: v.me is v and v.args == ("x",),
}


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    guest = NativeGuest()
    yield guest
    guest.close()


def echo(value: Any, which: str) -> Any:
    if not CHECKS[which](value):
        raise AssertionError(f"{which} arrived as something else")
    return value


def passes(given: list[Any]) -> Any:
    value, which = given
    return echo(value, which)


@pytest.mark.parametrize("which", CHECKS)
def test_there_and_back(box: Slots, which: str) -> None:
    assert CHECKS[which](box.chunk(made, which)[1][0])
    assert CHECKS[which](box.chunk(passes, [made(which), which])[1][0])


@pytest.mark.parametrize("which", CHECKS)
def test_there_and_back_on_this_python(guest: Guest, which: str) -> None:
    (answer,) = answers(guest, made, [(which,)])
    assert CHECKS[which](answer.result())
    (answer,) = answers(guest, passes, [([made(which), which],)])
    assert CHECKS[which](answer.result())


def told(*, head: Any, tail: Any, which: str) -> Any:
    print("seen", which)  # noqa: T201
    return {"same": head is tail, "back": echo(head, which)}


@pytest.mark.parametrize("which", ["list", "chain", "cities"])
def test_keyword_arguments_and_prints(guest: Guest, which: str) -> None:
    shipped = ship(told)
    value = made(which)
    content = encode_call((), {"head": value, "tail": value, "which": which}, shipped)
    ((status, output),) = guest.outcomes(shipped.code, [content])
    found = decode_outcome(status, output, shipped)
    assert found["same"]
    assert CHECKS[which](found["back"])


class Unmentioned:
    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.me = self


def test_classes_that_the_code_does_not_mention(guest: Guest) -> None:
    value = Unmentioned([1])
    value.inner.append(value)
    (answer,) = answers(guest, lambda v: (v.inner[1] is v.me is v, v), [(value,)])
    right, back = answer.result()
    assert right
    assert type(back) is Unmentioned
    assert back.inner[1] is back


LOOP: list[Any] = [1]
LOOP.append(LOOP)
PEER = made("dataclass")


def test_globals(guest: Guest) -> None:
    (answer,) = answers(guest, lambda: (LOOP[1] is LOOP, PEER.best is PEER, PEER.peers[0].name), [()])
    assert answer.result() == (True, True, "b")


def space() -> Any:
    value = SimpleNamespace(a=1)
    value.me = value
    return value


def raises(which: int) -> None:
    error: Any = ValueError("x", made("list")) if which == 0 else made("exception")
    raise error


def test_namespaces_and_exceptions_come_back(guest: Guest) -> None:
    (answer,) = answers(guest, space, [()])
    assert answer.value.me is answer.value
    first, second = answers(guest, raises, [(0,), (1,)])
    assert type(first.error) is ValueError
    assert CHECKS["list"](first.error.args[1])
    assert CHECKS["exception"](second.error)


def test_a_namespace_as_an_argument(guest: Guest) -> None:
    (answer,) = answers(guest, lambda v: v.me is v, [(space(),)])
    assert answer.result()
