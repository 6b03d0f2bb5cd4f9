"""The digest of all that decides a result: engine, interpreter, library, and our own code around them."""

from functools import cache
from pathlib import Path

from surge.model.digest import blob_digest, digest
from surge.model.task import PYTHON, WASM, ImageSpec
from surge.run.sandbox.engine import settings_digest
from surge.run.sandbox.interpreter import interpreter

RUN = Path(__file__).parent.parent
DECIDING = ("wasi", "graft", "sandbox")
"""Folders of this room: whatever is in them may decide an outcome or its fuel, so all of it counts."""
SHARED = tuple(f"model/tagged/{name}.py" for name in ("bare", "layout", "names", "tags"))


@cache
def guest_files() -> dict[str, bytes]:
    """Name → source of every module of guest/, as the sandbox sees it."""
    return _sources("guest")


@cache
def shared_files() -> dict[str, bytes]:
    """Name → source, below surge/, of what the guest reads of the model's own files."""
    return {name: (RUN.parent / name).read_bytes() for name in SHARED}


@cache
def interpreter_digest() -> bytes:
    """32 bytes over the interpreter as it runs: the installed one and what is grafted onto it."""
    return digest("interpreter", interpreter().snapshot_digest, *_sources("graft").values())


@cache
def suite_digest() -> bytes:
    """32 bytes: two machines with the same one give the same outcomes for the same chunk."""
    found = interpreter()
    parts = [settings_digest(), found.snapshot_digest, found.stdlib_digest]
    for folder in (*DECIDING, "guest"):
        for name, source in _sources(folder).items():
            parts += [f"{folder}/{name}".encode(), source]
    for name, source in shared_files().items():
        parts += [name.encode(), source]
    return digest("suite", *parts)


def _sources(folder: str) -> dict[str, bytes]:
    root = RUN / folder
    files = [path for path in sorted(root.rglob("*")) if path.suffix in (".py", ".wat")]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def runtime_number() -> int:
    """The ask's and the demand's `runtime`: the first 16 bits of the suite's digest."""
    return int.from_bytes(suite_digest()[:2], "big")


def python_spec(modules: tuple[str, ...] = ()) -> ImageSpec:
    """An interpreter that has imported `modules` (and what the numpy defaults need)."""
    return ImageSpec(PYTHON, suite_digest(), tuple(sorted(set(modules))))


def wasm_spec(module: bytes) -> ImageSpec:
    """A wasm module, named by its digest."""
    return ImageSpec(WASM, suite_digest(), (), blob_digest(module))
