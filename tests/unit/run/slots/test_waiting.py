"""Who waits for a slot gets it, or a reason: also where a worker can't be started for a moment."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from surge.model.errors import NotDeterministic, SurgeError, Unavailable
from surge.run.slots import pool as pools
from surge.run.slots.pipe import Ran, Ready, Warm
from surge.run.slots.pool import Pool


class Overrunning:
    """A worker whose every chunk is ended by the guard."""

    image = None

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.gate = asyncio.Event()

    async def ask(self, request: object, *_given: object) -> Ready:
        if isinstance(request, Warm):
            return Ready(b"")
        self.asked.set()
        await self.gate.wait()
        raise NotDeterministic("the guard ended it")

    async def end(self) -> None:
        pass


@pytest.mark.parametrize("fails", [(), (2,), (2, 3)])
def test_a_worker_that_can_not_be_replaced_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: tuple[int, ...]
) -> None:
    spawned: list[Overrunning | None] = []

    async def spawn(*_given: object) -> Overrunning:
        if len(spawned) + 1 in fails:
            spawned.append(None)
            raise Unavailable("fork: Cannot allocate memory")
        slot = Overrunning()
        if spawned:
            slot.gate.set()
        spawned.append(slot)
        return slot

    monkeypatch.setattr(pools._Slot, "spawn", spawn)

    async def ask(pool: Pool) -> str:
        try:
            await pool._ask(b"s", object(), Ran, 1.0)  # type: ignore[arg-type]
        except SurgeError as error:
            return type(error).__name__
        raise AssertionError

    async def play(check: Callable[[list[str]], None]) -> None:
        pool = Pool(1, cache_root=tmp_path)
        await pool.start()
        waiting = [asyncio.create_task(ask(pool)) for _ in range(4)]
        (first,) = spawned
        assert first is not None
        await first.asked.wait()
        first.gate.set()
        async with asyncio.timeout(10):
            check(await asyncio.gather(*waiting))
        assert (pool._size, len(pool._all)) == (0, 0)

    def check(said: list[str]) -> None:
        assert sorted(said) == ["NotDeterministic"] * (4 - len(fails)) + ["Unavailable"] * len(fails)

    asyncio.run(play(check))
