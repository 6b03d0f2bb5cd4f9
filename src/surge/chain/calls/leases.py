"""Leases: opened, topped up, settled, closed, reclaimed; and what the events say about them."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from surge.chain.calls.money import Money
from surge.chain.network.connection import Connection
from surge.chain.node.sender import Call, Sent
from surge.model.demand import Demand
from surge.model.errors import BadInput
from surge.model.lease import LEASE_LAYOUT, Lease, Terms
from surge.model.signature import parts
from surge.model.units import Address, LeaseId, MicroUsd, Seconds, Wei, counted, show_usd
from surge.model.voucher import Voucher
from surge.model.word import unpack
from surge.settle.fees import reservation

if TYPE_CHECKING:
    from surge.chain.network.index import Event

CANDIDATES = 8
"""The most that `open_lease` takes."""
TOGETHER = 32
"""The most leases that one call opens, settles or closes."""


@dataclass(frozen=True, slots=True)
class LeaseState:
    """What the Market's word says. sequence and settled (millionths of a dollar) of the last voucher."""

    open: bool
    sequence: int
    settled: MicroUsd


@dataclass(frozen=True, slots=True)
class Settlement:
    """A voucher that was redeemed. amount is cumulative; fee is this settlement's; millionths of a dollar."""

    lease: LeaseId
    provider: Address
    sequence: int
    amount: MicroUsd
    root: bytes
    fee: MicroUsd
    transaction: bytes
    block: int


@dataclass(frozen=True, slots=True)
class Closing:
    """How a lease ended: all that the provider's side was paid for (fee included), and what went back."""

    lease: LeaseId
    paid: MicroUsd
    refund: MicroUsd
    transaction: bytes
    block: int


class Ending(NamedTuple):
    """How a lease is to end; the arguments of `Leases.close`."""

    lease: Lease
    voucher: Voucher | None
    renter_signature: bytes = b""
    provider_signature: bytes = b""


