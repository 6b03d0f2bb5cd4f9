"""What the keeper did and left alone, as a document and for people."""

from collections.abc import Iterable
from typing import Any

from surge.cli.terminal.figures import health, money
from surge.cli.terminal.output import Column, Listing, Part
from surge.keeper.liquidating import Decision, Leave, Liquidate, Realise
from surge.keeper.metrics import state_of
from surge.model.units import counted, show_decimal


def decision_document(decision: Decision, failed: bool = False) -> dict[str, Any]:
    """Amounts are decimal strings of whole tokens; health is None without a price. failed: it was not carried
    out, unless it was to do nothing."""
    view = decision.view
    loan, collateral = view.market.loan, view.market.collateral
    document: dict[str, Any] = {
        "market": view.market.name,
        "account": view.account,
        "state": state_of(decision),
        "debt": show_decimal(view.debt, loan.decimals),
        "health": None if view.health is None else show_decimal(view.health, 18),
        "loan_token": loan.symbol,
        "collateral_token": collateral.symbol,
    }
    if isinstance(decision, Leave):
        return document | {"reason": decision.reason}
    if failed:
        return document | {"state": "failed", "reason": f"to {state_of(decision)} it failed: see the log"}
    if isinstance(decision, Liquidate | Realise):
        document["repaid"] = show_decimal(decision.repaid, loan.decimals)
        document["bad_debt"] = show_decimal(decision.bad_debt, loan.decimals)
    if isinstance(decision, Liquidate):
        document["seized"] = show_decimal(decision.seized, collateral.decimals)
        document["profit"] = show_decimal(decision.profit, loan.decimals)
    return document


def show_keeper(document: Any) -> Iterable[Part]:
    columns = [
        Column("market"),
        Column("account", address=True),
        Column("debt", right=True),
        Column("health", right=True),
        Column("what"),
    ]
    done, left = document["done"], document["left"]
    rows = [_row(each) for each in (*done, *left)]
    if rows:
        yield Listing(columns, rows)
        yield ""
    yield f"{counted(len(done), 'transaction')} sent; {counted(len(left), 'position')} with debt"
    for market, reason in document["unreadable"].items():
        yield f"{market} can't be read: {reason}"


def _row(one: Any) -> list[str]:
    loan = one["loan_token"]
    return [
        one["market"],
        one["account"],
        money(one["debt"], loan, up=True),
        health(one["health"], one["debt"]),
        _what(one),
    ]


def _what(one: Any) -> str:
    if "reason" in one:
        return str(one["reason"])
    loan, collateral = one["loan_token"], one["collateral_token"]
    if "seized" in one:
        repaid, seized = money(one["repaid"], loan), money(one["seized"], collateral)
        return f"liquidated: repaid {repaid}, seized {seized}, gained {money(one['profit'], loan)}"
    if "bad_debt" in one:
        return f"bad debt of {money(one['bad_debt'], loan)} realised"
    return "told to be in the margin zone"
