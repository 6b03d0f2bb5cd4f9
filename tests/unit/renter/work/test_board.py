"""A job's tasks: each future is resolved exactly once, whatever its decoder or its callbacks do."""

import threading
from concurrent.futures import CancelledError, Future

import pytest

from surge.model.errors import LimitExceeded, Unavailable
from surge.model.lease import Lease, Terms
from surge.model.task import Limits, Outcome, Task
from surge.renter.work.board import LONGEST_REASON, Board, Entry

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
    board.resolve(0, OUTCOME, LEASE)
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
    board.resolve(0, OUTCOME, LEASE)
    with pytest.raises(error, match="from the other side"):
        future.result(0)
    board.wait()


def test_only_the_first_end_counts():
    board = Board()
    future = put(board)
    board.start(0)
    board.resolve(0, OUTCOME, LEASE)
    board.fail(0, Unavailable("late"))
    board.resolve(0, OUTCOME, LEASE)
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
    board.resolve(1, OUTCOME, LEASE)
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
    board.resolve(0, OUTCOME, LEASE)
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
    board.resolve(0, OUTCOME, LEASE)
    assert future.exception(0).fields == {"lease": 3, "provider": PROVIDER}
    assert told == [(0, "LimitExceeded: out of fuel�[2J")]


def test_what_a_task_raised_is_told_in_one_line():
    told = []
    board = Board(lambda task, error: told.append(error))

    def decode(outcome):
        raise ValueError("x" * 500 + "\nsecond")

    put(board, decode=decode)
    board.start(0)
    board.resolve(0, OUTCOME, LEASE)
    assert told == ["ValueError: " + "x" * (LONGEST_REASON - len("ValueError: "))]
