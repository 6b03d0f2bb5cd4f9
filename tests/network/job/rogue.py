"""A provider that lies: the real agent, over a pool that computes nothing."""

import asyncio
import os
import threading
from types import SimpleNamespace

from coincurve import PrivateKey

from surge.chain.client import Chain
from surge.model.ask import Ask
from surge.model.digest import digest
from surge.model.errors import BadInput, NotDeterministic
from surge.model.tagged.codec import encode
from surge.model.task import ChunkResult, Outcome, chunk_id, moved_of
from surge.model.units import Wei
from surge.net.endpoint import Endpoint
from surge.net.messages import Refusal, RunChunk, Sorry
from surge.provider.agent import Agent
from surge.provider.config import ProviderConfig
from surge.run.sandbox.suite import runtime_number
from surge.run.slots.pool import Pool
from surge.store.provider import ProviderStore

WRONG = encode(["nothing", "was computed"])


class Liar:
    """A pool. image: "refuse", or what its digest is made from. fuel: of each task; None is the whole limit.
    silent: chunks never come back. setup: fuel of an image. seconds: that a chunk takes."""

    layers = ()

    def __init__(self, image="lie", fuel=None, silent=False, setup=1, seconds=0.0):
        self.of_image, self.fuel, self.silent, self.setup = image, fuel, silent, setup
        self.seconds = seconds
        self.asked = 0

    async def image(self, spec, module=None, owner=""):
        self.asked += 1
        if self.of_image == "refuse":
            raise BadInput("no such module here")
        return SimpleNamespace(digest=self._digest(spec), fuel=self.setup, joules=1, measured=False)

    def _digest(self, spec):
        return digest("lie", spec.id, self.of_image.encode())

    async def run(self, job):
        self.asked += 1
        if self.silent:
            await asyncio.Event().wait()
        await asyncio.sleep(self.seconds)
        fuel = job.limits.fuel if self.fuel is None else self.fuel
        outcomes = tuple(Outcome(name, "returned", WRONG, fuel) for name, *_ in job.tasks)
        names = [name for name, *_ in job.tasks]
        moved = moved_of(len(job.code), [given for _, given, *_ in job.tasks], outcomes)
        chunk = chunk_id(self._digest(job.spec), names, job.limits)
        return ChunkResult(chunk, outcomes, fuel * len(outcomes), moved, 7, False)

    async def stop(self):
        pass


class Broken(Liar):
    """It makes the image that it is asked for, and no chunk ever ends."""

    def __init__(self):
        super().__init__()
        self.real = Pool(1)

    async def image(self, spec, module=None, owner=""):
        if not self.asked:
            await self.real.start()
        self.asked += 1
        return await self.real.image(spec, module)

    async def run(self, job):
        raise NotDeterministic("a worker ended; the chunk must run again")

    async def stop(self):
        await self.real.stop()


class Over(Agent):
    """Every chunk meets a lease that is over."""

    async def _take(self, served, link, assembler, message):
        if isinstance(message, RunChunk):
            await self._answer(served, Sorry(Refusal.OVER, "the lease is over", message.chunk))
        else:
            await super()._take(served, link, assembler, message)


class Beggar(Agent):
    """Every chunk finds the escrow spent."""

    async def _take(self, served, link, assembler, message):
        if isinstance(message, RunChunk):
            await self._answer(served, Sorry(Refusal.ESCROW_SPENT, "no escrow left", message.chunk))
        else:
            await super()._take(served, link, assembler, message)


class Mute(Agent):
    """It takes links, and never says a word."""

    async def _converse(self, link):
        await asyncio.Event().wait()


class Rogue:
    """It serves within a `with`, cheaper than everybody; `chain.address` is its name. pool None: its ask is
    there, and nobody answers."""

    def __init__(self, network, folder, pool, number=1, price=1, slots=2, agent=Agent):
        self.key = PrivateKey(digest("rogue", number.to_bytes(4, "big")))
        self.chain = Chain(network.book, self.key)
        self.network, self.folder, self.pool, self.price, self.slots = network, folder, pool, price, slots
        self.agent = agent
        self._ready, self._error = threading.Event(), None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        stake = Wei(self.slots * self.chain.book.parameters.stake_per_slot)
        self.network.endow(self.chain.address, stake)
        self.chain.asks.stake(stake)
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self.chain.asks.withdraw()
        self.chain.disconnect()
        if self._error is not None:
            raise self._error

    def _run(self):
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised where the test is
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self):
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        endpoint = await Endpoint.bind(os.urandom(32), loopback=True)
        ticket = endpoint.ticket()
        ask = Ask(self.price, self.price, self.slots, memory_tier=10, runtime=runtime_number())
        await asyncio.to_thread(self.chain.asks.publish, ask, ticket)
        if self.pool is None:
            await endpoint.close()
            self._ready.set()
            await self._over.wait()
            return
        store = ProviderStore(self.folder / f"rogue-{self.chain.address[:8]}.db")
        config = ProviderConfig(slots=self.slots, memory_mib=1024)
        agent = self.agent(
            config=config, key=self.key, chain=self.chain, store=store, pool=self.pool, endpoint=endpoint
        )
        serving = asyncio.create_task(agent.serve())
        self._ready.set()
        await self._over.wait()
        agent.stop()
        await serving
        await self.pool.stop()
        await endpoint.close()
        store.close()
