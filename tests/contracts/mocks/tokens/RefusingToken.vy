# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A token that says no without reverting, when told to; permits are not known to it.
"""

refuses: bool


@external
def refuse():
    self.refuses = True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    return not self.refuses


@external
def transfer(to: address, amount: uint256) -> bool:
    return not self.refuses


@external
@view
def allowance(owner: address, spender: address) -> uint256:
    return 0


@external
def burn(amount: uint256):
    pass
