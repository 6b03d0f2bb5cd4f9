"""A lease session under any order of events, and rebuilt from what was kept at any moment (P2, P3)."""

from dataclasses import replace
from itertools import accumulate

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace as with_fields

from deal import (
    CODE,
    DOMAIN,
    EXPIRY,
    PROVIDER,
    RENTER,
    SETUP_FUEL,
    SPEC,
    TASK_FUEL,
    chunk_of,
    lease_of,
)
from surge.model.digest import digest
from surge.model.receipt import setup_chunk
from surge.model.signature import sign
from surge.model.task import ChunkResult, Outcome, moved_of
from surge.model.voucher import Voucher
from surge.net.messages import (
    CloseGranted,
    GiveUp,
    Hello,
    PayVoucher,
    PrepareImage,
    RequestClose,
    Sorry,
    TermsMessage,
    VoucherAccepted,
    Welcome,
)
from surge.provider.lease.ending import ALONE_SECONDS, CLOSE_SECONDS, IDLE_SECONDS, LAST_CALL, OWING_SECONDS
from surge.provider.lease.policy import Policy
from surge.provider.lease.session import MAX_QUEUE, LeaseSession
from surge.provider.lease.steps import (
    Answer,
    ChunkBroke,
    ChunkRan,
    Deliver,
    DeliverImage,
    EndLease,
    Execute,
    Forget,
    ImageBroke,
    ImageMade,
    KeepClosing,
    KeepVoucher,
    LinkLost,
    MakeImage,
    NoteGivenUp,
    Redeem,
    Redeliver,
    Shun,
    Stop,
    Tick,
    ToppedUp,
)
from surge.renter.talk.requests import run_message
from surge.settle.merkle import Frontier

IMAGE = digest("test-image", SPEC.id)
POLICY = Policy(credit_limit=6_000, redeem_at=20_000)
PREPARE = PrepareImage(SPEC.runtime, SPEC.runtime_digest, list(SPEC.modules), SPEC.module)


