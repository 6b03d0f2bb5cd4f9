"""Values that hold each other, or go deeper than a tree may: a flat table of nodes, linked by number.

A node is whatever has an identity: lists, dicts, sets, collections, instances. Each stands in the table once,
in its ordinary form, in the order of discovery; where another holds it stands a link. So what is the same
object here is the same object there. Values that can't change stand where they are held.

Decoding makes an empty node of each, then fills them. Hashing a key may run the `__hash__` of the renter's
own class, and links let few bytes hold exponentially many paths: so, while keys are hashed, an instance
shows only what is small as a tree (SMALL values). All else is filled in when every key is in place.
"""

import collections
import contextlib
import types
from functools import partial
from typing import Any

from surge.model.digest import Blob
from surge.model.errors import LimitExceeded
from surge.model.tagged import arrays
from surge.model.tagged import tags as tag
from surge.model.tagged.core import (
    BUILDERS,
    CHANGING,
    MARKERS,
    PACKERS,
    SEALED,
    Building,
    Fallback,
    Marker,
    Packing,
    Tree,
    find_packer,
)
from surge.model.tagged.instances import base_of, empty_instance, fill_instance, set_fields
from surge.model.tagged.layout import holds_objects
from surge.model.tagged.parts import weigh
from surge.model.tagged.standard import empty_collection

SMALL = 1_000
HELD = {tuple, frozenset}
COLLECTED = (collections.OrderedDict, collections.Counter, collections.deque, collections.defaultdict)
LEAVES = {tag.ARRAY, tag.FRAME, tag.SERIES, tag.LIBRARY}
"""Of nodes that hold no links, but namespaces."""


class _NotYet(Exception):
    """A key's hash or comparison asked for what isn't there yet."""


class _Absent:
    """Stands in a field until every key is in place."""

    def _refuse(self, *_: object) -> Any:
        raise _NotYet

    __hash__ = __eq__ = __bool__ = __repr__ = __getattr__ = _refuse


ABSENT = _Absent()


class Graph(Packing):
    """As Packing, of what a tree can't hold."""

    __slots__ = ("inner", "kept", "numbers", "writers")

    def __init__(self, fallback: Fallback | None = None, blobs: dict[bytes, Blob] | None = None) -> None:
        super().__init__(fallback, blobs)
        self.inner = Packing(fallback, blobs)
        self.numbers: dict[int, int] = {}
        self.kept: list[object] = []
        """What the ids stand for."""
        self.writers: list[Any] = []

    def table(self, value: object) -> Tree:
        root = self.pack(value)
        trees: list[Tree] = []
        while len(trees) < len(self.writers):
            trees.append(self.writers[len(trees)]())
        return [MARKERS[tag.GRAPH], root, *trees]

    def pack(self, value: object) -> Tree:
        if id(value) in self.numbers:
            return self._link(value)
        kind = type(value)
        packer = PACKERS.get(kind) or find_packer(kind)
        if kind in CHANGING:
            sealed = kind in SEALED or (packer is arrays.pack_array and not holds_objects(value))
            return self.whole(value, partial(Packing.pack, self.inner if sealed else self, value))
        error = isinstance(value, BaseException) and not isinstance(value, BaseExceptionGroup)
        if packer is None or kind in HELD or error:
            return Packing.pack(self, value)
        self.inner.depth = self.depth
        return self.inner.pack(value)

    def form(self, code: int, *parts: object) -> Tree:
        return [MARKERS[code], *(Packing.pack(self, part) for part in parts)]

    def whole(self, value: object, write: Any) -> Tree:
        if id(value) not in self.numbers:
            self.numbers[id(value)] = len(self.kept)
            self.kept.append(value)
            self.writers.append(write)
        return self._link(value)

    def _link(self, value: object) -> Tree:
        return [MARKERS[tag.LINK], self.numbers[id(value)]]


def _code(tree: Tree) -> int:
    """The tag of a tree; 0 of one without."""
    return tree[0].code if type(tree) is list and tree and type(tree[0]) is Marker else 0


