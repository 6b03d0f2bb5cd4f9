# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice What a vault says its shares are worth at this moment, as the price of a share in the vault's asset.
"""

interface Vault:
    def convertToAssets(shares: uint256) -> uint256: view

VAULT: immutable(address)


@deploy
def __init__(vault: address):
    VAULT = vault


@external
@view
def price() -> (uint256, bool):
    return self._price(), True


@external
@view
def borrow_price() -> (uint256, bool):
    return self._price(), True


@internal
@view
def _price() -> uint256:
    return staticcall Vault(VAULT).convertToAssets(10**36)
