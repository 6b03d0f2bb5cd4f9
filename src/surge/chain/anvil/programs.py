"""Programs of a local network that outlive the command that started them: the node, providers, the bidder.

Each has a record `<name>.json` in the network's run folder, with its process id and the time it started.
Only what such a record names, and only while both still match, is ever stopped: a process id that the
system gave to another program is left alone.
"""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from surge.model.errors import Unavailable
from surge.store.files import write_atomically

STOP_GRACE_SECONDS = 10.0
_CLOCK_SLACK = 2.0
"""Seconds by which two readings of a start time may differ (the clock may be stepped)."""

_ours: dict[int, subprocess.Popen[bytes]] = {}
"""Children of this very process: they must be waited for."""


class _Record(msgspec.Struct):
    name: str
    pid: int
    started: float
    log: str


@dataclass(frozen=True, slots=True)
class Program:
    """A started program. `log` receives its stdout and stderr."""

    name: str
    pid: int
    started: float
    log: Path

    @property
    def running(self) -> bool:
        return _matching(self) is not None

    def listens(self, port: int) -> bool:
        """Whether it, and no other program, is who answers on a TCP port of this machine."""
        running = _matching(self)
        try:
            sockets = running.net_connections("tcp") if running else []
        except psutil.NoSuchProcess:
            return False
        return any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in sockets)

    def last_lines(self, count: int = 5) -> str:
        """The last lines of the program's log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])


def start_program(
    folder: Path, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None
) -> Program:
    """Start `command` in its own session, with no stdin and its output appended to `<name>.log`; it keeps
    no pipe or descriptor of ours. When a program of this name runs already, it is returned instead.

    environment: added to this process's. Put no secret in `command`: anybody on the machine can read it.
    """
    if (running := find_program(folder, name)) and running.running:
        return running
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        try:
            child = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(
                f"{name} can't be started ({command[0]}: {error.strerror}); reinstall Surge, or set its path"
            ) from error
    _ours[child.pid] = child
    program = Program(name, child.pid, psutil.Process(child.pid).create_time(), log)
    record = _Record(name, program.pid, program.started, str(log))
    write_atomically(folder / f"{name}.json", msgspec.json.encode(record))
    return program


def find_program(folder: Path, name: str) -> Program | None:
    """The program that the record names, running or not; None without a readable record."""
    try:
        record = msgspec.json.decode((folder / f"{name}.json").read_bytes(), type=_Record)
    except (FileNotFoundError, msgspec.DecodeError, msgspec.ValidationError):
        return None
    return Program(record.name, record.pid, record.started, Path(record.log))


def list_programs(folder: Path) -> list[Program]:
    """Every program that has a record in the folder, by name."""
    found = (find_program(folder, path.stem) for path in sorted(folder.glob("*.json")))
    return [program for program in found if program]


def stop_program(folder: Path, name: str, grace: float = STOP_GRACE_SECONDS) -> bool:
    """SIGTERM, and SIGKILL after `grace` seconds; forgets the record. False when it did not run."""
    program = find_program(folder, name)
    running = _matching(program) if program else None
    stopped = running is not None and _end(running, grace)
    (folder / f"{name}.json").unlink(missing_ok=True)
    return stopped


def _end(running: psutil.Process, grace: float) -> bool:
    try:
        running.terminate()
        if not _gone(running, grace):
            running.kill()
            _gone(running, grace)
    except psutil.NoSuchProcess:
        return False
    return True


def _gone(running: psutil.Process, seconds: float) -> bool:
    """Wait for the end; a child of ours is reaped."""
    child = _ours.get(running.pid)
    try:
        if child:
            child.wait(seconds)
            del _ours[running.pid]
        else:
            running.wait(seconds)
    except (subprocess.TimeoutExpired, psutil.TimeoutExpired):
        return False
    return True


def is_running(pid: int, born: float) -> bool:
    """Whether a process is the one that was born then, in unix seconds, and not its number's next owner."""
    try:
        found = psutil.Process(pid)
        if abs(found.create_time() - born) > _CLOCK_SLACK:
            return False
        return bool(found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _matching(program: Program) -> psutil.Process | None:
    child = _ours.get(program.pid)
    if child and child.poll() is not None:
        del _ours[program.pid]
        return None
    try:
        running = psutil.Process(program.pid)
        if abs(running.create_time() - program.started) > _CLOCK_SLACK:
            return None
        return None if running.status() == psutil.STATUS_ZOMBIE else running
    except psutil.NoSuchProcess:
        return None
