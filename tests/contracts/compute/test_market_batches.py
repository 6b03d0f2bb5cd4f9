"""Market: leases that are settled or closed together, as if one after the other (M1 to M4)."""

from dataclasses import astuple, replace
from typing import Any

import boa
import pytest

from contracts.worlds.actors import (
    CHEATER,
    PROVIDER,
    RENTER,
    RIVAL,
    address,
    agreed,
    ask_of,
    close,
    ending,
    events,
    publish,
    redemption,
    voucher,
)
from contracts.worlds.paid_lease import GRACE, Compute
from contracts.worlds.pots import wait
from surge.model.lease import Lease
from surge.model.voucher import Voucher

ESCROW = 5_000_000
KEYS = {address(key): key for key in (PROVIDER, RIVAL)}


@pytest.fixture
def leases(compute: Compute) -> list[Lease]:
    """Four of one renter, at two providers, neighbours at the same one."""
    publish(compute, PROVIDER)
    found = [compute.rent(ESCROW) for _ in range(2)]
    compute.registry.withdraw_ask(sender=address(PROVIDER))
    publish(compute, RIVAL)
    found += [compute.rent(ESCROW, provider=RIVAL) for _ in range(2)]
    assert [lease.terms.provider for lease in found] == [address(PROVIDER)] * 2 + [address(RIVAL)] * 2
    return found


def redeemed(compute: Compute, lease: Lease, said: Voucher) -> tuple[Any, ...]:
    return redemption(lease, said, compute.signature(said, RENTER))


def ended(compute: Compute, lease: Lease, said: Voucher) -> tuple[Any, ...]:
    """With both signatures."""
    consent = agreed(compute, lease, said.sequence, said.amount, KEYS[lease.terms.provider])
    return ending(lease, said, compute.signature(said, RENTER), consent)


def transfers(compute: Compute) -> list[tuple[str, int]]:
    """Of the Market's last call: to whom, how much."""
    found = [e for e in compute.market.get_logs(include_child_logs=True) if type(e).__name__ == "Transfer"]
    return [(str(event.receiver), event.value) for event in found]


# Settling


