# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice The functions of score, from outside.
"""

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
