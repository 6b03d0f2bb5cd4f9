# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A rate model that stops working when it is told to, with a reason or with all of its gas.
"""

rate: uint256
broken: bool
burning: bool


@deploy
def __init__(rate: uint256):
    self.rate = rate


@external
def set_rate(rate: uint256):
    self.rate = rate


@external
def set_broken(broken: bool):
    self.broken = broken


@external
def set_burning(burning: bool):
    self.burning = burning


@external
@view
def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    self._work()
    return self.rate


@external
@view
def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    self._work()
    return self.rate


@internal
@view
def _work():
    assert not self.broken, "FailingIrm: broken"
    if self.burning:
        raise UNREACHABLE
