"""The contracts' events in a SQLite database that follows the chain, reorganisations included.

The hash of the last block of each range that was read is kept. When the chain no longer has that block
(a reorganisation, or a local node that lost its last seconds), the index falls back to the newest block
that both know, forgets what came later, and reads on from there.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from surge.chain.network.artifacts import EventKind, artifact
from surge.chain.network.book import AddressBook
from surge.chain.node.logs import read_logs
from surge.chain.node.rpc import Rpc, RpcError
from surge.model.errors import NoNetwork
from surge.store.database import open_database, reading
from surge.store.tables.chain import blocks, chain_metadata, events, sources

INDEXED = ("Registry", "Market", "Rewards", "Credit")
"""Those that the network has. Not the tokens: a stablecoin's transfers are mostly of others."""
_ACCOUNT = ("on_behalf", "borrower", "account", "authorizer")
"""How Credit's events call the account whose position they tell of."""
KEPT_HASHES = 4_096
"""How many block hashes stay, newest first; a deeper reorganisation makes the index start over."""
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Event:
    """One log. members: by name, addresses in EIP-55, bytes in hex."""

    block: int
    position: int
    transaction: bytes
    contract: str
    name: str
    members: dict[str, Any]


class Index:
    """Thread-safe; several processes may share one file.

    lag: how many of the newest blocks are left out (0 on a local chain; on a public one as many as it
    takes to be final, or fewer for fresher, less certain events).
    """

    def __init__(self, book: AddressBook, rpc: Rpc, path: Path | None = None, lag: int = 0) -> None:
        self._book, self._rpc, self._lag = book, rpc, lag
        self._lock = threading.RLock()
        self._engine = open_database(path, chain_metadata, "chain") if path else _in_memory()
        self._sources = {
            book.addresses[contract].lower(): (contract, artifact(contract).events)
            for contract in INDEXED
            if contract in book.contracts
        }

    def close(self) -> None:
        self._engine.dispose()

    def update(self) -> int:
        """Follow the chain to its head (less the lag); the block up to which the index is complete."""
        with self._lock:
            for _ in range(_ATTEMPTS):
                if (reached := self._follow()) is not None:
                    return reached
        raise NoNetwork(f"the chain at {self._rpc.where} keeps changing its past; wait for it to settle")

    def _follow(self) -> int | None:
        """One pass; None when the chain was reorganised, or another process wrote, while it was read."""
        head = int(self._rpc.call("eth_blockNumber"), 16) - self._lag
        self._own()
        first = cursor = self._common_ancestor()
        if head <= cursor:
            return cursor
        before = str(self._rpc.block(head)["hash"])  # a member of a balanced node may not have it yet
        for last, logs in read_logs(self._rpc, list(self._sources), cursor + 1, head):
            if not self._append(cursor, last, logs):
                return None
            cursor = last
        if self._hash(head) != before:  # the head's hash commits to all that was read
            self._forget_after(first)
            return None
        return cursor

    def _own(self) -> None:
        """A file that was filled for other contracts (the network had no credit side yet) starts over."""
        with reading(self._engine) as connection:
            if self._is_ours(connection):
                return
        with self._engine.begin() as connection:
            for table in (events, blocks, sources):
                connection.execute(sa.delete(table))
            connection.execute(sa.insert(sources), [{"address": address} for address in self._sources])

    def _is_ours(self, connection: sa.Connection) -> bool:
        return set(connection.execute(sa.select(sources.c.address)).scalars()) == self._sources.keys()

    def _hash(self, block: int) -> str | None:
        found = self._rpc.call("eth_getBlockByNumber", hex(block), False)
        return None if found is None else str(found["hash"])

    def find(
        self,
        *names: str,
        lease: int | None = None,
        renter: str | None = None,
        provider: str | None = None,
        market: str | None = None,
        account: str | None = None,
        after: int = -1,
        newest_first: bool = False,
        limit: int | None = None,
    ) -> list[Event]:
        """Events of these names, in the chain's order, all filters together. after: of later blocks than this
        one. Does not update."""
        query = sa.select(events).where(events.c.name.in_(names), events.c.block > after)
        filters = {
            "lease": lease, "renter": renter, "provider": provider, "market": market, "account": account
        }  # fmt: skip
        for column, wanted in filters.items():
            if wanted is not None:
                query = query.where(events.c[column] == wanted)
        order = (events.c.block, events.c.position)
        query = query.order_by(*(column.desc() for column in order) if newest_first else order).limit(limit)
        with self._lock, reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(query)]

    def newest_by_provider(self, name: str) -> list[Event]:
        """Each provider's newest event of this name."""
        place = sa.func.max(events.c.block * 1_000_000 + events.c.position)
        newest = sa.select(place).where(events.c.name == name).group_by(events.c.provider)
        query = sa.select(events).where(
            events.c.name == name, (events.c.block * 1_000_000 + events.c.position).in_(newest)
        )
        with self._lock, reading(self._engine) as connection:
            return [_event(row) for row in connection.execute(query)]

    def _append(self, cursor: int, last: int, logs: list[dict[str, Any]]) -> bool:
        """Store a range's events. False when another process did so first, or the block is gone."""
        end = self._hash(last)
        if end is None:
            return False
        hashes = {int(log["blockNumber"], 16): log["blockHash"] for log in logs} | {last: end}
        rows = [row for row in map(self._row, logs) if row]
        with self._engine.begin() as connection:
            if self._cursor(connection) != cursor or not self._is_ours(connection):
                return False
            connection.execute(
                sa.insert(blocks), [{"number": number, "hash": found} for number, found in hashes.items()]
            )
            if rows:
                connection.execute(sa.insert(events), rows)
            kept = sa.select(blocks.c.number).order_by(blocks.c.number.desc()).limit(1).offset(KEPT_HASHES)
            connection.execute(sa.delete(blocks).where(blocks.c.number <= kept.scalar_subquery()))
        return True

    def _row(self, log: dict[str, Any]) -> dict[str, Any] | None:
        contract, kinds = self._sources.get(log["address"].lower(), ("", {}))
        kind: EventKind | None = kinds.get(log["topics"][0]) if log["topics"] else None
        if kind is None:
            return None
        members = {name: _plain(value) for name, value in kind.decode(log).items()}
        return {
            "block": int(log["blockNumber"], 16),
            "position": int(log["logIndex"], 16),
            "transaction": bytes.fromhex(log["transactionHash"][2:]),
            "contract": contract,
            "name": kind.name,
            "lease": members.get("lease"),
            "renter": members.get("renter"),
            "provider": members.get("provider"),
            "members": members,
            "market": members.get("id") if contract == "Credit" else None,
            "account": next((members[name] for name in _ACCOUNT if name in members), None)
            if contract == "Credit"
            else None,
        }

    def _cursor(self, connection: sa.Connection) -> int:
        newest = connection.execute(sa.select(sa.func.max(blocks.c.number))).scalar()
        return self._book.block - 1 if newest is None else int(newest)

    def _common_ancestor(self) -> int:
        """The newest block that the index and the chain both have; forgets everything after it."""
        with reading(self._engine) as connection:
            known = connection.execute(sa.select(blocks).order_by(blocks.c.number.desc())).all()
        step, start = 1, 0
        while start < len(known):
            shared = self._first_shared(known[start : start + step])
            if shared is not None:
                if start or shared != known[0].number:
                    self._forget_after(shared)
                return shared
            start, step = start + step, min(step * 4, 64)
        self._forget_after(self._book.block - 1)
        return self._book.block - 1

    def _first_shared(self, known: Sequence[sa.Row[Any]]) -> int | None:
        answers = self._rpc.batch([("eth_getBlockByNumber", [hex(row.number), False]) for row in known])
        for row, answer in zip(known, answers, strict=True):
            if isinstance(answer, RpcError):
                raise answer
            if answer and answer["hash"] == row.hash:
                return int(row.number)
        return None

    def _forget_after(self, block: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(sa.delete(events).where(events.c.block > block))
            connection.execute(sa.delete(blocks).where(blocks.c.number > block))


def _in_memory() -> sa.Engine:
    engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool, connect_args={"check_same_thread": False})
    chain_metadata.create_all(engine)
    return engine


def _event(row: sa.Row[Any]) -> Event:
    return Event(row.block, row.position, bytes(row.transaction), row.contract, row.name, row.members)


def _plain(value: Any) -> Any:
    """An event's value as JSON can keep it."""
    return "0x" + value.hex() if isinstance(value, bytes) else value
