"""What a lease owes its provider: its receipts, and the latest voucher."""

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from surge.model.errors import Distrusted
from surge.model.lease import Lease
from surge.model.receipt import Receipt
from surge.model.typed import Domain
from surge.model.units import LeaseId
from surge.model.voucher import Voucher
from surge.settle.merkle import Frontier
from surge.settle.voucher import check_voucher, unpaid


@dataclass(frozen=True, slots=True)
class _Owed:
    """The bill after one receipt."""

    position: int
    amount: int
    root: bytes


MAX_SENT_AGAIN = 16
"""Times that the answer of an unpaid receipt is sent once more."""


class Bill:
    """Money in millionths of a dollar. Begins with what was kept: receipts in order, the latest voucher."""

    def __init__(self, lease: LeaseId, receipts: Iterable[Receipt], voucher: Voucher | None) -> None:
        self._lease, self._voucher = lease, voucher
        self._tree = Frontier()
        self._unpaid: deque[_Owed] = deque()
        self._positions: dict[bytes, int] = {}
        self._sent_again: Counter[int] = Counter()
        self.owed = 0
        for receipt in receipts:
            self.enter(receipt)
        self._forgive()

    @property
    def signed(self) -> Voucher:
        """The latest voucher; sequence 0 before the first."""
        return self._voucher or unpaid(self._lease)

    @property
    def receipts(self) -> int:
        return self._tree.size

    @property
    def unsigned(self) -> int:
        return self.owed - self.signed.amount

    @property
    def unpaid(self) -> list[int]:
        """Positions of the receipts that no voucher pays."""
        return [owed.position for owed in self._unpaid]

    def position(self, chunk: bytes) -> int | None:
        """Of the receipt of a chunk that was billed."""
        return self._positions.get(chunk)

    def may_send_again(self, positions: list[int]) -> bool:
        """Count that the answers of these receipts are asked for again; whether all may be sent."""
        self._sent_again.update(positions)
        return all(self._sent_again[position] <= MAX_SENT_AGAIN for position in positions)

    def enter(self, receipt: Receipt) -> None:
        """The next receipt."""
        self._tree.append(receipt.struct_hash)
        self.owed += receipt.amount
        self._positions[receipt.chunk] = receipt.position
        self._unpaid.append(_Owed(receipt.position, self.owed, self._tree.root))

    def take(self, voucher: Voucher, signature: bytes, lease: Lease, domain: Domain) -> int | None:
        """The first position that it leaves unpaid; None if it says nothing new. Raises Distrusted."""
        if voucher == self._voucher or voucher.sequence < self.signed.sequence:
            return None
        check_voucher(voucher, signature, self._voucher, lease, domain)
        owed = next((o for o in self._unpaid if (o.amount, o.root) == (voucher.amount, voucher.root)), None)
        if owed is None:
            raise Distrusted("the voucher's amount and root fit none of the receipts; recompute both")
        self._voucher = voucher
        self._forgive()
        return owed.position + 1

    def _forgive(self) -> None:
        while self._unpaid and self._unpaid[0].amount <= self.signed.amount:
            self._unpaid.popleft()
