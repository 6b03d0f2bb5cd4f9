# mypy: allow-untyped-defs, allow-untyped-calls
"""The loop inside the sandbox: load a chunk's code, then ask the host for one task after the other.

Messages to the host: C asks for the code; T or A says that the setup is done; R and E hand back what a task
returned or raised; B asks for a blob by its name. T, R and E are answered with the next task (seed, 8 bytes
little-endian, then the input), or with nothing when the chunk is done.

A says that tasks may change what others would see. It is answered with nothing: the turn ends, the host
keeps the memory, and each task has a turn of its own in which N asks for it.
"""

import importlib
import sys

from surge.run.guest import watch

CODE, TOGETHER, ALONE, NEXT, RETURNED, RAISED = b"C", b"T", b"A", b"N", b"R", b"E"


loaded: list[object] = []
"""What runs a task, once the code is loaded."""


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
    alone = False
    try:
        run, alone = entry.load(_host.call(CODE))
    except BaseException as error:  # noqa: BLE001 whatever it raises is an outcome
        run = entry.failed(error)
    if alone:
        loaded.append(run)
        _host.call(ALONE)
        return
    task = _host.call(TOGETHER)
    while task:
        task = _host.call(_outcome(run, task))


def serve_one():
    """The next task of a chunk whose tasks run alone, in a turn of its own."""
    import _host

    _host.call(_outcome(loaded[0], _host.call(NEXT)))


def _outcome(run, task):
    reseed(int.from_bytes(task[:8], "little"))
    status, output = run(task[8:])
    return (RETURNED if status == "returned" else RAISED) + output


def prepare(modules):
    """Import what the image holds, so that no chunk pays for it again."""
    import gc

    watch.install()
    importlib.import_module("surge.run.guest.entry")
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