class SessionMachine(RuleBasedStateMachine):
    """Plays the renter, the sandbox, the chain and the store."""

    @initialize(slots=st.integers(1, 3), escrow=st.sampled_from([1, 4_000, 30_000, 10**7]))
    def begin(self, slots, escrow):
        self.lease = lease_of(escrow=escrow, slots=slots)
        self.kept, self.voucher, self.numbers = [], None, 0
        self.settled, self.now = 0, 100
        self.billed, self.asked = set(), {}
        self.closing = False
        self.rebuild()
        self.looks()
        self.says_hello()

    def rebuild(self):
        """As after a crash: only what was kept is left."""
        self.session = LeaseSession(
            self.lease, DOMAIN, lambda message: sign(message, PROVIDER), POLICY, self.kept, self.voucher,
            self.closing,
        )  # fmt: skip
        self.running, self.making = {}, 0
        self.here, self.alone_since, self.quiet_since = False, None, None
        self.hurried = self.closing

    @property
    def owed(self):
        return sum(receipt.amount for receipt in self.kept)

    @property
    def signed(self):
        return self.voucher.amount if self.voucher else 0

    @property
    def was_left(self):
        """Alone for long, with nothing under way: longer if something is owed."""
        patience = OWING_SECONDS if self.owed > self.signed else ALONE_SECONDS
        alone = not self.here and self.alone_since is not None
        return alone and self.now - self.alone_since >= patience and not (self.running or self.making)

    @property
    def was_idle(self):
        """Nothing came of it for long, nothing is under way: a lease that takes no more work ends soon."""
        patience = OWING_SECONDS if self.owed > self.signed else IDLE_SECONDS
        if self.closing and self.owed <= self.signed:
            patience = 0 if self.hurried else CLOSE_SECONDS
        quiet = self.quiet_since is not None and self.now - self.quiet_since >= patience
        return quiet and not (self.running or self.making)

    @property
    def has_setup(self):
        """Whether the image was billed: made again, it takes nothing."""
        return any(receipt.chunk == setup_chunk(SPEC) for receipt in self.kept)

    def feed(self, event):
        """Perform the instructions as the agent would; give back the answers."""
        answers = []
        for one in self.session.handle(event):
            match one:
                case Answer(message):
                    answers.append(message)
                case MakeImage():
                    assert self.here, "worked for nobody"
                    assert not self.closing, "worked after its word to close"
                    assert self.owed - self.signed <= POLICY.credit_limit
                    self.making += 1
                case Execute(chunk):
                    assert self.here, "worked for nobody"
                    assert not self.closing, "worked after its word to close"
                    assert chunk not in self.running
                    assert chunk not in self.billed, "ran again what was billed"
                    assert self.owed - self.signed <= POLICY.credit_limit, "worked on beyond its credit"
                    self.running[chunk] = one
                    assert len(self.running) <= self.lease.terms.slots
                case Stop(chunk):
                    assert isinstance(event, GiveUp)
                    del self.running[chunk]
                case Deliver(receipt) | DeliverImage(receipt):
                    assert isinstance(event, ChunkRan | ImageMade), "a receipt without an execution (P2)"
                    assert receipt.position == len(self.kept)
                    assert receipt.chunk not in self.billed
                    self.billed.add(receipt.chunk)
                    self.quiet_since = None
                    self.kept.append(receipt)
                    assert self.owed <= self.lease.terms.escrow
                case KeepVoucher(voucher, _, paid_below):
                    assert voucher.amount == sum(one.amount for one in self.kept[:paid_below])
                    assert self.voucher is None or voucher.sequence > self.voucher.sequence
                    self.voucher = voucher
                case KeepClosing():
                    self.closing = True
                case Redeliver(position):
                    assert 0 <= position < len(self.kept)
                case Redeem():
                    assert self.signed - self.settled >= POLICY.redeem_at
                    self.settled = self.signed
                case Shun(renter, now):
                    assert (renter, now) == (self.lease.terms.renter, self.now)
                    assert self.session._patience.lost
                case NoteGivenUp(renter, seconds, now):
                    assert (renter, seconds >= 0, now) == (self.lease.terms.renter, True, self.now)
                case EndLease():
                    over = self.now >= EXPIRY or self.session._patience.lost
                    assert over or self.was_left or self.was_idle
                case Forget():
                    assert isinstance(event, Tick)
                    assert event.settled is None
        return answers

    # The renter

    @rule()
    def prepares(self):
        self.feed(PREPARE)

    @rule(count=st.integers(1, 3))
    def asks_for_a_chunk(self, count):
        asked = chunk_of(*range(self.numbers, self.numbers + count))
        self.numbers += count
        self.asked[asked.id] = asked
        self.feed(run_message(asked))

    @precondition(lambda self: self.asked)
    @rule(choice=st.randoms(use_true_random=False))
    def asks_again(self, choice):
        asked = self.asked[choice.choice(sorted(self.asked))]
        for answer in self.feed(run_message(asked)):
            assert isinstance(answer, Sorry)

    @rule()
    def asks_under_a_false_name(self):
        asked = chunk_of(10**6)
        for answer in self.feed(with_fields(run_message(asked), chunk=setup_chunk(SPEC))):
            assert isinstance(answer, Sorry)

    @rule(behind=st.integers(0, 2))
    def pays(self, behind):
        count = len(self.kept) - behind
        amount = sum(one.amount for one in self.kept[: max(0, count)])
        if count <= 0 or amount <= self.signed:
            return
        root = Frontier.of(one.struct_hash for one in self.kept[:count]).root
        sequence = (self.voucher.sequence if self.voucher else 0) + 1
        answers = self.pay(Voucher(self.lease.id, sequence, amount, root))
        assert VoucherAccepted(sequence) in answers
        assert self.signed == amount

    def pay(self, voucher, key=RENTER):
        signature = sign(DOMAIN.digest(voucher.struct_hash), key)
        return self.feed(PayVoucher(voucher.sequence, voucher.amount, voucher.root, signature))

    @precondition(lambda self: self.kept)
    @rule(
        off=st.integers(-5, 5),
        ahead=st.integers(1, 3),
        root=st.sampled_from(["right", "zeros"]),
        key=st.sampled_from([RENTER, PROVIDER]),
    )
    def forges_a_voucher(self, off, ahead, root, key):
        """M2: whatever is wrong with it, it moves nothing."""
        right = Frontier.of(one.struct_hash for one in self.kept).root
        if (off, root, key) == (0, "right", RENTER):
            return
        sequence = (self.voucher.sequence if self.voucher else 0) + ahead
        before = self.voucher
        amount = max(0, self.owed + off)
        answers = self.pay(
            Voucher(self.lease.id, sequence, amount, right if root == "right" else bytes(32)), key
        )
        assert [answer.code for answer in answers] == ["bad-voucher"]
        assert self.voucher == before

    @precondition(lambda self: self.voucher)
    @rule(back=st.integers(0, 3))
    def pays_again(self, back):
        """A late voucher, or the last one once more, changes nothing and hurts nobody."""
        before = self.voucher
        voucher = before if not back else replace(before, sequence=max(1, before.sequence - back))
        if voucher.sequence == before.sequence and voucher != before:
            return
        assert self.pay(voucher) == [VoucherAccepted(before.sequence)]
        assert self.voucher == before

    @rule()
    def loses_the_link(self):
        """What runs goes on; nothing new is begun."""
        self.here = False
        assert self.feed(LinkLost()) == []

    @rule()
    def says_hello(self):
        self.here, self.alone_since = True, None
        welcome = self.feed(Hello(self.lease.id, TermsMessage.of(self.lease.terms), bytes(65)))[0]
        assert isinstance(welcome, Welcome)
        assert (welcome.receipts, welcome.last_amount) == (len(self.kept), self.signed)

    @rule(sequence=st.integers(-1, 1))
    def asks_to_close(self, sequence):
        sequence = max(0, (self.voucher.sequence if self.voucher else 0) + sequence)
        (answer,) = self.feed(RequestClose(sequence, self.signed))
        if isinstance(answer, CloseGranted):
            assert self.closing, "gave its word before it was kept (P3)"
            assert self.owed == self.signed, "agreed to close with work unpaid"
            assert not self.running
            assert not self.making or self.has_setup, "agreed to close while a first image is made"

    @rule()
    def gives_up(self):
        """What runs is stopped and bills nothing, even where its result was on its way."""
        running, before = dict(self.running), len(self.kept)
        assert self.feed(GiveUp()) == []
        assert not self.running
        self.making = 0
        for chunk, work in running.items():
            outcome = Outcome(work.tasks[0].id(SPEC), "returned", b"", TASK_FUEL)
            self.feed(ChunkRan(ChunkResult(chunk, (outcome,), TASK_FUEL, 1, 5, False)))
        assert len(self.kept) == before

    @rule(amount=st.integers(1, 10_000))
    def tops_up(self, amount):
        terms = replace(self.lease.terms, escrow=self.lease.terms.escrow + amount)
        self.lease = replace(self.lease, terms=terms)
        self.feed(ToppedUp(self.lease))

    # The sandbox

    @precondition(lambda self: self.making)
    @rule(cached=st.booleans())
    def makes_the_image(self, cached):
        self.making -= 1
        self.feed(ImageMade(SPEC, IMAGE, 0 if cached else SETUP_FUEL, 3, False))

    @precondition(lambda self: self.making)
    @rule()
    def fails_to_make_the_image(self):
        self.making -= 1
        self.feed(ImageBroke(SPEC.id, "no such module"))

    @precondition(lambda self: self.running)
    @rule(choice=st.randoms(use_true_random=False), missing=st.integers(0, 2))
    def runs_a_chunk(self, choice, missing):
        chunk = choice.choice(sorted(self.running))
        work = self.running.pop(chunk)
        tasks = work.tasks[: max(1, len(work.tasks) - missing)]
        outcomes = tuple(Outcome(task.id(SPEC), "returned", task.input, TASK_FUEL) for task in tasks)
        moved = moved_of(len(CODE), [task.input for task in work.tasks], outcomes)
        self.feed(ChunkRan(ChunkResult(chunk, outcomes, TASK_FUEL * len(tasks), moved, 5, False)))

    @precondition(lambda self: self.running)
    @rule(choice=st.randoms(use_true_random=False))
    def breaks_a_chunk(self, choice):
        chunk = choice.choice(sorted(self.running))
        del self.running[chunk]
        self.feed(ChunkBroke(chunk, "failed", "wall time"))

    @rule(number=st.integers(0, 10**6))
    def comes_back_with_what_nobody_ran(self, number):
        """P2: an answer of the sandbox that was not asked for bills nothing."""
        asked = chunk_of(number + 10**7)
        outcomes = (Outcome(asked.task_ids[0], "returned", b"", TASK_FUEL),)
        before = len(self.kept)
        self.feed(ChunkRan(ChunkResult(asked.id, outcomes, TASK_FUEL, 1, 5, False)))
        assert len(self.kept) == before

    # Time and crashes

    @rule(seconds=st.integers(0, 3_000))
    def time_passes(self, seconds):
        self.now += seconds
        if not self.here and self.alone_since is None:
            self.alone_since = self.now
        self.looks()

    def looks(self):
        """At the chain, as with each tick."""
        if self.running or self.making:
            self.quiet_since = None
        elif self.quiet_since is None:
            self.quiet_since = self.now
        self.feed(Tick(self.now, self.settled))

    @rule()
    def the_chain_forgets(self):
        assert self.session.handle(Tick(self.now, None)) == [Forget()]

    @rule()
    def the_provider_crashes(self):
        """P3: the rebuilt session owes and is owed the same."""
        before = self.session.signed, self.session.receipts, self.session._bill.unpaid
        self.rebuild()
        assert (self.session.signed, self.session.receipts, self.session._bill.unpaid) == before
        self.alone_since = self.now
        self.looks()

    # What always holds

    @invariant()
    def the_books_agree(self):
        assert self.session.receipts == len(self.kept)
        assert self.session.signed.amount == self.signed
        assert self.signed <= self.owed <= self.lease.terms.escrow
        totals = accumulate(receipt.amount for receipt in self.kept)
        unpaid = [place for place, total in enumerate(totals) if total > self.signed]
        assert self.session._bill.unpaid == unpaid

    @invariant()
    def queues_are_bounded(self):
        assert len(self.session._queue) + len(self.session._early) <= MAX_QUEUE

    @invariant()
    def nothing_sleeps(self):
        """A free slot, credit, a waiting chunk and a renter never stand side by side."""
        if self.here and self.session._queue and len(self.running) < self.lease.terms.slots:
            assert self.owed - self.signed > POLICY.credit_limit

    def teardown(self):
        """However it stands, after expiry and the last call the lease is closed."""
        if hasattr(self, "session"):
            *_, last = self.session.handle(Tick(max(self.now, EXPIRY) + LAST_CALL, self.settled))
            assert last == EndLease()


TestSessionMachine = SessionMachine.TestCase
TestSessionMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
