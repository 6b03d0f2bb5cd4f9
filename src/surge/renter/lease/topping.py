"""More escrow for a lease that has spent its own; and what a provider may not say to get it."""

from surge.model.errors import Distrusted, ProviderLost
from surge.model.lease import Lease
from surge.model.task import amount_of
from surge.model.units import Bytes, Fuel, MicroUsd, show_usd
from surge.renter.lease.chunks import Held, Sent
from surge.renter.lease.funding import Funding
from surge.renter.work.board import Board

BESIDE = 16 << 20
"""Bytes of code and frames that a chunk may bring beside its inputs, outputs and blobs."""


class ToppingUp:
    """Of one job's leases."""

    def __init__(self, funding: Funding, board: Board) -> None:
        self._funding, self._board = funding, board

    async def grow(self, held: Held, sent: Sent, reason: str) -> None:
        """Top a lease up whose provider calls its escrow spent for a chunk. Raises Distrusted where that
        can't be, ProviderLost where the last top-up brought nothing, and what `Funding.top_up` does."""
        lease, bill = held.session.lease, held.session.bill
        provider, most = lease.terms.provider, self._most(sent, lease)
        if most <= bill.left:
            raise Distrusted(
                f"provider {provider} calls an escrow spent of which {show_usd(bill.left)} are left, for a "
                f"chunk that costs {show_usd(most)} at most; it is not asked again"
            )
        if held.topped == bill.receipts:
            raise ProviderLost(f"provider {provider} wants more escrow and delivered nothing for the last")
        await held.session.refresh(await self._funding.top_up(lease, reason))
        held.topped = bill.receipts

    def _most(self, sent: Sent, lease: Lease) -> MicroUsd:
        """What a chunk can cost: each task its whole limit, loading the code one more, and all bytes."""
        tasks = [task for key in sent.tasks if (task := self._board.task(key)) is not None]
        fuel = sum(task.limits.fuel for task in tasks) + max((task.limits.fuel for task in tasks), default=0)
        moved = sum(len(task.input) + task.limits.output for task in tasks) + BESIDE
        moved += sum(blob.size for key in sent.tasks for blob in self._board.blobs(key))
        return MicroUsd(amount_of(Fuel(fuel), Bytes(moved), lease.terms.price_gfuel, lease.terms.price_gib))
