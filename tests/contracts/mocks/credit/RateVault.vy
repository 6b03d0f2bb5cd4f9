# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice A vault's token with a rate that anybody sets: `rate` assets for 1e36 shares.
"""

asset: public(address)
decimals: public(uint8)
rate: public(uint256)


@deploy
def __init__(asset: address, decimals: uint8, rate: uint256):
    self.asset = asset
    self.decimals = decimals
    self.rate = rate


@external
def set_rate(rate: uint256):
    self.rate = rate


@view
@external
def convertToAssets(shares: uint256) -> uint256:
    return shares * self.rate // 10**36
