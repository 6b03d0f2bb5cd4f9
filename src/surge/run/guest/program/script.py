# mypy: ignore-errors
# ruff: noqa: S102, BLE001, PTH103, PTH118, PTH120, PTH119, PTH123 — runs the renter's file; pathlib would cost every chunk its import
"""A whole Python file, run as `__main__` with its arguments, stdin and files."""

import os
import sys
import types

from surge.run.guest import host
from surge.run.guest.machine import scope
from surge.run.guest.modules import PACKAGES, Finder
from surge.run.guest.program.end import exit_code, finish, uncaught
from surge.run.guest.program.stdio import Stdio
from surge.run.guest.recipe import show
from surge.run.guest.tagged import core as tagged
from surge.run.guest.tagged import reading

RETURNED = "returned"
ROOT = HOME = "/job"
"""Where the program and its files lie, and where it begins."""
MAX_WRITTEN, MAX_FILES = 32 << 20, 1024
"""As in model.command."""


def load(name, source, modules):
    """A callable of msgpack {args, stdin, files} giving ("returned", msgpack {exit_code, stdout, stderr,
    files, left, gone})."""
    if modules:
        sys.meta_path.insert(0, Finder(modules, ROOT))
    filename, own = name, [name for name, *_ in modules]
    show(filename, 1, source)

    def run(task):
        given = reading.decode(task)
        return RETURNED, tagged.encode(_run(filename, source, own, given))

    return run


def _run(filename, source, own, given):
    for path, blob in given.get("blobs", {}).items():
        given["files"][path] = host.fetch(blob)
    files = {os.path.basename(filename): source.encode(), **given["files"]}
    for path, content in files.items():
        place = os.path.join(ROOT, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
    os.chdir(ROOT)
    stdio = Stdio(given["stdin"])
    before = sys.argv, sys.modules.get("__main__")
    main = types.ModuleType("__main__")
    main.__file__ = os.path.join(ROOT, os.path.basename(filename))
    scope(main)
    sys.argv = [filename, *given["args"]]
    sys.modules["__main__"] = main

    def told(code):
        stdio.flush()
        streams = {"stdout": bytes(stdio.out.written), "stderr": bytes(stdio.err.written)}
        made, left, gone = written(files, _files())
        return {"exit_code": code & 0xFF, **streams, "files": made, "left": left, "gone": gone}

    stdio.begin(
        lambda code: host.end(tagged.encode(told(code)), stdio.leave)
    )  # the real one would lose what was printed
    try:
        code = _execute(filename, source, main.__dict__)
        finish([main, *(sys.modules[name] for name in own if name in sys.modules)])
        stdio.flush_files()
        return told(code)
    finally:
        stdio.end()
        sys.argv, sys.modules["__main__"] = before


def _files():
    """Content by path: below ROOT, and of what lies elsewhere and isn't the sandbox's own."""
    found = dict(_below(ROOT, ROOT))
    for path, content in _below("/", "/") if ROOT == HOME else ():
        found["outside/" + path if path in found else path] = content
    return found


def _below(folder, root):
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.path in ("/usr", PACKAGES) or (entry.path == ROOT and root != ROOT):
            continue
        if entry.is_dir():
            yield from _below(entry.path, root)
        else:
            with open(entry.path, "rb") as file:
                yield os.path.relpath(entry.path, root), file.read()


def written(before, after):
    """Twin of model.command.written: what a command made or changed, sizes of what is too large, and what it
    removed."""
    files, left, room = {}, {}, MAX_WRITTEN
    for name in sorted(after, key=lambda name: (len(after[name]), name)):
        content = after[name]
        if before.get(name) == content:
            continue
        if len(content) > room or len(files) >= MAX_FILES:
            left[name] = len(content)
        else:
            files[name] = content
            room -= len(content)
    return files, left, sorted(before.keys() - after.keys())


def _execute(filename, source, scope):
    """The exit code, as a shell sees CPython's."""
    try:
        exec(compile(source, filename, "exec", dont_inherit=True), scope)
    except SystemExit as stop:
        return exit_code(stop)
    except BaseException as error:
        return uncaught(error, ROOT)
    return 0
