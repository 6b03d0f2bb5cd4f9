"""What an account paid into a market or a vault and took out since it began to lend there, by its events."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge

from surge.chain.network.artifacts import EventKind, artifact
from surge.chain.network.connection import Connection
from surge.chain.node.logs import Log, newest_logs
from surge.model.credit import MarketId
from surge.model.units import Address, Seconds

FARTHEST_BLOCKS = 1_000_000
"""How far back is looked for the beginning."""


@dataclass(frozen=True, slots=True)
class Lent:
    """Money in smallest units, since `block`. bad_debt: what all lenders of the market lost to it since, the
    reserve's part not counted; of a vault 0: its markets tell."""

    paid: int
    taken: int
    block: int
    since: Seconds
    bad_debt: int = 0

    def earned(self, worth: int) -> int:
        """With what it is worth now; negative for a loss."""
        return worth + self.taken - self.paid


class Lending:
    """`chain.lending`. None where the events don't tell: shares came without a payment, such as handed out in
    kind, or before the blocks that are looked at. Raises NoNetwork when the node gives no logs."""

    def __init__(self, at: Connection) -> None:
        self._at = at

    def in_market(self, market: MarketId, account: Address, shares: int) -> Lent | None:
        """Of the supply `shares` that an account has in a market."""
        paid, taken = (artifact("Credit").event(name) for name in ("Supplied", "Withdrawn"))
        place, who = "0x" + market.hex(), _word(account)
        logs = self._logs(self._at.book.addresses["Credit"], [[paid.topic, taken.topic], place, who])
        lent = self._begun(logs, paid, taken, shares)
        return lent and replace(lent, bad_debt=self._bad_debt(place, lent.block))

    def in_vault(self, vault: Address, account: Address, shares: int) -> Lent | None:
        """Of the vault shares that an account has."""
        paid, taken = (artifact("Vault").event(name) for name in ("Deposit", "Withdraw"))
        logs = merge(
            self._logs(vault, [paid.topic, None, _word(account)]),
            self._logs(vault, [taken.topic, None, None, _word(account)]),
            key=_place,
            reverse=True,
        )
        return self._begun(logs, paid, taken, shares)

    def _begun(self, logs: Iterator[Log], paid: EventKind, taken: EventKind, shares: int) -> Lent | None:
        """Back to where the account had none: there its shares of now began."""
        sums = {paid.topic: 0, taken.topic: 0}
        if not shares:
            return None
        for log in logs:
            kind = paid if log["topics"][0] == paid.topic else taken
            moved = kind.decode(log)
            sums[kind.topic] += moved["assets"]
            shares += moved["shares"] * (1 if kind is taken else -1)
            if shares <= 0:
                break
        if shares:
            return None
        block = int(log["blockNumber"], 16)
        since = Seconds(int(self._at.rpc.block(block)["timestamp"], 16))
        return Lent(sums[paid.topic], sums[taken.topic], block, since)

    def _bad_debt(self, place: str, first: int) -> int:
        kind = artifact("Credit").event("BadDebt")
        logs = self._logs(self._at.book.addresses["Credit"], [kind.topic, place], first)
        losses = [kind.decode(log) for log in logs]
        return sum(each["loss"] - each["from_reserve"] for each in losses)

    def _logs(self, address: Address, topics: list[object], first: int = 0) -> Iterator[Log]:
        head = self._at.block_number()
        oldest = max(self._at.book.block, head - FARTHEST_BLOCKS, first)
        return newest_logs(self._at.rpc, {"address": address, "topics": topics}, oldest, head)


def _word(account: Address) -> str:
    return "0x" + account[2:].lower().zfill(64)


def _place(log: Log) -> tuple[int, int]:
    return int(log["blockNumber"], 16), int(log["logIndex"], 16)