class Leases:
    """`chain.leases`. All errors: Reverted with the contract's reason, Underfunded, NoNetwork."""

    def __init__(self, at: Connection, money: Money) -> None:
        self._at, self._money = at, money

    def reservation(self, demand: Demand) -> MicroUsd:
        """What `open_lease` takes on top of the escrow, and does not give back."""
        price = MicroUsd(self._at.book.parameters.reservation_price)
        return reservation(demand.slots, Seconds(demand.duration), price)

    def open(self, demand: Demand, escrow: MicroUsd, candidates: Sequence[Address]) -> tuple[Lease, Sent]:
        """Open one lease; the chain picks the provider among the candidates and its own draws."""
        self._money.allow_usd("Market", escrow + self.reservation(demand))
        what = f"opening a lease with {show_usd(escrow)} dollars in escrow"
        sent = self._at.do(what, "Market", "open_lease", demand.word, escrow, list(candidates[:CANDIDATES]))
        return self._opened(sent)[0], sent

    def open_many(
        self, demand: Demand, escrow: MicroUsd, candidates: Sequence[Address], count: int
    ) -> tuple[list[Lease], Sent]:
        """Open `count` leases (up to 32) in one transaction, each with this demand and escrow."""
        _check_count(count, "opened")
        self._money.allow_usd("Market", count * (escrow + self.reservation(demand)))
        what = f"opening {counted(count, 'lease')} with {show_usd(escrow)} dollars in escrow each"
        sent = self._at.do(
            what, "Market", "open_leases", demand.word, escrow, list(candidates[:CANDIDATES]), count
        )
        return self._opened(sent), sent

    def top_up(self, lease: Lease, amount: MicroUsd) -> tuple[Lease, Sent]:
        """Add to a lease's escrow; the lease with its new terms."""
        self._money.allow_usd("Market", amount)
        sent = self._at.do(
            f"adding {show_usd(amount)} dollars to lease {lease.id}", "Market", "top_up",
            lease.id, astuple(lease.terms), amount,
        )  # fmt: skip
        escrow = MicroUsd(lease.terms.escrow + amount)
        return replace(lease, terms=replace(lease.terms, escrow=escrow)), sent

    def settle(self, lease: Lease, voucher: Voucher, signature: bytes, most: Wei | None = None) -> Sent:
        """Redeem a voucher with the renter's signature (65 bytes). Anybody may. most: of its gas."""
        return self._at.send_together([self._settling(lease, voucher, signature, most)])[0]

    def settle_all(self, vouchers: Sequence[tuple[Lease, Voucher, bytes]]) -> list[Sent]:
        """Redeem vouchers of several leases in consecutive transactions, sent in one go."""
        return self._at.send_together([self._settling(*each) for each in vouchers])

    def settle_many(self, vouchers: Sequence[tuple[Lease, Voucher, bytes]]) -> Sent:
        """Redeem vouchers of up to 32 leases in one transaction: all or none. One whose lease has ended, or
        that adds nothing to what is settled, is passed over."""
        _check_count(len(vouchers), "settled")
        redemptions = [
            (
                lease.id,
                astuple(lease.terms),
                voucher.sequence,
                voucher.amount,
                voucher.root,
                _parts(signature, lease),
            )
            for lease, voucher, signature in sorted(vouchers, key=lambda each: _neighbours(each[0]))
        ]
        what = f"settling {counted(len(redemptions), 'lease')}"
        return self._at.do(what, "Market", "settle_many", redemptions)

    def close(
        self,
        lease: Lease,
        voucher: Voucher | None,
        renter_signature: bytes = b"",
        provider_signature: bytes = b"",
        most: Wei | None = None,
    ) -> Sent:
        """End a lease now: settle the voucher if it is newer than the last one, refund the rest.

        voucher None: nothing beyond what is settled is owed. renter_signature: of the voucher; empty when
        nothing new is settled. provider_signature: of `model.voucher.Close` with the same sequence and
        amount; empty when the provider itself sends this. most: what its gas may cost.
        """
        owed = voucher or _settled(lease.id, self.state(lease.id))
        return self._at.do(
            f"closing lease {lease.id}", "Market", "close",
            lease.id, astuple(lease.terms), owed.sequence, owed.amount, owed.root,
            renter_signature, provider_signature, most=most,
        )  # fmt: skip

    def close_many(self, endings: Sequence[Ending]) -> Sent:
        """End up to 32 leases in one transaction, each as `close` does: all or none. One that has ended is
        passed over."""
        _check_count(len(endings), "closed")
        unnamed = [ending.lease.id for ending in endings if ending.voucher is None]
        words = self._at.read_many([("Market", "leases", (lease,)) for lease in unnamed])
        settled = {lease: _settled(lease, _state(word)) for lease, word in zip(unnamed, words, strict=True)}
        calls = []
        for lease, voucher, *signatures in sorted(endings, key=lambda each: _neighbours(each.lease)):
            owed = voucher or settled[lease.id]
            signed = [_parts(signature, lease) if signature else (0, 0, 0) for signature in signatures]
            calls.append((lease.id, astuple(lease.terms), owed.sequence, owed.amount, owed.root, *signed))
        return self._at.do(f"closing {counted(len(calls), 'lease')}", "Market", "close_many", calls)

    def reclaim(self, lease: Lease) -> Sent:
        """After expiry and grace: give the unspent escrow back to the renter. Anybody may."""
        return self._at.do(
            f"reclaiming lease {lease.id}", "Market", "reclaim", lease.id, astuple(lease.terms)
        )

    def state(self, lease: LeaseId) -> LeaseState:
        return self.states([lease])[0]

    def states(self, leases: Sequence[LeaseId]) -> list[LeaseState]:
        """Of several leases, in as few requests as possible."""
        words = self._at.read_many([("Market", "leases", (lease,)) for lease in leases])
        return [_state(word) for word in words]

    def count(self) -> int:
        """How many were ever opened: the newest one's id."""
        return int(self._at.read_many([("Market", "leases_count", ())])[0])

    def find(self, lease: LeaseId) -> Lease:
        """From its events, top-ups included. Raises BadInput when there is no such lease."""
        found = self._at.events("LeaseOpened", "LeaseToppedUp", lease=lease)
        if not found:
            raise BadInput(f"there is no lease {lease} on {self._at.book.name}; `surge leases` lists yours")
        return _with_top_ups(found)

    def all(self, renter: Address | None = None, provider: Address | None = None) -> list[Lease]:
        """Every lease of a renter or provider, oldest first, closed ones included."""
        opened = self._at.events("LeaseOpened", renter=renter, provider=provider)
        grown = {
            event.members["lease"]: event for event in self._at.index.find("LeaseToppedUp")
        }  # the last one wins
        return [
            _with_top_ups([event, *([grown[id_]] if (id_ := event.members["lease"]) in grown else [])])
            for event in opened
        ]

    def open_of(self, provider: Address) -> list[Lease]:
        """A provider's leases that no event has ended, oldest first."""
        leases = self.all(provider=provider)
        ended = {event.members["lease"] for event in self._at.index.find("LeaseClosed")} if leases else set()
        return [lease for lease in leases if lease.id not in ended]

    def settlements(self, lease: LeaseId | None = None, provider: Address | None = None) -> list[Settlement]:
        """Every settlement of a lease or provider, oldest first."""
        return [_settlement(event) for event in self._at.events("Settled", lease=lease, provider=provider)]

    def closing(self, lease: LeaseId) -> Closing | None:
        """How the lease ended, or None while it is open."""
        found = self._at.events("LeaseClosed", lease=lease)
        if not found:
            return None
        members = found[-1].members
        return Closing(
            lease,
            MicroUsd(members["paid"]),
            MicroUsd(members["refund"]),
            found[-1].transaction,
            found[-1].block,
        )

    def _opened(self, sent: Sent) -> list[Lease]:
        return [_lease(members, sent.hash) for members in self._at.logged(sent, "Market", "LeaseOpened")]

    def _settling(self, lease: Lease, voucher: Voucher, signature: bytes, most: Wei | None = None) -> Call:
        signed = _parts(signature, lease)
        return self._at.call(
            f"settling lease {lease.id} at {show_usd(voucher.amount)} dollars", "Market", "settle",
            lease.id, astuple(lease.terms), voucher.sequence, voucher.amount, voucher.root, *signed,
            most=most,
        )  # fmt: skip


