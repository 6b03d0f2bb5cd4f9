"""A task outlasts its lease when it has run for most of it, not when the chain's clock has leapt."""

import time
from types import SimpleNamespace

from surge.renter.lease.chunks import Held, Sent


def a_lease(*chunks, slots=1, delivered=0.0):
    terms = SimpleNamespace(slots=slots)
    made = Held(SimpleNamespace(lease=SimpleNamespace(terms=terms)), delivered=delivered)
    made.chunks = {
        bytes([n]): Sent(n, tuple(range(tasks)), 1_000, at) for n, (tasks, at) in enumerate(chunks)
    }
    return made


def names(lease, duration):
    return [sent.key for sent in lease.outlasting(duration)]


def test_only_what_ran_alone_for_most_of_the_lease_outlasts_it():
    now = time.monotonic()
    assert names(a_lease((1, now - 500)), 900) == [0]
    assert names(a_lease((1, now - 400)), 900) == []  # the chain's clock leapt
    assert names(a_lease((2, now - 500)), 900) == []
    assert names(a_lease((1, now - 500), delivered=now - 10), 900) == []  # it began when the last was done
    assert names(a_lease((1, now - 500), (1, now - 500)), 900) == [0]  # the second waits
    assert names(a_lease((1, now - 500), (1, now - 500), slots=2), 900) == [0, 1]


def test_a_lease_that_is_gone_has_none():
    gone = a_lease((1, time.monotonic() - 500))
    gone.gone = OSError()
    assert names(gone, 900) == []
