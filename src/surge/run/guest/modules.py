# mypy: ignore-errors
# ruff: noqa: S102, S108, PTH103, PTH118, PTH120, PTH123 — runs the renter's source; pathlib would cost every chunk its import
"""The renter's own modules that came whole: found by the import system like any other."""

import importlib.abc
import importlib.machinery
import os
import sys

from surge.run.guest.machine import scope
from surge.run.guest.recipe import show

PACKAGES = "/tmp/.packages"
"""Where the renter's installed packages lie, the last place of sys.path."""


def unpack(files):
    """place → content, of packages that the sandbox lacks."""
    for name, content in files.items():
        place = os.path.join(PACKAGES, name)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
    if files:
        sys.path.append(PACKAGES)
        importlib.invalidate_caches()


class Absent(importlib.abc.MetaPathFinder):
    """Stubs of this interpreter's library that can't be imported are not there."""

    def find_spec(self, name, path=None, target=None):
        if name in ("matplotlib", "seaborn"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """modules: [name, filename, source, is a package] each. They never hide the sandbox's own. folder: where
    their files are said to lie, if not where the renter has them."""

    def __init__(self, modules, folder=None):
        self.folder = folder
        self.modules = {name: rest for name, *rest in modules}

    def find_spec(self, name, path=None, target=None):
        if name not in self.modules:
            return None
        filename, _, package = self.modules[name]
        return importlib.machinery.ModuleSpec(name, self, origin=filename, is_package=package)

    def exec_module(self, module):
        filename, source, package = self.modules[module.__name__]
        module.__file__ = filename
        if self.folder is not None:
            parts = [*module.__name__.split("."), *(["__init__"] if package else [])]
            module.__file__ = os.path.join(self.folder, *parts) + ".py"
        scope(module)
        show(filename, 1, source)
        exec(compile(source, filename, "exec", dont_inherit=True), module.__dict__)
