# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A rate model that says what a test tells it. It can call a target first, and remembers what it was asked.
"""

rate: public(uint256)
target: address
message: Bytes[2048]
succeeded: public(bool)
asked: public(uint256[3])
calls: public(uint256)


@deploy
def __init__(rate: uint256):
    self.rate = rate


@external
def set_rate(rate: uint256):
    self.rate = rate


@external
def arm(target: address, message: Bytes[2048]):
    self.target = target
    self.message = message


@external
def borrow_rate(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    self.asked = [borrowed, supplied, elapsed]
    self.calls += 1
    target: address = self.target
    if target != empty(address):
        # Once: a model that calls back would be asked again.
        self.target = empty(address)
        self.succeeded = raw_call(target, self.message, revert_on_failure=False)
    return self.rate


@external
@view
def borrow_rate_of(credit: address, id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    """
    @notice What it is asked for: a test can see it.
    """
    return borrowed


@external
@view
def borrow_rate_view(id: bytes32, borrowed: uint256, supplied: uint256, elapsed: uint256) -> uint256:
    assert borrowed <= supplied, "SettableIrm: more is borrowed than supplied"
    return self.rate
