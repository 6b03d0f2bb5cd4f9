"""Whatever bytes arrive: a message, or Malformed; and never more memory than the cap allows."""

import tracemalloc
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from property.net.wire import KINDS, MESSAGES, messages_of
from surge.model.receipt import Receipt
from surge.model.task import Outcome
from surge.net import messages as m
from surge.net.errors import Malformed

BIG_ENDIAN_COUNT = (2**32 - 1).to_bytes(4, "big")
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=40)
    | st.binary(max_size=80)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(), inner))


def message_or_malformed(frame: bytes, limit: int = m.SESSION_LIMIT) -> m.Message | None:
    try:
        return m.decode(frame, limit)
    except Malformed:
        return None


def test_every_kind_has_a_tag_of_its_own_and_is_decoded() -> None:
    tags = [kind.__struct_config__.tag for kind in KINDS]
    assert len(set(tags)) == len(KINDS) == 19


@given(MESSAGES)
def test_a_message_comes_back_as_it_was_sent(message: m.Message) -> None:
    assert m.decode(m.encode(message)) == message


@given(st.binary(max_size=400))
@example(b"")
@example(b"\xc1")
@example(b"\x91" * 100_000 + b"\x00")  # nested arrays
@example(b"\x92\xa5hello" + b"\x91" * 100_000)
@example(b"\x81\xa1a" * 50_000)  # nested maps
@example(b"\xdd" + BIG_ENDIAN_COUNT)  # an array of 4 G items
@example(b"\x92\xaaseek-blobs\xdd" + BIG_ENDIAN_COUNT)
@example(b"\x92\xaaseek-blobs\xc6" + BIG_ENDIAN_COUNT)
@example(b"\xdf" + BIG_ENDIAN_COUNT)
@example(b"\x93\xa5sorry\xa1\xff\xa0")  # text that is no UTF-8
def test_random_bytes_are_malformed(frame: bytes) -> None:
    assert message_or_malformed(frame) is None


@given(MESSAGES, st.data())
def test_mutated_messages_are_messages_or_malformed(message: m.Message, drawn: st.DataObject) -> None:
    frame = bytearray(m.encode(message))
    for _ in range(drawn.draw(st.integers(1, 4))):
        frame[drawn.draw(st.integers(0, len(frame) - 1))] = drawn.draw(st.integers(0, 255))
    changed = message_or_malformed(bytes(frame))
    if changed is not None:
        assert m.decode(m.encode(changed)) == changed


@given(MESSAGES, st.data())
def test_truncated_and_extended_messages_are_malformed(message: m.Message, drawn: st.DataObject) -> None:
    frame = m.encode(message)
    assert message_or_malformed(frame[: drawn.draw(st.integers(0, len(frame) - 1))]) is None
    assert message_or_malformed(frame + drawn.draw(st.binary(min_size=1, max_size=9))) is None


@given(MESSAGES, VALUES, st.data())
def test_fields_of_a_wrong_type_or_in_excess_never_pass(
    message: m.Message, value: Any, drawn: st.DataObject
) -> None:
    fields = msgspec.to_builtins(message, builtin_types=(bytes,))
    wrong = list(fields)
    wrong[drawn.draw(st.integers(0, len(fields) - 1))] = value
    changed = message_or_malformed(msgspec.msgpack.encode(wrong))
    if changed is not None:
        assert m.decode(m.encode(changed)) == changed
    assert message_or_malformed(msgspec.msgpack.encode([*fields, value])) is None


@given(MESSAGES)
def test_a_frame_over_the_limit_is_malformed_before_it_is_read(message: m.Message) -> None:
    frame = m.encode(message)
    assert message_or_malformed(frame, len(frame) - 1) is None


@pytest.mark.parametrize(
    "frame",
    [
        b"\x92\xaaseek-blobs\xdd" + BIG_ENDIAN_COUNT,
        b"\x92\xabput-blob\xc6" + BIG_ENDIAN_COUNT,
        b"\xdd" + BIG_ENDIAN_COUNT,
        b"\x91" * (4 << 20),
        b"\x92\xaaseek-blobs\xdd" + (4 << 20).to_bytes(4, "big") + b"\xc0" * (4 << 20),
        b"\x98\xa9run-chunk" + (b"\xc4\x20" + bytes(32)) * 3 + b"\xdd\x00\x40\x00\x00" + bytes(4 << 20),
    ],
)
def test_no_claim_makes_the_decoder_allocate(frame: bytes) -> None:
    tracemalloc.start()
    try:
        assert message_or_malformed(frame) is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1 << 20


@given(st.builds(Outcome, st.binary(min_size=32, max_size=32), st.just("raised"), st.binary(), st.just(7)))
def test_an_outcome_crosses_as_its_fields(outcome: Outcome) -> None:
    crossed = m.OutcomeMessage.of(outcome)
    fields = (crossed.task, crossed.status, crossed.output, crossed.fuel, crossed.in_parts)
    assert fields == (outcome.task, outcome.status, outcome.output, outcome.fuel, False)


@given(messages_of(m.ReceiptMessage), messages_of(m.TermsMessage))
def test_receipts_and_terms_cross_as_their_fields(receipt: m.ReceiptMessage, terms: m.TermsMessage) -> None:
    assert isinstance(receipt.receipt(), Receipt)
    assert m.ReceiptMessage.of(receipt.receipt()) == receipt
    assert m.TermsMessage.of(terms.terms()) == terms
