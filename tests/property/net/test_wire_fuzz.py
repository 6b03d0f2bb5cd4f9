"""Whatever a peer sends: messages, or Malformed for good; never more memory than has arrived (N1)."""

import random
import tracemalloc
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from property.net.wire import MESSAGES
from surge.net import messages as m
from surge.net.errors import Malformed
from surge.net.frames import HEADER, Frames, framed
from surge.net.results import Gathering

STREAMS = 500
"""For each of the 100 examples of `make test`, and of the 2,000 of `make nightly`: a million."""
LIMIT = 1 << 20
HELD = 1 << 16
SPARE = 1 << 16
"""Bytes that reading a stream may take beside what arrived and what is made of it."""
JUNK: list[Any] = [
    None,
    True,
    -1,
    0,
    2**63,
    2**64 - 1,
    0.5,
    "",
    "a",
    "\x1b]52",
    b"",
    b"x" * 31,
    b"x" * 32,
    [],
    {},
    [[]],
]


def spoiled(draw: random.Random, fields: Any) -> Any:
    """The same with a part replaced, taken away, or there twice."""
    if not isinstance(fields, list) or not fields or draw.random() < 0.2:
        return draw.choice(JUNK)
    at, way = draw.randrange(len(fields)), draw.random()
    if way < 0.1:
        return fields[:at] + fields[at + 1 :]
    if way < 0.2:
        return [*fields, fields[at]]
    return [*fields[:at], spoiled(draw, fields[at]), *fields[at + 1 :]]


def payload(draw: random.Random, sent: list[m.Message]) -> bytes:
    message = draw.choice(sent)
    whole, way = m.encode(message), draw.random()
    if way < 0.2:
        return whole
    if way < 0.6:
        return (
            msgspec.msgpack.encode(spoiled(draw, msgspec.to_builtins(message, builtin_types=(bytes,))))
            or b"\0"
        )
    held = bytearray(whole)
    for _ in range(draw.randrange(1, 4)):
        held[draw.randrange(len(held))] = draw.choice([draw.randrange(256), 0xDD, 0xDF, 0xC6, 0x91])
    return bytes(held[: draw.randrange(1, len(held) + 1)] if draw.random() < 0.2 else held)


def stream(draw: random.Random, sent: list[m.Message]) -> bytes:
    """Some frames, of which one may lie about its length."""
    joined = bytearray(b"".join(framed(payload(draw, sent), LIMIT) for _ in range(draw.randrange(1, 4))))
    if draw.random() < 0.2:
        at = draw.randrange(len(joined))
        joined[at : at + draw.randrange(5)] = draw.choice([b"", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\1"])
    return bytes(joined)


def read(draw: random.Random, content: bytes) -> None:
    frames, gathered, refused = Frames(LIMIT), Gathering(HELD), False
    at = 0
    while at < len(content):
        size = draw.choice([1, 3, 64, 4096])
        frames.feed(content[at : at + size])
        at += size
        try:
            while (frame := frames.take()) is not None:
                assert 0 < len(frame) <= LIMIT
                refused |= not understood(frame, gathered)
        except Malformed:
            break
    assert frames.missing <= LIMIT + HEADER
    assert sum(parts.held for parts in gathered._parts.values()) == gathered._held <= HELD


def understood(frame: bytes, gathered: Gathering) -> bool:
    try:
        message = m.decode(frame)
    except Malformed:
        return False
    assert m.decode(m.encode(message)) == message
    if isinstance(message, m.OutputPart | m.ChunkPart | m.ChunkDone):
        try:
            outcomes = gathered.add(message)
        except Malformed:
            return False
        assert (outcomes is not None) is isinstance(message, m.ChunkDone)
    return True


@given(st.lists(MESSAGES, min_size=1, max_size=6), st.integers(0, 2**64))
def test_whatever_a_peer_sends(sent: list[m.Message], seed: int) -> None:
    draw = random.Random(seed)
    streams = [stream(draw, sent) for _ in range(STREAMS)]
    tracemalloc.start()
    try:
        for content in streams:
            tracemalloc.reset_peak()
            before, _ = tracemalloc.get_traced_memory()
            read(draw, content)
            _, peak = tracemalloc.get_traced_memory()
            assert peak - before < SPARE + 16 * len(content)
    finally:
        tracemalloc.stop()
