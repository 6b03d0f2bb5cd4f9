"""The two rate models, by their known answers."""

import boa
import pytest

from contracts.worlds.pots import deploy
from surge.credit import irm
from surge.model.units import WAD

MARKET = b"\7" * 32
PER_YEAR = irm.YEAR / WAD


def test_a_fixed_rate_is_fixed() -> None:
    with boa.env.anchor():
        model = deploy("FixedRateIrm", 1_234)
        assert model.RATE() == 1_234
        assert model.borrow_rate(MARKET, 1, 2, 3) == 1_234
        assert model.borrow_rate_view(MARKET, 0, 0, 0) == 1_234
        assert model.borrow_rate_of(model, MARKET, 0, 0, 0) == 1_234


@pytest.mark.parametrize(
    ("utilisation", "rate"), [(0, 0.01), (0.45, 0.025), (0.9, 0.04), (0.95, 0.10), (1, 0.16)]
)
def test_the_first_rate_is_on_the_curve(utilisation: float, rate: float) -> None:
    """4% at the target, a quarter of it when nothing is borrowed, four times as much when all is."""
    average, target = irm.average_rate(0, round(utilisation * 100) * WAD // 100, 10 * irm.YEAR)
    assert average * PER_YEAR == pytest.approx(rate, rel=1e-6)
    assert target == irm.INITIAL_RATE_AT_TARGET


def test_the_rate_at_target_follows_use() -> None:
    """Fully used, it doubles in ln 2 / 50 of a year, about five days; unused it halves in as long."""
    start, doubling = irm.INITIAL_RATE_AT_TARGET, round(0.6931471805 / 50 * irm.YEAR)
    average, doubled = irm.average_rate(start, WAD, doubling)
    assert doubled / start == pytest.approx(2, rel=1e-3)
    assert 4 * start < average < 4 * doubled
    assert irm.average_rate(start, 0, doubling)[1] / start == pytest.approx(0.5, rel=1e-3)
    assert irm.average_rate(start, irm.TARGET_UTILISATION, irm.YEAR) == (start, start)


def test_the_rate_at_target_has_bounds() -> None:
    assert irm.average_rate(irm.INITIAL_RATE_AT_TARGET, WAD, irm.YEAR)[1] == irm.MAX_RATE_AT_TARGET
    assert irm.average_rate(irm.INITIAL_RATE_AT_TARGET, 0, irm.YEAR)[1] == irm.MIN_RATE_AT_TARGET


def test_each_lender_has_its_own_rates() -> None:
    """Nobody moves another one's: state is kept by caller and market."""
    with boa.env.anchor():
        model, rival = deploy("AdaptiveCurveIrm"), boa.env.generate_address()
        model.borrow_rate(MARKET, 1, 1, 0)
        model.borrow_rate(MARKET, 1, 1, irm.YEAR)
        assert model.rate_at_target(boa.env.eoa, MARKET) == irm.MAX_RATE_AT_TARGET
        assert model.rate_at_target(rival, MARKET) == 0
        assert model.borrow_rate_of(boa.env.eoa, MARKET, 1, 1, 0) == 4 * irm.MAX_RATE_AT_TARGET
        assert model.borrow_rate_view(MARKET, 1, 1, 0, sender=rival) == 4 * irm.INITIAL_RATE_AT_TARGET
