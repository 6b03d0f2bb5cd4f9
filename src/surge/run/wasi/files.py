"""The file tree of one sandbox, in memory: what the host lays there read-only, and what the guest writes.

No host folder is ever opened, so no host fact (inode, time, order of a listing, free space) can leak.
Paths are relative to the root and normalised (`tmp/a`); the root is the empty string.
"""

import posixpath
from collections.abc import Callable, Iterable, Mapping

from surge.model.digest import digest
from surge.run.wasi import abi

MAX_BYTES = 256 << 20
"""All that one guest may write, so that a guest can't fill the host's memory past its own limit."""
MAX_FILES = 4096
MAX_PATH = 4096


class Denied(Exception):
    """A call is answered with this WASI errno."""

    def __init__(self, errno: int) -> None:
        super().__init__(errno)
        self.errno = errno


class Body(bytearray):
    """A file's bytes; `moment`: when they were last changed, in ns of the virtual clock (0: at its start)."""

    __slots__ = ("moment",)

    def __init__(self, content: bytes | bytearray = b"", moment: int = 0) -> None:
        super().__init__(content)
        self.moment = moment


def set_moment(body: object, moment: int, flags: int = abi.MTIM) -> None:
    """Of a file of the guest's; folders and the read-only ones have none of their own."""
    if isinstance(body, Body) and flags & (abi.MTIM | abi.MTIM_NOW):
        body.moment = moment & 0xFFFFFFFFFFFFFFFF


def stat_of(path: str, body: bytes | Body | None, start: int) -> bytes:
    """A WASI filestat; `start`: the moment of what was never changed."""
    kind = abi.DIRECTORY if body is None else abi.REGULAR_FILE
    moment = (isinstance(body, Body) and body.moment) or start
    return abi.FILESTAT.pack(1, inode(path), kind, 1, len(body or b""), moment, moment, moment)


def inode(path: str) -> int:
    return int.from_bytes(digest("inode", path.encode())[:8], "little") or 1


def _folders(paths: Iterable[str]) -> set[str]:
    found = {""}
    for path in paths:
        while path := posixpath.dirname(path):
            if path in found:
                break
            found.add(path)
    return found


class Tree:
    """`base` gives the read-only files on first use; `own` holds the guest's files (None: a folder)."""

    def __init__(self, base: Callable[[], Mapping[str, bytes]], own: Mapping[str, bytes | None]) -> None:
        self._load = base
        self._base: Mapping[str, bytes] | None = None
        self._base_folders: set[str] = set()
        self.own: dict[str, Body | None] = {}
        self.reset(own)

    def reset(self, own: Mapping[str, bytes | None]) -> None:
        """Back to the given files of the guest; the read-only ones stay loaded."""
        self.own = {path: None if body is None else Body(body) for path, body in own.items()}
        self.used = sum(len(body) for body in self.own.values() if body)

    def snapshot(self) -> dict[str, bytes | None]:
        return {path: None if body is None else bytes(body) for path, body in sorted(self.own.items())}

    @property
    def base(self) -> Mapping[str, bytes]:
        if self._base is None:
            self._base = self._load()
            self._base_folders = _folders(self._base)
        return self._base

    def resolve(self, folder: str, path: bytes) -> str:
        """A path below an open folder. `..` stops at the root, as it does at `/`."""
        if len(path) > MAX_PATH:
            raise Denied(abi.ENAMETOOLONG)
        try:
            text = path.decode()
        except UnicodeDecodeError:
            raise Denied(abi.EILSEQ) from None
        if "\0" in text:
            raise Denied(abi.EINVAL)
        return posixpath.normpath(posixpath.join("/", folder, text)).lstrip("/")

    def body(self, path: str) -> bytes | Body | None:
        """A file's bytes; None for a folder. Raises Denied(ENOENT)."""
        if path in self.own:
            return self.own[path]
        base = self.base
        if path in base:
            return base[path]
        if path in self._base_folders:
            return None
        raise Denied(abi.ENOENT)

    def exists(self, path: str) -> bool:
        return path in self.own or path in self.base or path in self._base_folders

    def names(self, folder: str) -> list[str]:
        """Sorted names in a folder."""
        if self.body(folder) is not None:
            raise Denied(abi.ENOTDIR)
        prefix = f"{folder}/" if folder else ""
        found = {
            path[len(prefix) :].split("/", 1)[0]
            for paths in (self.own, self.base)
            for path in paths
            if path.startswith(prefix) and path != folder
        }
        return sorted(found)

    def _writable(self, path: str) -> None:
        if not path or path in self.base or path in self._base_folders:
            raise Denied(abi.EROFS)
        parent = posixpath.dirname(path)
        if parent in self._base_folders and parent:
            raise Denied(abi.EROFS)
        if self.body(parent) is not None:
            raise Denied(abi.ENOTDIR)

    def create(self, path: str, folder: bool = False) -> None:
        if self.exists(path):
            raise Denied(abi.EEXIST)
        self._writable(path)
        if len(self.own) >= MAX_FILES:
            raise Denied(abi.ENOSPC)
        self.own[path] = None if folder else Body()

    def resize(self, body: bytearray, size: int) -> None:
        """Cut or extend with zeros. Raises Denied(ENOSPC) beyond MAX_BYTES in all."""
        grown = size - len(body)
        if self.used + grown > MAX_BYTES:
            raise Denied(abi.ENOSPC)
        self.used += grown
        if grown < 0:
            del body[size:]
        else:
            body.extend(bytes(grown))

    def write(self, body: bytearray, offset: int, content: bytes) -> None:
        if content and offset + len(content) > len(body):
            self.resize(body, offset + len(content))
        body[offset : offset + len(content)] = content

    def remove(self, path: str, folder: bool) -> None:
        body = self.body(path)
        if path not in self.own:
            raise Denied(abi.EROFS)
        if (body is None) != folder:
            raise Denied(abi.ENOTDIR if folder else abi.EISDIR)
        if folder and self.names(path):
            raise Denied(abi.ENOTEMPTY)
        del self.own[path]

    def rename(self, old: str, new: str) -> None:
        body = self.body(old)
        if old not in self.own:
            raise Denied(abi.EROFS)
        if old == new:
            return
        if new.startswith(f"{old}/"):
            raise Denied(abi.EINVAL)
        if self.exists(new):
            if body is not None and self.body(new) is None:
                raise Denied(abi.EISDIR)
            self.remove(new, folder=body is None)
        self._writable(new)
        for path in [p for p in self.own if p == old or p.startswith(f"{old}/")]:
            self.own[new + path[len(old) :]] = self.own.pop(path)
