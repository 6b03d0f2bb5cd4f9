"""One renter's lease with one provider, without network, chain or sandbox: a real RenterSession and a real
Agent with their stores, joined by links that break where a test wants, over a Market of few lines.
"""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

from coincurve import PrivateKey

from small_market import DOMAIN, Market
from surge.model.digest import digest
from surge.model.errors import NotDeterministic
from surge.model.lease import Lease, Terms
from surge.model.signature import address_of
from surge.model.task import PYTHON, ChunkResult, ImageSpec, Limits, Outcome, Task, chunk_id, moved_of
from surge.net.blobs import blob_digest
from surge.net.messages import Hello, TermsMessage, decode
from surge.provider.agent import Agent
from surge.provider.config import ProviderConfig
from surge.renter.talk.bill import ChunkRequest
from surge.renter.talk.notices import Declined, Delivered, Ended
from surge.renter.talk.session import RenterSession
from surge.renter.talk.stopwatch import Stopwatch
from surge.store.provider import ProviderStore
from surge.store.renter import JobRow, RenterStore, TaskRow
from wires import Exchange

RENTER, PROVIDER = PrivateKey(b"\1" * 32), PrivateKey(b"\2" * 32)
SPEC = ImageSpec(PYTHON, digest("test", b"suite"), ("numpy",))
CODE = b"def f(x): return x"
LIMITS = Limits(fuel=10**10, output=10_000)
SETUP_FUEL, TASK_FUEL = 5 * 10**9, 10**9


def hours():
    """For providers that bill what they never burned: an hour passes between two looks at this clock."""
    return Stopwatch(1, itertools.count(step=3_600).__next__)


PRICE = 1_000
"""Per Gfuel, in millionths of a dollar: so a task costs about a tenth of a cent."""
EXPIRY = 10_000
DEADLINE = 20.0


def hello(lease):
    """The renter's, unsigned: the door looks at the signature, the session doesn't."""
    return Hello(lease.id, TermsMessage.of(lease.terms), bytes(65))


def lease_of(escrow=10_000_000, slots=1, number=1):
    terms = Terms(address_of(RENTER), address_of(PROVIDER), slots, PRICE, 1_000, escrow, EXPIRY)
    return Lease(number, terms, 900, bytes(32))


def chunk_of(*numbers, memory=LIMITS.memory):
    limits = Limits(LIMITS.fuel, memory, LIMITS.output)
    tasks = [Task(blob_digest(CODE), b"input %d" % n, n, limits) for n in numbers]
    return ChunkRequest.of(SPEC, digest("test-image", SPEC.id), tasks, len(CODE))


class Killed(BaseException):
    """The machine went away in the middle of this call."""


# Sandbox


class Bench:
    """A pool whose guests return their input. Counts what really ran."""

    def __init__(self):
        self.made, self.ran = [], []
        self.gate = asyncio.Event()
        self.gate.set()
        self.fail: Callable[[object], bool] = lambda job: False

    async def image(self, spec, module=None, owner=""):
        await asyncio.sleep(0)
        fuel = 0 if spec.id in self.made else SETUP_FUEL
        self.made.append(spec.id)
        return SimpleNamespace(
            digest=digest("test-image", spec.id), fuel=fuel, joules=fuel // 10**6, measured=False
        )

    async def run(self, job):
        await self.gate.wait()
        await asyncio.sleep(0)
        if self.fail(job):
            raise NotDeterministic("a worker ended; the chunk must run again")
        image = digest("test-image", job.spec.id)
        outcomes = tuple(Outcome(name, "returned", given, TASK_FUEL) for name, given, *_ in job.tasks)
        chunk = chunk_id(image, [name for name, *_ in job.tasks], job.limits)
        self.ran.append(chunk)
        moved = moved_of(len(job.code), [given for _, given, *_ in job.tasks], outcomes)
        fuel = TASK_FUEL * len(outcomes) + 10**6
        return ChunkResult(chunk, outcomes, fuel, moved, 7, False)


# Both sides


def kill_at(store, name, when, count=1):
    """From now on the `count`-th call of the store's method dies, before or after it has done its work."""
    real = getattr(store, name)
    calls = itertools.count(1)

    def call(*args):
        last = next(calls) == count
        if last and when == "before":
            raise Killed(name)
        answer = real(*args)
        if last and when == "after":
            raise Killed(name)
        return answer

    setattr(store, name, call)


