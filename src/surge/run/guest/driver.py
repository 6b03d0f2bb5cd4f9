# mypy: ignore-errors
"""The loop inside the sandbox: load a chunk's code, then ask the host for one task after the other.

Messages to the host: C asks for the code; S, T or A says that it is loaded, and is answered with nothing: the
turn ends, and the host keeps the memory. N, the first message of each further turn, asks for a task; R and E
hand back what it returned or raised. N, R and E are answered with the next task (seed, 8 bytes little-endian,
then the input), or with nothing: then the turn ends, and the host puts the memory back before another. B asks
for a blob by its name.

S says that tasks are to see what earlier ones left, A that they might and must not, T that there is nothing
to see; r and e stand for R and E where something may be after all, as after a warning; m stands for E where
the memory was full, which other tasks may have filled.
"""

import importlib

from surge.run.guest import machine, streams, watch

CODE, NEXT = b"C", b"N"
QUIET = {"returned": b"R", "raised": b"E", "short": b"m"}
LOUD = {"returned": b"r", "raised": b"e", "short": b"m"}

ROOM = (16 << 20, 4 << 20)
NOTHING = b"x\x9c\x03\0\0\0\0\1"

loaded = []
"""What runs a task, once the code is loaded."""


def serve():
    """Load the chunk's code. If that fails, each of its tasks raises what the loading raised."""
    import _host  # built into the sandbox's interpreter

    entry = importlib.import_module("surge.run.guest.entry")
    try:
        run, mode = entry.load(_host.call(CODE))
    except BaseException as error:  # noqa: BLE001 whatever it raises is an outcome
        run, mode = entry.failed(error), entry.ALONE
    loaded.append(run)
    _host.serve = serve_tasks  # what a turn without text calls
    _make_room()
    _host.call(mode)


def _make_room():
    """Have some free memory that nothing has touched: a task that makes the memory grow costs the host a new
    sandbox, if it is to be put back."""
    import zlib

    for size in ROOM:
        try:
            zlib.decompress(NOTHING, bufsize=size)  # takes so much, and gives it back as it came
        except MemoryError:
            continue
        return


def serve_tasks():
    """Run tasks until the host has none for this turn."""
    import _host

    run, reseed, prints = loaded[0], machine.reseed, streams.Prints
    task = _host.call(NEXT)
    while task:
        reseed(int.from_bytes(task[:8], "little"))
        status, output = run(task[8:])
        if prints.loud:
            prints.loud = False
            task = _host.call(LOUD[status] + output)
        else:
            task = _host.call(QUIET[status] + output)


def prepare(modules):
    """Import what the image holds, so that no chunk pays for it again."""
    import gc

    watch.install()
    importlib.import_module("surge.run.guest.entry")
    for name in modules:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
