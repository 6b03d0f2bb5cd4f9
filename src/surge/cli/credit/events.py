"""What the chain's events tell an account: liquidations, and what lending earned or lost."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from surge.cli.credit.document import Document, hexadecimal
from surge.cli.terminal.figures import about, money
from surge.cli.terminal.output import tell
from surge.cli.terminal.wording import moment
from surge.model.credit import MarketId
from surge.model.errors import NoNetwork
from surge.model.units import Address, counted, show_decimal

if TYPE_CHECKING:
    from surge.chain.calls.lent import Lent
    from surge.chain.calls.liquidations import Liquidation
    from surge.chain.client import Chain
    from surge.credit.coming import Coming
    from surge.credit.market import MarketView, PositionView, Token
    from surge.credit.vault_view import VaultMarket
    from surge.desk import Desk, Position

LEAST_LOSS = Decimal("0.000001")
"""Of what was paid in."""


def liquidation_documents(
    chain: "Chain", account: Address, market: MarketId | None = None
) -> list[Document] | None:
    """The newest first; None, and a word on stderr, where the node gives no logs: the rest still holds."""
    try:
        return [_document(one) for one in chain.liquidations.recent(account, market)]
    except NoNetwork as error:
        tell(f"whether anything was liquidated is not known: {error}")
        return None


def lent_document(look: "Callable[[], Lent | None]", token: "Token", worth: int) -> Document | None:
    """Of a lending that is `worth` so many units now, what `look` finds in its events.

    What was paid in and taken out since a lending began, at `since` (Unix seconds), and what it earned; below
    0 for a loss. `bad_debt`: what all lenders of the market lost since. None where nothing is lent, or where
    the events don't tell."""
    try:
        lent = look()
    except NoNetwork as error:
        tell(f"what was earned is not known: {error}")
        return None
    if lent is None:
        return None
    return {
        "paid": show_decimal(lent.paid, token.decimals),
        "taken": show_decimal(lent.taken, token.decimals),
        "earned": show_decimal(lent.earned(worth), token.decimals),
        "since": lent.since,
        "bad_debt": show_decimal(lent.bad_debt, token.decimals),
    }


def lent_in_market(position: "Position", view: "PositionView") -> Document | None:
    return lent_document(lambda: position.lent(view), view.market.loan, view.supplied)


def coming_of(desk: "Desk", markets: "Sequence[MarketView]") -> "dict[MarketId, Coming | None]":
    """Bad debt that is coming, by market; nothing, and a word on stderr, where the node gives no logs."""
    try:
        return desk.chain.borrowers.coming(markets)
    except NoNetwork as error:
        tell(f"whether bad debt is coming is not known: {error}")
        return {}


def coming_document(found: "Coming | None", token: "Token", borne: int | None = None) -> Document | None:
    """An estimate from the newest borrowers: what is owed past the LLTV, what of it would be lost if it were
    liquidated now, and what of that the lenders would bear (or one of them, `borne`). None where that is not
    known."""
    if found is None:
        return None
    return {
        "positions": found.positions,
        "debt": show_decimal(found.debt, token.decimals),
        "loss": show_decimal(found.loss, token.decimals),
        "borne": show_decimal(found.borne if borne is None else borne, token.decimals),
    }


def coming_in_vault(found: "Coming | None", held: "VaultMarket") -> Document | None:
    """The same for a vault that lends there."""
    if found is None:
        return None
    borne = found.part(held.held, held.market.state.supply_shares)
    return coming_document(found, held.market.loan, borne)


def coming_words(found: Any, symbol: str, who: str) -> str:
    """Of a document: who would lose how much."""
    if found is None:
        return "not known"
    if not found["positions"]:
        return "none, by the newest borrowers"
    debt = money(found["debt"], symbol, up=True)
    lost = f"{who} {money(found['borne'], symbol, up=True)}" if Decimal(found["borne"]) else "lenders nothing"
    return (
        f"{debt} in {counted(found['positions'], 'position')}; liquidated now, that would cost {lost} (an "
        "estimate, by the newest borrowers)"
    )


def earned(lent: Any, symbol: str) -> str:
    """In words; a loss is called one."""
    if lent is None:
        return "not known: its shares came another way than by a payment, or long ago"
    gain = gained(lent)
    said = f"a LOSS of {money(str(-gain), symbol, up=True)}" if gain < 0 else money(str(gain), symbol)
    taken = f", {money(lent['taken'], symbol)} taken out" if Decimal(lent["taken"]) else ""
    return f"{said} since {moment(lent['since'])}: {money(lent['paid'], symbol)} paid in{taken}"


def gained(lent: Any) -> Decimal:
    """What a lending earned; no loss of the few units that rounding costs."""
    gain, paid = Decimal(lent["earned"]), Decimal(lent["paid"])
    return gain if gain > 0 or -gain > paid * LEAST_LOSS else Decimal(0)


def lost(lent: Any, market: str, symbol: str) -> Iterator[str]:
    """A sentence for a lender whose market had bad debt."""
    if lent and Decimal(lent["bad_debt"]):
        yield (
            f"the lenders of {market} have lost {money(lent['bad_debt'], symbol, up=True)} to bad debt since "
            f"{moment(lent['since'])}, you your part of it"
        )


def _document(one: "Liquidation") -> Document:
    """`time`: the block's, in Unix seconds. `bad_debt`: what nobody repaid; the market's reserve bore
    `from_reserve` of it, and its lenders the rest. `cost`: by how much what was taken was worth more than the
    debt that went, at that block's price; null where the node doesn't keep that."""
    return {
        "market": one.name,
        "id": hexadecimal(one.market),
        "block": one.block,
        "time": one.time,
        "transaction": one.transaction,
        "liquidator": one.liquidator,
        "loan_token": one.loan.symbol,
        "collateral_token": one.collateral.symbol,
        "repaid": show_decimal(one.repaid, one.loan.decimals),
        "seized": show_decimal(one.seized, one.collateral.decimals),
        "cost": None if one.cost is None else show_decimal(one.cost, one.loan.decimals),
        "bad_debt": show_decimal(one.bad_debt, one.loan.decimals),
        "from_reserve": show_decimal(one.from_reserve, one.loan.decimals),
    }


def told(liquidations: list[Any] | None) -> Iterator[str]:
    """A line for each, newest first, after an empty one."""
    if liquidations:
        yield ""
    for one in liquidations or ():
        loan = one["loan_token"]
        said = (
            f"{one['market']} was liquidated {_when(one['time'])}: repaid {about(one['repaid'], loan)}, "
            f"took {about(one['seized'], one['collateral_token'])} (block {one['block']})"
        )
        if one["cost"] is not None and Decimal(one["cost"]) > 0:
            said += f"; it cost its borrower {about(one['cost'], loan)}"
        if Decimal(one["bad_debt"]):
            said += f"; {about(one['bad_debt'], loan)} was bad debt and is owed no more"
        yield said


def _when(seconds: int) -> str:
    then = datetime.fromtimestamp(seconds)
    today = then.date() == datetime.now().date()
    return then.strftime("at %H:%M") if today else f"on {moment(seconds)}"