def test_settling_together_pays_each_payee_once(compute: Compute, leases: list[Lease]) -> None:
    said = [voucher(lease, 1, 1_000_000 * n) for n, lease in enumerate(leases, 1)]
    calls = [redeemed(compute, *each) for each in zip(leases, said, strict=True)]
    compute.market.settle_many(calls, sender=address(CHEATER))  # anybody may
    assert [(e.lease, e.amount, e.fee) for e in events(compute.market, "Settled")] == [
        (lease.id, v.amount, v.amount // 20) for lease, v in zip(leases, said, strict=True)
    ]
    assert transfers(compute) == [(address(PROVIDER), 2_850_000), (address(RIVAL), 6_650_000)]
    compute.market.settle_many(calls)  # it adds nothing
    assert not transfers(compute)
    compute.market.settle_many([])


def test_two_providers_of_one_payee_are_paid_at_once(compute: Compute, leases: list[Lease]) -> None:
    payee = str(boa.env.generate_address())
    for key in (PROVIDER, RIVAL):
        compute.registry.set_payee(payee, sender=address(key))
    said = [voucher(lease, 1, 1_000_000) for lease in leases]
    calls = [redeemed(compute, *each) for each in zip(leases, said, strict=True)]
    compute.market.settle_many(calls)
    assert transfers(compute) == [(payee, 3_800_000)]
    final = [ended(compute, lease, voucher(lease, 2, 2_000_000)) for lease in leases]
    compute.market.close_many(final)
    assert transfers(compute) == [(payee, 3_800_000), (address(RENTER), 12_000_000)]


def test_of_one_leases_vouchers_each_pays_what_it_adds(compute: Compute, leases: list[Lease]) -> None:
    """M2: duplicates and what is overtaken add nothing, in any order."""
    lease = leases[0]
    vouchers = [
        voucher(lease, sequence, amount) for sequence, amount in ((1, 100), (3, 300), (3, 300), (2, 200))
    ]
    compute.market.settle_many([redeemed(compute, lease, said) for said in vouchers])
    assert [event.amount for event in events(compute.market, "Settled")] == [100, 300]
    assert compute.dollar.balanceOf(address(PROVIDER)) == 285


def test_who_settles_or_closes_first_does_not_stop_the_others(compute: Compute, leases: list[Lease]) -> None:
    said = [voucher(lease, 1, 1_000_000) for lease in leases]
    settle = [redeemed(compute, *each) for each in zip(leases, said, strict=True)]
    final = [ended(compute, *each) for each in zip(leases, said, strict=True)]
    compute.settle(leases[0], said[0])
    close(compute, leases[1], said[1], compute.signature(said[1], RENTER), sender=address(PROVIDER))
    compute.market.settle_many(settle)
    assert [event.lease for event in events(compute.market, "Settled")] == [leases[2].id, leases[3].id]
    compute.market.close_many([*final, *final])
    assert [event.lease for event in events(compute.market, "LeaseClosed")] == [
        leases[n].id for n in (0, 2, 3)
    ]
    compute.market.settle_many(settle)
    compute.market.close_many(final)
    assert compute.dollar.balanceOf(compute.market) == compute.market.unswept() == 200_000 + 4 * 900


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": 99}, "no such lease"),
        ({"id": 0}, "no such lease"),
        ({"id": 2**255}, "no such lease"),
        ({"escrow": ESCROW + 1}, "other terms"),
        ({"provider": address(CHEATER)}, "other terms"),
    ],
)
def test_what_is_wrong_with_one_reverts_all(
    compute: Compute, leases: list[Lease], change: dict[str, Any], reason: str
) -> None:
    first, wrong = leases[0], leases[1]
    if "id" in change:
        wrong = replace(wrong, **change)
    else:
        wrong = replace(wrong, terms=replace(wrong.terms, **change))
    said = voucher(wrong, 1, 1_000_000)
    with boa.reverts(f"Market: {reason}"):
        compute.market.settle_many(
            [redeemed(compute, first, voucher(first, 1, 1)), redeemed(compute, wrong, said)]
        )
    consent = agreed(compute, wrong, 1, 1_000_000)
    with boa.reverts(f"Market: {reason}"):
        compute.market.close_many(
            [ended(compute, first, voucher(first, 1, 1)),
             ending(wrong, said, compute.signature(said, RENTER), consent)]
        )  # fmt: skip
    assert compute.dollar.balanceOf(address(PROVIDER)) == 0


def test_more_than_thirty_two_are_refused(compute: Compute, leases: list[Lease]) -> None:
    said = voucher(leases[0], 1, 1_000)
    compute.market.settle_many([redeemed(compute, leases[0], said)] * 32)
    with boa.reverts():
        compute.market.settle_many([redeemed(compute, leases[0], said)] * 33)
    with boa.reverts():
        compute.market.close_many([ended(compute, leases[0], said)] * 33)


# Closing


def test_closing_together(compute: Compute, leases: list[Lease]) -> None:
    """M1, M4: two with new vouchers, one at what is settled, one unused; one refund."""
    said = [
        voucher(lease, 1, amount)
        for lease, amount in zip(leases, (2_000_000, 1_000_000, 400_000, 0), strict=True)
    ]
    compute.settle(leases[1], said[1])
    before = compute.dollar.balanceOf(address(RENTER))
    compute.market.close_many(
        [ended(compute, *each) for each in zip(leases, said, strict=True)], sender=address(CHEATER)
    )
    assert [(e.lease, e.paid, e.refund) for e in events(compute.market, "LeaseClosed")] == [
        (lease.id, v.amount, ESCROW - v.amount) for lease, v in zip(leases, said, strict=True)
    ]
    assert [(e.lease, e.fee) for e in events(compute.market, "Settled")] == [
        (leases[0].id, 100_000),
        (leases[2].id, 20_000),
    ]
    refund = 4 * ESCROW - 3_400_000
    assert transfers(compute) == [
        (address(PROVIDER), 1_900_000), (address(RIVAL), 380_000), (address(RENTER), refund)
    ]  # fmt: skip
    assert compute.dollar.balanceOf(address(RENTER)) == before + refund
    assert compute.dollar.balanceOf(compute.market) == compute.market.unswept() == 170_000 + 4 * 900
    assert [compute.market.fees_of(0, address(key)) for key in (PROVIDER, RIVAL)] == [150_000, 20_000]
    assert compute.market.fees_in(0) == 170_000
    assert not any(compute.market.leases(lease.id) for lease in leases)
    assert [ask_of(compute, address(key)).load for key in (PROVIDER, RIVAL)] == [0, 0]