class Deal:
    """A provider that can be killed and started again, and a renter. Use it with `async with deal(...)`."""

    def __init__(self, folder: Path, lease: Lease, lives=(), config=None):
        self.folder, self.lease = folder, lease
        self.market = Market()
        self.market.open(lease)
        self.exchange = Exchange(lives)
        self.bench = Bench()
        self.lacks = ""
        self.config = config or ProviderConfig(slots=4, memory_mib=1024, credit="0.05", redeem_at="5.00")
        self.delivered, self.declined, self.ended = {}, [], []
        self.changed = asyncio.Event()
        self.kills = 0
        self.renter_store = RenterStore(folder / "renter.db")
        self.job = JobRow("job", "test", 1, 31337, DOMAIN.contract, lease.terms.renter, 10**7, "open")
        self.renter_store.put_job(self.job)
        self.renter_store.put_lease("job", lease)
        self.start()
        self.session = self.new_session()

    # The provider

    def start(self):
        self.store = ProviderStore(self.folder / "provider.db")
        self.agent = Agent(
            config=self.config, key=PROVIDER, chain=self.market.seen_by(address_of(PROVIDER)),
            store=self.store, pool=self.bench, endpoint=self.exchange.provider_end,
            lack=lambda: self.lacks,
        )  # fmt: skip
        self.exchange.open = True
        self.serving = asyncio.create_task(self.agent.serve())

    async def kill(self):
        """As by SIGKILL: nothing more is sent or kept."""
        self.kills += 1
        self.exchange.open = False
        self.exchange.cut()
        self.serving.cancel()
        await asyncio.gather(self.serving, return_exceptions=True)
        self.store.close()

    async def restart(self):
        await self.kill()
        self.start()

    @property
    def served(self):
        """The agent's session of the lease."""
        return self.agent._served[self.lease.id].session

    # The renter

    def new_session(self):
        session = RenterSession(
            lease=self.lease, ticket="ticket", find_ticket=self._ticket, endpoint=self.exchange.renter_end,
            key=RENTER, domain=DOMAIN, keep=self._keep, notify=self._hear,
        )  # fmt: skip
        session.bill.stopwatch = hours()
        return session

    async def _ticket(self):
        return "ticket"

    def _keep(self, signed, paid, asked, outcomes):
        rows = []
        if asked is not None:
            for place, (task, name) in enumerate(zip(asked.tasks, asked.task_ids, strict=True)):
                outcome = outcomes[place] if place < len(outcomes) else None
                rows.append(TaskRow.of(signed.receipt, place, "job", task.seed, name, SPEC.id, task, outcome))
        self.renter_store.put_receipt("job", signed, rows, paid)

    def _hear(self, session, notice):
        match notice:
            case Delivered(chunk, outcomes):
                assert chunk not in self.delivered, "delivered twice"
                self.delivered[chunk] = outcomes
            case Declined():
                self.declined.append(notice)
            case Ended(error):
                self.ended.append(error)
        self.changed.set()

    async def until(self, condition, deadline=DEADLINE):
        """Wait for notices until `condition()` holds. A failure tells the end of the conversation."""
        try:
            await self._until(condition, deadline)
        except TimeoutError:
            said = [f"{way} {decode(frame)!r}"[:160] for way, frame in self.exchange.log[-20:]]
            raise AssertionError("\n".join(["nothing more happens after", *said])) from None

    async def _until(self, condition, deadline):
        async with asyncio.timeout(deadline):
            while not condition():
                assert not self.ended, self.ended
                self.changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):  # the provider's side tells nobody
                        await self.changed.wait()

    async def prepare(self):
        await self.session.open()
        await self.session.image(SPEC, {blob_digest(CODE): CODE})

    async def run(self, *chunks):
        """Send chunks and wait until each is delivered."""
        for chunk in chunks:
            await self.session.run(chunk)
        await self.until(lambda: all(chunk.id in self.delivered for chunk in chunks))

    # Books

    def provider_books(self):
        kept = self.store.voucher(self.lease.id)
        return [one.receipt for one in self.store.receipts(self.lease.id)], kept.voucher if kept else None

    def renter_books(self):
        paid = self.renter_store.voucher("job", self.lease.id)
        receipts = [one.receipt for one in self.renter_store.receipts("job", self.lease.id)]
        return receipts, paid.voucher if paid else None

    async def level(self):
        """Until both have the same books; and nothing is billed that did not run (P2)."""
        await self.until(lambda: self.provider_books() == self.renter_books())
        receipts, voucher = self.renter_books()
        assert voucher.amount == sum(one.amount for one in receipts)
        billed = [one.chunk for one in receipts[1:]]
        assert len(set(billed)) == len(billed)
        assert set(billed) <= set(self.bench.ran)

    async def end(self):
        await self.session.hang_up()
        await self.kill()
        self.renter_store.close()


@asynccontextmanager
async def deal(folder, lease=None, lives=(), config=None) -> AsyncIterator[Deal]:
    made = Deal(folder, lease or lease_of(), lives, config)
    try:
        yield made
    finally:
        await made.end()


def play(folder, story, **options):
    """Run a story, a coroutine function of a Deal, to its end."""

    async def run():
        async with deal(folder, **options) as made:
            await story(made)

    asyncio.run(run())
