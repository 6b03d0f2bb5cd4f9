"""credit/irm.py and credit/interest.py against the bytecode of AdaptiveCurveIrm and Credit."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.credit_pots import CreditPots, deploy_credit
from contracts.worlds.pots import UNSHRUNK, deploy, wait
from surge.credit import interest, irm
from surge.model.units import WAD

MARKET = b"\1" * 32
CENTURY = 100 * irm.YEAR
AMOUNTS = st.integers(0, 2**96 - 1)


@pytest.fixture(scope="module")
def model() -> Iterator[Any]:
    with boa.env.anchor():
        yield deploy("AdaptiveCurveIrm")


@settings(phases=UNSHRUNK, max_examples=60)
@given(
    calls=st.lists(
        st.tuples(AMOUNTS, AMOUNTS, st.one_of(st.integers(0, 90 * 86_400), st.integers(0, CENTURY))),
        min_size=1,
        max_size=6,
    )
)
def test_every_rate_of_a_market(model: Any, calls: list[tuple[int, int, int]]) -> None:
    with boa.env.anchor():
        target = 0
        for borrowed, supplied, elapsed in calls:
            utilisation = borrowed * WAD // supplied if supplied else 0
            told = model.borrow_rate_view(MARKET, borrowed, supplied, elapsed)
            rate, after = irm.average_rate(target, utilisation, elapsed)
            assert (told, model.borrow_rate(MARKET, borrowed, supplied, elapsed)) == (rate, rate)
            assert model.rate_at_target(boa.env.eoa, MARKET) == after
            target = after


@settings(phases=UNSHRUNK, max_examples=60)
@given(
    utilisation=st.one_of(st.integers(0, WAD), st.sampled_from([0, WAD, WAD * 9 // 10])),
    elapsed=st.integers(0, CENTURY),
    start=st.integers(irm.MIN_RATE_AT_TARGET, irm.MAX_RATE_AT_TARGET),
)
def test_rates_stay_within_their_bounds(utilisation: int, elapsed: int, start: int) -> None:
    rate, after = irm.average_rate(start, utilisation, elapsed)
    assert irm.MIN_RATE_AT_TARGET <= after <= irm.MAX_RATE_AT_TARGET
    assert irm.MIN_RATE_AT_TARGET // 4 - 1 <= rate <= irm.MAX_RATE_AT_TARGET * 4
    assert (after >= start) == (utilisation >= irm.TARGET_UTILISATION) or after == start


@pytest.fixture(scope="module")
def deployed() -> Iterator[CreditPots]:
    with boa.env.anchor():
        yield deploy_credit()


@settings(phases=UNSHRUNK, max_examples=40)
@given(
    lent=st.integers(10**9, 2**90),
    part=st.integers(1, 1_000),
    reserve_factor=st.integers(0, WAD // 2),
    min_debt=st.one_of(st.integers(1, 10**6), st.integers(1, 2**80)),
    steps=st.lists(
        st.tuples(st.integers(0, 2 * interest.MAX_RATE), st.integers(1, 400 * 86_400)), min_size=1, max_size=4
    ),
)
def test_every_accrual_of_a_market(
    deployed: CreditPots,
    lent: int,
    part: int,
    reserve_factor: int,
    min_debt: int,
    steps: list[tuple[int, int]],
) -> None:
    with boa.env.anchor():
        pots = deployed.create(reserve_factor=reserve_factor, min_debt=min_debt)
        pots.actors = {}  # their tokens and allowances go with the anchor
        debt = max(lent * part // 1_000, min_debt)
        pots.loan.mint(pots.actor("lender"), 2**104)
        pots.collateral.mint(pots.actor("borrower"), 2**120)
        pots.add_collateral("borrower", 2**120)
        pots.supply("lender", max(lent, debt))
        pots.borrow("borrower", debt)
        followed = interest.Followed()
        for rate, seconds in steps:
            pots.irm.set_rate(rate)
            wait(seconds)
            before = pots.state()
            expected = interest.accrue(before, pots.params, rate, before.last_update + seconds)
            assert pots.accrued() == expected
            now_followed = interest.follow(followed, expected, expected.last_update)
            due = interest.collectable(expected, pots.params, now_followed)
            assert pots.credit.collect(pots.market) == due
            assert pots.state() == replace(
                expected, supply_assets=expected.supply_assets - due, reserve=expected.reserve - due
            )
            followed = now_followed
            assert tuple(pots.credit.followed(pots.id)) == (followed.debt, followed.time)
