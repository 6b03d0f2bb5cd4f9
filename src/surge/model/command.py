"""Input and output of a command task: a wasm module, or a Python file run as a script."""

from dataclasses import dataclass, field

import msgspec

from surge.model.errors import BadInput

MAX_ARGS = 1024
MAX_ARG_BYTES = 64 << 10
MAX_FILES = 1024
MAX_FILE_NAME = 1024
MAX_INPUT = 128 << 20
"""Bytes of an encoded input."""
MAX_OUTPUT = 256 << 20
"""Bytes of an encoded output."""


@dataclass(frozen=True, slots=True)
class CommandInput:
    """args: after the program's own name. files: path relative to `/` → bytes; the command may change
    its copies, which are gone when it ends."""

    args: tuple[str, ...] = ()
    stdin: bytes = field(default=b"", repr=False)
    files: dict[str, bytes] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if len(self.args) > MAX_ARGS or sum(len(a) for a in self.args) > MAX_ARG_BYTES:
            raise BadInput(
                f"a command takes at most {MAX_ARGS} arguments and {MAX_ARG_BYTES} characters of them"
            )
        if any("\0" in arg for arg in self.args):
            raise BadInput("an argument of a command can't hold a zero byte; pass it through stdin")
        if len(self.files) > MAX_FILES:
            raise BadInput(
                f"a command takes at most {MAX_FILES} files, not {len(self.files)}; pack them into one"
            )
        for name in self.files:
            _check_name(name)

    def encode(self) -> bytes:
        """MessagePack, the same bytes for the same input. Raises BadInput over MAX_INPUT."""
        fields = {"args": list(self.args), "stdin": self.stdin, "files": self.files}
        body = msgspec.msgpack.encode(fields, order="deterministic")
        if len(body) > MAX_INPUT:
            raise BadInput(f"the command's input has {len(body)} bytes; {MAX_INPUT} is the most")
        return body

    @classmethod
    def decode(cls, body: bytes) -> "CommandInput":
        """Raises BadInput for anything that `encode` can't have made."""
        if len(body) > MAX_INPUT:
            raise BadInput(f"the command's input has {len(body)} bytes; {MAX_INPUT} is the most")
        try:
            return msgspec.msgpack.decode(body, type=cls)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(f"the command's input can't be read: {error}") from error


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """What a command left behind. exit_code 0–255 as a shell sees it."""

    exit_code: int
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)

    def encode(self) -> bytes:
        """MessagePack, the same bytes for the same output."""
        fields = {"exit_code": self.exit_code, "stdout": self.stdout, "stderr": self.stderr}
        return msgspec.msgpack.encode(fields, order="deterministic")

    @classmethod
    def decode(cls, body: bytes) -> "CommandOutput":
        """Raises BadInput for anything that `encode` can't have made."""
        if len(body) > MAX_OUTPUT:
            raise BadInput(f"the command's output has {len(body)} bytes; {MAX_OUTPUT} is the most")
        try:
            return msgspec.msgpack.decode(body, type=cls)
        except (msgspec.DecodeError, RecursionError) as error:
            raise BadInput(f"the command's output can't be read: {error}") from error


def _check_name(name: str) -> None:
    parts = name.split("/")
    if (
        not name
        or len(name) > MAX_FILE_NAME
        or "\0" in name
        or any(part in ("", ".", "..") for part in parts)
    ):
        raise BadInput(f"{name[:80]!r} is no path of a command's file; give a plain one such as data/in.csv")
