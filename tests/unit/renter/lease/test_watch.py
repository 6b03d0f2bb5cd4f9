"""Time passes for a job's leases: whether there is somebody else decides what a silent one means."""

import asyncio
from types import SimpleNamespace

import pytest

from surge.renter.lease.watch import PATIENCE, Watch


def held(provider, chunks=True, gone=None, closed=False):
    terms = SimpleNamespace(provider=provider)
    session = SimpleNamespace(lease=SimpleNamespace(terms=terms))
    return SimpleNamespace(session=session, chunks={1: None} if chunks else {}, gone=gone, closed=closed)


def ticks(leases, others):
    told = []
    funding = SimpleNamespace(duration=900, choosing=SimpleNamespace(others=set(others)))
    Watch(dict(enumerate(leases)), funding, told.append, lambda *_: None)._tick()
    return told


@pytest.mark.parametrize(
    ("leases", "others", "expected"),
    [
        ([held("A")], [], False),
        ([held("A")], ["A"], False),  # itself is nobody else
        ([held("A")], ["A", "B"], True),
        ([held("A"), held("A")], ["A"], False),
        ([held("A"), held("B", chunks=False)], [], True),
        ([held("A"), held("B", gone=OSError())], [], False),
        ([held("A"), held("B", closed=True)], [], False),
    ],
)
def test_others_are_those_beside_the_one_that_holds_work(leases, others, expected):
    (tick,) = ticks(leases, others)
    assert (tick.others, tick.patience) == (expected, 900 / PATIENCE)


def test_nothing_is_told_while_nobody_works():
    assert ticks([held("A", chunks=False), held("B", gone=OSError())], ["C"]) == []


def test_a_lease_that_expired_is_lost_without_blame_and_looked_for():
    lost = []

    async def ended(lease, now):
        return True

    one = held("A")
    one.session.lease.id, one.session.lease.terms.expiry = 7, 100
    one.outlasting = lambda duration: []
    funding = SimpleNamespace(duration=900, ended=ended)

    def lose(lease, error, shun):
        lost.append((lease, shun))
        lease.gone = error

    asyncio.run(Watch({7: one}, funding, lambda _: None, lose)._look_at(one, 101))
    assert (lost, one.closed) == ([(one, False)], True)
