# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title draw
@license AGPL-3.0-only
@notice Which ask a number draws from a class: by its slots, up to the rounding to a power of two.

        class -> lists by size -> an ask of size n has 2**n places -> number modulo all places -> list and index

@dev A word of a class counts the asks of each size, 32 bits for each, the largest first in the lowest.
     Twin: src/surge/match/draw.py.
"""

from . import score

SIZES: constant(uint256) = 8
LARGEST: constant(uint256) = SIZES - 1
SIZE_BITS: constant(uint256) = 3


@internal
@pure
def _list_of(ask: uint256) -> uint256:
    """
    @notice class | size: the key of an ask's list. The size is 0 for one slot, one more for each doubling, at most LARGEST.
    """
    left: uint256 = (ask >> 64 & score.U16) >> 1
    size: uint256 = 0
    for _: uint256 in range(LARGEST):
        if left == 0:
            break
        left >>= 1
        size += 1
    return (score._class_of_ask(ask) << SIZE_BITS) | size


@internal
@pure
def _weight(counts: uint256) -> (uint256, uint256):
    """
    @notice Of all asks of a class, 2**size each; and the largest size that there is.
    """
    weight: uint256 = 0
    largest: uint256 = LARGEST
    size: uint256 = LARGEST
    left: uint256 = counts
    for _: uint256 in range(SIZES):
        if left == 0:
            break
        if weight == 0:
            largest = size
        weight = unsafe_add(weight, (left & score.U32) << size)
        left >>= 32
        size = unsafe_sub(size, 1)
    return weight, largest


@internal
@pure
def _drawn(kind: uint256, counts: uint256, largest: uint256, place: uint256) -> (uint256, uint256):
    """
    @notice The list's key, and the index in it, of a place below the class's weight: the largest asks first.
    @param counts From the largest size on that there is.
    """
    size: uint256 = largest
    left: uint256 = counts
    within: uint256 = place
    for _: uint256 in range(SIZES):
        here: uint256 = (left & score.U32) << size
        if within < here:
            break
        within = unsafe_sub(within, here)
        left >>= 32
        size = unsafe_sub(size, 1)
    return (kind << SIZE_BITS) | size, within >> size


@internal
@pure
def _bit_of(key: uint256) -> uint256:
    """
    @notice Where the word of a class counts a list.
    """
    return 32 * (LARGEST - (key & LARGEST))
