"""Modules that shipped code reaches: which the sandbox has, which travel whole, which are refused."""

import ast
import importlib.util
import site
import sys
import sysconfig
import tokenize
import types
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from surge.model.errors import CannotShip
from surge.renter.ship import inside as sandbox
from surge.renter.ship.packages import files_of
from surge.renter.text.names import Import, imports


@dataclass
class Modules:
    """needed: names that the sandbox imports. whole: the renter's own modules, name → (filename, source,
    is a package), their imports followed. packages: installed ones of pure Python, name → file → content.
    beside: a folder whose modules are found first, as a script's."""

    needed: set[str] = field(default_factory=set)
    whole: dict[str, tuple[str, str, bool]] = field(default_factory=dict)
    packages: dict[str, dict[str, bytes]] = field(default_factory=dict)
    beside: Path | None = None
    followed: set[str] = field(default_factory=set)

    def need(self, name: str, path: str) -> None:
        """Make sure that code in the sandbox can import `name`. Raises CannotShip if it can't."""
        if name in self.whole or name in ("__main__", ""):
            return
        if sandbox.has(name):
            self.needed.add(name)
            return
        if not sandbox.is_standard(name) and self._beside(name) is None and is_package(name):
            self._package(name, path)
            return
        self._whole(name, path)

    def _package(self, name: str, path: str) -> None:
        """Of an installed package of pure Python: its files, and the packages that this module imports."""
        top = sandbox.top(name)
        if top not in self.packages:
            self.packages[top] = files_of(top, path)
        source = self.packages[top].get(f"{name.replace('.', '/')}/__init__.py")
        inside = name if source is not None else name.rpartition(".")[0]
        source = self.packages[top].get(f"{name.replace('.', '/')}.py") if source is None else source
        if name in self.followed or source is None:
            return
        self.followed.add(name)
        if inside != name:
            self.need(inside, path)
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError) as error:
            raise CannotShip(f"{path} reaches the module {name}, which is no Python ({error})") from error
        now = [s for s in imports(_WithoutFunctions().visit(ast.parse(source))) if not _is_incidental(s)]
        for statement in now:
            self._follow(statement, inside, f"{path} → {name}")
        for statement in imports(tree):  # what functions import may be for others
            with suppress(CannotShip):
                self._import(statement, inside, name)

    def copy(self) -> "Modules":
        return Modules(
            self.needed.copy(), self.whole.copy(), self.packages.copy(), self.beside, self.followed.copy()
        )

    def by_name(self, value: object, where: str) -> tuple[str, str] | None:
        """(module, name) of a function, class or builtin that the sandbox has under the same name."""
        qualname = attribute(value, "__qualname__") or attribute(value, "__name__")
        module = module_of(value)
        named = isinstance(value, type | types.FunctionType | types.BuiltinFunctionType) or callable(value)
        if not named or not module or not isinstance(qualname, str) or "<" in qualname:
            return None
        if find(module, qualname) is not value:
            return None
        if sandbox.has(module):
            module = public_name(value, module, qualname)
            self.need(module, where)
            return module, qualname
        if is_package(module) and not sandbox.is_standard(module):
            self.need(module, where)
        if module in self.whole or sandbox.top(module) in self.packages:
            return module, qualname
        if sandbox.is_standard(module) or is_installed(file_of(module)) or sandbox.top(module) == "surge":
            self.need(module, where)  # raises, with the module's name
        return None

    def is_home(self, scope: dict[str, Any]) -> bool:
        """Whether these are the globals of a module that travels whole."""
        name = scope.get("__name__")
        return name in self.whole and vars(sys.modules.get(name, types)) is scope

    @property
    def files(self) -> dict[str, bytes]:
        """Of all packages: place → content, in order."""
        return dict(sorted(item for files in self.packages.values() for item in files.items()))

    def submodules(self, node: ast.AST, scope: Mapping[str, object], path: str) -> list[str]:
        """Names such as urllib.parse that a piece of code reaches through `urllib`, which alone need not
        import them; made sure of like `need`."""
        found = []
        for inner in ast.walk(node):
            parts = _chain(inner)
            home = scope.get(parts[0]) if parts else None
            if not isinstance(home, types.ModuleType):
                continue
            name = home.__name__
            for part in parts[1:]:
                name = f"{name}.{part}"
                if not isinstance(sys.modules.get(name), types.ModuleType):
                    break
                self.need(name, path)
                found.append(name)
        return list(dict.fromkeys(found))

    def follow(self, node: ast.AST, package: str, path: str) -> None:
        """Every import statement inside of `node`."""
        for statement in imports(node):
            self._follow(statement, package, path)

    def _follow(self, statement: Import, package: str, path: str) -> None:
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
        if sandbox.top(name) in self.packages:
            stem, files = inner.replace(".", "/"), self.packages[sandbox.top(name)]
            return f"{stem}.py" in files or f"{stem}/__init__.py" in files
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
        if sandbox.top(name) in sandbox.ADDED and self._beside(name) is None and _spec(name) is None:
            return
        if sandbox.top(name) in sandbox.REMOVED and sandbox.is_standard(name):
            raise CannotShip(
                f"{path} reaches the module {name}, which Python has no more; the sandbox runs "
                f"{sandbox.VERSIONS['Python']}: do that part here and pass its result"
            )
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
            with tokenize.open(filename) as file:  # in the encoding that it declares
                source = file.read()
            tree = ast.parse(source)
        except (OSError, SyntaxError, UnicodeDecodeError) as error:
            raise CannotShip(
                f"{path} reaches the module {name}, whose source can't be read ({error})"
            ) from error
        self.whole[name] = (filename, source, package)
        self.follow(tree, name if package else parent, f"{path} → {name}")


class _WithoutFunctions(ast.NodeTransformer):
    """What a module does as soon as it is imported."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        return None

    visit_AsyncFunctionDef = visit_FunctionDef  # type: ignore[assignment]  # noqa: N815


def _is_incidental(statement: Import) -> bool:
    return not statement.level and sandbox.top(statement.module) in sandbox.INCIDENTAL


def is_package(name: str) -> bool:
    """Whether a module belongs to an installed package."""
    spec = _spec(sandbox.top(name))
    places = [getattr(spec, "origin", None), *(getattr(spec, "submodule_search_locations", None) or ())]
    return any(is_installed(place) for place in places if isinstance(place, str))


def _spec(name: str) -> object:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _chain(node: ast.AST) -> list[str]:
    """The names of a.b.c; nothing for other expressions."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if parts and isinstance(node, ast.Name) else []


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


@cache
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


def attribute(value: object, name: str) -> Any:
    """An attribute, or None: objects that answer to any name in their own way may raise anything."""
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 the renter's __getattr__
        return None


def module_of(value: object) -> str:
    """Where a function, class or builtin says that it is defined ("" if it says nothing)."""
    home = attribute(value, "__self__")
    if isinstance(home, types.ModuleType):
        return home.__name__
    name = attribute(value, "__module__")
    return name if isinstance(name, str) else ""


def is_elsewhere(kind: type) -> bool:
    """Whether a class is of the standard library or of an installed package."""
    module = kind.__module__
    return sandbox.has(module) or sandbox.is_standard(module) or is_installed(file_of(module))


def file_of(module: str) -> str | None:
    return getattr(sys.modules.get(module), "__file__", None)