def _number(items: list[Any], nodes: "list[Any] | None") -> int:
    (number,) = items
    if nodes is None or type(number) is not int or not 0 <= number < len(nodes):
        raise ValueError("a link to no node")
    return number


def _build_link(items: list[Any], building: Building) -> Any:
    nodes = building.nodes or []
    number = _number(items, nodes)
    if building.keys:  # a hash may walk through all that is below
        weigh(building, building.sizes.get(number, 0) >> 3)
    return nodes[number]


def _empty(tree: Tree, building: Building) -> Any:
    """The node that a tree describes, without what it holds."""
    code = _code(tree)
    if code == tag.INSTANCE:
        _, key, _, _ = tree
        return empty_instance(key, building)
    if code == tag.COLLECTION:
        _, name, _, option = tree
        return empty_collection(name, option)
    if code == tag.OBJECTS:
        return arrays.empty_objects(tree[1:])
    if _is_leaf(tree):
        return building.build(tree)
    if code == tag.LIBRARY:
        return types.SimpleNamespace()
    return _PLAIN[type(tree) if code == 0 else code]()


_PLAIN: dict[Any, Any] = {list: list, dict: dict, tag.INTS: list, tag.FLOATS: list}
_PLAIN |= {tag.SET: set, tag.DICT: dict, tag.BYTEARRAY: bytearray}


def _is_leaf(tree: Tree) -> bool:
    return _code(tree) in LEAVES and not (_code(tree) == tag.LIBRARY and tree[1] == "namespace")


