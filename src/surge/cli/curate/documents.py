"""What an operator creates and changes, as documents: exact decimal strings."""

from typing import TYPE_CHECKING

from surge.cli.credit.document import Document, hexadecimal, outcome, wad
from surge.model.units import NOBODY, show_decimal

if TYPE_CHECKING:
    from surge.credit.market import MarketView
    from surge.desk import Done
    from surge.desk.curate.creation import Created
    from surge.desk.curate.editor import Entry
    from surge.desk.curate.vaults import CuratedVault


def creation_document(done: "Done[Created]") -> Document:
    """`place`: an address, or a market's id; null while a contract isn't created. `entry`: a name that is
    free for it in the address book."""
    after = done.after
    return {
        **outcome(f"create {after.kind}", done),
        "kind": after.kind,
        "name": after.name,
        "place": after.place or None,
        "entry": after.entry,
        "facts": dict(after.facts),
        "warnings": list(after.warnings),
    }


def ruled_document(ruled: "CuratedVault") -> Document:
    """Caps, queues and who may change them. Money in whole tokens; `pending_in`, `guardian_in`: seconds until
    what is pending can be accepted."""
    from surge.chain.calls.curation import expired

    decimals, rules = ruled.asset.decimals, ruled.rules
    return {
        "vault": ruled.view.name,
        "address": ruled.view.address,
        "asset": ruled.asset.symbol,
        "owner": rules.owner,
        "guardian": None if rules.guardian == NOBODY else rules.guardian,
        "pending_guardian": rules.submitted if rules.guardian_at else None,
        "guardian_in": _wait(rules.guardian_at, ruled.now),
        "guardian_expired": expired(rules.guardian_at, ruled.now),
        "timelock": rules.timelock,
        "fee": wad(rules.fee),
        "fee_recipient": None if rules.fee_recipient == NOBODY else rules.fee_recipient,
        "idle": show_decimal(ruled.idle, decimals),
        "supply_queue": [ruled.names[id_] for id_ in rules.supply],
        "withdraw_queue": [ruled.names[id_] for id_ in rules.withdraw],
        "markets": [
            {
                "market": ruled.names[id_],
                "id": hexadecimal(id_),
                "worth": show_decimal(ruled.worth.get(id_, 0), decimals),
                "cap": show_decimal(cap.cap, decimals),
                "pending": show_decimal(cap.pending, decimals) if cap.valid_at else None,
                "pending_in": _wait(cap.valid_at, ruled.now),
                "expired": expired(cap.valid_at, ruled.now),
            }
            for id_, cap in ruled.caps.items()
        ],
    }


def _wait(valid_at: int, now: int) -> int | None:
    return max(valid_at - now, 0) if valid_at else None


def ruled_change(operation: str, done: "Done[CuratedVault]") -> Document:
    return {
        **outcome(operation, done),
        "vault": done.before.view.name,
        "before": ruled_document(done.before),
        "after": ruled_document(done.after),
    }


def reserve_change(done: "Done[MarketView]") -> Document:
    before, after = done.before, done.after
    paid = before.state.reserve - after.state.reserve
    return {
        **outcome("collect the reserve", done),
        "market": before.name,
        "token": before.loan.symbol,
        "collected": show_decimal(max(paid, 0), before.loan.decimals),
        "before": show_decimal(before.state.reserve, before.loan.decimals),
        "after": show_decimal(after.state.reserve, after.loan.decimals),
    }


def entry_document(entry: "Entry", path: str, written: bool) -> Document:
    return {
        "operation": "add to the address book",
        "kind": entry.kind,
        "name": entry.name,
        "place": entry.place,
        "was": entry.was or None,
        "facts": dict(entry.facts),
        "path": path,
        "written": written,
    }
