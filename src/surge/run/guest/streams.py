# mypy: ignore-errors
"""What a task prints, kept up to a bound and taken at its end."""

import io
import sys

KEPT = 256 << 10
"""Bytes of one task's prints, stdout and stderr together."""


class _Tap(io.RawIOBase):
    """One of the two streams, writing into the list they share."""

    def __init__(self, name, taken):
        self.name = name
        self.taken = taken

    def writable(self):
        return True

    def write(self, content):
        content = bytes(content)
        if self.name == "stderr":
            Prints.loud = True
        room = KEPT - self.taken.size
        if room > 0:
            self.taken.parts.append((self.name, content[:room]))
        self.taken.size += len(content)
        return len(content)


class Prints:
    """Stands in for sys.stdout and sys.stderr from its making on.

    loud: whether anything went to stderr, as a warning does, which Python shows only once.
    """

    loud = False

    def __init__(self):
        self.size = 0
        self.parts = []
        sys.stdout = self._stream("stdout")
        sys.stderr = self._stream("stderr")

    def _stream(self, name):
        tap = _Tap(name, self)
        return io.TextIOWrapper(tap, "utf-8", "backslashreplace", newline="", write_through=True)

    def take(self):
        """[stream, text, stream, text, …] since the last call; neighbours of one stream joined."""
        joined = []
        for name, content in self.parts:
            if joined and joined[-2] == name:
                joined[-1] += content
            else:
                joined += (name, content)
        if self.size > KEPT:
            joined += ("stderr", f"\n… {self.size - KEPT} more bytes of prints were dropped\n".encode())
        self.size = 0
        self.parts = []
        return [x if type(x) is str else x.decode("utf-8", "replace") for x in joined]
