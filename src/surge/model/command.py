"""Input and output of a command task: a wasm module, or a Python file run as a script."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from surge.model.digest import BLOB_FROM, Blob
from surge.model.errors import BadInput

MAX_ARGS = 1024
MAX_ARG_BYTES = 64 << 10
MAX_FILES = 1024
MAX_FILE_NAME = 1024
MAX_INPUT = 128 << 20
"""Bytes of an encoded input."""
MAX_OUTPUT = 256 << 20
"""Bytes of an encoded output."""
MAX_WRITTEN = 32 << 20
"""Bytes of the files that come back; of larger ones only the sizes do."""


def written(
    before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> tuple[dict[str, bytes], dict[str, int], list[str]]:
    """Of the files after a command: those that it made or changed, the smallest first; the sizes of those
    that are too large; and the names of those that it removed."""
    files: dict[str, bytes] = {}
    left: dict[str, int] = {}
    room = MAX_WRITTEN
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


@dataclass(frozen=True, slots=True)
class CommandInput:
    """args: after the program's own name. files: path below the folder where it begins → bytes; the command
    may change its copies, which are gone when it ends."""

    args: tuple[str, ...] = ()
    stdin: bytes = field(default=b"", repr=False)
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    blobs: dict[str, bytes] = field(default_factory=dict)
    """Names of blobs that hold further files, by path."""

    def __post_init__(self) -> None:
        if len(self.args) > MAX_ARGS or sum(len(a) for a in self.args) > MAX_ARG_BYTES:
            raise BadInput(
                f"a command takes at most {MAX_ARGS} arguments and {MAX_ARG_BYTES} characters of them"
            )
        if any("\0" in arg for arg in self.args):
            raise BadInput("an argument of a command can't hold a zero byte; pass it through stdin")
        count = len(self.files) + len(self.blobs)
        if count > MAX_FILES:
            raise BadInput(f"a command takes at most {MAX_FILES} files, not {count}; pack them into one")
        for name in (*self.files, *self.blobs):
            _check_name(name)

    def lean(self) -> "tuple[CommandInput, dict[bytes, Blob]]":
        """The same with its large files as blobs, and these by name."""
        large = {name: Blob.of(body) for name, body in self.files.items() if len(body) > BLOB_FROM}
        small = {name: body for name, body in self.files.items() if name not in large}
        named = {name: blob.name for name, blob in large.items()}
        return replace(self, files=small, blobs=named), {blob.name: blob for blob in large.values()}

    def whole(self, fetch: Callable[[bytes], bytes]) -> "CommandInput":
        """The same with all its files; `fetch` gives the content of a blob."""
        fetched = {name: fetch(blob) for name, blob in self.blobs.items()}
        return replace(self, files={**self.files, **fetched}, blobs={})

    def encode(self) -> bytes:
        """MessagePack, the same bytes for the same input. Raises BadInput over MAX_INPUT."""
        fields = {"args": list(self.args), "stdin": self.stdin, "files": self.files}
        if self.blobs:
            fields["blobs"] = self.blobs
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
    """What a command left behind. exit_code 0–255 as a shell sees it. files: what it made or changed, path
    → bytes; left: size of those that were too large to come back; gone: those that it removed."""

    exit_code: int
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    files: dict[str, bytes] = field(default_factory=dict, repr=False)
    left: dict[str, int] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def encode(self) -> bytes:
        """MessagePack, the same bytes for the same output."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return msgspec.msgpack.encode(fields, order="deterministic")

    def save(self, folder: Path) -> list[Path]:
        """Write the files below `folder`; where they are. Raises BadInput for one that would lie elsewhere,
        or that is there already as something else; nothing is written then."""
        home = folder.resolve()
        places = {}
        for name, content in self.files.items():
            _check_name(name)
            place = (home / name).resolve()
            if not place.is_relative_to(home) or place.is_dir():
                raise BadInput(f"{name!r} can't be written below {folder}; give another folder")
            places[place] = content
        for place, content in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        return list(places)

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
