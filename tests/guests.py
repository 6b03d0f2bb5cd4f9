"""The guest's code, run natively (quick) or in the real sandbox (slow), for tests of what ships."""

import asyncio
import os
import struct
import subprocess
import sys
from typing import Any

from places import SRC
from surge.model.task import Limits
from surge.renter.ship.call import Answer, encode_call, read_outcome, ship
from surge.run.sandbox.suite import python_spec
from surge.run.slots.pool import Job, Pool

SOURCE = str(SRC)

SERVE = """
import os, sys, tempfile
sys.path.insert(0, sys.argv[1])
from surge.run.guest import entry
from surge.run.guest.program import script, stdio
channel_in, channel_out = sys.stdin.buffer, sys.stdout.buffer
def take():
    return channel_in.read(int.from_bytes(channel_in.read(4), "big"))
def give(content):
    channel_out.write(len(content).to_bytes(4, "big") + content)
    channel_out.flush()
while True:
    head = channel_in.read(4)
    if not head:
        break
    code = channel_in.read(int.from_bytes(head, "big"))
    tasks = [take() for _ in range(int.from_bytes(channel_in.read(4), "big"))]
    if os.fork() == 0:
        script.ROOT = tempfile.mkdtemp()  # not this machine's own /
        stdio._write = lambda number, content, tell=os.write: tell(2, content)  # 1 is the channel
        os.chdir(script.ROOT)
        try:
            run, _ = entry.load(code)
            for task in tasks:
                status, output = run(task)
                give(status.encode())
                give(output)
        finally:
            sys.stderr = sys.__stderr__
            os._exit(sys.exc_info()[0] is not None and (sys.excepthook(*sys.exc_info()) or 1))
    if os.waitstatus_to_exitcode(os.wait()[1]):
        give(b"broken")
        give(b"")
"""


class NativeGuest:
    """A process of this Python that runs the guest's modules; each call in a fork of its own."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", SERVE, SOURCE], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def outcomes(
        self, code: bytes, inputs: list[bytes], modules: tuple[str, ...] = ()
    ) -> list[tuple[str, bytes]]:
        assert self._child.stdin is not None
        parts = [struct.pack(">I", len(part)) + part for part in inputs]
        self._child.stdin.write(struct.pack(">I", len(code)) + code + struct.pack(">I", len(inputs)))
        self._child.stdin.write(b"".join(parts))
        self._child.stdin.flush()
        return [(self._take().decode(), self._take()) for _ in inputs]

    def _take(self) -> bytes:
        assert self._child.stdout is not None
        head = self._child.stdout.read(4)
        assert len(head) == 4, "the guest is gone (see its stderr)"
        return self._child.stdout.read(int.from_bytes(head, "big"))

    def close(self) -> None:
        self._child.communicate()


class SandboxGuest:
    """The real thing: a pool of one worker."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._pool = Pool(1)
        self._loop.run_until_complete(self._pool.start())

    def outcomes(
        self, code: bytes, inputs: list[bytes], modules: tuple[str, ...] = ()
    ) -> list[tuple[str, bytes]]:
        spec = python_spec(modules)
        self._loop.run_until_complete(self._pool.image(spec))
        tasks = [(os.urandom(32), given, seed) for seed, given in enumerate(inputs)]
        result = self._loop.run_until_complete(self._pool.run(Job(spec, code, tasks, Limits())))
        return [(o.status, o.output) for o in result.outcomes]

    def close(self) -> None:
        self._loop.run_until_complete(self._pool.stop())
        self._loop.close()


Guest = NativeGuest | SandboxGuest


def answers(guest: Guest, function: Any, calls: list[tuple[Any, ...]]) -> list[Answer]:
    """What each call of `function` gives there."""
    shipped = ship(function)
    inputs = [encode_call(args, {}, shipped) for args in calls]
    found = guest.outcomes(shipped.code, inputs, shipped.modules)
    return [read_outcome(status, output, shipped) for status, output in found]


def remote(guest: Guest, function: Any, *args: Any, **kwargs: Any) -> Any:
    """`function(*args, **kwargs)`, there."""
    shipped = ship(function)
    ((status, output),) = guest.outcomes(shipped.code, [encode_call(args, kwargs, shipped)], shipped.modules)
    return read_outcome(status, output, shipped).result()