def test_a_provider_closes_its_own_without_a_signature_of_its_own(
    compute: Compute, leases: list[Lease]
) -> None:
    own, foreign = leases[:2], leases[2]
    said = [voucher(lease, 1, 1_000_000) for lease in own]
    calls = [ending(*each, compute.signature(each[1], RENTER)) for each in zip(own, said, strict=True)]
    unused = ending(foreign, voucher(foreign, 0, 0))
    for caller in (address(RENTER), address(CHEATER)):
        with boa.reverts("Market: not the provider's consent"):
            compute.market.close_many(calls, sender=caller)
    with boa.reverts("Market: not the provider's consent"):
        compute.market.close_many([*calls, unused], sender=address(PROVIDER))
    agreed_too = agreed(compute, foreign, 0, 0, RIVAL)
    compute.market.close_many(
        [*calls, ending(foreign, voucher(foreign, 0, 0), b"", agreed_too)], sender=address(PROVIDER)
    )
    assert len(events(compute.market, "LeaseClosed")) == 3
    wrong = ending(leases[3], voucher(leases[3], 0, 0), b"", agreed_too)
    with boa.reverts("Market: not the provider's consent"):  # what is given is looked at
        compute.market.close_many([wrong], sender=address(RIVAL))


def test_nobody_takes_earned_work_back_in_a_batch(compute: Compute, leases: list[Lease]) -> None:
    """M2, M3."""
    lease, earned = leases[0], voucher(leases[0], 5, 4_000_000)
    low = voucher(lease, 6, 1_000)
    good = ended(compute, leases[1], voucher(leases[1], 1, 1_000))
    with boa.reverts("Market: not the provider's consent"):
        consent = agreed(compute, lease, earned.sequence, earned.amount)
        compute.market.close_many([good, ending(lease, low, compute.signature(low, RENTER), consent)])
    with boa.reverts("Market: not the renter's signature"):
        consent = agreed(compute, lease, 5, 4_000_000)
        compute.market.close_many([good, ending(lease, earned, bytes(64) + b"\x1b", consent)])
    compute.settle(lease, earned)
    with boa.reverts("Market: amount not grown"):
        compute.market.close_many([good, ended(compute, lease, low)])
    assert compute.market.leases(leases[1].id) != 0


def test_a_later_voucher_over_less_does_not_void_what_was_earned(
    compute: Compute, leases: list[Lease]
) -> None:
    """M2, M3: a renter can sign any sequence and any amount; the greatest amount counts."""
    earned, low = voucher(leases[0], 5, 4_000_000), voucher(leases[0], 6, 1)
    with boa.env.prank(address(RENTER)):
        compute.settle(leases[0], low)
    with boa.env.anchor():
        compute.settle(leases[0], earned)
        assert compute.dollar.balanceOf(address(PROVIDER)) == 3_800_000
    close(compute, leases[0], earned, compute.signature(earned, RENTER), sender=address(PROVIDER))
    assert compute.dollar.balanceOf(address(PROVIDER)) == 3_800_000


def test_reclaiming_and_closing_together_meet(compute: Compute, leases: list[Lease]) -> None:
    """M3: after expiry and grace a batch passes over what anybody has reclaimed."""
    wait(900 + GRACE + 1)
    compute.market.reclaim(leases[0].id, astuple(leases[0].terms))
    compute.market.close_many([ended(compute, lease, voucher(lease, 1, 1_000)) for lease in leases])
    assert [event.lease for event in events(compute.market, "LeaseClosed")] == [
        lease.id for lease in leases[1:]
    ]
