"""A call that hangs holds up nobody: not the loop, and not its end."""

import asyncio
import threading

import pytest

from surge.provider.aside import aside


def test_a_result_and_an_error_come_back():
    async def ask():
        assert await aside(divmod, 7, 2) == (3, 1)
        assert await aside(int, "11", base=2) == 3
        with pytest.raises(ZeroDivisionError):
            await aside(divmod, 7, 0)

    asyncio.run(ask())


def test_an_end_does_not_wait_for_what_hangs():
    never, begun = threading.Event(), threading.Event()

    def hang():
        begun.set()
        never.wait()

    async def ask():
        asking = asyncio.create_task(aside(hang))
        await asyncio.to_thread(begun.wait)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(ask())  # would wait for 300 s with threads of the loop's own
    assert begun.is_set()
    never.set()


def test_an_answer_that_nobody_waits_for_is_dropped():
    release, ended = threading.Event(), threading.Event()

    def late():
        release.wait()
        ended.set()
        return 1

    async def ask():
        asking = asyncio.create_task(aside(late))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        release.set()
        await aside(ended.wait)

    asyncio.run(ask())
    assert ended.is_set()
