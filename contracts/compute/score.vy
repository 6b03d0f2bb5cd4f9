# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title score
@license AGPL-3.0-only
@notice How well an ask fits a demand, as one integer: the lowest cost wins.

        cost = weight . (price, proximity, load, reputation, energy), each term from 0 to 10,000

@dev Words: src/surge/model/ask.py and demand.py. Twin: src/surge/match/score.py. Coordinates have two's
     complement of 16 bits; flipping the top bit makes them unsigned in the same order.
"""

FULL: constant(uint256) = 10_000
FAR: constant(uint256) = 10_000
# What each price over its cap makes of the price term; together FULL.
OF_GFUEL: constant(uint256) = 7_500
OF_GIB: constant(uint256) = 2_500
U8: constant(uint256) = 2**8 - 1
U16: constant(uint256) = 2**16 - 1
U32: constant(uint256) = 2**32 - 1
U48: constant(uint256) = 2**48 - 1
SIGN: constant(uint256) = 2**15


@internal
@pure
def _class_of_ask(ask: uint256) -> uint256:
    """
    @notice runtime | accelerator | memory tier: asks that can stand in for each other.
    """
    return ((ask >> 192 & U16) << 16) | ((ask >> 160 & U8) << 8) | (ask >> 184 & U8)


@internal
@pure
def _class_of_demand(demand: uint256) -> uint256:
    return ((demand >> 216 & U16) << 16) | ((demand >> 184 & U8) << 8) | (demand >> 208 & U8)


@internal
@pure
def _fits(ask: uint256, demand: uint256) -> bool:
    """
    @notice Whether the ask is active, of the right kind, free enough and within the price caps.
    """
    if ask >> 216 & U8 == 0:
        return False
    # Accelerator, its memory, memory tier and runtime stand side by side in both words; mostly all are equal.
    if (ask >> 160 ^ demand >> 184) & U48 != 0:
        if ask >> 192 & U16 != demand >> 216 & U16 or ask >> 160 & U8 != demand >> 184 & U8:
            return False
        if ask >> 168 & U16 < demand >> 192 & U16 or ask >> 184 & U8 < demand >> 208 & U8:
            return False
    if ask >> 64 & U16 < unsafe_add(ask >> 80 & U16, demand >> 64 & U16):
        return False
    return ask & U32 <= demand & U32 and ask >> 32 & U32 <= demand >> 32 & U32


@internal
@pure
def _distance(ask: uint256, demand: uint256) -> uint256:
    """
    @notice Between the ask's coordinate and the data's, in 0.1 ms, at most 10,000.
    @dev max + 3/8 min is within 6.8% of the Euclidean distance, whose coordinates err by more.
    """
    ask_x: uint256 = ask >> 96 & U16 ^ SIGN
    ask_y: uint256 = ask >> 112 & U16 ^ SIGN
    demand_x: uint256 = demand >> 112 & U16 ^ SIGN
    demand_y: uint256 = demand >> 128 & U16 ^ SIGN
    dx: uint256 = unsafe_sub(ask_x, demand_x)
    if ask_x < demand_x:
        dx = unsafe_sub(demand_x, ask_x)
    dy: uint256 = unsafe_sub(ask_y, demand_y)
    if ask_y < demand_y:
        dy = unsafe_sub(demand_y, ask_y)
    height: uint256 = ask >> 128 & U16
    far: uint256 = FAR
    if dx > dy:
        far = unsafe_add(unsafe_add(dx, unsafe_mul(3, dy) >> 3), height)
    else:
        far = unsafe_add(unsafe_add(dy, unsafe_mul(3, dx) >> 3), height)
    return min(far, FAR)


@internal
@pure
def _cost(ask: uint256, demand: uint256, distance: uint256) -> uint256:
    """
    @notice The weighted sum. The ask must fit, so that its prices are within their caps and its load within its slots.
    @dev Five products of at most 255 * 10,000: nothing can overflow. Division by zero (a cap of zero) gives zero.
    """
    price: uint256 = unsafe_add(
        unsafe_div(unsafe_mul(ask & U32, OF_GFUEL), demand & U32),
        unsafe_div(unsafe_mul(ask >> 32 & U32, OF_GIB), demand >> 32 & U32),
    )
    load: uint256 = unsafe_div(unsafe_mul(ask >> 80 & U16, FULL), ask >> 64 & U16)
    reputation: uint256 = unsafe_div(unsafe_mul(unsafe_sub(U8, ask >> 208 & U8), FULL), U8)
    energy: uint256 = ask >> 144 & U16
    if energy > FULL:
        energy = FULL
    first: uint256 = unsafe_add(unsafe_mul(demand >> 144 & U8, price), unsafe_mul(demand >> 152 & U8, distance))
    second: uint256 = unsafe_add(unsafe_mul(demand >> 160 & U8, load), unsafe_mul(demand >> 168 & U8, reputation))
    return unsafe_add(unsafe_add(first, second), unsafe_mul(demand >> 176 & U8, energy))
