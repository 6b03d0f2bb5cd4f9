"""Joules that a chunk took: from the CPU's own counters where readable, else an estimate, and labelled so.

Measured: energy of all CPU packages over the interval (Intel/AMD RAPL, /sys/class/powercap) × our CPU
time ÷ the CPU time of the whole machine (/proc/stat), so that neighbours pay their own share.
Estimated: our CPU time × WATTS_PER_CORE. Cloud Carbon Footprint gives 0.74 W (idle) to 3.5 W (busy) per
vCPU for AWS; a chunk keeps its core busy, and facilities are not counted. An estimate never pays.
"""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from surge.model.units import MilliJoules

WATTS_PER_CORE = 3.5
POWERCAP = Path("/sys/class/powercap")
STAT = Path("/proc/stat")


@dataclass(frozen=True, slots=True)
class Energy:
    """Of one interval. measured: from counters, not from an estimate."""

    millijoules: MilliJoules
    measured: bool


@dataclass(frozen=True, slots=True)
class _Reading:
    packages: dict[str, tuple[int, int]]
    machine: float
    own: float


def _packages(powercap: Path) -> dict[str, tuple[int, int]]:
    """Package → (microjoules so far, where the counter wraps). Empty where they can't be read."""
    found = {}
    for folder in sorted(powercap.glob("intel-rapl:*")):
        if folder.name.count(":") != 1:
            continue
        try:
            spent = int((folder / "energy_uj").read_text())
            found[folder.name] = spent, int((folder / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            return {}
    return found


def _machine_seconds(stat: Path) -> float:
    """CPU seconds that the machine has been busy since it started; 0 where it doesn't say."""
    try:
        fields = [int(text) for text in stat.read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0.0
    idle = fields[3] + fields[4]
    return (sum(fields) - idle) / os.sysconf("SC_CLK_TCK")


class EnergyMeter:
    """Started when made; `read` gives the energy of this process since then."""

    def __init__(self, powercap: Path = POWERCAP, stat: Path = STAT) -> None:
        self._powercap, self._stat = powercap, stat
        self._start = self._now()

    def _now(self) -> _Reading:
        return _Reading(_packages(self._powercap), _machine_seconds(self._stat), time.process_time())

    def read(self) -> Energy:
        now, start = self._now(), self._start
        own = max(0.0, now.own - start.own)
        machine = now.machine - start.machine
        if now.packages and now.packages.keys() == start.packages.keys() and machine > 0:
            spent = 0
            for name, (after, wraps) in now.packages.items():
                before = start.packages[name][0]
                spent += after - before if after >= before else after + wraps - before
            return Energy(MilliJoules(round(spent / 1000 * min(1.0, own / machine))), True)
        return Energy(MilliJoules(round(own * WATTS_PER_CORE * 1000)), False)
