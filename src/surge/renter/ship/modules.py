"""Modules that shipped code reaches: which the sandbox has, which travel whole, which are refused."""

import ast
import importlib.util
import site
import sys
import sysconfig
import types
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from surge.model.errors import CannotShip
from surge.renter.ship import inside as sandbox
from surge.renter.ship.names import Import, imports


@dataclass
class Modules:
    """needed: names that the sandbox imports. whole: the renter's own modules, name → (filename, source,
    is a package), their imports followed. beside: a folder whose modules are found first, as a script's."""

    needed: set[str] = field(default_factory=set)
    whole: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    beside: Path | None = None

    def need(self, name: str, path: str) -> None:
        """Make sure that code in the sandbox can import `name`. Raises CannotShip if it can't."""
        if name in self.whole or name in ("__main__", ""):
            return
        if sandbox.has(name):
            self.needed.add(name)
            return
        self._whole(name, path)

    def follow(self, node: ast.AST, package: str, path: str) -> None:
        """Every import statement inside of `node`."""
        for statement in imports(node):
            try:
                self._import(statement, package, path)
            except CannotShip:
                if not statement.optional:
                    raise

    def _import(self, statement: Import, package: str, path: str) -> None:
        name = statement.module
        if statement.level:
            parts = package.split(".")
            parts = parts[: len(parts) - statement.level + 1]
            name = ".".join([*parts, name] if name else parts)
        self.need(name, path)
        for taken in statement.taken:
            inner = f"{name}.{taken}"
            if self._is_module(name, inner):
                self.need(inner, path)

    def _is_module(self, name: str, inner: str) -> bool:
        if inner in sys.modules or self._beside(inner) is not None:
            return True
        if name in self.whole:
            return self.whole[name][2] and _spec(inner) is not None
        return sandbox.top(name) in sandbox.HEAVY and _on_disk(inner)

    def _beside(self, name: str) -> tuple[str, bool] | None:
        if self.beside is None:
            return None
        place = self.beside.joinpath(*name.split("."))
        for file, package in ((place / "__init__.py", True), (place.with_suffix(".py"), False)):
            if file.is_file():
                return str(file), package
        return None

    def _whole(self, name: str, path: str) -> None:
        if sandbox.is_standard(name):
            raise CannotShip(
                f"{path} reaches the module {name}, which the sandbox lacks (it has no network, processes "
                "or terminals): do that part here and pass its result"
            )
        filename, package = self._beside(name) or _local_file(name, path)
        parent = name.rpartition(".")[0]
        if parent:
            self.need(parent, path)
        try:
            source = Path(filename).read_text("utf-8-sig")
            tree = ast.parse(source)
        except (OSError, SyntaxError, UnicodeDecodeError) as error:
            raise CannotShip(
                f"{path} reaches the module {name}, whose source can't be read ({error})"
            ) from error
        self.whole[name] = (filename, source, package)
        self.follow(tree, name if package else parent, f"{path} → {name}")


def _spec(name: str) -> object:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _on_disk(name: str) -> bool:
    """Whether an installed package has this module, found without importing anything."""
    top, *parts = name.split(".")
    spec = importlib.util.find_spec(top)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        place = Path(folder).joinpath(*parts)
        if (place / "__init__.py").is_file() or place.with_suffix(".py").is_file():
            return True
    return False


def _local_file(name: str, path: str) -> tuple[str, bool]:
    """(file, is a package) of one of the renter's own pure-Python modules."""
    if sandbox.top(name) == "surge":
        raise CannotShip(
            f"{path} reaches {name}: surge itself is not in the sandbox; use it outside of the task"
        )
    module = sys.modules.get(name)
    filename = getattr(module, "__file__", None)
    package = hasattr(module, "__path__")
    if module is None:
        spec = _spec(name)
        filename = getattr(spec, "origin", None)
        package = getattr(spec, "submodule_search_locations", None) is not None
        if spec is None:
            raise CannotShip(
                f"{path} imports {name}, which is neither in the sandbox nor installed here; "
                "use a package that the sandbox has (surge.renter.ship.inside.PACKAGES)"
            )
    if package and not filename:
        raise CannotShip(
            f"{path} reaches the namespace package {name}; give it an __init__.py, so that it can be sent"
        )
    if is_installed(filename):
        raise CannotShip(
            f"{path} reaches the package {sandbox.top(name)}, which the sandbox does not have; "
            "do that part here and pass its result, or use a package that it has"
        )
    if not filename or not filename.endswith(".py"):
        raise CannotShip(
            f"{path} reaches {name}, which is compiled for this machine ({filename or 'built in'}); "
            "only Python source can be sent"
        )
    return filename, package


def is_installed(filename: str | None) -> bool:
    """Whether a file belongs to the standard library or to an installed package."""
    if not filename:
        return False
    file = str(Path(filename).resolve())
    return any(file.startswith(folder) for folder in _installed())


@cache
def _installed() -> list[str]:
    """Folders of the standard library and of installed packages."""
    paths = sysconfig.get_paths()
    folders = {paths[k] for k in ("purelib", "platlib", "stdlib", "platstdlib")}
    folders.update(site.getsitepackages())
    folders.add(site.getusersitepackages())
    return [str(Path(f).resolve()) + "/" for f in folders]


def public_name(value: object, module: str, qualname: str) -> str:
    """The shortest public module that gives `value` under the same name: private ones move with versions."""
    parts = module.split(".")
    for end in range(1, len(parts)):
        shorter = ".".join(parts[:end])
        if any(p.startswith("_") for p in parts[end:]) and find(shorter, qualname) is value:
            return shorter
    return module


def find(module: str, qualname: str) -> object:
    """What `module.qualname` is here, or None."""
    found: object = sys.modules.get(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def module_of(value: object) -> str:
    """Where a function, class or builtin says that it is defined ("" if it says nothing)."""
    home = getattr(value, "__self__", None)
    if isinstance(home, types.ModuleType):
        return home.__name__
    name = getattr(value, "__module__", None)
    return name if isinstance(name, str) else ""
