"""Transactions on their way: each ends by itself."""

import threading

import pytest

from surge.keeper.flights import Flights


def test_each_lands_when_it_ends():
    flights, may_end = Flights(), threading.Event()
    flights.launch("slow", may_end.wait)
    flights.launch("quick", lambda: 7)
    (landed,) = flights.landed(patience=0.2)
    assert (landed[0], landed[1].result()) == ("quick", 7)
    assert ("slow" in flights, "quick" in flights, len(flights)) == (True, False, 1)
    may_end.set()
    assert [key for key, _ in flights.landed(patience=30)] == ["slow"]
    assert flights.landed(patience=0) == []


def test_a_failure_lands_too():
    def fail():
        raise OSError("down")

    flights = Flights()
    flights.launch("a", fail)
    ((_, flight),) = flights.landed(patience=30)
    with pytest.raises(OSError, match="down"):
        flight.result()
