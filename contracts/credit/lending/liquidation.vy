# pragma version 0.4.3
# SPDX-License-Identifier: AGPL-3.0-only
"""
@title credit_liquidation
@license AGPL-3.0-only
@notice What a liquidation does: D the debt, C the collateral's worth, h the target health, all ratios WAD.

        LIF = min(1.15, 1 / (1 - 0.3 (1 - LLTV)))
        bonus b = (LIF - 1) min(1, (LTV - LLTV) / ((1 / LIF - LLTV) / 2))
        solvent, D (1 + b) <= C: repay at most (h D - LLTV C) / (h - (1 + b) LLTV), which ends at the target;
                                 the whole when less than the minimum debt would remain
        insolvent:               all for R = C / (1 + b), or a share s of all for s R, the same share of the debt
                                 off; what of it isn't repaid is bad debt, first the reserve's
@dev A debt has at most 97 bits, a worth 137, a ratio 61: of what is unchecked nothing wraps, as is proved in
     tests/property/credit/test_proofs.py. Twin: src/surge/credit/liquidation.py.
"""

import health as credit_health
import market as credit_market
import shares as credit_shares

# In loan units, but collateral for what is seized, shares of the debt for what is burned, WAD for the bonus.
struct Outcome:
    debt: uint256
    bonus: uint256
    repaid: uint256
    seized: uint256
    burned: uint256
    loss: uint256
    from_reserve: uint256

WAD: constant(uint256) = 10**18
PRICE_SCALE: constant(uint256) = 10**36
MAX_INCENTIVE: constant(uint256) = WAD * 115 // 100
INCENTIVE_CURSOR: constant(uint256) = WAD * 3 // 10


@internal
@pure
def _outcome(
    params: credit_market.MarketParams,
    market: credit_market.MarketState,
    shares: uint256,
    collateral: uint256,
    price: uint256,
    max_assets: uint256,
    max_shares: uint256,
) -> Outcome:
    """
    @param shares The position's, of the debt.
    @param collateral The position's: never 0 (C9).
    @param price Collateral in loan units, 1e36.
    @param max_assets With max_shares: what the liquidator is ready to repay; one of them is 0.
    """
    debt: uint256 = credit_shares._to_assets_up(shares, market.borrow_assets, market.borrow_shares)
    worth: uint256 = credit_health._worth(collateral, price)
    assert not credit_health._is_within(debt, worth, params.lltv), "Credit: not past the LLTV"
    limit: uint256 = max_assets
    if max_shares >= shares:
        limit = debt
    elif max_shares > 0:
        limit = credit_shares._to_assets_down(max_shares, market.borrow_assets, market.borrow_shares)
    outcome: Outcome = empty(Outcome)
    outcome.debt = debt
    outcome.bonus = self._bonus(debt, worth, params.lltv)
    with_bonus: uint256 = unsafe_add(WAD, outcome.bonus)
    if unsafe_mul(debt, with_bonus) > unsafe_mul(worth, WAD):
        # The product is a word: `_worth` has seen it.
        worth_up: uint256 = self._up(unsafe_mul(collateral, price), PRICE_SCALE)
        whole: uint256 = min(debt, self._up(unsafe_mul(worth_up, WAD), with_bonus))
        outcome.repaid = min(whole, limit)
        outcome.seized = collateral
        outcome.burned = shares
        off: uint256 = debt
        if outcome.repaid < whole:
            outcome.burned = unsafe_div(unsafe_mul(shares, outcome.repaid), whole)
            off = credit_shares._to_assets_up(outcome.burned, market.borrow_assets, market.borrow_shares)
        # Debts round up: the last one may be a unit above all that is borrowed.
        off = max(min(off, market.borrow_assets), outcome.repaid)
        outcome.loss = unsafe_sub(off, outcome.repaid)
        if outcome.burned < shares:
            # As much of the collateral stays as of the debt: the LTV doesn't rise.
            left: uint256 = credit_shares._to_assets_up(
                shares - outcome.burned, market.borrow_assets - off, market.borrow_shares - outcome.burned
            )
            outcome.seized = collateral - (collateral * left + debt - 1) // debt
        unit: uint256 = credit_market._reserve_unit(params.min_debt)
        outcome.from_reserve = min(market.reserve, unsafe_mul(self._up(outcome.loss, unit), unit))
        return outcome
    above: uint256 = unsafe_sub(unsafe_mul(params.target_health, debt), unsafe_mul(params.lltv, worth))
    divisor: uint256 = unsafe_sub(unsafe_mul(params.target_health, WAD), unsafe_mul(with_bonus, params.lltv))
    allowed: uint256 = unsafe_div(unsafe_mul(above, WAD), divisor)
    if debt - allowed < params.min_debt:
        allowed = debt
    outcome.repaid = min(allowed, limit)
    value: uint256 = unsafe_div(unsafe_mul(outcome.repaid, with_bonus), WAD)
    outcome.seized = unsafe_div(unsafe_mul(value, PRICE_SCALE), price)
    outcome.burned = shares
    if outcome.repaid < debt:
        outcome.burned = credit_shares._to_shares_down(outcome.repaid, market.borrow_assets, market.borrow_shares)
    return outcome


@internal
@pure
def _bonus(debt: uint256, worth: uint256, lltv: uint256) -> uint256:
    """
    @notice By depth, of a position past its LLTV: 0 there, LIF - 1 from halfway to an LTV of 1 / LIF.
    """
    cut: uint256 = unsafe_div(unsafe_mul(INCENTIVE_CURSOR, unsafe_sub(WAD, lltv)), WAD)
    incentive: uint256 = min(MAX_INCENTIVE, unsafe_div(WAD * WAD, unsafe_sub(WAD, cut)))
    cap: uint256 = unsafe_sub(incentive, WAD)
    if worth == 0:
        return cap
    depth: uint256 = unsafe_sub(unsafe_div(unsafe_mul(debt, WAD), worth), lltv)
    full_depth: uint256 = unsafe_div(unsafe_sub(unsafe_div(WAD * WAD, incentive), lltv), 2)
    return unsafe_div(unsafe_mul(cap, min(depth, full_depth)), full_depth)


@internal
@pure
def _up(dividend: uint256, divisor: uint256) -> uint256:
    return unsafe_div(unsafe_add(dividend, unsafe_sub(divisor, 1)), divisor)
