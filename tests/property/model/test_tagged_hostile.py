"""Whatever bytes a provider sends, the renter gets a value or Distrusted, in bounded time and memory."""

import contextlib
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surge.model.errors import BadInput, Distrusted, LimitExceeded
from surge.model.tagged import tags as tag
from surge.model.tagged.codec import decode, encode
from surge.model.tagged.core import MAX_VALUES
from surge.model.tagged.opaque import Opaque


class Account:
    """Would notice if a hostile answer ran its code."""

    def __init__(self) -> None:
        raise AssertionError("a decoded instance's code ran")

    def __setattr__(self, name: str, value: object) -> None:
        raise AssertionError("a decoded instance's code ran")


CLASSES = {"m:Account": Account}

SAMPLES = [
    None, -1, 2**70, 1.5, "é\ud800", b"x", [1, (2, {3, "a"}), {"k": frozenset([4])}], {(1, 2): 3},
    list(range(40)), [0.5] * 40, ValueError("x", 1), range(3), slice(1, 2), 1j, bytearray(b"y"),
    np.arange(6).reshape(2, 3), np.array(["a", "bc"]), np.array([1, None], object), np.float32(2),
    np.zeros(2, [("a", "i4"), ("b", "f8", (2,))]), np.datetime64("2020-01-01"),
    pd.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.date_range("2020", periods=3, tz="UTC"),
]  # fmt: skip


def open_bytes(content: bytes) -> None:
    with contextlib.suppress(Distrusted, BadInput):
        decode(content, CLASSES)


@settings(max_examples=500)
@given(st.binary(max_size=200))
def test_random_bytes(content: bytes) -> None:
    open_bytes(content)


@settings(max_examples=500)
@given(st.integers(1, tag.HIGHEST + 3), st.lists(st.sampled_from(SAMPLES), max_size=7))
def test_tags_with_unfit_items(code: int, items: list[object]) -> None:
    parts = [encode(x) for x in items]
    open_bytes(bytes([0x91 + len(parts), 0xD4, code, 0]) + b"".join(parts))


@settings(max_examples=500)
@given(st.sampled_from(SAMPLES), st.data())
def test_mutated_bytes(value: object, draw: st.DataObject) -> None:
    content = bytearray(encode(value))
    for _ in range(draw.draw(st.integers(1, 4))):
        at = draw.draw(st.integers(0, len(content) - 1))
        content[at] = draw.draw(st.integers(0, 255))
    if draw.draw(st.booleans()):
        del content[draw.draw(st.integers(0, len(content) - 1)) :]
    open_bytes(bytes(content))


HOSTILE = {
    "endless list": b"\xdd\xff\xff\xff\xff",
    "endless map": b"\xdf\xff\xff\xff\xff",
    "endless bytes": b"\xc6\xff\xff\xff\xff1",
    "deep lists": b"\x91" * 100_000,
    "deep maps": b"\x81\x00" * 50_000,
    "deep tags": b"\x92\xd4\x01\x00" * 20_000 + b"\xc0",
    "millions of empty lists": b"\xdd\x00\x40\x00\x00" + b"\x90" * 0x400000,
    "millions of maps": b"\xdd\x00\x40\x00\x00" + b"\x80" * 0x400000,
    "bare marker": b"\xd4\x01\x00",
    "marker inside": b"\x92\x01\xd4\x01\x00",
    "unknown extension": b"\xd4\x7f\x00",
    "timestamp": b"\xd6\xff\x00\x00\x00\x00",
    "unhashable key": b"\x93\xd4\x04\x00\x90\x01",
    "map with a list as key": b"\x81\x90\x01",
    "map with a number as key": b"\x81\x01\x01",
    "unknown class": b"\x94\xd4\x16\x00\xa3os:\x80\xc0",
    "renter's tag": b"\x93\xd4\x28\x00\xa2os\xa6system",
    "object dtype": b"\x95\xd4\x1c\x00\xa3|O8\x91\x01\xa1C\xc4\x08" + bytes(8),
    "huge shape": b"\x95\xd4\x1c\x00\xa3|u1\x91\xce\xff\xff\xff\xff\xa1C\xc4\x00",
    "huge empty items": b"\x95\xd4\x1c\x00\xa3<U0\x91\xce\xff\xff\xff\xff\xa1C\xc4\x00",
    "zone outside": encode(None)[:0] + b"\x92\xd4\x10\x00\xb0../../etc/passwd",
    "system exit": b"\x94\xd4\x17\x00\xaaSystemExit\x91\x01\x80",
    "no exception": b"\x94\xd4\x17\x00\xa4eval\x91\xa11\x80",
    "dunder field": b"\x94\xd4\x17\x00\xaaValueError\x91\x01\x81\xa9__class__\x01",
    "nested prints": b"\x91\x93\xd4\x25\x00\x01\x92\xa6stdout\xa1x",
    "enum of no enum": b"\x93\xd4\x15\x00\xa9m:Account\xa1A",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes(name: str) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded if name.startswith("millions") else Distrusted):
            decode(HOSTILE[name], CLASSES)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


def test_colliding_keys() -> None:
    modulus = 2**61 - 1
    keys = [n * modulus for n in range(1, 20_000)]
    content = b"\xdc" + (2 * len(keys) + 1).to_bytes(2, "big") + b"\xd4\x04\x00"
    content += b"".join(encode(k) + b"\x00" for k in keys)
    with pytest.raises(Distrusted, match="collide"):
        decode(content)


def test_as_many_values_as_may_come() -> None:
    more = MAX_VALUES + 1
    content = b"\xdd" + more.to_bytes(4, "big") + b"\xc0" * more
    with pytest.raises(LimitExceeded, match="separate values"):
        decode(content)
    content = b"\xdd" + MAX_VALUES.to_bytes(4, "big") + b"\xc0" * MAX_VALUES
    assert len(decode(content)) == MAX_VALUES


def test_instances_run_no_code() -> None:
    found = decode(b"\x94\xd4\x16\x00\xa9m:Account\x81\xa7balance\x05\xc0", CLASSES)
    assert type(found) is Account
    assert vars(found) == {"balance": 5}


def test_opaque_is_never_opened() -> None:
    found = decode(b"\x94\xd4\x24\x00\xa3a.B\xa1r\xc4\x01.")
    assert found == Opaque("a.B", "r", b".")
    with pytest.raises(BadInput, match="does not load"):
        found.open_trusting_the_provider()
