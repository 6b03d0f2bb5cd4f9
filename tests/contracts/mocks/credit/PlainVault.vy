# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice As much of ERC-4626 as carrying a loan needs: shares one to one, until a gain or a loss is booked.
        Told to, it misbehaves: takes less than it is given, or hands the turn to somebody else.
"""

from ethereum.ercs import IERC20

asset: public(address)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
totalSupply: public(uint256)
takes: uint256
target: address
call: Bytes[2048]
calls: public(uint256)
succeeded: public(bool)


@deploy
def __init__(asset: address):
    self.asset = asset
    self.takes = 10_000


@external
def take(bps: uint256):
    """
    @notice Pull only this part of what is deposited.
    """
    self.takes = bps


@external
def arm(target: address, call: Bytes[2048]):
    """
    @notice Make a call once, in the middle of the next deposit or redemption.
    """
    self.target = target
    self.call = call


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    self._call()
    shares: uint256 = assets
    if self.totalSupply > 0:
        shares = assets * self.totalSupply // staticcall IERC20(self.asset).balanceOf(self)
    self.totalSupply += shares
    self.balanceOf[receiver] += shares
    assert extcall IERC20(self.asset).transferFrom(msg.sender, self, assets * self.takes // 10_000)
    return shares


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    self._call()
    if msg.sender != owner:
        self.allowance[owner][msg.sender] -= shares
    assets: uint256 = shares * staticcall IERC20(self.asset).balanceOf(self) // self.totalSupply
    self.totalSupply -= shares
    self.balanceOf[owner] -= shares
    assert extcall IERC20(self.asset).transfer(receiver, assets)
    return assets


@internal
def _call():
    target: address = self.target
    if target != empty(address):
        self.target = empty(address)
        self.calls += 1
        self.succeeded = raw_call(target, self.call, revert_on_failure=False)
