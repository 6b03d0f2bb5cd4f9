# mypy: allow-untyped-defs, allow-untyped-calls
"""The loop inside the sandbox: load a chunk's code, then ask the host for one task after the other.

Messages to the host: C asks for the code; T says that the setup is done; R and E hand back what a task
returned or raised. T, R and E are answered with the next task (seed, 8 bytes little-endian, then the
input), or with nothing when the chunk is done.
"""

import importlib
import sys

from surge.run.guest import watch

CODE, READY, RETURNED, RAISED = b"C", b"T", b"R", b"E"


def reseed(seed):
    """Give every random stream of the task its seed, whatever earlier tasks of the chunk drew."""
    random = sys.modules.get("random")
    if random is not None:
        random.seed(seed)
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(seed & 0xFFFFFFFF)


def serve():
    """Run the chunk. Code that can't be loaded makes each of its tasks raise what the loading raised."""
    import _host  # type: ignore[import-not-found]  # built into the sandbox's interpreter

    entry = importlib.import_module("surge.run.guest.entry")
    try:
        run = entry.load(_host.call(CODE))
    except BaseException as error:  # noqa: BLE001 whatever it raises is an outcome
        run = entry.failed(error)
    task = _host.call(READY)
    while task:
        reseed(int.from_bytes(task[:8], "little"))
        status, output = run(task[8:])
        task = _host.call((RETURNED if status == "returned" else RAISED) + output)


def prepare(modules):
    """Import what the image holds, so that no chunk pays for it again."""
    import gc

    watch.install()
    importlib.import_module("surge.run.guest.entry")
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
