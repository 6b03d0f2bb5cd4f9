# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice The functions of score and draw, from outside.
"""

from .....contracts.compute import draw
from .....contracts.compute import score


@external
@pure
def fits(ask: uint256, demand: uint256) -> bool:
    return score._fits(ask, demand)


@external
@pure
def distance(ask: uint256, demand: uint256) -> uint256:
    return score._distance(ask, demand)


@external
@pure
def cost(ask: uint256, demand: uint256, distance: uint256) -> uint256:
    return score._cost(ask, demand, distance)


@external
@pure
def class_of_ask(ask: uint256) -> uint256:
    return score._class_of_ask(ask)


@external
@pure
def class_of_demand(demand: uint256) -> uint256:
    return score._class_of_demand(demand)


@external
@pure
def list_of(ask: uint256) -> uint256:
    return draw._list_of(ask)


@external
@pure
def drawn(kind: uint256, counts: uint256, number: uint256) -> (uint256, uint256, uint256):
    """
    @notice All places, then the list and the index, as the Registry asks for them.
    """
    weight: uint256 = 0
    largest: uint256 = 0
    weight, largest = draw._weight(counts)
    place: uint256 = 0
    index: uint256 = 0
    place, index = draw._drawn(kind, counts >> (32 * (draw.LARGEST - largest)), largest, number % weight)
    return weight, place, index
