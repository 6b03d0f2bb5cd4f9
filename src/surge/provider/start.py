"""From one command to a serving provider: measure, configure, stake, publish, serve."""

import asyncio
import secrets
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil
import structlog

from surge.chain.client import Chain
from surge.model.errors import BadInput, SurgeError
from surge.model.units import Bytes
from surge.net.endpoint import Endpoint
from surge.provider.agent import Agent
from surge.provider.aside import aside
from surge.provider.config import Place, ProviderConfig, load_config, save_config
from surge.provider.drain import Drain
from surge.provider.duty.gas import Gas, GasWatch
from surge.provider.duty.offer import Offer
from surge.provider.duty.outage import Outage
from surge.provider.duty.redeemer import Redeemer
from surge.provider.duty.rewards import Rewards
from surge.provider.duty.room import Room
from surge.provider.leave import take_leave
from surge.run.sandbox.suite import runtime_number
from surge.run.slots.cache import Cache
from surge.run.slots.pool import Pool
from surge.store.blobs import blob_folder
from surge.store.files import write_atomically
from surge.store.provider import ProviderStore

MEMORY_MIB = 1024
"""Of a sandbox, where the owner doesn't say otherwise."""

if TYPE_CHECKING:
    from surge.run.measure import Speed

SEED_BYTES = 32
DRAIN_SECONDS = 2.0
DISCONNECT_SECONDS = 0.5

log = structlog.get_logger("surge.provider")


