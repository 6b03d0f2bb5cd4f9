# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_tokens
@license AGPL-3.0-only
@notice Tokens in and out of Credit: those that answer true, and those that answer nothing.
@dev An address without code is no token: Vyper looks when nothing is answered.
"""

from ethereum.ercs import IERC20


@internal
def _take(token: address, payer: address, amount: uint256):
    """
    @notice Nothing is asked for nothing: some tokens refuse that.
    """
    if amount > 0:
        assert extcall IERC20(token).transferFrom(payer, self, amount, default_return_value=True), "Credit: not paid in"


@internal
def _give(token: address, to: address, amount: uint256):
    if amount > 0:
        assert extcall IERC20(token).transfer(to, amount, default_return_value=True), "Credit: not paid out"
