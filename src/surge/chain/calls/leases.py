"""Leases: opened, topped up, settled, closed, reclaimed; and what the events say about them."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any

from surge.chain.calls.money import Money
from surge.chain.network.connection import Connection
from surge.chain.node.sender import Call, Sent
from surge.model.demand import Demand
from surge.model.errors import BadInput
from surge.model.lease import LEASE_LAYOUT, Lease, Terms
from surge.model.signature import parts
from surge.model.units import Address, LeaseId, MicroUsd, Seconds, counted, show_usd
from surge.model.voucher import Voucher
from surge.model.word import unpack

if TYPE_CHECKING:
    from surge.chain.network.index import Event

CANDIDATES = 8
"""The most that `open_lease` takes."""
TOGETHER = 32
"""The most leases that one `open_leases` opens."""


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


class Leases:
    """`chain.leases`. All errors: Reverted with the contract's reason, Underfunded, NoNetwork."""

    def __init__(self, at: Connection, money: Money) -> None:
        self._at, self._money = at, money

    def reservation(self, demand: Demand) -> MicroUsd:
        """What `open_lease` takes on top of the escrow, and does not give back."""
        return MicroUsd(demand.slots * demand.duration * self._at.book.parameters.reservation_price)

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
        if not 0 < count <= TOGETHER:
            raise BadInput(f"{count} leases can't be opened at once; ask for 1 to {TOGETHER}")
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

    def settle(self, lease: Lease, voucher: Voucher, signature: bytes) -> Sent:
        """Redeem a voucher with the renter's signature (65 bytes). Anybody may."""
        return self.settle_all([(lease, voucher, signature)])[0]

    def settle_all(self, vouchers: Sequence[tuple[Lease, Voucher, bytes]]) -> list[Sent]:
        """Redeem vouchers of several leases in consecutive transactions, sent in one go."""
        return self._at.send_together([self._settling(*each) for each in vouchers])

    def close(
        self,
        lease: Lease,
        voucher: Voucher | None,
        renter_signature: bytes = b"",
        provider_signature: bytes = b"",
    ) -> Sent:
        """End a lease now: settle the voucher if it is newer than the last one, refund the rest.

        voucher None: nothing beyond what is settled is owed. renter_signature: of the voucher; empty when
        nothing new is settled. provider_signature: of `model.voucher.Close` with the same sequence and
        amount; empty when the provider itself sends this.
        """
        if voucher is None:
            state = self.state(lease.id)
            voucher = Voucher(lease.id, state.sequence, state.settled, bytes(32))
        return self._at.do(
            f"closing lease {lease.id}", "Market", "close",
            lease.id, astuple(lease.terms), voucher.sequence, voucher.amount, voucher.root,
            renter_signature, provider_signature,
        )  # fmt: skip

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
        found = [(word != 0, unpack(LEASE_LAYOUT, word)) for word in words]
        return [
            LeaseState(is_open, fields["sequence"], MicroUsd(fields["settled"])) for is_open, fields in found
        ]

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

    def _settling(self, lease: Lease, voucher: Voucher, signature: bytes) -> Call:
        if len(signature) != 65:
            raise BadInput(
                f"the voucher of lease {lease.id} has no signature of 65 bytes; get the newest one"
            )
        return self._at.call(
            f"settling lease {lease.id} at {show_usd(voucher.amount)} dollars", "Market", "settle",
            lease.id, astuple(lease.terms), voucher.sequence, voucher.amount, voucher.root, *parts(signature),
        )  # fmt: skip


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
