# mypy: ignore-errors
"""Values that hold each other, or go deeper than a tree may. Twin of model/tagged/graph.py."""

import types
from functools import partial

from surge.model.tagged import tags as tag
from surge.model.tagged.layout import holds_objects
from surge.run.guest.tagged import arrays, kinds, library, reading
from surge.run.guest.tagged import core as tagged
from surge.run.guest.tagged.core import TABLE

COLLECTIONS = ("OrderedDict", "Counter", "deque", "defaultdict")


class _Links:
    """Stands for tagged.PACKERS while a graph is written: what has an identity becomes a node and a link."""

    def __init__(self):
        self.by_kind = {}
        self.numbers = {}
        self.nodes = []
        """(value, its packer): also keeps alive what the ids stand for."""

    def get(self, kind):
        found = self.by_kind.get(kind)
        if found is None:
            found = self.by_kind[kind] = self._find(kind)
        return found

    def _find(self, kind):
        packer = TABLE.get(kind) or tagged.find_packer(kind)
        if kind in (list, dict, set, bytearray):
            return partial(self._link, packer)
        if kind.__module__ == "collections" and kind.__name__ in COLLECTIONS:
            return partial(self._link, packer)
        if kind.__module__ == "types" and kind.__name__ == "SimpleNamespace":
            return partial(self._link, library.pack_namespace)
        if packer in tagged.SEALED:
            return partial(self._link, partial(_inner, packer))
        if packer is kinds.pack_instance:
            return partial(self._link, packer) if kinds.changes(kind) else packer
        if packer is arrays.pack_array:
            return self._array
        if kind in (tuple, frozenset):
            return packer
        if packer is kinds.pack_exception and not issubclass(kind, BaseExceptionGroup):
            return packer
        return partial(_inner, packer)

    def _link(self, packer, value, put, depth):
        number = self.numbers.get(id(value))
        if number is None:
            number = self.numbers[id(value)] = len(self.nodes)
            self.nodes.append((value, packer))
        put(_LINK)
        TABLE[int](number, put, depth)

    def _array(self, value, put, depth):
        self._link(
            arrays.pack_array if holds_objects(value) else partial(_inner, arrays.pack_array),
            value,
            put,
            depth,
        )


_LINK = b"\x92" + tagged.MARK[tag.LINK]


def _inner(packer, value, put, depth):
    """Pack what holds no links."""
    before, tagged.PACKERS = tagged.PACKERS, TABLE
    try:
        packer(value, put, depth)
    finally:
        tagged.PACKERS = before


def encode(value):
    """A value as a graph. Raises TooDeep for what isn't one either."""
    chunks = []
    links = _Links()
    before, tagged.PACKERS = tagged.PACKERS, links
    try:
        tagged.pack(value, chunks.append, 0)
        for node, packer in links.nodes:  # it grows
            packer(node, chunks.append, 0)
    finally:
        tagged.PACKERS = before
    first = []
    tagged.head(2 + len(links.nodes), first.append)
    return b"".join([*first, tagged.MARK[tag.GRAPH], *chunks])


class _Tagged:
    """A tagged value that isn't built yet."""

    __slots__ = ("code", "items")

    def __init__(self, code, items):
        self.code = code
        self.items = items


_UNBUILT = [partial(_Tagged, code) for code in range(tag.HIGHEST + 1)]


def decode(content):
    """What a graph holds."""
    before, reading.BUILDERS = reading.BUILDERS, _UNBUILT
    try:
        whole = reading.READERS[content[0]](content, 1, content[0])[0]
    finally:
        reading.BUILDERS = before
    root, *trees = whole.items
    nodes = []
    build = partial(_build, nodes)
    nodes += [_empty(tree, build) for tree in trees]
    order = sorted(range(len(trees)), key=lambda n: (_haste(trees[n]), -n))
    for number in order:
        _fill(nodes[number], trees[number], build)
    return build(root)


def _met(items):
    raise reading.Linked


def _build(nodes, tree):
    kind = type(tree)
    if kind is _Tagged:
        if tree.code == tag.LINK:
            return nodes[tree.items[0]]
        return reading.BUILDERS[tree.code]([_build(nodes, x) for x in tree.items])
    if kind is list:
        return [_build(nodes, x) for x in tree]
    if kind is dict:
        return {key: _build(nodes, x) for key, x in tree.items()}
    return tree


def _haste(tree):
    """Nodes that hash nothing are filled first, then those that hold what hashes, then tables."""
    if not _hashes(tree):
        return 0
    return 2 if type(tree) is _Tagged and tree.code in (tag.SET, tag.DICT, tag.COLLECTION) else 1


def _hashes(tree):
    if type(tree) is dict:
        return any(map(_hashes, tree.values()))
    if type(tree) is _Tagged:
        return tree.code in (tag.SET, tag.FROZENSET, tag.DICT) or _hashes(tree.items)
    return type(tree) is list and any(map(_hashes, tree))


_PLAIN = {tag.SET: set, tag.DICT: dict, tag.INTS: list, tag.FLOATS: list, tag.BYTEARRAY: bytearray}


def _is_namespace(tree):
    return type(tree) is _Tagged and tree.code == tag.LIBRARY and tree.items[0] == "namespace"


def _empty(tree, build):
    if type(tree) is not _Tagged:
        return type(tree)()
    code, items = tree.code, tree.items
    if code == tag.INSTANCE:
        return kinds.empty_instance(items[0])
    if code == tag.COLLECTION:
        return kinds.empty_collection(items[0], items[2])
    if _is_namespace(tree):
        return types.SimpleNamespace()
    if code == tag.OBJECTS:
        import numpy

        return numpy.empty(items[0], object)
    return _PLAIN[code]() if code in _PLAIN else build(tree)


def _fill(node, tree, build):
    code = tree.code if type(tree) is _Tagged else 0
    if code == tag.INSTANCE:
        _, fields, contents = map(build, tree.items)
        kinds.fill_instance(node, contents)
        kinds.set_fields(node, fields)
    elif _is_namespace(tree):
        vars(node).update(build(tree.items[1]))
    elif code == tag.OBJECTS:
        arrays.fill_objects(node, [build(x) for x in tree.items[1:]])
    elif code in (0, tag.COLLECTION, *_PLAIN):
        contents = build(tree.items[1] if code == tag.COLLECTION else tree)
        (node.update if hasattr(node, "update") else node.extend)(contents)


reading.BUILDERS[tag.LINK] = _met
reading.BUILDERS[tag.GRAPH] = lambda items: items[0]  # one without links: a value that a tree could not hold
