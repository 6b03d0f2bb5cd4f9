"""What a machine publishes about itself."""

from pathlib import Path

import pytest

from sandboxes import Slots
from surge.model.ask import Ask
from surge.run.measure import (
    AMD,
    NO_ACCELERATOR,
    NVIDIA,
    Accelerator,
    benchmark,
    find_accelerator,
    measure,
    parse_nvidia,
)


def test_this_machine_has_something_to_offer(tmp_path: Path) -> None:
    machine = measure(tmp_path / "not" / "there")
    assert machine.cores >= 1
    assert 0 < machine.memory_free <= machine.memory
    assert machine.disk_free > 0
    assert machine.processor


def card(drm: Path, name: str, vendor: str, memory: int | None) -> None:
    device = drm / name / "device"
    device.mkdir(parents=True)
    (device / "vendor").write_text(vendor + "\n")
    if memory is not None:
        (device / "mem_info_vram_total").write_text(str(memory))


def test_the_card_with_the_most_memory_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    card(tmp_path, "card0", "0x8086", None)
    card(tmp_path, "card1", "0x1002", 16 << 30)
    card(tmp_path, "card2", "0x1002", 512 << 20)
    card(tmp_path, "card3", "0x1234", 64 << 30)
    assert find_accelerator(tmp_path) == Accelerator(AMD, 16, "card1")


def test_no_card_is_no_accelerator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_accelerator(tmp_path).kind == NO_ACCELERATOR


def test_nvidias_tool_is_read_line_by_line() -> None:
    said = "24564, NVIDIA GeForce RTX 4090\n[N/A], broken\n\n512, old\n"
    assert parse_nvidia(said) == [Accelerator(NVIDIA, 23, "NVIDIA GeForce RTX 4090")]


def test_the_benchmark_fits_the_ask(box: Slots) -> None:
    speed = box.do(benchmark(box.pool))
    assert speed.gfuel_per_second > 0.1
    assert Ask(1, 1, 1, energy=speed.millijoules_per_gfuel).word
