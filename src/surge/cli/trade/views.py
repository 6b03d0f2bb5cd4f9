"""How swaps, pools and authorities look to a person."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from surge.cli.credit.view import closing, comparison, headline
from surge.cli.terminal.figures import NONE, brief, money, percent, price
from surge.cli.terminal.output import Column, Listing, Part, facts

_TABLE = (Column(""), Column("before", right=True), Column(""), Column("after", right=True))


def compared(rows: Iterable[tuple[str, str, str]]) -> Listing:
    """Name, before, after; what differs is marked."""
    return Listing(_TABLE, [[name, old, "→" if old != new else "=", new] for name, old, new in rows])


def done_facts(document: Any, *more: tuple[str, str]) -> Part:
    """After a table that a person has just agreed to: only what became of it."""
    return facts([("transaction", document["transaction"]), ("gas", f"{document['gas']:,}"), *more])


def show_swap(document: Any) -> Iterable[Part]:
    paid, bought = document["paid_token"], document["bought_token"]
    before, after = document["before"], document["after"]
    yield _swap_headline(document)
    yield ""
    prices = [f"{price(side['price'], up=True)} {paid}" for side in (before, after)]
    yield compared(
        [
            (paid, money(before["paid_held"], paid), money(after["paid_held"], paid)),
            (bought, money(before["bought_held"], bought), money(after["bought_held"], bought)),
            (f"price of 1 {bought}", prices[0], prices[1]),
        ]
    )
    yield ""
    yield from closing(document)


def show_swap_sent(document: Any) -> Iterable[Part]:
    yield f"{_swap_headline(document)}: done"
    yield done_facts(
        document,
        ("paid", money(document["paid"], document["paid_token"])),
        ("got", money(document["bought"], document["bought_token"])),
    )


def _swap_headline(document: Any) -> str:
    return f"swap {document['amount']} {document['paid_token']} · over {' → '.join(document['path'])}"


def show_pools(document: Any, own: bool = True) -> Iterable[Part]:
    if not document["pools"]:
        yield "There is no pool in the address book; `surge credit pool add A/B AMOUNT AMOUNT` makes one."
        return
    columns = [
        Column("pool"),
        Column("holds", right=True),
        Column("and", right=True),
        Column("price", right=True),
        *([Column("your part", right=True)] if own else []),
    ]
    yield Listing(columns, [_pool_cells(pool, own) for pool in document["pools"]])
    yield ""
    yield "price: of the first token in the second"
    yield "next: surge credit swap AMOUNT PAID BOUGHT · surge credit pool add POOL AMOUNT"


def _pool_cells(pool: Any, own: bool) -> list[str]:
    first, second = pool["tokens"]
    cells = [
        pool["pool"],
        brief(pool["reserves"][0], first),
        brief(pool["reserves"][1], second),
        f"{price(pool['price'])} {second}" if pool["price"] else NONE,
    ]
    return [*cells, _part(pool)] if own else cells


def _part(pool: Any) -> str:
    """Of the pool's LP tokens that the account has; a little is not shown as nothing."""
    supply, own = Decimal(pool["supply"]), Decimal(pool["shares"])
    part = own / supply if supply else Decimal(0)
    return "<0.01%" if 0 < part < Decimal("0.0001") else percent(str(part))


def show_pool_change(document: Any) -> Iterable[Part]:
    before, after = document["before"], document["after"]
    first, second = before["tokens"]
    yield f"{document['operation']} {document['amount']} {document['token']} · {document['pool']}"
    yield ""
    rows: Sequence[tuple[str, str, str]] = [
        ("pool has", money(before["reserves"][0], first), money(after["reserves"][0], first)),
        ("and", money(before["reserves"][1], second), money(after["reserves"][1], second)),
        ("your part", _part(before), _part(after)),
        ("which is", money(before["worth"][0], first), money(after["worth"][0], first)),
        ("and", money(before["worth"][1], second), money(after["worth"][1], second)),
        ("you hold", money(before["held"][0], first), money(after["held"][0], first)),
        ("and", money(before["held"][1], second), money(after["held"][1], second)),
    ]
    yield compared(rows)
    yield ""
    yield from closing(document)


def show_pool_sent(document: Any) -> Iterable[Part]:
    after = document["after"]
    yield f"{document['operation']} {document['amount']} {document['token']} · {document['pool']}: done"
    yield done_facts(document, ("your part", _part(after)))


def show_liquidation(document: Any) -> Iterable[Part]:
    """Of somebody else's position: what becomes of it, and what it brings."""
    yield headline(document)
    yield f"position of {document['before']['account']}"
    yield ""
    yield comparison(document["before"], document["after"])
    yield ""
    yield from closing(document)


def show_liquidation_sent(document: Any) -> Iterable[Part]:
    yield f"{headline(document)}: done"
    yield done_facts(document, ("of", document["after"]["account"]))


def show_authority(document: Any) -> Iterable[Part]:
    from surge.desk.trade.authority import MEANS

    who = document["name"] or document["actor"]
    yield f"{document['operation']} {who}"
    yield ""
    rows = [("account", document["account"])]
    if document["name"]:
        rows.append(("address", document["actor"]))
    kind = "a contract" if document["contract"] else "an account, which somebody's key acts for"
    listed = f"{kind} of this network" if document["name"] else f"{kind}; not in the address book"
    rows.append(("it is", listed))
    rows.append(("may act for you", f"{_yes(document['before'])} → {_yes(document['after'])}"))
    yield facts(rows)
    yield ""
    if document["after"]:
        yield f"WARNING: {MEANS}."
        yield ""
    yield from closing(document)


def show_authority_sent(document: Any) -> Iterable[Part]:
    who = document["name"] or document["actor"]
    may = "may act for you" if document["after"] else "may not act for you any more"
    yield f"{who} {may}"
    yield done_facts(document)


def _yes(allowed: bool) -> str:
    return "yes" if allowed else "no"
