# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_events
@license AGPL-3.0-only
@notice What Credit tells of its markets and positions, in the order of a loan's life. id: of the market.
"""

from . import market as credit_market

event MarketCreated:
    id: indexed(bytes32)
    params: credit_market.MarketParams

event Accrued:
    id: indexed(bytes32)
    rate: uint256
    interest: uint256
    reserve: uint256

event Supplied:
    id: indexed(bytes32)
    caller: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event Withdrawn:
    id: indexed(bytes32)
    receiver: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event Borrowed:
    id: indexed(bytes32)
    receiver: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event Repaid:
    id: indexed(bytes32)
    caller: address
    on_behalf: indexed(address)
    assets: uint256
    shares: uint256

event CollateralAdded:
    id: indexed(bytes32)
    caller: address
    on_behalf: indexed(address)
    assets: uint256

event CollateralRemoved:
    id: indexed(bytes32)
    receiver: address
    on_behalf: indexed(address)
    assets: uint256

# shares: of the debt, all that went off.
event Liquidated:
    id: indexed(bytes32)
    borrower: indexed(address)
    liquidator: indexed(address)
    repaid: uint256
    seized: uint256
    bonus: uint256
    shares: uint256

# shares: of those that went off, the ones that nobody paid for.
event BadDebt:
    id: indexed(bytes32)
    borrower: indexed(address)
    loss: uint256
    from_reserve: uint256
    shares: uint256

event Margin:
    id: indexed(bytes32)
    account: indexed(address)
    debt: uint256
    collateral_value: uint256
    liquidatable: bool

event SupplyTransferred:
    id: indexed(bytes32)
    on_behalf: indexed(address)
    receiver: indexed(address)
    shares: uint256

event Collected:
    id: indexed(bytes32)
    receiver: indexed(address)
    assets: uint256

event FeeRecipientNamed:
    fee_recipient: indexed(address)
