"""A trace is written as things happen, is read meanwhile, and never costs the job."""

import asyncio
import json
import logging

import pytest

from surge.model.errors import CorruptState
from surge.store.trace import Trace, read_trace


def no_warning(said):
    pytest.fail(said)


def test_spans_tell_what_they_are_part_of_and_what_ended_them(tmp_path):
    trace = Trace(tmp_path / "new" / "job.jsonl", no_warning)
    with pytest.raises(ValueError, match="broken"), trace.span("outer", lease=3):  # noqa: SIM117
        with trace.span("inner"):
            raise ValueError("broken")
    trace.close()
    lines = [
        {k: v for k, v in line.items() if k != "at"} for line in read_trace(tmp_path / "new" / "job.jsonl")
    ]
    assert lines == [
        {"what": "begin", "span": 1, "part_of": None, "name": "outer", "lease": 3},
        {"what": "begin", "span": 2, "part_of": 1, "name": "inner"},
        {"what": "end", "span": 2, "error": "ValueError: broken"},
        {"what": "end", "span": 1, "error": "ValueError: broken"},
    ]


async def _two_at_once(trace):
    async def work(name):
        with trace.span(name):
            await asyncio.sleep(0)
            with trace.span(f"{name}'s part"):
                await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"))


def test_concurrent_spans_keep_their_own_parts(tmp_path):
    trace = Trace(tmp_path / "job.jsonl", no_warning)
    asyncio.run(_two_at_once(trace))
    begun = {line["name"]: line for line in read_trace(tmp_path / "job.jsonl") if line["what"] == "begin"}
    assert begun["a's part"]["part_of"] == begun["a"]["span"]
    assert begun["b's part"]["part_of"] == begun["b"]["span"]
    trace.close()


def test_a_line_that_is_being_written_is_left_out(tmp_path):
    path = tmp_path / "job.jsonl"
    path.write_text('{"at":1.0,"what":"job"}\n{"at":2.0,"wh')
    assert read_trace(path) == [{"at": 1.0, "what": "job"}]


@pytest.mark.parametrize("line", ["nonsense", "[1, 2]", "7", '{"at":'])
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "job.jsonl"
    path.write_text(f'{{"at":1.0,"what":"job"}}\n{line}\n{{"at":2.0,"what":"closed"}}\n')
    with pytest.raises(CorruptState, match="line 2"):
        read_trace(path)


def test_a_full_disk_costs_the_trace_and_is_told_once(tmp_path):
    warned = []
    full = tmp_path / "full.jsonl"
    full.symlink_to("/dev/full")
    trace = Trace(full, warned.append)
    for number in range(3):
        trace.write("event", stimulus=number)
    with trace.span("goes on"):
        pass
    trace.close()
    assert len(warned) == 1
    assert "leaves no trace" in warned[0]


def test_a_folder_that_cannot_be_made_costs_the_trace(tmp_path):
    (tmp_path / "traces").write_text("in the way")
    warned = []
    Trace(tmp_path / "traces" / "job.jsonl", warned.append).write("job")
    assert len(warned) == 1


def test_each_line_is_logged_for_who_listens(tmp_path, caplog):
    with caplog.at_level(logging.DEBUG, logger="surge.trace"):
        trace = Trace(tmp_path / "job.jsonl", no_warning)
        trace.write("sent", lease=3, chunk=1)
        trace.close()
    assert caplog.messages == ["sent lease=3 chunk=1"]


def test_a_trace_is_json_for_other_tools(tmp_path):
    trace = Trace(tmp_path / "job.jsonl", no_warning)
    trace.write("note", text="a\nb")
    trace.close()
    (line,) = (tmp_path / "job.jsonl").read_text().splitlines()
    assert json.loads(line)["text"] == "a\nb"
