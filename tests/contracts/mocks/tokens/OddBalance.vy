# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A contract that is no token, or a careless one: it answers `balanceOf` with whatever bytes it was told to,
        or fails as it was told to.
"""

REVERTS: constant(uint256) = 1
BURNS: constant(uint256) = 2

answer: Bytes[4096]
mode: uint256


@external
def say(answer: Bytes[4096]):
    self.answer = answer


@external
def fail(mode: uint256):
    self.mode = mode


@external
@view
@raw_return
def balanceOf(account: address) -> Bytes[4096]:
    assert self.mode != REVERTS, "OddBalance: reverted"
    assert self.mode != BURNS, UNREACHABLE
    return self.answer


@external
def transfer(to: address, amount: uint256) -> bool:
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return True
