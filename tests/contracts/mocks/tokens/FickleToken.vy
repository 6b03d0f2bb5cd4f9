# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A token that says no, without reverting: to allowances that one account gives, to payments to one account.
"""

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
unheard: address
unpaid: address


@external
@view
def decimals() -> uint8:
    return 18


@external
def refuse_allowances(owner: address):
    self.unheard = owner


@external
def refuse_payments(to: address):
    self.unpaid = to


@external
def mint(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return msg.sender != self.unheard


@external
def transfer(to: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[to] += amount
    return to != self.unpaid


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    self.balanceOf[owner] -= amount
    self.balanceOf[to] += amount
    return to != self.unpaid
