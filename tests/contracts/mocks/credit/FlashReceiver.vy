# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice Receives flash swaps: repays what it is told to, and can call somebody in between.
"""

from ethereum.ercs import IERC20

token: address
repayment: uint256
target: address
message: Bytes[512]
caller: public(address)
amount0: public(uint256)
amount1: public(uint256)
payload: public(Bytes[512])
succeeded: public(bool)
answer: public(Bytes[256])


@external
def plan(token: address, repayment: uint256):
    self.token = token
    self.repayment = repayment


@external
def arm(target: address, message: Bytes[512]):
    self.target = target
    self.message = message


@external
def uniswapV2Call(sender: address, amount0: uint256, amount1: uint256, payload: Bytes[512]):
    self.caller = sender
    self.amount0 = amount0
    self.amount1 = amount1
    self.payload = payload
    if self.target != empty(address):
        self.succeeded, self.answer = raw_call(
            self.target, self.message, max_outsize=256, revert_on_failure=False
        )
    if self.repayment > 0:
        assert extcall IERC20(self.token).transfer(msg.sender, self.repayment), "FlashReceiver: can't repay"
