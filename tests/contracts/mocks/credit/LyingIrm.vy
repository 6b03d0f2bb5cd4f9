# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A rate model that charges one rate and tells another to whoever only looks.
"""

charged: uint256
told: uint256


@external
def set_rates(charged: uint256, told: uint256):
    self.charged = charged
    self.told = told


@external
@view
def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    return self.charged


@external
@view
def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    return self.told
