"""From one command to a serving provider: measure, configure, stake, publish, serve."""

import asyncio
import os
import secrets
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psutil
import structlog

from surge.chain.client import Chain
from surge.model.errors import BadInput, SurgeError, Underfunded
from surge.model.units import Address, Bytes, MicroUsd, Wei, show_surge, show_usd
from surge.net.endpoint import Endpoint
from surge.provider.agent import Agent
from surge.provider.config import Place, ProviderConfig, load_config, save_config
from surge.provider.journal import defect
from surge.run.sandbox.suite import runtime_number
from surge.run.slots.cache import Cache
from surge.run.slots.pool import Pool
from surge.store.blobs import blob_folder
from surge.store.files import make_private
from surge.store.provider import ProviderStore

CLAIM_SECONDS = 2.0
MEMORY_MIB = 1024
"""Of a sandbox, where the owner doesn't say otherwise."""

if TYPE_CHECKING:
    from surge.run.measure import Speed

LEAVE_SECONDS = 5.0
"""For the last transaction: whoever wants an end doesn't wait for a node that hangs."""

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


def endpoint_secret(place: Place) -> bytes:
    """The endpoint's ed25519 seed, made once."""
    path = place.endpoint_key
    if not path.exists():
        make_private(path.parent)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()


def ensure_stake(chain: Chain, config: ProviderConfig) -> None:
    """Stake what the slots need. Raises Underfunded with the amount that is missing."""
    needed = max(config.slots * chain.book.parameters.stake_per_slot, config.extra_stake)
    missing = needed - chain.asks.stake_of(chain.address)
    if missing <= 0:
        return
    balance = chain.money.surge(chain.address)
    if balance < missing:
        raise Underfunded(
            f"{config.slots} slots need a stake of {show_surge(needed)} SURGE and {chain.address} is short "
            f"of {show_surge(missing - balance)}; send it there, or offer fewer slots"
        )
    chain.asks.stake(Wei(missing))


async def provide(
    place: Place, config: ProviderConfig, chain: Chain, loopback: bool, tell: Callable[[str], None]
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; then withdraw the ask, leave every lease resumable, and say what
    could be done of it and what is at risk."""
    store = ProviderStore(place.database(chain.book))
    pool = Pool(
        config.slots,
        memory=config.memory_mib << 20,
        readable=[blob_folder(store.path)],
        cache_limit=config.cache_mib << 20,
    )
    warming = asyncio.create_task(pool.start())
    if not Cache.open().has_interpreter():
        await warming  # the compile: nothing can be offered before
    endpoint = await Endpoint.bind(endpoint_secret(place), loopback=loopback)
    key = chain.key
    agent = Agent(config=config, key=key, chain=chain, store=store, pool=pool, endpoint=endpoint)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, agent.stop)

    def warmed(done: asyncio.Task[None]) -> None:
        if done.cancelled():
            return
        if done.exception() is not None:
            agent.stop()
            return
        layers = ", ".join(pool.layers) or "nothing on this system"
        tell(f"beside WebAssembly, sandboxes are confined by {layers}")

    warming.add_done_callback(warmed)
    serving = asyncio.create_task(agent.serve())
    collecting = asyncio.create_task(_collect(chain))
    try:
        await asyncio.to_thread(_publish, chain, config, endpoint.ticket(), tell)
        tell(f"serving as {agent.address}")
        await serving
        if warming.done():
            warming.result()  # raises what kept the sandbox from starting
    finally:
        for task in (collecting, serving, warming):
            task.cancel()
        await asyncio.gather(collecting, serving, warming, return_exceptions=True)
        await _take_leave(chain, store, tell)
        await endpoint.close()
        await pool.stop()
        store.close()


async def _take_leave(chain: Chain, store: ProviderStore, tell: Callable[[str], None]) -> None:
    try:
        async with asyncio.timeout(LEAVE_SECONDS):
            await asyncio.to_thread(chain.asks.withdraw)
        tell("the ask is withdrawn; open leases are resumed at the next start")
    except (SurgeError, TimeoutError) as error:
        reason = str(error) or "the chain doesn't answer"
        tell(f"the ask is NOT withdrawn ({reason}): renters may still open leases, which nobody here serves")
    owed = store.unredeemed()
    if owed:
        until = min(lease.terms.expiry for lease, _ in owed) + chain.book.parameters.grace_seconds
        last = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M UTC")
        amount = show_usd(MicroUsd(sum(amount for _, amount in owed)))
        tell(
            f"{amount} USD of {len(owed)} leases are signed and not redeemed; start again before {last}, "
            "or what is due first is lost"
        )


def _publish(chain: Chain, config: ProviderConfig, ticket: str, tell: Callable[[str], None]) -> None:
    ensure_stake(chain, config)
    payee = Address(config.payee) if config.payee else chain.address  # emptied: the provider itself again
    if chain.asks.payee_of(chain.address) != payee:
        chain.asks.set_payee(payee)
    chain.asks.publish(config.ask(runtime_number()), ticket)
    tell("published the ask")


async def _collect(chain: Chain) -> None:
    """Claim the reward of every sold epoch."""
    while True:
        try:
            for epoch, amount in await asyncio.to_thread(chain.rewards.unclaimed, chain.address):
                await asyncio.to_thread(chain.rewards.claim, chain.address, epoch)
                log.info("reward", epoch=epoch, surge=show_surge(amount))
        except SurgeError as error:
            log.warning("claiming failed; tried again", reason=str(error))
        except Exception as error:  # noqa: BLE001 a defect of ours ends no duty
            log.error("claiming failed; tried again", **defect(error))
        await asyncio.sleep(CLAIM_SECONDS)
