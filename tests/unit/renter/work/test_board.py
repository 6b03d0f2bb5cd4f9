"""A job's tasks: each future is resolved exactly once, whatever its decoder or its callbacks do."""

import asyncio
import threading
from concurrent.futures import CancelledError, Future

import pytest

from surge.model.errors import Distrusted, LimitExceeded, Unavailable
from surge.model.lease import Lease, Terms
from surge.model.task import Limits, Outcome, Task
from surge.renter.work.board import AT_ONCE, LONGEST_REASON, Board, Entry

OUTCOME = Outcome(bytes(32), "returned", b"7", 5)
PROVIDER = "0x" + "ab" * 20
LEASE = Lease(3, Terms("0x" + "cd" * 20, PROVIDER, 1, 1, 1, 1, 1), 0, b"")


def put(board, number=0, decode=lambda outcome: int(outcome.output)):
    board.announce()
    future = Future()
    board.put(Entry(number, 0, Task(bytes(32), b"", number, Limits()), future, decode))
    return future


def test_an_outcome_becomes_the_result():
    board = Board()
    future = put(board)
    assert board.start(0)
    asyncio.run(board.resolve(0, OUTCOME, LEASE))
    assert future.result(0) == 7
    assert board.task(0) is None
    board.wait()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_what_the_decoder_raises_is_the_future_s(error):
    """A provider's bytes may not end the job's thread."""
    board = Board()

    def decode(outcome):
        raise error("from the other side")

    future = put(board, decode=decode)
    board.start(0)
    asyncio.run(board.resolve(0, OUTCOME, LEASE))
    with pytest.raises(error, match="from the other side"):
        future.result(0)
    board.wait()


def test_only_the_first_end_counts():
    board = Board()
    future = put(board)
    board.start(0)
    asyncio.run(board.resolve(0, OUTCOME, LEASE))
    board.fail(0, Unavailable("late"))
    asyncio.run(board.resolve(0, OUTCOME, LEASE))
    assert future.result(0) == 7
    assert board.tally.finished == 1


def test_a_cancelled_task_never_starts():
    board = Board()
    future = put(board)
    assert future.cancel()
    assert not board.start(0)
    with pytest.raises(CancelledError):
        future.result(0)
    board.wait()


def test_a_started_task_cannot_be_cancelled_and_starts_once_more_elsewhere():
    board = Board()
    future = put(board)
    assert board.start(0)
    assert not future.cancel()
    assert board.start(0)


def test_cancel_waiting_leaves_what_has_started():
    board = Board()
    futures = [put(board, number) for number in range(4)]
    board.start(1)
    assert board.cancel_waiting() == [0, 2, 3]
    assert [future.cancelled() for future in futures] == [True, False, True, True]
    asyncio.run(board.resolve(1, OUTCOME, LEASE))
    board.wait()


def test_a_cancelled_task_is_not_failed():
    board = Board()
    future = put(board)
    future.cancel()
    board.fail(0, Unavailable("no lease"))
    assert future.cancelled()
    assert board.tally.failed == 0
    board.wait()


def test_wait_ends_with_the_last_task():
    board = Board()
    for number in range(2):
        put(board, number)
    ended = threading.Event()
    waiting = threading.Thread(target=lambda: (board.wait(), ended.set()))
    waiting.start()
    board.start(0)
    asyncio.run(board.resolve(0, OUTCOME, LEASE))
    assert not ended.is_set()
    board.fail(1, Unavailable("no lease"))
    waiting.join(10)
    assert ended.is_set()


def test_an_error_of_ours_says_where_it_was_and_is_told():
    told = []
    board = Board(lambda task, error: told.append((task, error)))

    def decode(outcome):
        raise LimitExceeded("out of fuel\x1b[2J\nin line 2")

    future = put(board, decode=decode)
    board.start(0)
    asyncio.run(board.resolve(0, OUTCOME, LEASE))
    assert future.exception(0).fields == {"lease": 3, "provider": PROVIDER}
    assert told == [(0, "LimitExceeded: out of fuel�[2J")]


def test_what_a_task_raised_is_told_in_one_line():
    told = []
    board = Board(lambda task, error: told.append(error))

    def decode(outcome):
        raise ValueError("x" * 500 + "\nsecond")

    put(board, decode=decode)
    board.start(0)
    asyncio.run(board.resolve(0, OUTCOME, LEASE))
    assert told == ["ValueError: " + "x" * (LONGEST_REASON - len("ValueError: "))]


LONG = Outcome(bytes(32), "returned", b"7" * (AT_ONCE + 1), 5)


def test_a_long_outcome_is_decoded_beside_the_loop():
    """Which goes on meanwhile: a provider's answer can't stall the other leases."""
    board, entered, released = Board(), threading.Event(), threading.Event()

    def decode(outcome):
        entered.set()
        assert released.wait(30)
        return threading.current_thread()

    slow, quick = put(board, 0, decode), put(board, 1)
    board.start(0)
    board.start(1)

    async def both():
        under_way = asyncio.ensure_future(board.resolve(0, LONG, LEASE))
        while not entered.is_set():
            await asyncio.sleep(0)
        await board.resolve(1, OUTCOME, LEASE)
        assert quick.result(0) == 7
        assert not slow.done()
        released.set()
        await under_way

    asyncio.run(both())
    assert slow.result(0) is not threading.current_thread()
    board.wait()


def test_what_ended_while_it_was_decoded_keeps_its_end():
    board = Board()

    def decode(outcome):
        board.fail(0, Unavailable("shut down"))
        return 1

    future = put(board, decode=decode)
    board.start(0)
    asyncio.run(board.resolve_all([0], [LONG], LEASE))
    assert isinstance(future.exception(0), Unavailable)
    assert board.tally.finished == 1


def test_one_answer_that_is_refused_takes_no_other_with_it():
    """And says whose it was; StopIteration, too, leaves the thread."""
    board = Board()
    errors = [Distrusted("malformed"), None, StopIteration(3)]

    def decode_as(error):
        def decode(outcome):
            if error is not None:
                raise error
            return 7

        return decode

    futures = [put(board, n, decode_as(error)) for n, error in enumerate(errors)]
    for n in range(3):
        board.start(n)
    asyncio.run(board.resolve_all([0, 1, 2], [LONG] * 3, LEASE))
    assert futures[0].exception(0).fields == {"lease": 3, "provider": PROVIDER}
    assert futures[1].result(0) == 7
    assert isinstance(futures[2].exception(0), StopIteration)