def _check_count(count: int, done: str) -> None:
    if not 0 < count <= TOGETHER:
        raise BadInput(f"{count} leases can't be {done} at once; ask for 1 to {TOGETHER}")


def _neighbours(lease: Lease) -> tuple[Address, Address]:
    """Sorted by this, leases of one provider, and of one renter with it, stand together: one payment each."""
    return lease.terms.provider, lease.terms.renter


def _parts(signature: bytes, lease: Lease) -> tuple[int, int, int]:
    if len(signature) != 65:
        raise BadInput(
            f"a voucher or close of lease {lease.id} has no signature of 65 bytes; get the newest one"
        )
    return parts(signature)


def _state(word: int) -> LeaseState:
    fields = unpack(LEASE_LAYOUT, word)
    return LeaseState(word != 0, fields["sequence"], MicroUsd(fields["settled"]))


def _settled(lease: LeaseId, state: LeaseState) -> Voucher:
    """What names an end at what is settled; the root isn't looked at then."""
    return Voucher(lease, state.sequence, state.settled, bytes(32))


def _lease(members: dict[str, Any], transaction: bytes) -> Lease:
    terms = Terms(
        members["renter"],
        members["provider"],
        members["slots"],
        members["price_gfuel"],
        members["price_gib"],
        MicroUsd(members["escrow"]),
        Seconds(members["expiry"]),
    )
    return Lease(LeaseId(members["lease"]), terms, MicroUsd(members["reservation"]), transaction)


def _with_top_ups(found: "list[Event]") -> Lease:
    """The first is its LeaseOpened; the last tells its escrow."""
    lease = _lease(found[0].members, found[0].transaction)
    if len(found) == 1:
        return lease
    escrow = MicroUsd(found[-1].members["escrow_total"])
    return replace(lease, terms=replace(lease.terms, escrow=escrow))


def _settlement(event: "Event") -> Settlement:
    members = event.members
    return Settlement(
        LeaseId(members["lease"]),
        members["provider"],
        members["sequence"],
        MicroUsd(members["amount"]),
        bytes.fromhex(members["root"][2:]),
        MicroUsd(members["fee"]),
        event.transaction,
        event.block,
    )
