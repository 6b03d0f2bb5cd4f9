"""Liquidation. Twin of Credit's: a bonus by depth, a part up to the target health, or the whole (C5).

LIF = min(1.15, 1 / (1 - 0.3 (1 - LLTV)))
b = (LIF - 1) min(1, (LTV - LLTV) / ((1 / LIF - LLTV) / 2))
while LTV <= 1 / (1 + b): repay at most x = (h D - LLTV C) / (h - (1 + b) LLTV)
beyond: all for R = C / (1 + b), or a share s of it for s R; the same share of the debt goes off, and what of
it isn't repaid is bad debt
"""

from dataclasses import dataclass

from surge.credit import health, shares
from surge.model.credit import PRICE_SCALE, MarketParams, MarketState, Position
from surge.model.units import WAD, divide_up

MAX_INCENTIVE = WAD * 115 // 100
INCENTIVE_CURSOR = WAD * 3 // 10


@dataclass(frozen=True, slots=True)
class Quote:
    """What a liquidation may do. bonus: WAD. repayable: the most, in loan units.

    insolvent: the collateral pays `repayable` and no more; the rest is bad debt, in part as in whole.
    """

    bonus: int
    repayable: int
    insolvent: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """repaid, bad_debt: loan units. seized: collateral units. burned: shares of the debt."""

    repaid: int
    seized: int
    bad_debt: int
    burned: int


def incentive_factor(lltv: int) -> int:
    """The LIF at full depth, WAD: a seizure is worth at most this times what is repaid."""
    return min(MAX_INCENTIVE, WAD * WAD // (WAD - INCENTIVE_CURSOR * (WAD - lltv) // WAD))


def bonus(ltv: int, lltv: int) -> int:
    """At this depth, WAD: 0 at the LLTV, LIF − 1 from halfway to 1 / LIF."""
    incentive = incentive_factor(lltv)
    cap = incentive - WAD
    depth, full_depth = max(ltv - lltv, 0), (WAD * WAD // incentive - lltv) // 2
    return cap * depth // full_depth if depth < full_depth else cap


def quote(collateral: int, price_e36: int, debt: int, params: MarketParams) -> Quote | None:
    """What can be done to a position; None when it isn't past its LLTV."""
    if health.zone(collateral, price_e36, debt, params.max_ltv, params.lltv) != health.Zone.LIQUIDATABLE:
        return None
    worth, ltv = health.value(collateral, price_e36), health.ltv(collateral, price_e36, debt)
    gain = incentive_factor(params.lltv) - WAD if ltv is None else bonus(ltv, params.lltv)
    with_bonus = WAD + gain
    if debt * with_bonus > worth * WAD:
        worth_up = divide_up(collateral * price_e36, PRICE_SCALE)
        return Quote(gain, min(debt, divide_up(worth_up * WAD, with_bonus)), insolvent=True)
    to_target = (params.target_health * debt - params.lltv * worth) * WAD
    repayable = to_target // (params.target_health * WAD - with_bonus * params.lltv)
    whole = debt - repayable < params.min_debt
    return Quote(gain, debt if whole else repayable, insolvent=False)


def outcome(position: Position, price_e36: int, state: MarketState, offered: Quote, repaid: int) -> Outcome:
    """What repaying at most `repaid` loan units does to a position that `offered` was quoted for.

    state: with interest up to now. A debt rounds up; neither a part nor the whole leaves a higher LTV.
    """
    own, total, shares_of = position.borrow_shares, state.borrow_assets, state.borrow_shares
    debt = shares.to_assets_up(own, total, shares_of)
    paid = min(repaid, offered.repayable)
    if not offered.insolvent:
        worth = paid * (WAD + offered.bonus) // WAD
        burned = own if paid >= debt else shares.to_shares_down(paid, total, shares_of)
        return Outcome(paid, worth * PRICE_SCALE // price_e36, 0, burned)
    if paid == offered.repayable:
        return Outcome(paid, position.collateral, max(min(debt, total), paid) - paid, own)
    burned = own * paid // offered.repayable
    off = max(min(shares.to_assets_up(burned, total, shares_of), total), paid)
    left = shares.to_assets_up(own - burned, total - off, shares_of - burned)
    seized = position.collateral - divide_up(position.collateral * left, debt)
    return Outcome(paid, seized, off - paid, burned)
