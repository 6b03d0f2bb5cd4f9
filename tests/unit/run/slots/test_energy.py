"""Joules: from counters where there are any, else an estimate that says so."""

from pathlib import Path

import pytest

from surge.run.slots import energy
from surge.run.slots.energy import WATTS_PER_CORE, EnergyMeter


class Clock:
    now = 10.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(energy.time, "process_time", lambda: clock.now)
    monkeypatch.setattr(energy.os, "sysconf", lambda _: 100)
    return clock


def counters(folder: Path, microjoules: int, busy: int) -> tuple[Path, Path]:
    package = folder / "powercap" / "intel-rapl:0"
    (package / "intel-rapl:0:0").mkdir(parents=True, exist_ok=True)
    (package / "energy_uj").write_text(str(microjoules))
    (package / "max_energy_range_uj").write_text("100000000")
    stat = folder / "stat"
    stat.write_text(f"cpu {busy} 0 0 1000 50 0 0 0 0 0\ncpu0 1 1 1\n")
    return package.parent, stat


def test_without_counters_it_is_an_estimate(tmp_path: Path, clock: Clock) -> None:
    meter = EnergyMeter(tmp_path / "none", tmp_path / "none")
    clock.now += 2.0
    read = meter.read()
    assert (read.millijoules, read.measured) == (2 * WATTS_PER_CORE * 1000, False)


def test_with_counters_we_pay_our_share_of_the_package(tmp_path: Path, clock: Clock) -> None:
    meter = EnergyMeter(*counters(tmp_path, 5_000_000, 1000))
    clock.now += 1.0  # of 4 busy seconds
    counters(tmp_path, 25_000_000, 1400)
    read = meter.read()
    assert (read.millijoules, read.measured) == (5_000, True)


def test_a_counter_may_wrap(tmp_path: Path, clock: Clock) -> None:
    meter = EnergyMeter(*counters(tmp_path, 99_000_000, 1000))
    clock.now += 1.0
    counters(tmp_path, 3_000_000, 1100)
    assert meter.read().millijoules == 4_000


def test_counters_that_nobody_may_read_are_no_measurement(tmp_path: Path, clock: Clock) -> None:
    powercap, stat = counters(tmp_path, 5, 1000)
    (powercap / "intel-rapl:0" / "energy_uj").write_text("")
    meter = EnergyMeter(powercap, stat)
    clock.now += 1.0
    assert not meter.read().measured
