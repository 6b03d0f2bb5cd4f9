"""Which images providers made for a job, who made another than the rest, and who makes none.

An image is the same on every machine (P1). Where two providers differ, this machine makes it, too.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from surge.model.errors import SurgeError
from surge.model.receipt import setup_chunk
from surge.model.task import ImageSpec
from surge.model.units import Address, Fuel
from surge.renter.work.steps import GroupKey
from surge.run.slots.pool import Image, Pool

MAX_REFUSALS = 3
"""Providers that refuse an image before nobody else is asked."""


@dataclass(slots=True)
class _Made:
    digest: bytes | None = None
    fuel: Fuel | None = None
    """None where the provider had the image already."""


class Images:
    """Of one job. make: makes an image here, out of a spec and its module."""

    def __init__(self, make: Callable[[ImageSpec, bytes | None], Awaitable[Image]]) -> None:
        self._make = make
        self._refused: dict[GroupKey, set[Address]] = defaultdict(set)
        self._made: dict[bytes, dict[Address, _Made]] = defaultdict(lambda: defaultdict(_Made))
        self._here: dict[bytes, Image] = {}

    def refuse(self, group: GroupKey, provider: Address) -> bool:
        """A provider makes no image for the group; whether that were enough of them."""
        self._refused[group].add(provider)
        return len(self._refused[group]) >= MAX_REFUSALS

    def bill(self, chunk: bytes, provider: Address, fuel: Fuel) -> None:
        """What a provider bills as the chunk of a setup."""
        self._made[chunk][provider].fuel = fuel

    async def liars(
        self, spec: ImageSpec, module: bytes | None, digest: bytes, provider: Address
    ) -> set[Address]:
        """All who say other than is true of this image, now that one more has made it. Without an image of
        this machine's own nobody who takes part in a difference is believed."""
        made = self._made[setup_chunk(spec)]
        made[provider].digest = digest
        digests = {one.digest for one in made.values()} - {None}
        fuels = {one.fuel for one in made.values()} - {None}
        if len(digests) <= 1 and len(fuels) <= 1:
            return set()
        try:
            here = self._here.get(spec.id) or await self._make(spec, module)
        except SurgeError:
            return set(made)
        self._here[spec.id] = here
        true = ({here.digest, None}, {here.fuel or None, None})
        return {
            one
            for one, said in made.items()
            if said.digest not in true[0] or (here.fuel and said.fuel not in true[1])
        }


async def make_here(spec: ImageSpec, module: bytes | None) -> Image:
    """In a sandbox of this machine."""
    pool = Pool(1)
    try:
        await pool.start()
        return await pool.image(spec, module)
    finally:
        await pool.stop()
