"""FILE is looked at before any money moves."""

import os

import pytest

from surge.cli.compute.program import check_memory, read_command, read_program
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import BadInput, CannotShip, JobFailed, LimitExceeded
from surge.model.task import OUT_OF_FUEL, PYTHON, RAISED, RETURNED, TRAPPED, WASM, Outcome
from surge.model.units import Fuel

HEADER = b"\0asm\1\0\0\0"
EMPTY = CommandInput()


def test_a_python_file_is_a_script(tmp_path):
    (tmp_path / "job.py").write_text("print(1)\n")
    program = read_program(str(tmp_path / "job.py"), EMPTY)
    assert (program.name, program.spec.runtime) == ("job.py", PYTHON)
    assert b"print(1)" in program.code


def test_a_module_is_known_by_its_content(tmp_path):
    (tmp_path / "kernel").write_bytes(HEADER)
    program = read_program(str(tmp_path / "kernel"), EMPTY)
    assert (program.spec.runtime, program.code) == (WASM, HEADER)


@pytest.mark.parametrize("content", [b"", b"#!/bin/sh\n", b"\0asm\x0d\0\1\0", b"\0as"])
def test_what_is_no_module_is_refused_by_name(tmp_path, content):
    (tmp_path / "bad.wasm").write_bytes(content)
    with pytest.raises(BadInput, match=r"bad\.wasm: the file is"):
        read_program(str(tmp_path / "bad.wasm"), EMPTY)


def test_any_other_file_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(BadInput, match="neither a Python file"):
        read_program(str(tmp_path / "notes.txt"), EMPTY)
    with pytest.raises(BadInput, match="is no file"):
        read_program(str(tmp_path), EMPTY)
    with pytest.raises(BadInput, match="there is no file"):
        read_program(str(tmp_path / "missing.py"), EMPTY)


def test_broken_python_and_missing_modules_are_refused(tmp_path):
    (tmp_path / "broken.py").write_text("def (:\n")
    with pytest.raises(CannotShip, match=r"broken\.py"):
        read_program(str(tmp_path / "broken.py"), EMPTY)
    (tmp_path / "needs.py").write_text("import socket\n")
    with pytest.raises(CannotShip, match="socket"):
        read_program(str(tmp_path / "needs.py"), EMPTY)


def test_arguments_stdin_and_files_are_the_command_s_input(tmp_path):
    (tmp_path / "in").write_bytes(b"\xff\n")
    command = read_command(
        ["--x", "1"], str(tmp_path / "in"), [str(tmp_path / "in"), f"a/b={tmp_path / 'in'}"]
    )
    assert command == CommandInput(("--x", "1"), b"\xff\n", {"in": b"\xff\n", "a/b": b"\xff\n"})


def test_a_relative_path_is_the_same_there(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "in").write_bytes(b"1")
    monkeypatch.chdir(tmp_path / "data")
    assert set(read_command([], None, ["in", "./in", "../data/in"]).files) == {"in"}
    monkeypatch.chdir(tmp_path)
    assert set(read_command([], None, ["data/in"]).files) == {"data/in"}


def test_a_redirected_file_is_stdin_and_stays_unread(tmp_path, monkeypatch):
    (tmp_path / "list").write_text("one\ntwo\n")
    with (tmp_path / "list").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        os.lseek(file.fileno(), 4, os.SEEK_SET)  # a shell's loop has read a line
        assert read_command([], None, []).stdin == b"two\n"
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 4


def test_a_pipe_must_be_asked_for(monkeypatch, capsys):
    """It may never end; that something waits in it is told."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as stream, os.fdopen(writing, "wb", buffering=0) as end:
        monkeypatch.setattr("sys.stdin", stream)
        assert read_command([], None, []).stdin == b""
        assert "--stdin" not in capsys.readouterr().err
        end.write(b"x")
        assert read_command([], None, []).stdin == b""
        assert "--stdin - gives it to the program" in capsys.readouterr().err
        end.close()
        assert read_command([], "-", []).stdin == b"x"


def test_missing_inputs_are_named(tmp_path):
    with pytest.raises(BadInput, match="--stdin"):
        read_command([], str(tmp_path / "none"), [])
    with pytest.raises(BadInput, match="--file"):
        read_command([], None, [str(tmp_path / "none")])


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (OUT_OF_FUEL, LimitExceeded, "--fuel"),
        (TRAPPED, JobFailed, "unreachable"),
        (RAISED, JobFailed, "before it could run"),
    ],
)
def test_how_a_program_can_fail(tmp_path, status, error, words):
    (tmp_path / "kernel").write_bytes(HEADER)
    program = read_program(str(tmp_path / "kernel"), EMPTY)
    with pytest.raises(error, match=words):
        program.output_of(Outcome(bytes(32), status, b"unreachable", Fuel(1)))


def test_a_failing_exit_code_is_an_output_like_any_other(tmp_path):
    (tmp_path / "kernel").write_bytes(HEADER)
    output = CommandOutput(3, b"out", b"err")
    outcome = Outcome(bytes(32), RETURNED, output.encode(), Fuel(1))
    assert read_program(str(tmp_path / "kernel"), EMPTY).output_of(outcome) == output


@pytest.mark.parametrize("mib", [0, 63, 4097])
def test_memory_that_no_sandbox_has_is_refused(mib):
    with pytest.raises(BadInput, match="--memory"):
        check_memory(mib)
