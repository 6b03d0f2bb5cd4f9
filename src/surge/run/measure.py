"""What a machine has to offer: what `surge provide` publishes in its ask.

facts = measure(folder)                     cores, memory, disk, accelerator
speed = await benchmark(pool)               Gfuel/s of one slot, and its energy
"""

import math
import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from surge.model.command import CommandInput
from surge.model.errors import Unavailable
from surge.model.task import RETURNED, Limits
from surge.model.units import GFUEL, GIB, Bytes
from surge.run.kernels import kernel
from surge.run.sandbox.suite import wasm_spec
from surge.run.slots.pool import Job, Pool

NO_ACCELERATOR, NVIDIA, AMD, INTEL = 0, 1, 2, 3
"""Accelerator classes of an ask. A card counts with at least 1 GiB of memory of its own."""
_DRM_VENDORS = {"0x1002": AMD, "0x10de": NVIDIA, "0x8086": INTEL}

SAMPLES = {"matmul": ("192", "6"), "nbody": ("300000",), "sha256": ("150000",)}
"""Kernel → arguments: each a good tenth of a second on a machine of 2024."""


@dataclass(frozen=True, slots=True)
class Accelerator:
    """kind: a class number; memory in GiB, rounded down; name as its driver gives it."""

    kind: int = NO_ACCELERATOR
    memory: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """cores: those that this process may use. memory: in all; free: now; disk: free in the folder."""

    processor: str
    cores: int
    memory: Bytes
    memory_free: Bytes
    disk_free: Bytes
    accelerator: Accelerator


@dataclass(frozen=True, slots=True)
class Speed:
    """Of one slot: geometric mean over SAMPLES in Gfuel/s; energy in mJ per Gfuel (measured or estimated)."""

    gfuel_per_second: float
    millijoules_per_gfuel: int
    energy_measured: bool


def measure(folder: Path) -> Machine:
    """This machine, with the disk that holds `folder`."""
    memory = psutil.virtual_memory()
    place = folder
    while not place.exists():
        place = place.parent
    return Machine(
        _processor(),
        _cores(),
        Bytes(memory.total),
        Bytes(memory.available),
        Bytes(shutil.disk_usage(place).free),
        find_accelerator(),
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def find_accelerator(drm: Path = Path("/sys/class/drm")) -> Accelerator:
    """The accelerator with the most memory; NO_ACCELERATOR if there is none or its driver isn't loaded."""
    found = [*_nvidia(), *_cards(drm)]
    return max(found, key=lambda one: one.memory, default=Accelerator())


def _nvidia() -> list[Accelerator]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=memory.total,name", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return []  # the tool is there, a working driver isn't
    return parse_nvidia(said)


def parse_nvidia(said: str) -> list[Accelerator]:
    """Lines of `memory in MiB, name`; lines that aren't such are passed over."""
    found = []
    for line in said.splitlines():
        memory, _, name = line.partition(",")
        if memory.strip().isdigit():
            found.append(Accelerator(NVIDIA, int(memory) // 1024, name.strip()))
    return [one for one in found if one.memory]


def _cards(drm: Path) -> list[Accelerator]:
    """Cards that tell their memory in sysfs (amdgpu, xe)."""
    found = []
    for device in sorted(drm.glob("card[0-9]*/device")):
        vendor, memory = device / "vendor", device / "mem_info_vram_total"
        if not (vendor.is_file() and memory.is_file()):
            continue
        kind = _DRM_VENDORS.get(vendor.read_text().strip(), NO_ACCELERATOR)
        size = int(memory.read_text()) // GIB
        if kind and size:
            found.append(Accelerator(kind, size, device.parent.name))
    return found


async def benchmark(pool: Pool) -> Speed:
    """Run the samples in one slot, half a second in all. The machine should be otherwise at rest."""
    speeds = []
    joules = fuel = 0
    measured = True
    for name, args in SAMPLES.items():
        module = kernel(name)
        spec = wasm_spec(module)
        await pool.image(spec, module)
        task = b"\0" * 32, CommandInput(args).encode(), 0
        began = time.perf_counter()
        result = await pool.run(Job(spec, b"", [task], Limits(), 60.0))
        seconds = time.perf_counter() - began
        if result.outcomes[0].status != RETURNED:
            raise Unavailable(f"the sandbox failed its own kernel {name}; clear the cache and try again")
        speeds.append(result.fuel / GFUEL / seconds)
        joules, fuel = joules + result.joules, fuel + result.fuel
        measured = measured and result.joules_measured
    mean = math.exp(sum(map(math.log, speeds)) / len(speeds))
    return Speed(mean, round(joules * GFUEL / fuel), measured)
