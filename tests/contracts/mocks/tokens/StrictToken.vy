# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title StrictToken
@license AGPL-3.0-only
@notice Changes an allowance to nothing only, or from nothing, and returns nothing, as the most used dollar does.
"""

symbol: public(constant(String[6])) = "STRICT"
decimals: public(constant(uint8)) = 6

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def approve(spender: address, amount: uint256):
    assert amount == 0 or self.allowance[msg.sender][spender] == 0, "Token: take the old allowance back first"
    self.allowance[msg.sender][spender] = amount


@external
def transferFrom(owner: address, to: address, amount: uint256):
    self.allowance[owner][msg.sender] -= amount
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
