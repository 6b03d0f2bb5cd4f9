# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title vault_events
@license AGPL-3.0-only
@notice What a Vault tells of deposits, fees and allocations; what its rules tell stands in vault_rules.
"""

event Deposit:
    sender: indexed(address)
    owner: indexed(address)
    assets: uint256
    shares: uint256

event Withdraw:
    sender: indexed(address)
    receiver: indexed(address)
    owner: indexed(address)
    assets: uint256
    shares: uint256

event RedeemedInKind:
    sender: indexed(address)
    receiver: indexed(address)
    owner: indexed(address)
    idle: uint256
    shares: uint256

event FeeAccrued:
    recipient: indexed(address)
    shares: uint256
    high_water: uint256

event FeeSet:
    fee: uint256
    recipient: address

event Reallocated:
    id: indexed(bytes32)
    supplied: uint256
    withdrawn: uint256

event Skimmed:
    token: indexed(address)
    receiver: indexed(address)
    amount: uint256
