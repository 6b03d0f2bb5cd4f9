"""How a network's state looks to a person."""

from collections.abc import Iterable
from typing import Any

from surge.cli.terminal.output import Column, Listing, Part, facts
from surge.model.units import counted


def show_up(document: Any) -> Iterable[Part]:
    """After `surge up`: what runs, and what to do with it."""
    yield from show_status(document)
    yield "\nnext: surge asks · surge run FILE.py · surge credit markets · surge down"


def show_status(document: Any) -> Iterable[Part]:
    if not document["up"]:
        known = "contracts" in document
        yield f"The network {document['network']} in {document['home']} is " + (
            "down." if known else "not set up."
        )
        yield "Bring it up with `surge up --detach`."
        return
    slots = counted(document["slots"], "slot")
    yield facts(
        [
            ("network", f"{document['network']}, chain {document['chain_id']} at {document['rpc_url']}"),
            ("block", f"{document['block']:,}, epoch {document['epoch']:,}"),
            (
                "offered",
                f"{slots}, {document['free_slots']:,} free, by {counted(len(document['asks']), 'provider')}",
            ),
            ("fees", f"{document['unswept_fees']} USD not yet auctioned"),
            *_credit(document.get("credit")),
            *_sandbox(document.get("sandbox")),
            *((name, address) for name, address in document["contracts"].items()),
        ]
    )
    if document.get("programs"):
        yield ""
        columns = [
            Column("program"),
            Column("state"),
            Column("process", right=True),
            Column("address", address=True),
        ]
        yield Listing(columns, [_program(row) for row in document["programs"]])


def _credit(listed: Any) -> list[tuple[str, str]]:
    """How much of each there is; ids and addresses are for programs, by --json."""
    if not listed:
        return []
    nouns = {"markets": "market", "pools": "pool", "vaults": "vault"}
    counts = ", ".join(counted(len(listed[kind]), noun) for kind, noun in nouns.items())
    return [("credit", f"{counts} in its book; ids by `surge status --json`")]


def _sandbox(told: Any) -> list[tuple[str, str]]:
    """What tasks run on, and what of it is another version here."""
    if not told:
        return []
    rows = [("sandbox", ", ".join(f"{name} {number}" for name, number in told["versions"].items()))]
    if told["otherwise_here"]:
        here = ", ".join(f"{name} {number}" for name, number in told["otherwise_here"].items())
        rows.append(("here", f"{here}; docs/sandbox.md tells what that changes"))
    return rows


def _program(row: Any) -> list[str]:
    state = "running" if row["running"] else "ended"
    if row.get("serving"):
        state = "serving"
    return [row["name"], state, str(row["pid"]) if row["running"] else "", row.get("address") or ""]
