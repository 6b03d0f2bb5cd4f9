"""An arbitrage as a document, and as a person sees it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from surge.cli.credit.document import Document, outcome, wad
from surge.cli.credit.view import closing
from surge.cli.terminal.figures import money, percent, price
from surge.cli.terminal.output import Column, Listing, Part, facts
from surge.model.units import WAD, show_decimal

if TYPE_CHECKING:
    from surge.desk import Done
    from surge.desk.flash import FlashView


def flash_document(view: "FlashView") -> Document:
    """Prices are of one traded token before fees; `gap` is the dearer over the cheaper, less one."""
    prices = sorted(view.prices)
    return {
        "pool": view.pool,
        "account": view.account,
        "token": view.paid.symbol,
        "balance": show_decimal(view.held, view.paid.decimals),
        "main_price": show_decimal(view.prices[0], view.paid.decimals),
        "rival_price": show_decimal(view.prices[1], view.paid.decimals),
        "gap": wad((prices[1] - prices[0]) * WAD // prices[0]),
    }


def flash_change(amount: str, done: "Done[FlashView]") -> Document:
    """The pools before and after an arbitrage; `profit` is before gas."""
    profit = done.after.held - done.before.held
    return {
        **outcome("flash", done),
        "pool": done.before.pool,
        "amount": amount,
        "profit": show_decimal(profit, done.before.paid.decimals),
        "before": flash_document(done.before),
        "after": flash_document(done.after),
    }


def show_flash(document: Any) -> Iterable[Part]:
    yield f"flash loan over {document['pool']}"
    yield ""
    yield flash_table(document["before"], document["after"])
    yield ""
    yield from closing(document)


def show_flash_sent(document: Any) -> Iterable[Part]:
    token = document["after"]["token"]
    yield f"flash loan over {document['pool']}: done"
    yield facts(
        [
            ("transaction", document["transaction"]),
            ("gas", f"{document['gas']:,}"),
            ("earned", f"{money(document['profit'], token)} before gas"),
        ]
    )


def flash_table(before: Any, after: Any) -> Listing:
    """What the account holds, and the two pools' prices."""
    rows = [
        ["held", *(money(side["balance"], side["token"]) for side in (before, after))],
        ["price here", *(price(side["main_price"]) for side in (before, after))],
        ["price at the rival", *(price(side["rival_price"]) for side in (before, after))],
        ["gap", *(percent(side["gap"]) for side in (before, after))],
    ]
    columns = [Column(""), Column("before", right=True), Column(""), Column("after", right=True)]
    return Listing(columns, [[name, old, "→" if old != new else "=", new] for name, old, new in rows])
