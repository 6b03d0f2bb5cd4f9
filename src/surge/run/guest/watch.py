# mypy: allow-untyped-defs, allow-untyped-calls
"""Fits modules to the sandbox as soon as they are imported, wherever that happens."""

import importlib.abc
import importlib.util
import sys

from surge.run.guest import loop, machine, numpy64

AFTER = {
    "array": machine.apply_array,
    "asyncio": loop.apply,
    "numpy": numpy64.apply,
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
