"""`surge earnings`: what a provider's machine has earned, by its own books and by the chain's."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surge.cli.compute.places import Folder, every_place
from surge.cli.terminal.access import found, reading
from surge.cli.terminal.options import AsJson, Network
from surge.cli.terminal.output import Column, Listing, Part, answer, facts
from surge.model.units import counted, show_gfuel, show_surge, show_usd

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.store.provider import ProviderStore


def earnings(
    place: Folder = None,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """What this machine's provider has earned.

    On a local network: every provider there.
    """
    access = found(network)
    places = every_place(access, place)
    with reading(access) as chain:
        rows = [_row(one, chain) for one in places]
    total = {
        name: show(sum(row[f"_{name}"] for row in rows))
        for name, show in (
            ("settled", show_usd),
            ("unsettled", show_usd),
            ("lost", show_usd),
            ("rewards", show_surge),
        )
    }
    shown = [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]
    answer({"providers": shown, "total": total}, as_json, show_earnings)


def _row(place: Path, chain: "Chain") -> dict[str, Any]:
    from surge.chain.wallet import wallet_address
    from surge.provider.config import Place
    from surge.store.provider import Earned, ProviderStore

    address = wallet_address(place / "key.json")
    books, leases, unsettled, lost = Earned(), 0, 0, 0
    if (path := Place(place).database(chain.book)).exists():
        store = ProviderStore(path)
        books, leases = store.earnings(), len(store.open_leases())
        unsettled, late = _waiting(store, chain)
        lost = books.lost + late
        store.close()
    received, before = 0, dict[int, int]()
    for settled in chain.leases.settlements(provider=address):
        received += settled.amount - before.get(settled.lease, 0) - settled.fee
        before[settled.lease] = settled.amount
    rewards = sum(reward.amount for reward in chain.rewards.of(address))
    unclaimed = sum(amount for _, amount in chain.rewards.unclaimed(address))
    return {
        "place": str(place),
        "provider": address,
        "payee": chain.asks.payee_of(address),
        "receipts": books.receipts,
        "fuel": books.fuel,
        "open_leases": leases,
        "signed": show_usd(books.signed),
        "unsettled": show_usd(unsettled),
        "lost": show_usd(lost),
        "settled": show_usd(received),
        "rewards": show_surge(rewards),
        "unclaimed": show_surge(unclaimed),
        "stake": show_surge(chain.asks.stake_of(address)),
        "_settled": received,
        "_unsettled": unsettled,
        "_lost": lost,
        "_rewards": rewards,
    }


def _waiting(store: "ProviderStore", chain: "Chain") -> tuple[int, int]:
    """What is signed for open leases and not redeemed: (in time yet, too late)."""
    left = store.unredeemed()
    deadline = chain.now() - chain.book.parameters.grace_seconds if left else 0
    late = sum(amount for lease, amount in left if lease.terms.expiry < deadline)
    return sum(amount for _, amount in left) - late, late


def show_earnings(document: Any) -> Iterable[Part]:
    rows = document["providers"]
    if len(rows) == 1:
        yield facts(_facts(rows[0]))
        return
    columns = [
        Column("provider", address=True),
        Column("Gfuel", right=True),
        Column("received USD", right=True),
        Column("unsettled", right=True),
        Column("lost", right=True),
        Column("SURGE rewards", right=True),
    ]
    body = [
        [r["provider"], show_gfuel(r["fuel"]), r["settled"], r["unsettled"], r["lost"], r["rewards"]]
        for r in rows
    ]
    total = document["total"]
    fuel = show_gfuel(sum(row["fuel"] for row in rows))
    body.append(["all", fuel, total["settled"], total["unsettled"], total["lost"], total["rewards"]])
    yield Listing(columns, body)


def _facts(row: Any) -> list[tuple[str, str]]:
    return [
        ("provider", row["provider"]),
        ("payee", "itself" if row["payee"] == row["provider"] else row["payee"]),
        ("stake", f"{row['stake']} SURGE"),
        ("work", f"{show_gfuel(row['fuel'])} Gfuel in {counted(row['receipts'], 'receipt')}"),
        ("open", counted(row["open_leases"], "lease")),
        ("received", f"{row['settled']} USD, after the fee"),
        ("unsettled", f"{row['unsettled']} USD signed by renters, not yet redeemed"),
        *(
            []
            if row["lost"] == show_usd(0)
            else [("lost", f"{row['lost']} USD signed, never redeemed in time")]
        ),
        ("rewards", f"{row['rewards']} SURGE, and {row['unclaimed']} to be claimed"),
    ]
