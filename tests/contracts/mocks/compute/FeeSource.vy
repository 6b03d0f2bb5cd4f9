# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice In the Market's place: collects fees in epochs and hands them to whoever sweeps.
"""

from ethereum.ercs import IERC20

dollar: address
pot: uint256
epoch: public(uint256)
fees_in: public(HashMap[uint256, uint256])
fees_of: public(HashMap[uint256, HashMap[address, uint256]])


@deploy
def __init__(dollar: address):
    self.dollar = dollar


@external
def collect(provider: address, fee: uint256, reservation: uint256):
    extcall IERC20(self.dollar).transferFrom(msg.sender, self, fee + reservation)
    self.pot += fee + reservation
    self.fees_in[self.epoch] += fee
    self.fees_of[self.epoch][provider] += fee


@external
def exaggerate(epoch: uint256, provider: address, fee: uint256):
    """
    @notice Attribute fees that nobody paid: a defect that Rewards must survive.
    """
    self.fees_of[epoch][provider] += fee


@external
def sweep() -> uint256:
    pot: uint256 = self.pot
    self.pot = 0
    self.epoch += 1
    extcall IERC20(self.dollar).transfer(msg.sender, pot)
    return pot
