"""Vaults as documents, and as a person sees them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from surge.cli.credit.document import Document, hexadecimal, wad
from surge.cli.credit.view import asked, closing
from surge.cli.terminal.figures import bound, brief, money, parts, percent, price
from surge.cli.terminal.output import Column, Listing, Part, facts
from surge.model.units import WAD, show_decimal

if TYPE_CHECKING:
    from surge.credit.vault_view import VaultView
    from surge.desk import Done


def vault_document(view: "VaultView") -> Document:
    """`shares`, `worth`: of the account. Rates are per year, after the fee, without compounding."""
    asset, share = view.asset.decimals, view.share.decimals
    total = view.total
    return {
        "vault": view.name,
        "address": view.address,
        "asset": view.asset.symbol,
        "asset_address": view.asset.address,
        "account": view.account,
        "shares": show_decimal(view.shares, share),
        "worth": show_decimal(view.worth, asset),
        "share_price": show_decimal(view.share_price, asset),
        "total": show_decimal(total, asset),
        "idle": show_decimal(view.idle, asset),
        "rate": wad(view.rate),
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
        "operation": operation,
        "vault": done.before.name,
        "amount": amount,
        **({} if resolved is None else {"resolved": resolved}),
        "token": done.before.share.symbol if "kind" in operation else done.before.asset.symbol,
        "sent": done.transaction is not None,
        "transaction": None if done.transaction is None else hexadecimal(done.transaction),
        "gas": done.gas,
        "also": list(done.also),
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
        yield facts(
            [
                ("vault", vault["vault"]),
                ("address", vault["address"]),
                ("has", f"{money(vault['total'], asset)}, {money(vault['idle'], asset)} of it idle"),
                (
                    "pays",
                    f"{percent(vault['rate'])} a year now, after a fee of {bound(vault['fee'])} of gains",
                ),
                ("takes", f"{money(vault['max_deposit'], asset)} more"),
                (
                    "yours" if own else "theirs",
                    f"{money(vault['worth'], asset)}; {money(vault['max_withdraw'], asset)} can go now",
                ),
            ]
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
        ("can be withdrawn", money(vault["max_withdraw"], asset)),
        ("price of a share", f"{price(vault['share_price'])} {asset}"),
        ("in the vault", money(vault["total"], asset)),
        ("pays a year", percent(vault["rate"])),
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
