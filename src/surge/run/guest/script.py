# mypy: ignore-errors
# ruff: noqa: S102, BLE001, T201, PTH103, PTH118, PTH120, PTH123 — runs the renter's file; pathlib would cost every chunk its import
"""A whole Python file, run as `__main__` with its arguments, stdin and files."""

import io
import os
import sys
import traceback
import types

from surge.run.guest import tagged
from surge.run.guest.machine import scope
from surge.run.guest.modules import Finder
from surge.run.guest.recipe import show

RETURNED = "returned"


def load(name, source, modules):
    """A callable of msgpack {args, stdin, files} giving ("returned", msgpack {exit_code, stdout, stderr})."""
    if modules:
        sys.meta_path.insert(0, Finder(modules))
    filename = name
    show(filename, 1, source)

    def run(task):
        given = tagged.decode(task)
        return RETURNED, tagged.encode(_run(filename, source, given))

    return run


def _run(filename, source, given):
    for path, content in given["files"].items():
        place = os.path.join("/", path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
    out, err = io.BytesIO(), io.BytesIO()
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.modules.get("__main__")
    main = types.ModuleType("__main__")
    main.__file__ = filename
    scope(main)
    sys.argv = [filename, *given["args"]]
    sys.stdin = io.TextIOWrapper(io.BytesIO(given["stdin"]), "utf-8", "surrogateescape")
    sys.stdout = io.TextIOWrapper(out, "utf-8", "surrogateescape", newline="", write_through=True)
    sys.stderr = io.TextIOWrapper(err, "utf-8", "backslashreplace", newline="", write_through=True)
    sys.modules["__main__"] = main
    try:
        code = _execute(filename, source, main.__dict__)
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
        return {"exit_code": code, "stdout": out.getvalue(), "stderr": err.getvalue()}
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.modules["__main__"] = before


def _execute(filename, source, scope):
    """The exit code, as CPython gives it."""
    try:
        exec(compile(source, filename, "exec", dont_inherit=True), scope)
    except SystemExit as stop:
        if stop.code is None:
            return 0
        if isinstance(stop.code, int):
            return stop.code & 0xFF
        print(stop.code, file=sys.stderr)
        return 1
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)
        return 1
    return 0
