"""Nodes that are made empty and filled later, as they may hold each other."""

from surge.model.tagged.codec import encode
from surge.model.tagged.instances import parts_of
from surge.renter.ship.checks import effects
from surge.renter.ship.links import CONTAINERS, is_shell
from surge.renter.ship.reach import Reach


def reach_first(reach: Reach, values: list[object]) -> None:
    """Nodes of what several hold: empty at first where they could hold each other."""
    holders = [v for v in values if type(v) in CONTAINERS or is_shell(v)]
    reach.given = reach.branched
    for value in holders:
        make(reach, value)
    for value in values:
        reach.affect(effects.of_value(value))
        if id(value) not in reach.memo:
            reach.made(value)
    for value in sorted(holders, key=lambda v: type(v) in CONTAINERS):  # hashes ask for fields
        fill(reach, value, reach.path)
    reach.given = False


def make(reach: Reach, value: object) -> None:
    """An empty container, or an instance without fields."""
    if type(value) in CONTAINERS:
        reach.step("value", encode(type(value)()))
    else:
        reach.awaited.append(id(value))
        try:
            reach.content(type(value))
        finally:
            reach.awaited.pop()
        if id(value) in reach.memo:
            return  # its class holds it
        reach.step("shell", reach.keys[type(value)])
    reach.datum(value)


def fill(reach: Reach, value: object, path: list[str]) -> None:
    """With what it holds by now. path: where it was met."""
    number, before = reach.memo[id(value)], reach.path
    reach.path = path.copy()
    if type(value) in CONTAINERS:
        reach.step("contents", number, reach.linking(value))
    else:
        with reach.rooted(value):
            fields, contents = map(reach.content, parts_of(value))
        reach.step("contents", number, contents, fields)
    reach.path = before
