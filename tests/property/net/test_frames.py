"""Frames survive any cutting of the stream; a claimed length costs nothing."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.model.errors import BadInput
from surge.net.errors import Malformed
from surge.net.frames import HEADER, Frames, framed

LIMIT = 1000


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=12), st.lists(st.integers(1, 40), min_size=1))
def test_any_cutting_of_the_stream_gives_the_same_frames(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(framed(payload, LIMIT) for payload in payloads)
    frames, taken, turn = Frames(LIMIT), [], 0
    while stream:
        size = cuts[turn % len(cuts)]
        frames.feed(stream[:size])
        stream, turn = stream[size:], turn + 1
        while (frame := frames.take()) is not None:
            taken.append(frame)
    assert taken == payloads
    assert not frames.partial


@given(st.binary(max_size=3000))
def test_random_streams_give_frames_or_malformed_for_good(stream: bytes) -> None:
    frames = Frames(LIMIT)
    frames.feed(stream)
    try:
        while (frame := frames.take()) is not None:
            assert 0 < len(frame) <= LIMIT
    except Malformed:
        frames.feed(framed(b"good", LIMIT))
        with pytest.raises(Malformed, match="hang up"):
            frames.take()
    else:
        assert frames.missing <= LIMIT + HEADER


@given(st.integers(LIMIT + 1, 2**32 - 1) | st.just(0))
def test_a_length_beyond_the_limit_is_malformed_at_once(length: int) -> None:
    frames = Frames(LIMIT)
    frames.feed(length.to_bytes(HEADER, "little"))
    with pytest.raises(Malformed, match=f"{length} bytes"):
        frames.take()


def test_a_claimed_length_allocates_nothing() -> None:
    frames = Frames(2**32 - 1)
    tracemalloc.start()
    try:
        frames.feed((2**32 - 1).to_bytes(HEADER, "little"))
        assert frames.take() is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10_000
    assert frames.missing == 2**32 - 1


def test_the_limit_can_be_raised_between_frames() -> None:
    frames = Frames(4)
    frames.feed(framed(b"four", LIMIT) + framed(b"longer", LIMIT))
    assert frames.take() == b"four"
    frames.limit = LIMIT
    assert frames.take() == b"longer"


@pytest.mark.parametrize("payload", [b"", bytes(LIMIT + 1)])
def test_what_no_peer_would_take_is_not_framed(payload: bytes) -> None:
    with pytest.raises(BadInput, match="can't be sent"):
        framed(payload, LIMIT)
