"""Calls that may hang, such as a question to a node, beside the event loop."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def aside(call: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """`call(*given)` on a thread of its own, which an exit does not wait for.

    `asyncio.to_thread` lends threads that the loop and the interpreter join at the end, however long a node
    lets one of them wait.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[T] = loop.create_future()

    def end(settle: Callable[[], None]) -> None:
        if not answered.done():  # who asked may have been cancelled
            settle()

    def run() -> None:
        try:
            found = call(*given, **named)
        except BaseException as error:  # noqa: BLE001 raised where it is awaited
            settle = partial(answered.set_exception, error)
        else:
            settle = partial(answered.set_result, found)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(end, settle)

    threading.Thread(target=run, name="surge-aside", daemon=True).start()
    return await answered
