"""An image is the same everywhere: who says other is found out, by making it here where two differ (B2)."""

import asyncio

import pytest

from surge.model.errors import Unavailable
from surge.model.receipt import setup_chunk
from surge.model.task import PYTHON, ImageSpec
from surge.renter.lease.images import MAX_REFUSALS, Images, make_here
from surge.run.sandbox.suite import python_spec
from surge.run.slots.cache import Cache
from surge.run.slots.pool import Image

SPEC = ImageSpec(PYTHON, b"runtime", ("numpy",))
TRUE = Image(b"true", 5_000, 1, False)


class Here:
    """This machine: what it makes, and how often it was asked to."""

    def __init__(self, image=TRUE):
        self.image, self.made = image, 0
        self.images = Images(self.make)

    async def make(self, spec, module):
        self.made += 1
        if self.image is None:
            raise Unavailable("no sandbox here")
        return self.image

    def liars(self, digest, provider):
        return asyncio.run(self.images.liars(SPEC, None, digest, provider))


def test_those_who_agree_cost_nothing():
    here = Here()
    assert here.liars(b"true", "A") == set() == here.liars(b"true", "B")
    assert here.made == 0


@pytest.mark.parametrize("order", [("A", "B"), ("B", "A")])
def test_the_liar_is_found_whoever_came_first(order):
    here = Here()
    said = {"A": b"false", "B": b"true"}
    assert here.liars(said[order[0]], order[0]) == set()
    assert here.liars(said[order[1]], order[1]) == {"A"}
    assert here.liars(b"true", "C") == {"A"}
    assert here.made == 1


def test_fuel_that_differs_is_looked_into():
    here = Here()
    here.images.bill(setup_chunk(SPEC), "A", 5_000)
    assert here.liars(b"true", "A") == set()
    assert here.liars(b"true", "B") == set()  # it had the image, and bills nothing
    here.images.bill(setup_chunk(SPEC), "C", 2_000 * 10**9)
    assert here.liars(b"true", "C") == {"C"}


def test_fuel_is_compared_with_what_it_takes_here():
    """Two that agree on a lie, and one that says what is true."""
    here = Here()
    for name, fuel in {"A": 9_000, "B": 9_000, "C": 5_000}.items():
        here.images.bill(setup_chunk(SPEC), name, fuel)
    assert here.liars(b"true", "A") == {"A", "B"}
    assert here.made == 1


def test_what_an_image_takes_here_is_told_though_it_was_made_before():
    spec = python_spec()
    first, second = asyncio.run(make_here(spec, None)), asyncio.run(make_here(spec, None))
    assert first.digest == second.digest
    assert first.fuel == second.fuel > 0
    assert not list(Cache.open().root.glob("fresh-*"))


def test_many_at_once_make_it_once():
    here, gate = Here(), asyncio.Event()
    make = here.make

    async def slow(spec, module):
        await gate.wait()
        return await make(spec, module)

    async def several():
        here.images = Images(slow)
        await here.images.liars(SPEC, None, b"true", "A")
        asked = [asyncio.create_task(here.images.liars(SPEC, None, b"false", name)) for name in "BCD"]
        await asyncio.sleep(0)
        asked[0].cancel()  # its lease is lost meanwhile
        await asyncio.sleep(0)
        gate.set()
        return await asyncio.gather(*asked[1:])

    assert asyncio.run(several()) == [{"B", "C", "D"}] * 2
    assert here.made == 1


def test_where_nothing_can_be_made_the_most_are_believed():
    here = Here(None)
    assert here.liars(b"true", "A") == set() == here.liars(b"true", "B")
    assert here.liars(b"false", "C") == {"C"}
    assert here.made == 1
    here.images.bill(setup_chunk(SPEC), "A", 5_000)
    assert here.liars(b"true", "A") == {"C"}
    here.images.bill(setup_chunk(SPEC), "B", 6_000)
    assert here.liars(b"true", "B") == {"A", "B", "C"}  # nobody knows which fuel is true


def test_where_nothing_can_be_made_nobody_is_believed():
    here = Here(None)
    assert here.liars(b"true", "A") == set()
    assert here.liars(b"false", "B") == {"A", "B"}


def test_one_that_refuses_is_not_all():
    images = Here().images
    assert not any(images.refuse(1, "A") for _ in range(5))
    assert [images.refuse(1, name) for name in ("B", "C")] == [False, True]
    assert MAX_REFUSALS == 3
    assert not images.refuse(2, "A")
