"""Programs that outlive their starter: found again, stopped, never mistaken."""

import json
import os
import subprocess
import sys
import time

import psutil
import pytest

from surge.chain.anvil.programs import find_program, list_programs, start_program, stop_program
from surge.model.errors import Unavailable

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('up', flush=True); time.sleep(600)",
]


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "run"
    for program in list_programs(tmp_path / "run"):
        stop_program(tmp_path / "run", program.name, grace=0.1)


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_started_listed_and_stopped(folder):
    program = start_program(folder, "sleeper", SLEEPER)
    assert program.running
    assert list_programs(folder) == [program]
    assert start_program(folder, "sleeper", SLEEPER) == program
    assert stop_program(folder, "sleeper")
    assert not psutil.pid_exists(program.pid)
    assert not program.running
    assert find_program(folder, "sleeper") is None
    assert not stop_program(folder, "sleeper")


def test_what_ignores_sigterm_is_killed(folder):
    program = start_program(folder, "stubborn", STUBBORN)
    wait_for(lambda: "up" in program.last_lines())
    assert stop_program(folder, "stubborn", grace=0.2)
    assert not psutil.pid_exists(program.pid)


def test_another_program_with_the_same_id_is_left_alone(folder):
    bystander = subprocess.Popen(SLEEPER, stdout=subprocess.DEVNULL)
    try:
        program = start_program(folder, "sleeper", SLEEPER)
        assert stop_program(folder, "sleeper")
        record = {"name": "sleeper", "pid": bystander.pid, "started": program.started - 100, "log": "x"}
        (folder / "sleeper.json").write_text(json.dumps(record))
        assert not find_program(folder, "sleeper").running
        assert not stop_program(folder, "sleeper")
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_its_end_is_seen(folder):
    program = start_program(folder, "brief", [sys.executable, "-c", "raise SystemExit('no reason')"])
    wait_for(lambda: not program.running)
    assert "no reason" in program.last_lines()


def test_the_environment_is_added_to(folder):
    code = "import os; print(os.environ['SURGE_TEST_WORD'], 'PATH' in os.environ)"
    program = start_program(folder, "brief", [sys.executable, "-c", code], {"SURGE_TEST_WORD": "hello"})
    wait_for(lambda: not program.running)
    assert program.last_lines() == "hello True"


def test_it_outlives_its_starter_and_keeps_no_pipe(folder):
    """The starter's stdout is a pipe: reading to its end must not wait for the program."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    code = (
        "import sys; from pathlib import Path; from surge.chain.anvil.programs import start_program\n"
        f"start_program(Path({str(folder)!r}), 'sleeper', {SLEEPER!r}); print('started')"
    )
    starter = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, pass_fds=[writer])
    os.close(writer)
    out, _ = starter.communicate(timeout=20)
    assert out == b"started\n"
    with os.fdopen(reader, "rb") as pipe:
        assert pipe.read() == b""  # returns at once: nobody holds the other end
    program = find_program(folder, "sleeper")
    assert program.running
    assert psutil.Process(program.pid).ppid() != starter.pid
    assert stop_program(folder, "sleeper")
    assert not psutil.pid_exists(program.pid)


def test_a_command_that_is_not_there(folder):
    with pytest.raises(Unavailable, match="nothing-here"):
        start_program(folder, "none", ["/nothing-here"])


def test_a_broken_record_names_nothing(folder):
    folder.mkdir()
    (folder / "odd.json").write_text("{")
    assert find_program(folder, "odd") is None
    assert list_programs(folder) == []
