# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_calls
@license AGPL-3.0-only
@notice Credit as the contracts around it call it: Vault, Leverage. Any caller may do what they do.
"""

from . import market as credit_market

interface Credit:
    def supply(
        params: credit_market.MarketParams,
        assets: uint256,
        shares: uint256,
        on_behalf: address,
        payload: Bytes[32],
    ) -> (uint256, uint256): nonpayable
    def withdraw(
        params: credit_market.MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
    ) -> (uint256, uint256): nonpayable
    def transfer_supply(id: bytes32, shares: uint256, on_behalf: address, receiver: address): nonpayable
    def add_collateral(
        params: credit_market.MarketParams, assets: uint256, on_behalf: address, payload: Bytes[MAX_PAYLOAD]
    ): nonpayable
    def remove_collateral(
        params: credit_market.MarketParams, assets: uint256, on_behalf: address, receiver: address
    ): nonpayable
    def borrow(
        params: credit_market.MarketParams, assets: uint256, shares: uint256, on_behalf: address, receiver: address
    ) -> (uint256, uint256): nonpayable
    def repay(
        params: credit_market.MarketParams,
        assets: uint256,
        shares: uint256,
        on_behalf: address,
        payload: Bytes[MAX_PAYLOAD],
    ) -> (uint256, uint256): nonpayable
    def authorize_with_signature(
        authorizer: address,
        authorized: address,
        is_authorized: bool,
        nonce: uint256,
        deadline: uint256,
        v: uint256,
        r: uint256,
        s: uint256,
    ): nonpayable
    def is_authorized(authorizer: address, authorized: address) -> bool: view
    def params_of(id: bytes32) -> credit_market.MarketParams: view
    def market(id: bytes32) -> credit_market.MarketState: view
    def position(id: bytes32, account: address) -> credit_market.Position: view

# Of what a callback gets back: as much as Leverage hands itself.
MAX_PAYLOAD: constant(uint256) = 1_024
