# mypy: allow-untyped-defs, allow-untyped-calls
"""Fits modules to the sandbox as soon as they are imported, wherever that happens."""

import importlib.abc
import importlib.util
import sys
import time

from surge.run.guest import machine, numpy64


class Idle:
    """A selector of nothing, for an asyncio loop without sockets: waiting moves the virtual clock on."""

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


def apply_loop(asyncio):
    """Make it the loop that asyncio.run and new_event_loop give."""

    class Loop(asyncio.base_events.BaseEventLoop):  # type: ignore[misc, name-defined]  # as imported there
        def __init__(self):
            super().__init__()
            self._selector = Idle()

    # No file or socket ever has an event, and no other thread has to be woken.
    for name in ("_process_events", "_write_to_self"):
        setattr(Loop, name, _nothing)
    asyncio.events.new_event_loop = asyncio.new_event_loop = Loop


AFTER = {
    "array": machine.apply_array,
    "asyncio": apply_loop,
    "numpy": numpy64.apply,
    "numpy.random": machine.apply_numpy_random,
    "random": machine.apply_random,
    "struct": machine.apply_struct,
}


class Watch(importlib.abc.MetaPathFinder):
    """Finds the modules of AFTER and has them changed when they have run."""

    def __init__(self):
        self.looking = False

    def find_spec(self, name, path=None, target=None):
        if self.looking or name not in AFTER:
            return None
        self.looking = True  # the others are asked, without us
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.looking = False
        if spec is not None:
            spec.loader = Loader(spec.loader, AFTER[name])
        return spec


class Loader(importlib.abc.Loader):
    """Stands in for a module's loader until the module has run."""

    def __init__(self, own, change):
        self.own, self.change = own, change

    def create_module(self, spec):
        return self.own.create_module(spec)

    def exec_module(self, module):
        module.__spec__.loader = module.__loader__ = self.own
        self.own.exec_module(module)
        self.change(module)


def install():
    """Start watching imports, and change what is there already."""
    machine.install()
    for name, change in AFTER.items():
        if name in sys.modules:
            change(sys.modules[name])
    sys.meta_path.insert(0, Watch())
