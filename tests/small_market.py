"""What the chain would say about leases, in few lines, for tests without a chain."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from coincurve import PrivateKey

from surge.chain.calls.leases import Closing, LeaseState
from surge.chain.network.book import LOCAL
from surge.model.errors import Distrusted, ProviderLost, Reverted
from surge.model.lease import Lease
from surge.model.signature import address_of
from surge.model.typed import Domain
from surge.model.voucher import Close
from surge.settle.voucher import check_close, check_voucher

DOMAIN = Domain(31337, address_of(PrivateKey(b"\3" * 32)))


@dataclass
class Market:
    """What the chain would say. `now` is moved by the test."""

    now_at: int = 1_000
    leases: dict[int, Lease] = field(default_factory=dict)
    states: dict[int, LeaseState] = field(default_factory=dict)
    closings: dict[int, Closing] = field(default_factory=dict)
    away: bool = False
    most: list[int | None] = field(default_factory=list)
    """What the gas of each transaction might cost."""

    def open(self, lease):
        self.leases[lease.id] = lease
        self.states[lease.id] = LeaseState(True, 0, 0)
        return lease

    def top_up(self, lease_id, amount):
        old = self.leases[lease_id]
        terms = replace(old.terms, escrow=old.terms.escrow + amount)
        self.leases[lease_id] = replace(old, terms=terms)
        return self.leases[lease_id]

    def seen_by(self, address):
        return Seen(self, address)


@dataclass
class Seen:
    """The part of `Chain` that an agent and a renter use, as one account: the clock, and its leases."""

    market: Market
    address: str
    book: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(domain=DOMAIN, parameters=LOCAL))

    def _ask(self):
        if self.market.away:
            raise ProviderLost("the chain is away")

    def now(self):
        self._ask()
        return self.market.now_at

    @property
    def leases(self):
        return self

    @property
    def asks(self):
        """The part of `Chain.asks` that tells how many slots are booked."""
        return SimpleNamespace(of=lambda provider: SimpleNamespace(load=self._load(provider)))

    def _load(self, provider):
        return sum(lease.terms.slots for lease in self.open_of(provider))

    def states(self, leases):
        return [self.state(lease) for lease in leases]

    def count(self):
        self._ask()
        return max(self.market.states, default=0)

    def find(self, lease_id):
        self._ask()
        return self.market.leases[lease_id]

    def state(self, lease_id):
        self._ask()
        return self.market.states.get(lease_id, LeaseState(False, 0, 0))

    def open_of(self, provider):
        self._ask()
        leases = self.market.leases.values()
        return [
            one for one in leases if one.terms.provider == provider and one.id not in self.market.closings
        ]

    def closing(self, lease_id):
        self._ask()
        return self.market.closings.get(lease_id)

    def settle(self, lease, voucher, signature, most=None):
        self.market.most.append(most)
        self._ask()
        self._check(lease, voucher, signature)
        self.market.states[lease.id] = LeaseState(True, voucher.sequence, voucher.amount)

    def close(self, lease, voucher, renter_signature=b"", provider_signature=b"", most=None):
        self.market.most.append(most)
        self._ask()
        state = self.market.states[lease.id]
        if not state.open:
            raise Reverted("Market: no such lease")
        if self.address != lease.terms.provider:
            owed = voucher or SimpleNamespace(sequence=0, amount=0)
            check_close(
                Close(lease.id, owed.sequence, owed.amount), provider_signature, voucher, lease, DOMAIN
            )
        paid = state.settled
        if voucher is not None and voucher.amount != state.settled:
            self._check(lease, voucher, renter_signature)
            paid = voucher.amount
        self.market.states[lease.id] = LeaseState(False, 0, 0)
        self.market.closings[lease.id] = Closing(lease.id, paid, lease.terms.escrow - paid, bytes(32), 1)

    def _check(self, lease, voucher, signature):
        state = self.market.states[lease.id]
        if not state.open:
            raise Reverted("Market: no such lease")
        if lease.terms != self.market.leases[lease.id].terms:
            raise Reverted("Market: other terms")
        if voucher.amount <= state.settled:  # the amount alone decides
            raise Reverted("Market: amount not grown")
        try:
            check_voucher(voucher, signature, None, lease, DOMAIN)
        except Distrusted as error:
            raise Reverted(f"Market: {error}") from error
