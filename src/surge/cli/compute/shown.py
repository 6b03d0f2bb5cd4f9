"""A program's output on the terminal: while it runs, as its provider tells it, and in the end all of it."""

import sys
from typing import TYPE_CHECKING

from surge.cli.terminal.output import tell

if TYPE_CHECKING:
    from surge.model.command import CommandOutput

MOST = 8 << 20
"""Bytes of a stream that are shown before its end; a provider may say what it likes until then."""


class Shown:
    """What a person has seen so far of stdout and stderr."""

    def __init__(self) -> None:
        self._seen = {"stdout": bytearray(), "stderr": bytearray()}

    def hear(self, stream: str, offset: int, content: bytes) -> None:
        """Show what is new. What follows a gap waits for the end; what comes twice is shown once."""
        seen = self._seen[stream]
        if offset <= len(seen) < MOST:
            self._show(stream, content[len(seen) - offset :])

    def finish(self, output: "CommandOutput") -> None:
        """Show what is missing of the output that was paid for."""
        for stream, whole in (("stdout", output.stdout), ("stderr", output.stderr)):
            seen = bytes(self._seen[stream])
            if not whole.startswith(seen):
                tell(f"its provider showed another {stream} while it ran; this is what the program wrote:")
                seen = b""
            self._show(stream, whole[len(seen) :])

    def _show(self, stream: str, content: bytes) -> None:
        self._seen[stream] += content
        pipe = (sys.stdout if stream == "stdout" else sys.stderr).buffer
        pipe.write(content)
        pipe.flush()
