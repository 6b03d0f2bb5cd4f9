# mypy: ignore-errors
# ruff: noqa: S102, BLE001, T201, PTH103, PTH118, PTH120, PTH123 — runs the renter's file; pathlib would cost every chunk its import
"""A whole Python file, run as `__main__` with its arguments, stdin and files."""

import atexit
import errno
import io
import os
import sys
import traceback
import types

from surge.run.guest import kinds, tagged
from surge.run.guest.machine import scope
from surge.run.guest.modules import PACKAGES, Finder
from surge.run.guest.recipe import show

RETURNED = "returned"
ROOT = "/"
"""Where the program's files lie."""
MAX_WRITTEN, MAX_FILES = 32 << 20, 1024
"""As in model.command."""


EAGER, BLOCK = 1000, 4096
"""So many lines are told one by one; then blocks of so many bytes, because each costs a call to the host."""


class _Told(io.RawIOBase):
    """All that was written, and told to the host as it comes."""

    def __init__(self, number):
        self.number, self.written, self.told, self.times = number, bytearray(), 0, 0

    def writable(self):
        return True

    def fileno(self):
        return self.number

    def write(self, content):
        self.written += content
        return len(content)

    def flush(self):
        if self.times < EAGER or len(self.written) - self.told >= BLOCK:
            self.push()

    def push(self):
        """Tell the host what it doesn't know yet."""
        while self.told < len(self.written):
            self.told += _write(self.number, self.written[self.told :])
            self.times += 1


class _Text(io.TextIOWrapper):
    """Flushed by each line, and in any case when the program says so."""

    def flush(self):
        super().flush()
        self.buffer.push()


_write = os.write


def _through(streams):
    """os.write whose bytes on the streams come back, too."""

    def write(number, content, /):
        if number not in streams:
            return _write(number, content)
        streams[number].write(content)
        streams[number].push()
        return len(content)

    return write


def load(name, source, modules):
    """A callable of msgpack {args, stdin, files} giving ("returned", msgpack {exit_code, stdout, stderr,
    files, left})."""
    if modules:
        sys.meta_path.insert(0, Finder(modules))
    filename = name
    show(filename, 1, source)

    def run(task):
        given = tagged.decode(task)
        return RETURNED, tagged.encode(_run(filename, source, given))

    return run


def _run(filename, source, given):
    for path, blob in given.get("blobs", {}).items():
        given["files"][path] = tagged.fetch(blob)
    for path, content in given["files"].items():
        place = os.path.join(ROOT, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "wb") as file:
            file.write(content)
    out, err = _Told(1), _Told(2)
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.modules.get("__main__")
    main = types.ModuleType("__main__")
    main.__file__ = filename
    scope(main)
    sys.argv = [filename, *given["args"]]
    sys.stdin = io.TextIOWrapper(io.BytesIO(given["stdin"]), "utf-8", "surrogateescape")
    sys.stdout = _Text(out, "utf-8", "surrogateescape", newline="", line_buffering=True)
    sys.stderr = _Text(err, "utf-8", "backslashreplace", newline="", line_buffering=True)
    sys.modules["__main__"] = main

    def told(code):
        for stream in (sys.stdout, sys.stderr):
            if not stream.closed:
                stream.flush()
        out.push()
        err.push()
        files, left = written(given["files"], dict(_own_files(ROOT)))
        streams = {"stdout": bytes(out.written), "stderr": bytes(err.written)}
        return {"exit_code": code & 0xFF, **streams, "files": files, "left": left}

    os.write = _through({1: out, 2: err})
    leave = os._exit
    os._exit = lambda code: _leave(told(code), leave)  # the real one would lose what was printed
    try:
        code = _execute(filename, source, main.__dict__)
        try:
            atexit._run_exitfuncs()
        except BaseException as error:
            _show(error)
        return told(code)
    finally:
        os._exit, os.write = leave, _write
        sys.argv, sys.stdin, sys.stdout, sys.stderr, sys.modules["__main__"] = before


def _leave(output, leave):
    """The end that `os._exit` asks for: the outcome goes straight to the host."""
    import _host

    _host.call(b"R" + tagged.encode(output))
    leave(0)


def _own_files(folder):
    """(path below /, content) of what isn't the sandbox's own."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.path in ("/usr", PACKAGES):
            continue
        if entry.is_dir():
            yield from _own_files(entry.path)
        else:
            with open(entry.path, "rb") as file:
                yield os.path.relpath(entry.path, ROOT), file.read()


def written(before, after):
    """Twin of model.command.written: what a command made or changed, and sizes of what is too large."""
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
    return files, left


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
        _show(error)
        return 1
    return 0


def _show(error):
    """The traceback without this module's frames, and what to do about a file that isn't here."""
    if isinstance(error, OSError) and error.errno is not None:
        error.errno = kinds.LINUX.get(errno.errorcode.get(error.errno), error.errno)
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)
    if isinstance(error, FileNotFoundError) and isinstance(error.filename, str):
        named = error.filename.lstrip("/")
        print(f"(the sandbox has only the files that go with it: surge run --file {named})", file=sys.stderr)
    if isinstance(error, EOFError):
        print("(stdin is empty unless it is given: surge run --stdin FILE, - for yours)", file=sys.stderr)
