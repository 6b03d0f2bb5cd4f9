# mypy: allow-untyped-defs, allow-untyped-calls
"""An asyncio loop without sockets: it has nothing to wait for but the virtual clock."""

import time


class Idle:
    """A selector of nothing: waiting moves the clock on."""

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("every task of the loop waits for another; nothing will ever happen")
        if timeout > 0:
            time.sleep(timeout)
        return []

    def close(self):
        """Nothing is open."""

    def get_map(self):
        return {}


def _nothing(*_):
    """There is nothing to do."""


def apply(asyncio):
    """Make it the loop that asyncio.run and new_event_loop give."""

    class Loop(asyncio.base_events.BaseEventLoop):  # type: ignore[misc, name-defined]  # as imported there
        def __init__(self):
            super().__init__()
            self._selector = Idle()

    # No file or socket ever has an event, and no other thread has to be woken.
    for name in ("_process_events", "_write_to_self"):
        setattr(Loop, name, _nothing)
    asyncio.events.new_event_loop = asyncio.new_event_loop = Loop