class _Filling:
    """Of the nodes of one graph, from their trees."""

    def __init__(self, trees: list[Any], building: Building) -> None:
        self.trees, self.building = trees, building
        self.nodes = building.nodes = [_empty(tree, building) for tree in trees]
        weighed = [self._weigh(tree) for tree in trees]
        self.weights, self.links = [w for w, _ in weighed], [links for _, links in weighed]
        self.sizes = building.sizes
        """Of what is small as a tree, by number; while keys are hashed, also of what an instance shows."""

    def fill(self, root: Tree) -> Any:
        """The root's value."""
        for number in self._small():
            self._pour(number, self._contents(number))
        others = [n for n in range(len(self.trees)) if n not in self.sizes]
        try:
            late = {n: self._show(n) for n in self._inner_first(others)}
            contents = [(n, self._contents(n, late.get(n))) for n in others]
            value = self.building.build(root)
        except _NotYet as error:
            raise LimitExceeded(
                "a key of a result that refers back to itself needs more for its hash than is there yet; "
                "return lists instead of sets, or keys of text"
            ) from error
        # An OrderedDict hashes its keys again: before any node shows what it links to.
        for number, content in sorted(contents, key=lambda c: not isinstance(self.nodes[c[0]], COLLECTED)):
            self._pour(number, content)
        return value

    def _small(self) -> list[int]:
        """Nodes that are small with all that they link to, each behind those."""
        holders: list[list[int]] = [[] for _ in self.links]
        for number, targets in enumerate(self.links):
            for target in targets:
                holders[target].append(number)
        waiting = [len(targets) for targets in self.links]
        ready = [n for n, count in enumerate(waiting) if not count]
        order = []
        for number in ready:
            size = self.weights[number] + sum(self.sizes[n] for n in self.links[number])
            if size > SMALL:
                continue
            self.sizes[number] = size
            order.append(number)
            for holder in holders[number]:
                waiting[holder] -= 1
                if not waiting[holder]:
                    ready.append(holder)
        return order

    def _weigh(self, tree: Tree) -> tuple[int, list[int]]:
        """(values, numbers of the links) of a tree."""
        weight, links, stack = 0, [], [tree]
        while stack:
            one = stack.pop()
            weight += 1
            if type(one) is dict:
                stack += one.values()
            elif type(one) is bytes:
                weight += len(one) >> 6
            elif _code(one) == tag.LINK:
                links.append(_number(one[1:], self.nodes))
            elif type(one) is list:
                stack += one
        return weight, links

    def _inner_first(self, others: list[int]) -> list[int]:
        """The instances of `others`, each behind those that it links to, as far as they form no circle."""
        left = {n for n in others if _code(self.trees[n]) == tag.INSTANCE}
        order = []
        for start in sorted(left):
            stack = [start]
            while stack:
                number = stack.pop()
                if number < 0:
                    order.append(~number)
                elif number in left:
                    left.remove(number)
                    stack.append(~number)
                    stack += (n for n in self.links[number] if n in left)
        return order

    def _show(self, number: int) -> list[tuple[Any, Tree]]:
        """Set the fields of an instance that are small; the others."""
        node, fields, room, late = self.nodes[number], self.trees[number][2], SMALL, []
        if _code(fields) == tag.DICT and len(fields) % 2:
            pairs = list(zip(fields[1::2], fields[2::2], strict=True))
        elif type(fields) is dict:
            pairs = list(fields.items())
        else:
            raise ValueError("no fields")
        for name, tree in pairs:
            weight, links = self._weigh(tree)
            size = weight + sum(self.sizes.get(n, SMALL) for n in links)
            if size < room:
                room -= size
                value = self.building.build(tree)
            else:
                value = ABSENT
                late.append((name, tree))
            set_fields(node, {self.building.build(name): value})
        self.sizes[number] = SMALL - room
        if isinstance(node, list):
            list.append(node, ABSENT)
        elif isinstance(node, BaseException):
            fill_instance(node, [ABSENT])
        elif isinstance(node, dict | set | collections.deque) and type(node).__hash__ is not None:
            _refuse_hash_of_contents(node)
        return late

    def _contents(self, number: int, late: "list[tuple[Any, Tree]] | None" = None) -> Any:
        """What is to be poured into a node. late: the fields that an instance still misses."""
        tree, build, own = self.trees[number], self.building.build, self.building.own
        code = _code(tree)
        if _is_leaf(tree):
            return None
        if code == tag.INSTANCE:
            fields = own(tree[2]) if late is None else {build(n): build(x) for n, x in late}
            return fields, own(tree[3])
        if code in (tag.COLLECTION, tag.LIBRARY):
            return own(tree[2])
        return [build(x) for x in tree[2:]] if code == tag.OBJECTS else build(tree)

    def _pour(self, number: int, contents: Any) -> None:
        node, code = self.nodes[number], _code(self.trees[number])
        if _is_leaf(self.trees[number]):
            return
        if code == tag.INSTANCE:
            fields, held = contents
            if isinstance(node, list):
                list.clear(node)
            fill_instance(node, held)
            set_fields(node, fields)
        elif code == tag.LIBRARY:
            set_fields(node, contents)
        elif code == tag.OBJECTS:
            arrays.fill_objects(node, contents)
        elif isinstance(node, list | bytearray | collections.deque):
            node.extend(_like(contents, bytearray if code == tag.BYTEARRAY else list))
        elif isinstance(node, collections.defaultdict):
            dict.update(node, _like(contents, dict))
        else:
            node.update(_like(contents, type(node) if code != tag.COLLECTION else dict))


def _refuse_hash_of_contents(node: Any) -> None:
    """Of a class whose instances are dicts, sets or deques, and can be keys: they hold nothing yet."""
    base = base_of(type(node))
    some: dict[Any, tuple[Any, Any]] = {set: (set(), {0, 1}), collections.deque: ([None], [None, 0, 1])}
    hashes = []
    for contents in some.get(base, ({}, {0: 0, 1: 1})):
        fill_instance(node, contents)
        with contextlib.suppress(Exception):  # where it stands as a key, it says so again
            hashes.append(hash(node))
    base.clear(node)
    if len(set(hashes)) > 1:
        raise _NotYet


def _like(contents: Any, kind: type) -> Any:
    if type(contents) is not kind:
        raise TypeError("a node of another kind")
    return contents


def _build_graph(items: list[Any], building: Building) -> Any:
    if building.depth != building.root or building.nodes is not None:
        raise ValueError("a graph inside of a value")
    root, *trees = items
    return _Filling(trees, building).fill(root)


BUILDERS.update({tag.GRAPH: _build_graph, tag.LINK: _build_link})
