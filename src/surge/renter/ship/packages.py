"""Installed packages of pure Python that the sandbox lacks: they travel with all their files."""

import importlib.util
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from surge.model.errors import CannotShip

COMPILED = (".so", ".pyd", ".dylib", ".dll", ".a", ".lib", ".node")
SKIPPED = ("__pycache__", ".pyc", ".pyo")
MAX_BYTES = 16 << 20
"""Of one package with its data."""
TOLD = ("METADATA", "entry_points.txt", "top_level.txt")
"""Files about a package that it may read of itself (importlib.metadata)."""


def files_of(name: str, path: str) -> dict[str, bytes]:
    """Place below a folder of packages → content. Raises CannotShip for what has compiled parts, or is
    too large."""
    spec = importlib.util.find_spec(name)
    folders = list(spec.submodule_search_locations or ()) if spec else []
    if spec is not None and not folders and spec.origin:
        _check(Path(spec.origin), name, path)
        files = {Path(spec.origin).name: Path(spec.origin).read_bytes()}
    else:
        files = {}
        for folder in map(Path, folders):
            for file in sorted(folder.rglob("*")):
                if file.is_file() and not any(part.endswith(SKIPPED) for part in file.parts):
                    _check(file, name, path)
                    files[f"{name}/{file.relative_to(folder).as_posix()}"] = file.read_bytes()
    size = sum(map(len, files.values()))
    if size > MAX_BYTES:
        raise CannotShip(
            f"{path} reaches the package {name}, whose files have {size >> 20} MiB; {MAX_BYTES >> 20} MiB is "
            "the most that travels: do that part here and pass its result"
        )
    return files | _about(name)


def _check(file: Path, name: str, path: str) -> None:
    if file.name.endswith(COMPILED):
        raise CannotShip(
            f"{path} reaches the package {name}, which has parts compiled for this machine ({file.name}); "
            "only Python source can be sent: do that part here and pass its result, or use a package that "
            "the sandbox has"
        )


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(packages_distributions())


def _about(name: str) -> dict[str, bytes]:
    files = {}
    for named in _distributions().get(name, []):
        try:
            found = distribution(named)
        except PackageNotFoundError:
            continue
        for file in found.files or ():
            if file.parent.name.endswith(".dist-info") and file.name in TOLD and len(file.parts) == 2:
                files[file.as_posix()] = Path(str(file.locate())).read_bytes()
    return files
