# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title SilentToken
@license AGPL-3.0-only
@notice An honest token whose movements return nothing, as some of the oldest do.
"""

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@external
@view
def decimals() -> uint8:
    return 18


@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def approve(spender: address, amount: uint256):
    self.allowance[msg.sender][spender] = amount


@external
def transfer(to: address, amount: uint256):
    self._move(msg.sender, to, amount)


@external
def transferFrom(owner: address, to: address, amount: uint256):
    assert self.allowance[owner][msg.sender] >= amount, "Token: allowance too small"
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, to, amount)


@internal
def _move(owner: address, to: address, amount: uint256):
    assert self.balanceOf[owner] >= amount, "Token: balance too small"
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
