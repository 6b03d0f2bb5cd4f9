"""What a job did and cost, from the renter's receipts and the chain's events."""

from dataclasses import asdict, dataclass
from typing import Any

from surge.chain.client import Chain
from surge.model.task import SETTLED_STATUSES
from surge.model.units import Address, counted, show_gfuel, show_surge, show_usd
from surge.store.renter import JobRow, RenterStore

MEASURED, ESTIMATED, MIXED = "measured", "estimated", "partly measured"


@dataclass(frozen=True, slots=True)
class Report:
    """Money in dollars, SURGE in SURGE (decimal strings), joules as a decimal string.

    paid: all that left escrow (fee included) and the reservations; signed: by vouchers, so what will be
    paid at least. burned and rewards: this job's part of the sold fee pots, by its fees; zero until the
    epoch's pot has been sold. gas and transactions: the renter's and the settlements'.
    """

    job: str
    tasks: int
    failed: int
    leases: int
    providers: int
    fuel: int
    bytes: int
    joules: str
    joules_kind: str
    signed: str
    paid: str
    fee: str
    reservation: str
    burned: str
    rewards: str
    transactions: int
    gas: int
    gas_per_task: int
    payments: dict[str, str]

    def json(self) -> dict[str, Any]:
        """The same as plain data, for `json.dumps`."""
        return asdict(self)

    def __str__(self) -> str:
        sent = counted(self.transactions, "transaction")
        rows = [
            ("tasks", f"{self.tasks} ({self.failed} failed)" if self.failed else str(self.tasks)),
            ("leases", f"{self.leases} with {counted(self.providers, 'provider')}"),
            ("fuel", f"{show_gfuel(self.fuel)} Gfuel"),
            ("bytes", f"{self.bytes:,}"),
            ("energy", f"{self.joules} J, {self.joules_kind}"),
            ("paid", f"{self.paid} USD, of which fee {self.fee} and reservation {self.reservation}"),
            ("burned", f"{self.burned} SURGE"),
            ("rewards", f"{self.rewards} SURGE"),
            ("gas", f"{self.gas:,} in {sent}, {self.gas_per_task:,} a task"),
        ]
        rows += [(f"to {provider}", f"{amount} USD") for provider, amount in self.payments.items()]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def report(job: JobRow, store: RenterStore, chain: Chain) -> Report:
    """Recomputed from the stored receipts and the chain's events; reads, never writes."""
    leases = store.leases(job)
    transactions = {hash_: gas for hash_, _, gas in store.transactions(job.id)}
    fuel = moved = millijoules = signed = settled = fees = 0
    kinds: set[bool] = set()
    ended: dict[int, str | None] = {}
    """By the number of the task: one may have been done twice."""
    payments: dict[str, int] = {}
    shares: list[tuple[int, Address, int]] = []
    for lease in leases:
        rows = store.tasks(job.id, lease.id)
        ended |= {row.number: row.status for row in rows if row.status in SETTLED_STATUSES}
        for kept in store.receipts(job.id, lease.id):
            receipt = kept.receipt
            fuel += receipt.fuel
            moved += receipt.moved_bytes
            millijoules += receipt.millijoules
            kinds.add(receipt.measured)
        if (paid := store.voucher(job.id, lease.id)) is not None:
            signed += paid.voucher.amount
        before = withheld = 0
        for settlement in chain.leases.settlements(lease=lease.id):
            delta, before = settlement.amount - before, settlement.amount
            fees += settlement.fee
            settled += delta
            provider = settlement.provider
            payments[provider] = payments.get(provider, 0) + delta - settlement.fee
            withheld += settlement.fee
        if (closing := chain.leases.closing(lease.id)) is not None:
            shares.append((closing.block, lease.terms.provider, withheld))
    reservations = sum(lease.reservation for lease in leases)
    burned, rewards = _burned_and_rewards(chain, shares, reservations)
    gas, tasks = sum(transactions.values()), len(ended)
    return Report(
        job=job.id,
        tasks=tasks,
        failed=sum(status != "returned" for status in ended.values()),
        leases=len(leases),
        providers=len({lease.terms.provider for lease in leases}),
        fuel=fuel,
        bytes=moved,
        joules=f"{millijoules // 1000}.{millijoules % 1000:03d}",
        joules_kind=MIXED if len(kinds) > 1 else MEASURED if True in kinds else ESTIMATED,
        signed=show_usd(signed),
        paid=show_usd(settled + reservations),
        fee=show_usd(fees),
        reservation=show_usd(reservations),
        burned=show_surge(burned),
        rewards=show_surge(rewards),
        transactions=len(transactions),
        gas=gas,
        gas_per_task=gas // tasks if tasks else 0,
        payments={provider: show_usd(amount) for provider, amount in sorted(payments.items())},
    )


def _burned_and_rewards(
    chain: Chain, shares: list[tuple[int, Address, int]], reservations: int
) -> tuple[int, int]:
    """SURGE burned for this job's fees and reservations, and the rewards claimed for its fees, both in
    proportion to what each sold pot held."""
    burned = rewards = 0
    sweeps = chain.rewards.sweeps()
    left = reservations
    for sale in chain.rewards.sales():
        low, high = sweeps.get(sale.epoch, (0, -1))
        mine = [(provider, fee) for block, provider, fee in shares if low < block <= high]
        if not mine or not sale.pot:
            continue
        paid = sum(fee for _, fee in mine) + left
        left = 0
        burned += sale.burned * min(paid, sale.pot) // sale.pot
        for provider, fee in mine:
            total = chain.rewards.fees_of(sale.epoch, provider)
            claimed = [r.amount for r in chain.rewards.of(provider) if r.epoch == sale.epoch]
            rewards += sum(claimed) * fee // total if total else 0
    return burned, rewards
