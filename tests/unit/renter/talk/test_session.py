"""The renter's end of a lease against a provider that breaks the rules: nothing is signed, and it ends."""

import asyncio
from dataclasses import replace

import pytest

from deal import (
    CODE,
    DOMAIN,
    PRICE,
    PROVIDER,
    RENTER,
    SETUP_FUEL,
    SPEC,
    TASK_FUEL,
    Exchange,
    chunk_of,
    hours,
    lease_of,
)
from surge.model.digest import digest
from surge.model.errors import Distrusted, ProviderLost, Refused
from surge.model.receipt import Receipt, setup_chunk, setup_outcome, task_leaf
from surge.model.signature import sign
from surge.model.task import Outcome, amount_of, moved_of
from surge.model.voucher import Close
from surge.net.blobs import blob_digest
from surge.net.messages import (
    ChunkDone,
    ChunkPart,
    CloseGranted,
    HaveBlobs,
    Hello,
    ImageReady,
    OutcomeMessage,
    OutputPart,
    PayVoucher,
    PrepareImage,
    ReceiptMessage,
    RequestClose,
    SeekBlobs,
    Sorry,
    Welcome,
)
from surge.renter.talk import session as session_module
from surge.renter.talk.notices import Declined, Delivered, Ended
from surge.renter.talk.session import MAX_DECLINES, RenterSession
from surge.settle.merkle import root_of

IMAGE = digest("test-image", SPEC.id)
LEASE = lease_of()
WELCOME = Welcome(0, 0, 0, 1, 50_000)


def signed(receipt):
    return sign(DOMAIN.digest(receipt.struct_hash), PROVIDER)


def image_ready(position=0, image=IMAGE):
    root = root_of([task_leaf(setup_outcome(SPEC, image, SETUP_FUEL))])
    amount = amount_of(SETUP_FUEL, 0, PRICE, 1_000)
    receipt = Receipt(1, position, setup_chunk(SPEC), root, SETUP_FUEL, 0, 1, False, amount)
    return ImageReady(SPEC.id, image, ReceiptMessage.of(receipt), signed(receipt))


def chunk_done(asked, position=1, **changes):
    outcomes = [Outcome(name, "returned", b"out", TASK_FUEL) for name in asked.task_ids]
    fuel = TASK_FUEL * len(outcomes)
    moved = moved_of(len(CODE), [task.input for task in asked.tasks], outcomes)
    receipt = Receipt(
        1, position, asked.id, root_of(map(task_leaf, outcomes)), fuel, moved, 1, False,
        amount_of(fuel, moved, PRICE, 1_000),
    )  # fmt: skip
    receipt = replace(receipt, **changes)
    return ChunkDone(
        asked.id, ReceiptMessage.of(receipt), signed(receipt), [OutcomeMessage.of(one) for one in outcomes]
    )


class Scripted:
    """A provider that answers each kind of message as its script says: a list of messages, or a function."""

    def __init__(self, **script):
        self.script = {
            "Hello": [WELCOME],
            "SeekBlobs": [HaveBlobs([])],
            "PrepareImage": [image_ready()],
            **script,
        }
        self.heard = []

    async def serve(self, exchange):
        while True:
            link = await exchange.arrivals.get()
            await asyncio.gather(self._converse(link), return_exceptions=True)

    async def _converse(self, link):
        link.limit = 1 << 26
        while True:
            message = await link.receive()
            self.heard.append(message)
            answers = self.script.get(type(message).__name__, [])
            for answer in answers(message) if callable(answers) else answers:
                await link.send(answer)


def play(story, **script):
    async def go():
        exchange, provider, notices = Exchange(), Scripted(**script), asyncio.Queue()
        serving = asyncio.create_task(provider.serve(exchange))

        async def ticket():
            return "ticket"

        session = RenterSession(
            lease=LEASE, ticket="ticket", find_ticket=ticket, endpoint=exchange.renter_end, key=RENTER,
            domain=DOMAIN, keep=lambda *_: None, notify=lambda _, notice: notices.put_nowait(notice),
        )  # fmt: skip
        session.bill.stopwatch = hours()
        try:
            async with asyncio.timeout(20):
                await story(session, notices, provider)
        finally:
            await session.hang_up()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(go())


async def prepared(session):
    await session.open()
    await session.image(SPEC, {blob_digest(CODE): CODE})


def ending(error, words, **script):
    """Preparing and running a chunk ends the conversation with this error, and pays at most the image."""

    async def story(session, notices, provider):
        await prepared(session)
        await session.run(chunk_of(1))
        ended = await notices.get()
        while not isinstance(ended, Ended):
            ended = await notices.get()
        assert isinstance(ended.error, error), ended.error
        assert words in str(ended.error)
        assert session.bill.receipts == 1
        with pytest.raises(error):
            await session.run(chunk_of(2))

    play(story, **script)


def test_a_good_provider_is_paid():
    async def story(session, notices, provider):
        await prepared(session)
        asked = chunk_of(1)
        await session.run(asked)
        assert isinstance(await notices.get(), Delivered)
        assert session.bill.receipts == 2

    play(story, RunChunk=[chunk_done(chunk_of(1))])


