# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A token without standards: whatever it is asked for, in words that it does not know, it gives all that
        `owner` has to `thief`, if only the owner has trusted the caller.
"""

balanceOf: public(HashMap[address, uint256])
trusts: HashMap[address, HashMap[address, bool]]
owner: address
thief: address


@external
def arm(owner: address, thief: address):
    self.owner = owner
    self.thief = thief


@external
def give(to: address, amount: uint256):
    self.balanceOf[to] += amount


@external
def trust(account: address):
    self.trusts[msg.sender][account] = True


@external
def __default__():
    assert self.trusts[self.owner][msg.sender], "ObligingToken: not trusted"
    self.balanceOf[self.thief] += self.balanceOf[self.owner]
    self.balanceOf[self.owner] = 0
