"""The owner's config.toml: written once from a measurement, and from then on what it says holds."""

from types import SimpleNamespace

import psutil
import pytest

from surge.model.errors import BadInput
from surge.model.units import GIB
from surge.provider import start
from surge.provider.config import Place, load_config
from surge.run.measure import Speed


@pytest.fixture
def place(tmp_path, monkeypatch):
    """On a machine of 8 GiB whose slots make 12.5 Gfuel/s each."""

    async def speed():
        return Speed(12.5, 300, energy_measured=False)

    monkeypatch.setattr(start, "measured_speed", speed)
    memory = SimpleNamespace(total=8 * GIB, available=4 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
    return Place(tmp_path / "provider")


def configured(place, slots=None, leased=0):
    return start.configured(place, slots, leased, lambda _: None)


def test_a_new_one_has_what_was_measured_and_is_kept(place):
    config = configured(place, slots=2)
    assert (config.slots, config.gfuel_per_second, config.energy_mj_per_gfuel) == (2, 12.5, 300)
    assert load_config(place.config) == configured(place) == configured(place, slots=2) == config


def test_other_slots_than_the_file_s_are_refused_and_the_file_stays(place):
    configured(place, slots=2)
    before = place.config.read_bytes()
    with pytest.raises(BadInput, match=r"slots = 2 and --slots says 3; change the file"):
        configured(place, slots=3)
    assert place.config.read_bytes() == before


def test_what_does_not_fit_is_never_written(place):
    with pytest.raises(BadInput, match="offer 8 at most"):
        configured(place, slots=9)
    with pytest.raises(BadInput, match="the 3 that are leased"):
        configured(place, slots=2, leased=3)
    assert not place.config.exists()


def test_a_file_is_held_against_the_machine_and_the_leases_too(place):
    configured(place, slots=8)
    with pytest.raises(BadInput, match="the 9 that are leased"):
        configured(place, leased=9)
    text = place.config.read_text()
    place.config.write_text(text.replace("slots = 8", "slots = 1024"))
    with pytest.raises(BadInput, match="offer 8 at most"):
        configured(place)


def test_by_default_no_more_than_the_memory_holds_and_what_is_leased(place, monkeypatch):
    monkeypatch.setattr("surge.run.measure._cores", lambda: 64)
    assert configured(place).slots == 8
    place.config.unlink()
    monkeypatch.setattr("surge.run.measure._cores", lambda: 1)
    assert configured(place, leased=4).slots == 4
