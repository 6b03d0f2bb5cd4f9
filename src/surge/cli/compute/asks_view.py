"""How asks and quotes look to a person."""

from collections.abc import Iterable
from typing import Any

from surge.cli.terminal.output import Column, Listing, Part
from surge.cli.terminal.wording import duration
from surge.model.units import counted


def show_asks(document: Any) -> Iterable[Part]:
    if not document["asks"]:
        yield "Nobody offers anything on this network yet. Be the first: surge provide"
        return
    columns = [
        Column("provider", address=True),
        Column("USD/Gfuel", right=True),
        Column("USD/GiB", right=True),
        Column("free", right=True),
        Column("memory", right=True),
        Column("energy", right=True),
        Column("reputation", right=True),
    ]
    yield Listing(columns, [_cells(ask) for ask in document["asks"]])
    own = document["runtime"]
    others = sum(ask["runtime"] != own for ask in document["asks"])
    if others:
        yield f"{counted(others, 'ask')} with another version of the sandbox than yours ({own}): not for you"


def _cells(ask: Any) -> list[str]:
    return [
        ask["provider"],
        ask["price_gfuel"],
        ask["price_gib"],
        f"{ask['free_slots']} of {ask['slots']}",
        f"{ask['memory_mib']:,} MiB",
        f"{ask['energy_mj_per_gfuel']} mJ/Gfuel" if ask["energy_mj_per_gfuel"] else "not said",
        f"{ask['reputation']}/255",
    ]


def show_quote(document: Any) -> Iterable[Part]:
    modules = f" with {', '.join(document['modules'])}" if document["modules"] else ""
    yield f"{document['file']}: {document['runtime']}{modules}, {document['bytes_in']:,} bytes to send"
    lasting = duration(document["duration"])
    yield f"to reserve a slot for {lasting}: {document['reservation']} USD; budget: {document['budget']} USD"
    if document["ranked"]:
        columns = [
            Column("provider, best first", address=True),
            Column("USD/Gfuel", right=True),
            Column("USD/GiB", right=True),
            Column("1 Gfuel", right=True),
            Column("10 Gfuel", right=True),
            Column("100 Gfuel", right=True),
        ]
        yield ""
        yield Listing(columns, [_quoted(ask) for ask in document["ranked"]])
        yield "USD for a whole run of so much work, reservation included; 1 Gfuel is about 0.1 s of one core"
    if document["rejected"]:
        yield ""
        columns = [Column("rejected", address=True), Column("because")]
        yield Listing(columns, [[one["provider"], "; ".join(one["reasons"])] for one in document["rejected"]])


def _quoted(ask: Any) -> list[str]:
    return [ask["provider"], ask["price_gfuel"], ask["price_gib"], *ask["examples"].values()]
