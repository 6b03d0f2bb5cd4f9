"""What never leaves this machine, and the sentence that says so."""

import asyncio
import concurrent.futures
import contextvars
import io
import logging
import mmap
import queue
import random
import socket
import subprocess
import threading
import types
import weakref
from typing import Any

from surge.model.errors import CannotShip

_LOCKS: tuple[Any, ...] = (
    type(threading.Lock()),
    type(threading.RLock()),
    threading.Condition,
    threading.Semaphore,
    threading.Event,
    threading.Barrier,
)
_KINDS: tuple[tuple[Any, str, str], ...] = (
    (
        socket.socket,
        "an open socket",
        "fetch what you need here and pass the bytes: the sandbox has no network",
    ),
    (io.IOBase, "an open file", "read it here and pass its content as bytes or text"),
    (_LOCKS, "a lock", "a task runs alone in its sandbox; leave the lock out"),
    (threading.Thread, "a thread", "a task runs alone in its sandbox; call the function itself"),
    (threading.local, "thread-local data", "pass the value itself as an argument"),
    (types.GeneratorType, "a generator", "pass list(…) of it"),
    (types.CoroutineType, "a coroutine", "await it here and pass its result"),
    (types.AsyncGeneratorType, "an asynchronous generator", "collect it here and pass the list"),
    (types.FrameType, "a stack frame", "pass the values that you need from it"),
    (types.TracebackType, "a traceback", "pass traceback.format_exc() as text"),
    (queue.SimpleQueue, "a queue", "return what the task found; a task can't talk to others"),
    (queue.Queue, "a queue", "return what the task found; a task can't talk to others"),
    (concurrent.futures.Future, "a future", "pass its result()"),
    (concurrent.futures.Executor, "an executor", "submit from here; a task can't start others"),
    (asyncio.Future, "a future", "pass its result"),
    (asyncio.AbstractEventLoop, "an event loop", "await here and pass the result"),
    (subprocess.Popen, "a running program", "run it here and pass its output"),
    (contextvars.ContextVar, "a context variable", "pass its value as an argument"),
    (contextvars.Context, "a context", "pass the values that you need from it"),
    (weakref.ReferenceType, "a weak reference", "pass the object itself"),
    (mmap.mmap, "a memory map", "pass its bytes"),
    (memoryview, "a memoryview", "pass bytes(…) of it"),
    (types.CodeType, "a bare code object", "pass the function"),
    (random.SystemRandom, "the system's random source", "use random.Random(seed)"),
)
CHANGING = frozenset(
    [
        "add", "append", "clear", "discard", "extend", "insert", "pop", "popitem", "remove", "reverse",
        "setdefault", "sort", "update", "__setitem__", "__delitem__", "__ior__", "__iadd__",
    ]
)  # fmt: skip
"""Methods of containers that change them."""
_ITERATORS = ("map", "filter", "zip", "enumerate", "reversed")


def refuse(value: object, path: str) -> None:
    """Raises CannotShip if `value`, reached by `path`, is one of these."""
    if isinstance(value, logging.Handler):
        raise CannotShip(f"{path} is a log handler, which can't leave this machine: print instead")
    for kind, noun, remedy in _KINDS:
        if isinstance(value, kind):
            raise CannotShip(f"{path} is {noun}, which can't leave this machine: {remedy}")
    name = type(value).__name__
    if type(value).__module__ == "builtins" and (name in _ITERATORS or name.endswith("_iterator")):
        raise CannotShip(
            f"{path} is an iterator ({name}), which can't leave this machine: pass list(…) of it"
        )
    if type(value).__module__.startswith(("multiprocessing", "_multiprocessing", "sqlite3", "_sqlite3")):
        raise CannotShip(
            f"{path} is a {type(value).__module__}.{name}, which is tied to this machine: pass plain values"
        )
