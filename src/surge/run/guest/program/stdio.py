# mypy: ignore-errors

"""Streams by name and by number, as a program finds them in a process of its own."""

import builtins
import contextlib
import io
import os
import sys
import weakref

from surge.run.guest.machine import own

EAGER, BLOCK = 1000, 4096
"""So many lines are told one by one; then blocks of so many bytes, because each costs a call to the host."""
ABORTED = 134
"""What a shell sees of a process that SIGABRT ended."""


class _Told(io.RawIOBase):
    """All that was written, and told to the host as it comes."""

    def __init__(self, number, name):
        self.number, self.name = number, name
        self.written, self.told, self.times = bytearray(), 0, 0

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


class _Also(io.RawIOBase):
    """Another file object on the same stream; its end isn't the stream's."""

    def __init__(self, told):
        self.stream, self.name = told, told.number

    def writable(self):
        return True

    def fileno(self):
        return self.stream.number

    def write(self, content):
        self.stream.write(content)
        self.stream.push()
        return len(content)


class _Nothing(io.RawIOBase):
    """os.devnull"""

    name = "/dev/null"

    def readable(self):
        return True

    writable = seekable = readable

    def readinto(self, _):
        return 0

    def write(self, content):
        return len(content)

    def seek(self, offset, whence=0):
        return 0

    def tell(self):
        return 0


class _Text(io.TextIOWrapper):
    """Flushed by each line, and in any case when the program says so."""

    def flush(self):
        super().flush()
        self.buffer.push()


class _Given(io.BytesIO):
    """stdin."""

    name = "<stdin>"

    def fileno(self):
        return 0


_write, _read, _open = os.write, os.read, io.open


class Stdio:
    """Streams that stand where a program looks for them, from `begin` to `end`."""

    def __init__(self, stdin):
        self.given = _Given(stdin)
        self.out, self.err = _Told(1, "<stdout>"), _Told(2, "<stderr>")
        self.told = {1: self.out, 2: self.err}
        self.opened = []
        """Files that the program opened to write, weakly."""
        self.streams = (
            io.TextIOWrapper(self.given, "utf-8", "surrogateescape", newline="\n"),
            _Text(self.out, "utf-8", "surrogateescape", newline="", line_buffering=True),
            _Text(self.err, "utf-8", "backslashreplace", newline="", line_buffering=True),
        )

    def begin(self, leave):
        """`leave` takes the exit code of a program that ends at once."""
        self.leave = os._exit
        self.before = [getattr(sys, name) for name in _NAMES], os._exit, os.abort
        for name, stream in zip(_NAMES, self.streams * 2, strict=True):
            setattr(sys, name, stream)
        os.write, os.read = self.write, self.read
        builtins.open = own.open = io.open = self.open
        os._exit, os.abort = leave, lambda: leave(ABORTED)

    def end(self):
        """As it was before."""
        os.write, os.read = _write, _read
        builtins.open = own.open = io.open = _open
        streams, os._exit, os.abort = self.before
        for name, stream in zip(_NAMES, streams, strict=True):
            setattr(sys, name, stream)

    def flush_files(self):
        """CPython writes what is still open when the last that holds it goes."""
        for reference in self.opened:
            opened = reference()
            if opened is not None:
                with contextlib.suppress(Exception):  # closed
                    opened.flush()

    def flush(self):
        for stream in (sys.stdout, sys.stderr, *self.streams[1:]):
            with contextlib.suppress(Exception):  # closed, or no stream at all: as at the end of CPython
                stream.flush()
        self.out.push()
        self.err.push()

    def write(self, number, content, /):
        """os.write"""
        if number not in self.told:
            return _write(number, content)
        self.told[number].write(content)
        self.told[number].push()
        return len(content)

    def read(self, number, size, /):
        """os.read"""
        return self.given.read(size) if number == 0 else _read(number, size)

    def open(
        self,
        file,
        mode="r",
        buffering=-1,
        encoding=None,
        errors=None,
        newline=None,
        closefd=True,
        opener=None,
    ):
        if isinstance(file, os.PathLike | str) and os.fspath(file) == os.devnull:
            file = ""  # opened below as what takes all and gives nothing
        elif type(file) is not int or file not in (0, 1, 2):
            opened = _open(file, mode, buffering, encoding, errors, newline, closefd, opener)
            if opened.writable():
                self.opened.append(weakref.ref(opened))
            return opened
        raw = _Nothing() if file == "" else self.given if file == 0 else _Also(self.told[file])
        if "b" not in mode:
            return io.TextIOWrapper(raw, encoding or "utf-8", errors, newline)
        if file == 0 or buffering == 0:
            return raw
        return io.BufferedRandom(raw) if file == "" else io.BufferedWriter(raw)


_NAMES = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
