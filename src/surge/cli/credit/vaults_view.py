"""Vaults as documents, and as a person sees them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from surge.cli.credit.document import Document, compounded, hexadecimal, outcome, wad
from surge.cli.credit.events import earned
from surge.cli.credit.view import asked, closing
from surge.cli.terminal.figures import amount, bound, brief, money, most, parts, percent, rate
from surge.cli.terminal.output import Column, Listing, Part, facts
from surge.model.units import WAD, show_decimal

if TYPE_CHECKING:
    from surge.credit.vault_view import VaultView
    from surge.desk import Done


LEAST_FALL = Decimal("0.000001")
"""What rounding may take from a share's price."""
OUTSIDE = "not in the address book: anybody can deploy a vault; look at its markets, caps and owner first"


def vault_document(view: "VaultView", listed: bool = True) -> Document:
    """`shares`, `worth`: of the account. Rates are per year, after the fee, without compounding unless they
    say so. `fallen`: by how much of itself a share is below its highest price. `listed`: in the address book;
    anybody can deploy another vault."""
    asset, share = view.asset.decimals, view.share.decimals
    total = view.total
    return {
        "vault": view.name,
        "address": view.address,
        "listed": listed,
        "asset": view.asset.symbol,
        "asset_address": view.asset.address,
        "account": view.account,
        "shares": show_decimal(view.shares, share),
        "worth": show_decimal(view.worth, asset),
        "share_price": show_decimal(view.share_price, asset),
        "fallen": wad(view.fallen),
        "total": show_decimal(total, asset),
        "idle": show_decimal(view.idle, asset),
        "rate": wad(view.rate),
        "rate_compounded": compounded(view.rate),
        "fee": wad(view.fee),
        "max_deposit": show_decimal(view.max_deposit, asset),
        "max_withdraw": show_decimal(view.max_withdraw, asset),
        "markets": [
            {
                "market": one.market.name,
                "id": hexadecimal(one.market.id),
                "worth": show_decimal(one.worth, asset),
                "part": wad(one.worth * WAD // total if total else 0),
                "cap": show_decimal(one.cap, asset),
                "supply_rate": wad(one.market.supply_rate),
            }
            for one in view.markets
        ],
    }


def vault_change(
    operation: str, amount: str, done: "Done[VaultView]", resolved: str | None = None
) -> Document:
    """`resolved`: what an `amount` of `max` stood for when it was looked at."""
    return {
        **outcome(operation, done),
        "vault": done.before.name,
        "amount": amount,
        **({} if resolved is None else {"resolved": resolved}),
        "token": done.before.share.symbol if "kind" in operation else done.before.asset.symbol,
        "before": vault_document(done.before),
        "after": vault_document(done.after),
    }


def show_vaults(document: Any, own: bool = True) -> Iterable[Part]:
    if not document["vaults"]:
        yield "There is no vault on this network; lend to a market with `surge credit supply`."
        return
    for number, vault in enumerate(document["vaults"]):
        asset = vault["asset"]
        if number:
            yield ""
        if not vault["listed"]:
            yield OUTSIDE
            yield ""
        yield facts(
            [
                ("vault", vault["vault"]),
                ("address", vault["address"]),
                ("has", f"{money(vault['total'], asset)}, {money(vault['idle'], asset)} of it idle"),
                ("pays now", rate(vault["rate"], vault["rate_compounded"], asset, "earn")),
                ("fee", f"{bound(vault['fee'])} of gains, taken off already"),
                ("takes", f"{most(vault['max_deposit'], asset)} more"),
                (
                    "yours" if own else "theirs",
                    f"{money(vault['worth'], asset)}; {most(vault['max_withdraw'], asset)} can go now",
                ),
                *([("earned", earned(vault["lent"], asset))] if Decimal(vault["shares"]) else []),
            ]
        )
        if Decimal(vault["fallen"]) > LEAST_FALL:
            yield (
                f"a LOSS: a share is worth {percent(vault['fallen'], up=True)} less than at its highest; a "
                "market of the vault had bad debt"
            )
        yield ""
        columns = [
            Column("lent to"),
            Column("amount", right=True),
            Column("part", right=True),
            Column("cap", right=True),
            Column("earns", right=True),
        ]
        yield Listing(columns, _lent(vault["markets"], asset))


def show_vault_change(document: Any) -> Iterable[Part]:
    yield _headline(document)
    yield ""
    columns = [Column(""), Column("before", right=True), Column(""), Column("after", right=True)]
    pairs = zip(_rows(document["before"]), _rows(document["after"]), strict=True)
    yield Listing(columns, [[name, old, "→" if old != new else "=", new] for (name, old), (_, new) in pairs])
    yield ""
    yield from closing(document)


def show_vault_sent(document: Any) -> Iterable[Part]:
    after = document["after"]
    yield f"{_headline(document)}: done"
    yield facts(
        [
            ("transaction", document["transaction"]),
            ("gas", f"{document['gas']:,}"),
            ("yours", money(after["worth"], after["asset"])),
        ]
    )


def _headline(document: Any) -> str:
    return f"{document['operation']} {asked(document)} · {document['vault']}"


def _rows(vault: Any) -> list[tuple[str, str]]:
    asset = vault["asset"]
    return [
        ("yours", money(vault["worth"], asset)),
        ("can be withdrawn", most(vault["max_withdraw"], asset)),
        ("price of a share", f"{amount(vault['share_price'], limit=True)} {asset}"),
        ("in the vault", money(vault["total"], asset)),
        ("pays a year, simple", percent(vault["rate"])),
    ]


def _lent(markets: Any, asset: str) -> list[list[str]]:
    shares = parts([one["part"] for one in markets])
    return [
        [
            one["market"],
            brief(one["worth"], asset),
            share,
            brief(one["cap"], asset),
            percent(one["supply_rate"]),
        ]
        for one, share in zip(markets, shares, strict=True)
    ]
