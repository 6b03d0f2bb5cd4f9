"""A trace is written as things happen, is read meanwhile, and never costs the job."""

import asyncio
import json
import logging
import resource
import signal

import msgspec
import pytest

from surge.model.errors import CorruptState
from surge.model.trace import Began, ChunkSent, LinkBroke, LinkResumed, SpanBegan, SpanEnded
from surge.store.trace import Trace, read_trace

HEAD = Began(id="j", wanted=1, program=7, program_began=1.0)


def no_warning(said):
    pytest.fail(said)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new" / "job.jsonl"


@pytest.fixture
def trace(path):
    trace = Trace(path, no_warning)
    yield trace
    trace.close()


def untimed(path):
    return [msgspec.structs.replace(line, at=0.0) for line in read_trace(path)]


def test_spans_tell_what_they_are_part_of_and_what_ended_them(trace, path):
    with pytest.raises(ValueError, match="broken"), trace.span("outer", lease=3):  # noqa: SIM117
        with trace.span("inner"):
            raise ValueError("broken")
    assert untimed(path) == [
        SpanBegan(span=1, name="outer", lease=3),
        SpanBegan(span=2, name="inner", part_of=1),
        SpanEnded(span=2, error="ValueError: broken"),
        SpanEnded(span=1, error="ValueError: broken"),
    ]


async def _two_at_once(trace):
    async def work(name):
        with trace.span(name):
            await asyncio.sleep(0)
            with trace.span(f"{name}'s part"):
                await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"))


def test_concurrent_spans_keep_their_own_parts(trace, path):
    asyncio.run(_two_at_once(trace))
    begun = {line.name: line for line in read_trace(path) if isinstance(line, SpanBegan)}
    assert begun["a's part"].part_of == begun["a"].span
    assert begun["b's part"].part_of == begun["b"].span


def test_only_its_owner_reads_it(trace, path):
    trace.write(HEAD)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_line_that_is_being_written_is_left_out(tmp_path):
    path = tmp_path / "job.jsonl"
    path.write_text('{"what":"resumed","lease":5}\n{"what":"resum')
    assert read_trace(path) == [LinkResumed(lease=5)]
    path.write_text('{"what":"resum')
    assert read_trace(path) == []


DAMAGED = {
    "no JSON": b"nonsense",
    "no object": b"[1, 2]",
    "cut off": b'{"what":',
    "no text": b'{"what":"lost","lease":1,"reason":"\xff"}',
    "half a character": b'{"what":"lost","lease":1,"reason":"\\ud800"}',
    "an unknown kind": b'{"what":"nothing"}',
    "no process": b'{"what":"job","id":"j","wanted":1,"program":99999999999999999999,"program_began":1}',
    "a process of no number": b'{"what":"job","id":"j","wanted":1,"program":"x","program_began":1}',
    "no time": b'{"what":"resumed","lease":1,"at":"x"}',
    "too deep": b'{"what":"event","number":1,"event":"X","fields":{"a":' + b"[" * 2_000,
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_damaged_line_is_named(tmp_path, how):
    path = tmp_path / "job.jsonl"
    path.write_bytes(b'{"what":"resumed","lease":5}\n' + DAMAGED[how] + b'\n{"what":"closed"}\n')
    with pytest.raises(CorruptState, match=r"job\.jsonl, line 2"):
        read_trace(path)


def test_a_full_disk_costs_the_trace_and_is_told_once(tmp_path):
    warned = []
    full = tmp_path / "full.jsonl"
    full.symlink_to("/dev/full")
    trace = Trace(full, warned.append)
    for _ in range(3):
        trace.write(HEAD)
    with trace.span("goes on"):
        pass
    trace.close()
    assert len(warned) == 1
    assert "leaves no trace" in warned[0]


def test_a_disk_that_fills_up_in_mid_line_leaves_whole_lines(path):
    warned = []
    trace = Trace(path, warned.append)
    trace.write(HEAD)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limits[1]))
        trace.write(LinkResumed(lease=5))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    trace.write(LinkResumed(lease=6))
    assert [type(line) for line in read_trace(path)] == [Began]
    assert len(warned) == 1


def test_a_folder_that_cannot_be_made_costs_the_trace(tmp_path):
    (tmp_path / "traces").write_text("in the way")
    warned = []
    Trace(tmp_path / "traces" / "job.jsonl", warned.append).write(HEAD)
    assert len(warned) == 1


def test_each_line_is_logged_for_who_listens(trace, caplog):
    with caplog.at_level(logging.DEBUG, logger="surge.trace"):
        trace.write(ChunkSent(lease=3, chunk=1, id="ab"))
    (said,) = caplog.messages
    told = json.loads(said)
    assert (told["what"], told["lease"], told["chunk"], told["id"]) == ("sent", 3, 1, "ab")


def test_a_peer_s_words_forge_no_line_of_the_log(trace, caplog):
    with caplog.at_level(logging.DEBUG, logger="surge.trace"):
        trace.write(LinkBroke(lease=3, reason="gone\nINFO surge: paid twice\x1b[2J\x9b31m"))
    (said,) = caplog.messages
    assert said.isprintable()