HOSTILE = {
    "another chunk's result": ([chunk_done(chunk_of(2))], "nobody asked for"),
    "a receipt with another amount": ([chunk_done(chunk_of(1), amount=9)], "prices make it"),
    "a receipt out of order": ([chunk_done(chunk_of(1), position=5)], "position"),
    "the same image billed again": ([image_ready(1)], "billed twice"),
    "the same image with another digest": ([ImageReady(SPEC.id, bytes(32), None, b"")], "two digests"),
    "an image nobody asked for": ([ImageReady(bytes(32), IMAGE, None, b"")], "nobody asked for"),
    "a message of the renter's side": ([RequestClose(0, 0)], "not a provider's to send"),
    "doubt of a good voucher": ([Sorry("bad-voucher", "I don't like it", None)], "bad-voucher"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_a_provider_that_breaks_the_rules_is_distrusted(how):
    """M2: and gets no voucher for it."""
    answers, words = HOSTILE[how]
    ending(Distrusted, words, RunChunk=answers)


def test_a_provider_that_declines_everything_is_lost():
    answers = [Sorry("busy", "later", chunk_of(1).id)] * (MAX_DECLINES + 1)
    ending(ProviderLost, "declines everything", RunChunk=answers)


def test_parts_that_nobody_asked_for_are_not_kept():
    """A chunk delivered again after a broken link may come in parts too: no offence, and no memory."""
    asked, other = chunk_of(1), chunk_of(2)
    junk = [OutputPart(other.id, bytes(1 << 20)), ChunkPart(other.id, chunk_done(other).outcomes)]

    async def story(session, notices, _):
        await prepared(session)
        await session.run(asked)
        assert isinstance(await notices.get(), Delivered)
        assert not session._gathering._parts

    play(story, RunChunk=[*junk, chunk_done(asked)])


def test_one_decline_is_no_end():
    async def story(session, notices, provider):
        await prepared(session)
        await session.run(chunk_of(1))
        assert await notices.get() == Declined(chunk_of(1).id, "busy", "later")
        await session.run(chunk_of(2))

    play(story, RunChunk=lambda message: [Sorry("busy", "later", message.chunk)])


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Sorry("no-lease", "unknown"), Refused),
        (HaveBlobs([]), Distrusted),
        (Welcome(5, 100, 9, 1, 1), Distrusted),
    ],
)
def test_a_hello_that_is_not_welcomed_opens_nothing(answer, error):
    async def story(session, notices, provider):
        with pytest.raises(error):
            await session.open()

    play(story, Hello=[answer])


def test_a_refusal_says_in_fields_what_it_is_about():
    async def story(session, notices, provider):
        with pytest.raises(Refused) as refused:
            await session.open()
        lease = session.lease
        assert refused.value.fields == {
            "lease": lease.id,
            "provider": lease.terms.provider,
            "refusal": "no-lease",
        }

    play(story, Hello=[Sorry("no-lease", "unknown")])


def test_a_provider_that_does_not_answer_is_lost(monkeypatch):
    monkeypatch.setattr(session_module, "ANSWER_SECONDS", 0.1)

    async def story(session, notices, provider):
        with pytest.raises(ProviderLost, match="did not answer"):
            await session.open()

    play(story, Hello=[])


def test_an_image_that_cannot_be_made_fails_its_askers_and_nothing_else():
    async def story(session, notices, provider):
        await session.open()
        for _ in range(2):
            with pytest.raises(Exception, match="no such module"):
                await session.image(SPEC, {})
        assert session.over is None
        assert [type(one) for one in provider.heard] == [Hello, PrepareImage, PrepareImage]

    play(story, PrepareImage=[Sorry("no-image", "no such module", SPEC.id)])


def test_blobs_are_sent_once_a_link():
    async def story(session, notices, provider):
        await prepared(session)
        await session.image(SPEC, {blob_digest(CODE): CODE})
        assert sum(isinstance(one, SeekBlobs) for one in provider.heard) == 1

    play(story)


def granted(key=PROVIDER, **changes):
    close = replace(Close(1, 0, 0), **changes)
    return CloseGranted(close.sequence, close.amount, sign(DOMAIN.digest(close.struct_hash), key))


@pytest.mark.parametrize("answer", [granted(RENTER), granted(amount=5), granted(sequence=1)])
def test_a_word_to_close_is_checked(answer):
    async def story(session, notices, provider):
        await session.open()
        with pytest.raises(Distrusted):
            await session.close()

    play(story, RequestClose=[answer])


def test_a_close_waits_for_what_is_owed():
    """The provider owes an answer from before; it is paid, and then the lease is closed."""
    asks = []

    def answer(message):
        asks.append(message)
        if len(asks) == 1:
            return [Sorry("unpaid", "0.005 is owed"), image_ready()]
        close = Close(1, message.sequence, message.amount)
        return [CloseGranted(close.sequence, close.amount, sign(DOMAIN.digest(close.struct_hash), PROVIDER))]

    async def story(session, notices, provider):
        await session.open()
        image = asyncio.create_task(session.image(SPEC, {}))
        while not any(isinstance(one, PrepareImage) for one in provider.heard):
            await asyncio.sleep(0)
        assert (await session.close()).amount == amount_of(SETUP_FUEL, 0, PRICE, 1_000)
        assert await image == IMAGE
        assert any(isinstance(one, PayVoucher) for one in provider.heard)

    play(story, RequestClose=answer, PrepareImage=[])


def test_what_was_given_up_is_not_paid_for_long_after(monkeypatch):
    """What crossed the word on its way is; a chunk that is held for hours and billed then is not."""
    monkeypatch.setattr(session_module, "CROSSING_SECONDS", -1.0)

    async def story(session, notices, provider):
        await prepared(session)
        asked = chunk_of(1)
        await session.run(asked)
        await session.give_up()
        ended = await notices.get()
        assert isinstance(ended, Ended), ended
        assert "given-up work" in str(ended.error)
        assert session.bill.receipts == 1  # the image

    play(story, GiveUp=[chunk_done(chunk_of(1))])
