# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title FixedRateIrm
@license AGPL-3.0-only
@notice A rate model with one rate for ever, whatever the utilisation.
"""

RATE: public(immutable(uint256))


@deploy
def __init__(rate: uint256):
    """
    @param rate WAD per second; Credit takes at most 10 a year.
    """
    RATE = rate


@external
def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    """
    @return WAD per second.
    """
    return RATE


@external
@view
def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    """
    @return WAD per second.
    """
    return RATE


@external
@view
def borrow_rate_of(
    credit: address, id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256
) -> uint256:
    """
    @return WAD per second.
    """
    return RATE
