"""Blobs and results come back whole from any interleaving, and never beyond a cap."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surge.model.receipt import Receipt
from surge.model.task import Outcome
from surge.net import blobs, results
from surge.net.errors import Malformed
from surge.net.messages import MAX_TASKS, ChunkDone, ChunkPart, OutcomeMessage, OutputPart, PutBlob

NAMES = st.sampled_from([blobs.blob_digest(b"abc"), blobs.blob_digest(b""), b"\x00" * 32, b"\x01" * 32])
PARTS = st.builds(
    PutBlob,
    NAMES,
    st.integers(0, 12),
    st.integers(0, 12),
    st.sampled_from([b"", b"a", b"ab", b"abc", b"c" * 9]),
)


@given(st.lists(PARTS, max_size=40))
def test_no_parts_of_a_cheater_hold_more_than_the_cap_or_pass_a_wrong_name(parts: list[PutBlob]) -> None:
    assembly = blobs.Assembly(max_total=10, max_open=2, max_held=12)
    for part in parts:
        with contextlib.suppress(Malformed):
            whole = assembly.add(part)
            if whole is not None:
                assert blobs.blob_digest(whole) == part.digest
        assert assembly.held <= 12


@settings(max_examples=30)
@given(st.lists(st.binary(max_size=50), max_size=4, unique=True), st.randoms(use_true_random=False))
def test_interleaved_blobs_arrive_whole(contents: list[bytes], random: object) -> None:
    streams = {blobs.blob_digest(content): _small_parts(content) for content in contents}
    assembly, arrived = blobs.Assembly(), {}
    while streams:
        name = random.choice(sorted(streams))  # type: ignore[attr-defined]
        whole = assembly.add(streams[name].pop(0))
        if not streams[name]:
            del streams[name]
            arrived[name] = whole
    assert arrived == {blobs.blob_digest(content): content for content in contents}
    assert assembly.held == 0


def _small_parts(content: bytes) -> list[PutBlob]:
    name = blobs.blob_digest(content)
    return [PutBlob(name, len(content), at, content[at : at + 7]) for at in range(0, max(1, len(content)), 7)]


RECEIPT = Receipt(1, 0, b"c" * 32, b"o" * 32, 1, 2, 3, False, 4)  # type: ignore[arg-type]
OUTCOMES = st.builds(
    Outcome,
    st.binary(min_size=32, max_size=32),
    st.just("returned"),
    st.integers(0, 10).map(lambda n: bytes([n]) * (n << 18)),
    st.just(1),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(OUTCOMES, max_size=8))
def test_outcomes_of_any_size_come_back_in_order(outcomes: list[Outcome]) -> None:
    gathering, whole = results.Gathering(), None
    for message in results.result_messages(RECEIPT, b"s" * 65, outcomes):
        assert whole is None
        assert isinstance(message, OutputPart | ChunkPart | ChunkDone)
        whole = gathering.add(message)
    assert whole == tuple(outcomes)


OUTCOME = OutcomeMessage(b"t" * 32, "returned", bytes(100), 1, False)


def test_unfinished_results_are_capped_in_bytes_and_tasks() -> None:
    gathering = results.Gathering(max_held=10_000)
    for chunk in range(16):
        gathering.add(ChunkPart(chunk.to_bytes(32, "big"), [OUTCOME]))
    with pytest.raises(Malformed, match="over the cap"):
        gathering.add(ChunkPart(b"c" * 32, [OUTCOME]))
    gathering = results.Gathering()
    gathering.add(ChunkPart(b"c" * 32, [OUTCOME] * MAX_TASKS))
    with pytest.raises(Malformed, match="over the cap"):
        gathering.add(ChunkPart(b"c" * 32, [OUTCOME]))


def test_parts_of_outputs_are_capped_and_empty_ones_cost_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for part in (b"", bytes(100)):
        gathering = results.Gathering(max_held=16 * 612)
        for chunk in range(16):
            gathering.add(OutputPart(chunk.to_bytes(32, "big"), part))
        with pytest.raises(Malformed, match="over the cap"):
            gathering.add(OutputPart(b"c" * 32, bytes(1500)))
    monkeypatch.setattr(results, "MAX_OUTPUT", 1000)
    gathering = results.Gathering()
    gathering.add(OutputPart(b"c" * 32, bytes(1000)))
    with pytest.raises(Malformed, match="over the cap"):
        gathering.add(OutputPart(b"c" * 32, b"x"))


def test_parts_of_one_chunk_are_no_others() -> None:
    """Each outcome in parts takes those that came before it for its own chunk."""
    gathering = results.Gathering()
    large = OutcomeMessage(b"t" * 32, "returned", b"", 1, True)
    for name, part in ((b"c", b"12"), (b"d", b"ab"), (b"c", b"3")):
        gathering.add(OutputPart(name * 32, part))
    signed = results.ReceiptMessage.of(RECEIPT)
    outputs = [
        [one.output for one in gathering.add(ChunkDone(name * 32, signed, b"s" * 65, [large, OUTCOME])) or ()]
        for name in (b"c", b"d")
    ]
    assert outputs == [[b"123", bytes(100)], [b"ab", bytes(100)]]


def test_a_forgotten_chunk_frees_its_room() -> None:
    gathering = results.Gathering(max_held=1000)
    for _ in range(10):
        gathering.add(ChunkPart(b"c" * 32, [OUTCOME]))
        gathering.forget(b"c" * 32)


def test_nothing_is_kept_of_chunks_that_nobody_asked_for() -> None:
    gathering, asked = results.Gathering(max_held=2_000), {b"a" * 32: None}
    for number in range(100):
        name = number.to_bytes(32, "big")
        assert gathering.add(OutputPart(name, bytes(1_000)), asked) is None
        assert gathering.add(ChunkPart(name, [OUTCOME]), asked) is None
    gathering.add(OutputPart(b"a" * 32, bytes(1_000)), asked)
    asked.clear()  # declined, or delivered
    asked[b"b" * 32] = None
    gathering.add(OutputPart(b"b" * 32, bytes(1_000)), asked)
    assert gathering._parts.keys() == {b"b" * 32}