def configured(place: Place, slots: int | None, leased: int, tell: Callable[[str], None]) -> ProviderConfig:
    """The owner's config.toml, written from a measurement of the machine when there is none.

    slots: of a new config.toml. leased: how many renters hold now. Raises BadInput, before anything is
    written, for slots that the file, the leases or the machine's memory don't allow.
    """
    from surge.run.measure import measure

    path, memory = place.config, Bytes(psutil.virtual_memory().total)
    if path.exists():
        config = load_config(path)
        if slots not in (None, config.slots):
            raise BadInput(
                f"{path} says slots = {config.slots} and --slots says {slots}; change the file, or leave "
                "--slots out"
            )
        config.require_leased(leased, path)
        config.require_room(memory, path)
        return config
    machine = measure(place.root)
    fitting = max(1, min(machine.cores - 1, memory // (MEMORY_MIB << 20)))
    config = ProviderConfig(
        slots=slots or max(fitting, leased),
        memory_mib=MEMORY_MIB,
        accelerator=machine.accelerator.kind,
        accelerator_gib=machine.accelerator.memory,
    )
    config.require_leased(leased, path)
    config.require_room(memory, path)
    tell("measuring this machine")
    speed = asyncio.run(measured_speed())
    config = config.model_copy(
        update={
            "energy_mj_per_gfuel": min(speed.millijoules_per_gfuel, 2**16 - 1),
            "gfuel_per_second": round(speed.gfuel_per_second, 3),
        }
    )
    save_config(config, path)
    tell(f"wrote {path}")
    return config


async def measured_speed() -> "Speed":
    """Of one slot of this machine; takes seconds, and minutes where the sandbox was never compiled."""
    from surge.run.measure import benchmark

    pool = Pool(1)
    try:
        await pool.start()
        return await benchmark(pool)
    finally:
        await pool.stop()


def endpoint_secret(place: Place, tell: Callable[[str], None]) -> bytes:
    """The endpoint's ed25519 seed. One that is damaged is put aside and made anew: renters of open leases
    look for the old one, new ones find the new one in the ask."""
    path = place.endpoint_key
    if path.exists():
        secret = path.read_bytes()
        if len(secret) == SEED_BYTES:
            return secret
        spoiled = path.with_suffix(".damaged")
        path.replace(spoiled)
        tell(f"{path} is damaged ({len(secret)} bytes, not {SEED_BYTES}): it is {spoiled} now")
    secret = secrets.token_bytes(SEED_BYTES)
    write_atomically(path, secret)
    return secret


async def provide(
    place: Place, config: ProviderConfig, chain: Chain, loopback: bool, tell: Callable[[str], None]
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP, or to the end of a drain; then withdraw the ask, settle, leave
    every lease resumable, and say what could be done of it and what is at risk."""
    store = ProviderStore(place.database(chain.book))
    pool = Pool(
        config.slots,
        memory=config.memory_mib << 20,
        readable=[blob_folder(store.path)],
        cache_limit=config.cache_mib << 20,
    )
    warming = asyncio.create_task(pool.start())
    endpoint: Endpoint | None = None
    try:
        secret = endpoint_secret(place, tell)
        cache = Cache.open()
        if not cache.has_interpreter():
            await warming  # the compile: nothing can be offered before
        endpoint = await Endpoint.bind(secret, loopback=loopback)
        outage, gas = Outage(), Gas(chain, config.scales)
        drain, room = Drain(place.root), Room([cache.root, place.root])
        agent = Agent(
            config=config, key=chain.key, chain=chain,
            store=store, pool=pool, endpoint=endpoint, outage=outage, lack=room.lack,
        )  # fmt: skip
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, agent.stop)
        warming.add_done_callback(partial(_warmed, agent, pool, tell))
        hindrance, over = partial(_hindrance, drain, room), asyncio.Event()
        offer = Offer(chain, config, runtime_number(), endpoint.ticket, hindrance, outage, loopback)
        duties = [
            _offered(offer, agent, tell),
            _drained(drain, chain, agent, offer, over),
            Rewards(chain, gas, outage, local=loopback).run(),
            GasWatch(chain, store, gas, outage).run(),
        ]
        try:
            await _while_serving(agent, duties)
            if warming.done():
                warming.result()  # raises what kept the sandbox from starting
        finally:
            await take_leave(chain, store, Redeemer(chain, store, gas), tell)
        if over.is_set():
            drain.forget()
            tell("drained: no lease is open; `surge leave` takes the stake out, `surge provide` offers again")
    finally:
        await _ended(warming)
        if endpoint is not None:
            await endpoint.close()
        await pool.stop()
        store.close()
        with suppress(TimeoutError):  # a call that hangs may hold it
            async with asyncio.timeout(DISCONNECT_SECONDS):
                await aside(chain.disconnect)


async def _while_serving(agent: Agent, duties: list[Coroutine[Any, Any, None]]) -> None:
    """Until the agent stops. Raises what a duty fails with."""
    serving = asyncio.create_task(agent.serve())
    tasks = {serving, *map(asyncio.create_task, duties)}
    try:
        while serving in tasks:
            done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        await _ended(*tasks)


async def _ended(*tasks: "asyncio.Task[None]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _warmed(agent: Agent, pool: Pool, tell: Callable[[str], None], done: "asyncio.Task[None]") -> None:
    if done.cancelled():
        return
    if done.exception() is not None:
        agent.stop()
        return
    layers = ", ".join(pool.layers) or "nothing on this system"
    tell(f"beside WebAssembly, sandboxes are confined by {layers}")


def _hindrance(drain: Drain, room: Room) -> str:
    """Why no new lease is taken."""
    return "a drain was asked for; `surge drain --cancel` undoes it" if drain.wanted else room.lack()


async def _offered(offer: Offer, agent: Agent, tell: Callable[[str], None]) -> None:
    if await offer.begin():
        tell("published the ask")
    tell(f"serving as {agent.address}")
    await offer.run()


async def _drained(drain: Drain, chain: Chain, agent: Agent, offer: Offer, over: asyncio.Event) -> None:
    """Stop the agent once a drain is wanted and no lease is open any more: it is over then."""
    while True:
        await asyncio.sleep(DRAIN_SECONDS)
        if drain.wanted and agent.idle and not offer.standing:
            try:
                ask = await aside(chain.asks.of, chain.address)
            except SurgeError as error:
                log.warning("the chain can't be asked whether the drain is over", reason=str(error))
                continue
            if not ask.active and not ask.load:
                over.set()
                agent.stop()
                return
