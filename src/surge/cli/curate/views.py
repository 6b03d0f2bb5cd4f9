"""How what an operator creates and changes looks to a person."""

from collections.abc import Iterable
from shlex import quote
from typing import Any

from surge.cli.credit.view import closing
from surge.cli.terminal.figures import NONE, bound, money
from surge.cli.terminal.output import Column, Listing, Part, facts
from surge.cli.terminal.wording import duration
from surge.cli.trade.views import compared, done_facts


def show_creation(document: Any) -> Iterable[Part]:
    yield f"{document['operation']} {document['name']}"
    yield ""
    yield facts(document["facts"].items())
    for said in document["warnings"]:
        yield f"WARNING: {said}."
    yield ""
    yield from closing(document)
    yield from _placed(document)


def show_created(document: Any) -> Iterable[Part]:
    """After a table that a person has just agreed to."""
    yield f"{document['operation']} {document['name']}: done"
    yield done_facts(document)
    yield from _placed(document)


def _placed(document: Any) -> Iterable[Part]:
    if not document["sent"]:
        if document["place"]:
            yield "its id will be"
            yield document["place"]
        return
    yield f"{document['kind']} {document['place']}"
    yield f"next: surge book add {document['kind']} {quote(document['entry'])} {document['place']}"


def show_rules(vault: Any) -> Iterable[Part]:
    asset = vault["asset"]
    yield facts(
        [
            ("vault", vault["vault"]),
            ("address", vault["address"]),
            ("owner", vault["owner"]),
            ("guardian", vault["guardian"] or "none"),
            *_next_guardian(vault),
            ("timelock", duration(vault["timelock"]) if vault["timelock"] else "none"),
            ("fee", _fee(vault)),
            ("idle", money(vault["idle"], asset)),
            ("deposits go to", _queue(vault["supply_queue"])),
            ("withdrawals from", _queue(vault["withdraw_queue"])),
        ]
    )
    yield ""
    columns = [
        Column("market"),
        Column("holds", right=True),
        Column("cap", right=True),
        Column("pending", right=True),
        Column("acceptable"),
    ]
    yield Listing(columns, [_cap_cells(one, asset) for one in vault["markets"]])


def _next_guardian(vault: Any) -> Iterable[tuple[str, str]]:
    if vault["pending_guardian"]:
        yield "next guardian", vault["pending_guardian"]
        yield "acceptable", _due(vault["guardian_in"], vault["guardian_expired"])


def _due(wait: int, expired: bool) -> str:
    return "expired" if expired else f"in {duration(wait)}" if wait else "now"


def _cap_cells(one: Any, asset: str) -> list[str]:
    due = "" if one["pending"] is None else _due(one["pending_in"], one["expired"])
    pending = NONE if one["pending"] is None else money(one["pending"], asset)
    return [one["market"], money(one["worth"], asset), money(one["cap"], asset), pending, due]


def show_rules_change(document: Any) -> Iterable[Part]:
    yield f"{document['operation']} · {document['vault']}"
    yield ""
    rows = list(_changes(document["before"], document["after"]))
    yield compared(rows) if rows else "Nothing of its rules changes."
    yield ""
    yield from closing(document)


def show_rules_sent(document: Any) -> Iterable[Part]:
    yield f"{document['operation']} · {document['vault']}: done"
    yield done_facts(document)


def _changes(before: Any, after: Any) -> Iterable[tuple[str, str, str]]:
    """Only the rows that differ."""
    asset = before["asset"]
    rows = [
        ("fee", _fee(before), _fee(after)),
        ("idle", money(before["idle"], asset), money(after["idle"], asset)),
        ("deposits go to", _queue(before["supply_queue"]), _queue(after["supply_queue"])),
        ("withdrawals from", _queue(before["withdraw_queue"]), _queue(after["withdraw_queue"])),
    ]
    cells = [{one["id"]: _cap_cells(one, asset) for one in side["markets"]} for side in (before, after)]
    for id_ in cells[0] | cells[1]:  # accepting a cap gives the markets another order
        was, is_ = (side.get(id_) for side in cells)
        market = (was or is_ or [""])[0]
        rows += [
            (f"{market} {name}", was[n] if was else NONE, is_[n] if is_ else NONE)
            for n, name in enumerate(("holds", "cap", "pending"), 1)
        ]
    return [row for row in rows if row[1] != row[2]]


def _queue(names: list[str]) -> str:
    return ", ".join(names) or "nowhere"


def _fee(vault: Any) -> str:
    to = f" of gains, to {vault['fee_recipient']}" if vault["fee"] not in ("0", None) else ""
    return f"{bound(vault['fee'])}{to}"


def show_reserve(document: Any) -> Iterable[Part]:
    token = document["token"]
    yield f"collect the reserve · market {document['market']}"
    yield ""
    yield compared([("reserve", money(document["before"], token), money(document["after"], token))])
    yield ""
    yield from closing(document)


def show_reserve_sent(document: Any) -> Iterable[Part]:
    yield f"collect the reserve · market {document['market']}: done"
    yield done_facts(document, ("collected", money(document["collected"], document["token"])))


def show_entry(document: Any) -> Iterable[Part]:
    yield f"{document['kind']} {document['name']} in the address book"
    yield ""
    rows = [("place", document["place"])]
    if document["was"]:
        rows.append(("instead of", document["was"]))
    yield facts([*rows, *document["facts"].items(), ("file", document["path"])])
    yield ""
    if document["written"]:
        yield "written; every command goes by it from now on, and a keeper that runs follows"
    else:
        yield "nothing is written yet"
