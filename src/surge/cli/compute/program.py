"""What FILE is: a Python file or a wasm command, as one task of a job. Checked before any money moves."""

import fcntl
import os
import stat
import sys
import termios
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from surge.cli.terminal.output import tell
from surge.model.command import MAX_INPUT, CommandInput, CommandOutput
from surge.model.digest import Blob
from surge.model.errors import BadInput, JobFailed, LimitExceeded
from surge.model.task import OUT_OF_FUEL, RETURNED, TRAPPED, ImageSpec, Outcome

STDIN = "-"
_WASM = b"\0asm"


@dataclass(frozen=True, slots=True)
class Program:
    """spec and code as `Executor.enter` takes them; given: the encoded input."""

    name: str
    spec: ImageSpec
    code: bytes = field(repr=False)
    given: bytes = field(repr=False)
    blobs: tuple[Blob, ...] = ()
    warnings: tuple[str, ...] = ()

    def output_of(self, outcome: Outcome) -> CommandOutput:
        """Raises LimitExceeded, or JobFailed with what the sandbox said."""
        if outcome.status == RETURNED:
            return CommandOutput.decode(outcome.output)
        said = outcome.output.decode(errors="replace").strip()
        if outcome.status == OUT_OF_FUEL:
            raise LimitExceeded(f"{self.name} ran out of fuel; raise --fuel, or give it less to do")
        if outcome.status == TRAPPED:
            raise JobFailed(f"{self.name} was stopped by its sandbox ({said}); correct it, or raise --memory")
        raise JobFailed(f"{self.name} failed before it could run ({outcome.status}); run it here to see why")


def read_program(file: str, command: CommandInput) -> Program:
    """Raises BadInput (missing, neither Python nor wasm) and CannotShip."""
    path = Path(file)
    head = _head(path)
    lean, blobs = command.lean()
    given = lean.encode()
    if path.suffix == ".wasm" or head == _WASM:
        return _wasm(path, given, tuple(blobs.values()))
    if path.suffix != ".py":
        raise BadInput(f"{file} is neither a Python file (.py) nor a WebAssembly module (.wasm)")
    from surge.renter.ship.script import ship_script
    from surge.run.sandbox.suite import python_spec

    shipped = ship_script(path)
    return Program(
        path.name,
        python_spec(shipped.modules),
        shipped.code,
        given,
        tuple(blobs.values()),
        shipped.warnings,
    )


def _wasm(path: Path, given: bytes, blobs: tuple[Blob, ...]) -> Program:
    from surge.run.sandbox.suite import wasm_spec
    from surge.run.sandbox.wasm import check_module

    content = path.read_bytes()
    try:
        check_module(content)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from error
    return Program(path.name, wasm_spec(content), content, given, blobs)


def read_command(arguments: Sequence[str], stdin: str | None, files: Sequence[str]) -> CommandInput:
    """stdin: a path, or - for ours. files: PATH, or NAME=PATH for another name inside the sandbox; without
    one, a relative path is the same there, and of any other its last part."""
    named = [_named(one) for one in files]
    return CommandInput(
        tuple(arguments), _stdin(stdin), {name: _content(path, "--file") for name, path in named}
    )


def _stdin(source: str | None) -> bytes:
    if source == STDIN:
        return sys.stdin.buffer.read(MAX_INPUT + 1)
    return _content(Path(source), "--stdin") if source is not None else _redirected()


def _redirected() -> bytes:
    """What the shell gives with `< FILE`, left unread for others. A pipe may never end: ask for it."""
    try:
        number = sys.stdin.fileno()
        mode = os.fstat(number).st_mode
    except (OSError, ValueError, AttributeError):  # there is no stdin
        return b""
    if stat.S_ISREG(mode):
        return os.pread(number, MAX_INPUT + 1, os.lseek(number, 0, os.SEEK_CUR))
    if stat.S_ISFIFO(mode) and array("i", fcntl.ioctl(number, termios.FIONREAD, bytes(4)))[0]:
        tell("what is piped in stays here; --stdin - gives it to the program")
    return b""


def _named(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if equals:
        return name, Path(path)
    found = Path(text)
    inside = not found.is_absolute() and ".." not in found.parts
    return found.as_posix() if inside else found.name, found


def _content(path: Path, option: str) -> bytes:
    if not path.is_file():
        raise BadInput(f"{option} {path}: there is no such file; check the path")
    return path.read_bytes()


def _head(path: Path) -> bytes:
    if not path.exists():
        raise BadInput(f"there is no file {path}; check the path")
    if not path.is_file():
        raise BadInput(f"{path} is no file; give a Python file or a WebAssembly module")
    with path.open("rb") as file:
        return file.read(len(_WASM))


def check_memory(mib: int) -> None:
    """Raises BadInput for what no 32-bit sandbox can have."""
    from surge.renter.executor import LEAST_MIB, MOST_MIB

    if not LEAST_MIB <= mib <= MOST_MIB:
        raise BadInput(f"--memory is {mib}; a sandbox has {LEAST_MIB} to {MOST_MIB} MiB")
