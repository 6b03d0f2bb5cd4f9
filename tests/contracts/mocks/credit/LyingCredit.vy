# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@notice What no Credit does: calls back with another payload, or again, or out of the blue. It lends what it has.
"""

from ethereum.ercs import IERC20

interface Caller:
    def on_surge_collateral(assets: uint256, payload: Bytes[2048]): nonpayable
    def on_surge_repay(assets: uint256, payload: Bytes[2048]): nonpayable

struct MarketParams:
    loan_token: address
    collateral_token: address
    oracle: address
    irm: address
    max_ltv: uint256
    lltv: uint256
    target_health: uint256
    min_debt: uint256
    reserve_factor: uint256

struct Position:
    supply_shares: uint256
    borrow_shares: uint256
    collateral: uint256

appended: Bytes[32]
again: bool


@external
def lie(appended: Bytes[32], again: bool):
    self.appended = appended
    self.again = again


@external
def call_back(target: address, payload: Bytes[2048]):
    extcall Caller(target).on_surge_repay(1, payload)


@external
@view
def position(id: bytes32, account: address) -> Position:
    return Position(supply_shares=0, borrow_shares=1, collateral=10**18)


@external
def borrow(
    params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
) -> (uint256, uint256):
    assert extcall IERC20(params.loan_token).transfer(receiver, assets)
    return assets, assets


@external
def remove_collateral(params: MarketParams, assets: uint256, on_behalf: address, receiver: address):
    assert extcall IERC20(params.collateral_token).transfer(receiver, assets)


@external
def add_collateral(params: MarketParams, assets: uint256, on_behalf: address, payload: Bytes[1024]):
    told: Bytes[2048] = concat(payload, self.appended)
    extcall Caller(msg.sender).on_surge_collateral(assets, told)
    if self.again:
        extcall Caller(msg.sender).on_surge_collateral(assets, told)


@external
def repay(
    params: MarketParams, assets: uint256, shares: uint256, on_behalf: address, payload: Bytes[1024]
) -> (uint256, uint256):
    told: Bytes[2048] = concat(payload, self.appended)
    extcall Caller(msg.sender).on_surge_repay(1, told)
    if self.again:
        extcall Caller(msg.sender).on_surge_repay(1, told)
    return assets, shares
