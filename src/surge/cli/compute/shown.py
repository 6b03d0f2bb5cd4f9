"""A program's output on the terminal: while it runs, as its provider tells it, and in the end all of it.

It is a stranger's word: on a terminal it is shown without what could do more than print, and whatever it left
behind (a colour, a half-drawn sequence) ends before Surge says something itself.
"""

import re
import sys
from typing import TYPE_CHECKING, TextIO

from surge.cli.terminal.output import tell
from surge.model.errors import coloured

if TYPE_CHECKING:
    from surge.model.command import CommandOutput

MOST = 8 << 20
"""Bytes of a stream that are shown before its end; a provider may say what it likes until then."""
_BEGUN = re.compile(
    rb"(\x1b(\[[0-9;:]{0,31})?|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)
"""A colour, or a letter, whose rest may be in the next piece."""
_SETTLED = "\x1b\\\x1b[0m"
"""Ends whatever sequence is open, and all colours."""


def harmless(content: bytes) -> tuple[bytes, bytes]:
    """(what may be shown of it, the end of it that has to wait for what follows): letters, line ends, tabs
    and colours as they are, a "�" for each other control character."""
    begun = _BEGUN.search(content)
    end = begun.start() if begun else len(content)
    return coloured(content[:end].decode(errors="replace")).encode(), content[end:]


class Shown:
    """What a person has seen so far of stdout and stderr."""

    def __init__(self) -> None:
        self._seen = {"stdout": bytearray(), "stderr": bytearray()}
        self._begun = {"stdout": b"", "stderr": b""}
        self._last = b"\n"

    def hear(self, stream: str, offset: int, content: bytes) -> None:
        """Show what is new. What follows a gap waits for the end; what comes twice is shown once."""
        seen = self._seen[stream]
        if not offset <= len(seen) < MOST:
            return
        new = content[len(seen) - offset :]
        seen += new
        if _pipe(stream).isatty():
            new, self._begun[stream] = harmless(self._begun[stream] + new)
        self._write(stream, new)

    def finish(self, output: "CommandOutput") -> None:
        """Show what is missing of the output that was paid for: as it is, but on a terminal, where its
        provider's words do no more than print."""
        for stream, whole in (("stdout", output.stdout), ("stderr", output.stderr)):
            seen, begun = bytes(self._seen[stream]), self._begun[stream]
            if not whole.startswith(seen):
                self.settle()
                tell(f"its provider showed another {stream} while it ran; this is what the program wrote:")
                seen = begun = b""
            rest = begun + whole[len(seen) :]
            if _pipe(stream).isatty():
                shown, left = harmless(rest)
                rest = shown + coloured(left.decode(errors="replace")).encode()
            self._write(stream, rest)

    def settle(self) -> None:
        """End what unpaid output may have left behind: what follows is Surge's own."""
        if any(self._seen.values()) and sys.stderr.isatty():
            sys.stderr.write(_SETTLED if self._last == b"\n" else f"{_SETTLED}\n")
            sys.stderr.flush()
            self._last = b"\n"

    def _write(self, stream: str, content: bytes) -> None:
        pipe = _pipe(stream).buffer
        pipe.write(content)
        pipe.flush()
        self._last = content[-1:] or self._last


def _pipe(stream: str) -> TextIO:
    return sys.stdout if stream == "stdout" else sys.stderr
