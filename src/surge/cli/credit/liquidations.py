"""Liquidations of an account: as documents, and as its owner is told of them."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from surge.cli.credit.document import Document, hexadecimal
from surge.cli.terminal.figures import brief
from surge.cli.terminal.output import tell
from surge.cli.terminal.wording import moment
from surge.model.credit import MarketId
from surge.model.errors import NoNetwork
from surge.model.units import Address, show_decimal

if TYPE_CHECKING:
    from surge.chain.calls.liquidations import Liquidation
    from surge.chain.client import Chain


def liquidation_documents(
    chain: "Chain", account: Address, market: MarketId | None = None
) -> list[Document] | None:
    """The newest first; None, and a word on stderr, where the node gives no logs: the rest still holds."""
    try:
        return [_document(one) for one in chain.liquidations.recent(account, market)]
    except NoNetwork as error:
        tell(f"whether anything was liquidated is not known: {error}")
        return None


def _document(one: "Liquidation") -> Document:
    """`time`: the block's, in Unix seconds. `bad_debt`: what nobody repaid; the market's reserve bore
    `from_reserve` of it, and its lenders the rest."""
    return {
        "market": f"{one.collateral.symbol}/{one.loan.symbol}",
        "id": hexadecimal(one.market),
        "block": one.block,
        "time": one.time,
        "transaction": one.transaction,
        "liquidator": one.liquidator,
        "loan_token": one.loan.symbol,
        "collateral_token": one.collateral.symbol,
        "repaid": show_decimal(one.repaid, one.loan.decimals),
        "seized": show_decimal(one.seized, one.collateral.decimals),
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
            f"{one['market']} was liquidated {_when(one['time'])}: repaid {brief(one['repaid'], loan)}, "
            f"took {brief(one['seized'], one['collateral_token'])} (block {one['block']})"
        )
        if Decimal(one["bad_debt"]):
            said += f"; {brief(one['bad_debt'], loan)} was bad debt and is owed no more"
        yield said


def _when(seconds: int) -> str:
    then = datetime.fromtimestamp(seconds)
    today = then.date() == datetime.now().date()
    return then.strftime("at %H:%M") if today else f"on {moment(seconds)}"
