"""Which images providers made for a job, who made another than the rest, and who makes none.

An image is the same on every machine (P1). Where two providers differ, this machine makes it, too.
"""

import asyncio
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from surge.model.errors import SurgeError, Unavailable
from surge.model.receipt import setup_chunk
from surge.model.task import WASM, ImageSpec
from surge.model.units import Address, Fuel
from surge.renter.work.steps import GroupKey
from surge.run.slots.cache import SUMMED, Cache
from surge.run.slots.pool import Image, Pool
from surge.run.slots.worker import COMPILE_FUEL

MAX_REFUSALS = 3
"""Providers that refuse an image before nobody else is asked."""
CODE = (".cwasm", SUMMED)
"""Files of native code that a fresh cache starts with."""

S = TypeVar("S", bound=Hashable)


@dataclass(slots=True)
class _Made:
    digest: bytes | None = None
    fuel: Fuel | None = None
    """None where the provider had the image already."""


class Images:
    """Of one job. make: makes an image here, out of a spec and its module, and tells what that burned."""

    def __init__(self, make: Callable[[ImageSpec, bytes | None], Awaitable[Image]]) -> None:
        self._make = make
        self._refused: dict[GroupKey, set[Address]] = defaultdict(set)
        self._made: dict[bytes, dict[Address, _Made]] = defaultdict(lambda: defaultdict(_Made))
        self._here: dict[bytes, Image | None] = {}
        """None where this machine can't make it."""
        self._making: dict[bytes, asyncio.Lock] = defaultdict(asyncio.Lock)

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
        this machine's own, all who say other than the most of them; without a majority, everybody."""
        made = self._made[setup_chunk(spec)]
        made[provider].digest = digest
        if not any(len(said) > 1 for said in _said(made.values())):
            return set()
        here = await self._own(spec, module)
        digests, fuels = _said(made.values())
        true_digest = _believed(digests) if here is None else here.digest
        true_fuel = _believed(fuels) if here is None else here.fuel
        if (digests and true_digest is None) or (fuels and true_fuel is None):
            return set(made)
        return {
            one
            for one, said in made.items()
            if said.digest not in (true_digest, None) or said.fuel not in (true_fuel, None)
        }

    async def _own(self, spec: ImageSpec, module: bytes | None) -> Image | None:
        """Made once, whoever asks; the others wait."""
        async with self._making[spec.id]:
            if spec.id not in self._here:
                try:
                    self._here[spec.id] = await self._make(spec, module)
                except SurgeError:
                    self._here[spec.id] = None
            return self._here[spec.id]


def _said(made: Iterable[_Made]) -> tuple[Counter[bytes], Counter[Fuel]]:
    """How many say which digest, and which fuel."""
    digests, fuels = Counter[bytes](), Counter[Fuel]()
    for one in made:
        digests.update([] if one.digest is None else [one.digest])
        fuels.update([] if one.fuel is None else [one.fuel])
    return digests, fuels


def _believed(said: Counter[S]) -> S | None:
    """What all say, or else more than half of them."""
    return next((one for one, count in said.items() if 2 * count > said.total()), None)


async def make_here(spec: ImageSpec, module: bytes | None) -> Image:
    """In a sandbox of this machine, with the fuel that it takes where it was never made before."""
    cache = Cache.open()
    if spec.runtime == WASM:
        if module is None:
            raise Unavailable(f"the wasm module {spec.module.hex()[:12]} is not stored here")
        made = await _make(spec, module, cache.root)
        return replace(made, fuel=Fuel(COMPILE_FUEL * len(module)))
    if not cache.has_interpreter():
        await _compile(cache.root)
    with tempfile.TemporaryDirectory(prefix="fresh-", dir=cache.root) as folder:
        fresh = Cache.open(Path(folder))
        for code in (cache.root / "code").iterdir():
            if code.suffix in CODE:
                _link(code, fresh.root / "code" / code.name)
        return await _make(spec, None, fresh.root)


async def _compile(root: Path) -> None:
    """The interpreter, where it stays."""
    pool = Pool(1, cache_root=root)
    try:
        await pool.start()
    finally:
        await pool.stop()


async def _make(spec: ImageSpec, module: bytes | None, root: Path) -> Image:
    pool = Pool(1, cache_root=root)
    try:
        await pool.start()
        return await pool.image(spec, module)
    finally:
        await pool.stop()


def _link(source: Path, target: Path) -> None:
    """The same file under a second name; a copy where the disk knows no such names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
