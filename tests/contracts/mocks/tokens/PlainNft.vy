# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice As much of ERC-721 as giving a thing away needs: by its owner, or by whom the owner trusts with all.
"""

ownerOf: public(HashMap[uint256, address])
isApprovedForAll: public(HashMap[address, HashMap[address, bool]])
getApproved: public(HashMap[uint256, address])


@external
def mint(to: address, token: uint256):
    self.ownerOf[token] = to


@external
def setApprovalForAll(operator: address, approved: bool):
    self.isApprovedForAll[msg.sender][operator] = approved


@external
def approve(to: address, token: uint256):
    owner: address = self.ownerOf[token]
    assert msg.sender == owner or self.isApprovedForAll[owner][msg.sender], "PlainNft: not allowed"
    self.getApproved[token] = to
