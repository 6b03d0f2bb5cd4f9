"""settle/fees.py against the bytecode of Market: reservations and the split of each payment."""

import boa
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.paid_lease import deploy_compute
from contracts.worlds.pots import UNSHRUNK
from surge.model.units import Bps, MicroUsd, Seconds
from surge.settle.fees import fee_down, reservation, split
from surge.settle.voucher import next_voucher, unpaid


@settings(phases=UNSHRUNK, max_examples=25)
@given(
    fee_bps=st.integers(0, 10_000),
    price=st.integers(0, 10_000),
    slots=st.integers(1, 8),
    duration=st.integers(1, 86_400),
    steps=st.lists(st.one_of(st.integers(1, 10**11), st.integers(1, 30_000)), min_size=1, max_size=4),
)
def test_every_payment_of_a_lease(
    fee_bps: int, price: int, slots: int, duration: int, steps: list[int]
) -> None:
    with boa.env.anchor():
        compute = deploy_compute(fee_bps=fee_bps, reservation_price=price)
        provider = compute.provide()
        lease = compute.rent(sum(steps), duration, slots)
        assert lease.reservation == reservation(slots, Seconds(duration), MicroUsd(price))
        voucher, paid, kept = unpaid(lease.id), 0, 0
        for step in steps:
            before = voucher.amount
            voucher = next_voucher(voucher, MicroUsd(before + step), bytes(32))
            compute.settle(lease, voucher)
            parts = split(before, voucher.amount, Bps(fee_bps))
            (settled,) = (e for e in compute.market.get_logs() if type(e).__name__ == "Settled")
            assert settled.fee == parts.fee
            paid, kept = paid + parts.provider, kept + parts.fee
        assert compute.dollar.balanceOf(provider) == paid
        assert (compute.market.fees_in(0), compute.market.unswept()) == (0, lease.reservation)
        compute.end(lease, voucher)
        assert compute.market.fees_of(0, provider) == compute.market.fees_in(0) == kept
        assert kept == fee_down(sum(steps), fee_bps)
        assert compute.market.unswept() == kept + lease.reservation
        assert paid + kept == sum(steps)
