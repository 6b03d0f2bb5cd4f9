"""WASI preview 1 over a World: every function that a guest may import, none of which reaches the host.

Each call costs CALL_FUEL, bytes that cross cost one each, and what a call has to go through one by one
(vectors, subscriptions, names, files) costs by its number: host work costs about as much as wasm that takes
as long. All is charged before it is done, and none is much: no guard can interrupt the host.
"""

from collections.abc import Callable

from surge.run.wasi import abi
from surge.run.wasi.ambient import MAX_TRANSFER, Ambient
from surge.run.wasi.files import MAX_PATH, Denied, inode, set_moment, stat_of
from surge.run.wasi.memory import OutOfBounds
from surge.run.wasi.world import CALL_FUEL, CLOCK_START, ITEM_FUEL, PATH_FUEL, Handle

MAX_IOVECS = 1024
CHANGING = frozenset(
    [
        "fd_allocate", "fd_fdstat_set_flags", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pwrite",
        "fd_renumber", "fd_write", "path_create_directory", "path_filestat_set_times", "path_link",
        "path_remove_directory", "path_rename", "path_symlink", "path_unlink_file",
    ]
)  # fmt: skip
"""Calls after which the World counts as touched; path_open is one if it makes, cuts or may write."""


class Wasi(Ambient):
    """The calls, as methods with WASI's names. Addresses arrive as signed 32-bit integers."""

    def functions(self) -> dict[str, Callable[..., int | None]]:
        """Name → a host function that charges, runs and answers with an errno."""
        return {name: self._guarded(name) for name in abi.SIGNATURES}

    def _guarded(self, name: str) -> Callable[..., int | None]:
        call: Callable[..., int | None] = getattr(self, name, self._unsupported)
        changes = name in CHANGING

        def guarded(*arguments: int) -> int | None:
            self.world.charge(CALL_FUEL)
            if changes:
                self.world.touched = True
            try:
                return call(*arguments)
            except Denied as denied:
                return denied.errno
            except OutOfBounds:
                return abi.EFAULT

        return guarded

    def _unsupported(self, *_: int) -> int:
        return abi.ENOTSUP

    # -- descriptors

    def _handle(self, fd: int) -> Handle:
        if fd not in self.world.handles:
            raise Denied(abi.EBADF)
        return self.world.handles[fd]

    def _file(self, fd: int, write: bool = False) -> tuple[Handle, bytes | bytearray]:
        handle = self._handle(fd)
        if handle.body is None:
            raise Denied(abi.EISDIR)
        if write and not (handle.writable and isinstance(handle.body, bytearray)):
            raise Denied(abi.EBADF)
        return handle, handle.body

    def _vectors(self, at: int, count: int) -> list[tuple[int, int]]:
        if not 0 <= count <= MAX_IOVECS:
            raise Denied(abi.EINVAL)
        self.world.charge(ITEM_FUEL * count)
        return list(abi.IOVEC.iter_unpack(self.memory.read(at, 8 * count)))

    def _gather(self, at: int, count: int) -> bytes:
        pieces, room = [], MAX_TRANSFER
        for address, length in self._vectors(at, count):
            length = min(length, room)  # noqa: PLW2901
            self.world.charge(length)
            pieces.append(self.memory.read(address, length))
            room -= length
        return b"".join(pieces)

    def _scatter(self, body: bytes | bytearray, offset: int, at: int, count: int) -> int:
        start = offset
        for address, length in self._vectors(at, count):
            length = min(length, MAX_TRANSFER - (offset - start))  # noqa: PLW2901
            piece = bytes(body[offset : offset + length])
            self.world.charge(len(piece))
            self.memory.write(address, piece)
            offset += len(piece)
            if len(piece) < length:
                break
        return offset - start

    def fd_read(self, fd: int, at: int, count: int, read_at: int) -> int:
        if fd == 0:
            moved = self._scatter(self.world.stdin, self.world.read, at, count)
            self.world.read += moved
        else:
            handle, body = self._file(fd)
            moved = self._scatter(body, handle.offset, at, count)
            handle.offset += moved
        self.memory.write(read_at, abi.U32.pack(moved))
        return 0

    def fd_pread(self, fd: int, at: int, count: int, offset: int, read_at: int) -> int:
        _, body = self._file(fd)
        if offset < 0:
            return abi.EINVAL
        self.memory.write(read_at, abi.U32.pack(self._scatter(body, offset, at, count)))
        return 0

    def fd_write(self, fd: int, at: int, count: int, written_at: int) -> int:
        if fd in (1, 2):
            content = self._gather(at, count)
            (self.world.stdout if fd == 1 else self.world.stderr).write(content)
        else:
            handle, body = self._file(fd, write=True)
            content = self._gather(at, count)
            if handle.append:
                handle.offset = len(body)
            self.world.charge(2 * max(0, min(handle.offset, 1 << 40) - len(body)))  # the gap is zeros
            self.world.changes(body)
            self.world.tree.write(body, handle.offset, content)  # type: ignore[arg-type]
            handle.offset += len(content)
        self.memory.write(written_at, abi.U32.pack(len(content)))
        return 0

    def fd_pwrite(self, fd: int, at: int, count: int, offset: int, written_at: int) -> int:
        _, body = self._file(fd, write=True)
        if offset < 0:
            return abi.EINVAL
        content = self._gather(at, count)
        self.world.charge(2 * max(0, min(offset, 1 << 40) - len(body)))
        self.world.changes(body)
        self.world.tree.write(body, offset, content)  # type: ignore[arg-type]
        self.memory.write(written_at, abi.U32.pack(len(content)))
        return 0

    def fd_seek(self, fd: int, offset: int, whence: int, at: int) -> int:
        if fd in (0, 1, 2):
            return abi.ESPIPE
        handle, body = self._file(fd)
        bases = {abi.SET: 0, abi.CUR: handle.offset, abi.END: len(body)}
        if whence not in bases or not 0 <= bases[whence] + offset < 2**63:
            return abi.EINVAL
        handle.offset = bases[whence] + offset
        self.memory.write(at, abi.U64.pack(handle.offset))
        return 0

    def fd_tell(self, fd: int, at: int) -> int:
        return self.fd_seek(fd, 0, abi.CUR, at)

    def fd_close(self, fd: int) -> int:
        if fd in (0, 1, 2):
            return 0
        self._handle(fd)
        del self.world.handles[fd]
        self.world.recount()
        return 0

    def fd_renumber(self, fd: int, to: int) -> int:
        self._handle(to)
        self.world.handles[to] = self._handle(fd)
        if fd != to:
            del self.world.handles[fd]
        self.world.recount()
        return 0

    def fd_sync(self, fd: int) -> int:
        return 0 if fd in (0, 1, 2) or self._handle(fd) else abi.EBADF

    fd_datasync = fd_sync

    def fd_advise(self, fd: int, *_: int) -> int:
        return self.fd_sync(fd)

    def fd_fdstat_get(self, fd: int, at: int) -> int:
        if fd in (0, 1, 2):
            kind, flags = abi.CHARACTER_DEVICE, 0
        else:
            handle = self._handle(fd)
            kind = abi.DIRECTORY if handle.body is None else abi.REGULAR_FILE
            flags = abi.APPEND if handle.append else 0
        self.memory.write(at, abi.FDSTAT.pack(kind, flags, abi.ALL_RIGHTS, abi.ALL_RIGHTS))
        return 0

    def fd_fdstat_set_flags(self, fd: int, flags: int) -> int:
        if fd not in (0, 1, 2):
            self._handle(fd).append = bool(flags & abi.APPEND)
        return 0

    def fd_prestat_get(self, fd: int, at: int) -> int:
        if fd != 3 or self._handle(3).path:
            return abi.EBADF
        self.memory.write(at, abi.PRESTAT.pack(0, 1))
        return 0

    def fd_prestat_dir_name(self, fd: int, at: int, length: int) -> int:
        if fd != 3 or length < 1:
            return abi.EBADF if fd != 3 else abi.ENAMETOOLONG
        self.memory.write(at, b"/")
        return 0

    # -- files and folders

    def fd_filestat_get(self, fd: int, at: int) -> int:
        if fd in (0, 1, 2):
            raw = abi.FILESTAT.pack(0, fd + 1, abi.CHARACTER_DEVICE, 1, 0, 0, 0, 0)
            self.memory.write(at, raw)
            return 0
        handle = self._handle(fd)
        self.memory.write(at, stat_of(handle.path, handle.body, CLOCK_START))
        return 0

    def fd_filestat_set_size(self, fd: int, size: int) -> int:
        _, body = self._file(fd, write=True)
        if size < 0:
            return abi.EINVAL
        self.world.charge(2 * max(0, min(size, 1 << 40) - len(body)))
        self.world.changes(body)
        self.world.tree.resize(body, size)  # type: ignore[arg-type]
        return 0

    def fd_filestat_set_times(self, fd: int, _read: int, moment: int, flags: int) -> int:
        if fd not in (0, 1, 2):
            set_moment(self._handle(fd).body, self.world.clock if flags & abi.MTIM_NOW else moment, flags)
        return 0

    def fd_readdir(self, fd: int, at: int, length: int, cookie: int, used_at: int) -> int:
        handle = self._handle(fd)
        length = min(length & 0xFFFFFFFF, MAX_TRANSFER)
        if handle.names is None or cookie == 0:
            self.world.read_folder(handle)
        names = handle.names or []
        listing = bytearray()
        for n in range(min(cookie & 0xFFFFFFFFFFFFFFFF, len(names)), len(names)):
            if len(listing) >= length:
                break
            path = f"{handle.path}/{names[n]}" if handle.path else names[n]
            self.world.charge(ITEM_FUEL + PATH_FUEL * len(path))
            folder = not self.world.tree.exists(path) or self.world.tree.body(path) is None
            raw = names[n].encode()
            kind = abi.DIRECTORY if folder else abi.REGULAR_FILE
            listing += abi.DIRENT.pack(n + 1, inode(path), len(raw), kind) + raw
        content = bytes(listing[:length])
        self.world.charge(len(content))
        self.memory.write(at, content)
        self.memory.write(used_at, abi.U32.pack(len(content)))
        return 0

    def _path(self, fd: int, at: int, length: int) -> str:
        handle = self._handle(fd)
        if handle.body is not None:
            raise Denied(abi.ENOTDIR)
        if not 0 <= length <= MAX_PATH:
            raise Denied(abi.ENAMETOOLONG)
        self.world.charge(PATH_FUEL * (length + len(handle.path)))
        return self.world.tree.resolve(handle.path, self.memory.read(at, length))

    def path_filestat_get(self, fd: int, _flags: int, at: int, length: int, stat_at: int) -> int:
        path = self._path(fd, at, length)
        self.memory.write(stat_at, stat_of(path, self.world.tree.body(path), CLOCK_START))
        return 0

    def path_filestat_set_times(
        self, fd: int, _lookup: int, at: int, length: int, _read: int, moment: int, flags: int
    ) -> int:
        body = self.world.tree.body(self._path(fd, at, length))
        set_moment(body, self.world.clock if flags & abi.MTIM_NOW else moment, flags)
        return 0

    def path_open(
        self,
        fd: int,
        _lookup: int,
        at: int,
        length: int,
        how: int,
        rights: int,
        _inheriting: int,
        flags: int,
        opened_at: int,
    ) -> int:
        tree, path = self.world.tree, self._path(fd, at, length)
        if how & (abi.CREAT | abi.TRUNC) or rights & abi.RIGHT_WRITE:
            self.world.touched = True
        if how & abi.CREAT:
            if not tree.exists(path):
                tree.create(path)
                self.world.changes(tree.body(path))
            elif how & abi.EXCL:
                return abi.EEXIST
        body = tree.body(path)
        if how & abi.DIRECTORY_ONLY and body is not None:
            return abi.ENOTDIR
        write = bool(rights & abi.RIGHT_WRITE) and body is not None
        if write and not isinstance(body, bytearray):
            return abi.EROFS
        if how & abi.TRUNC:
            if not isinstance(body, bytearray):
                return abi.EISDIR if body is None else abi.EROFS
            self.world.changes(body)
            tree.resize(body, 0)
        handle = Handle(path, body, append=bool(flags & abi.APPEND), writable=write)
        self.memory.write(opened_at, abi.U32.pack(self.world.open(handle)))
        return 0

    def path_create_directory(self, fd: int, at: int, length: int) -> int:
        self.world.tree.create(self._path(fd, at, length), folder=True)
        return 0

    def path_remove_directory(self, fd: int, at: int, length: int) -> int:
        self.world.search()
        self.world.tree.remove(self._path(fd, at, length), folder=True)
        return 0

    def path_unlink_file(self, fd: int, at: int, length: int) -> int:
        self.world.tree.remove(self._path(fd, at, length), folder=False)
        self.world.recount()
        return 0

    def path_rename(self, fd: int, at: int, length: int, to_fd: int, to_at: int, to_length: int) -> int:
        self.world.search()
        self.world.tree.rename(self._path(fd, at, length), self._path(to_fd, to_at, to_length))
        self.world.recount()
        return 0

    def path_readlink(self, fd: int, at: int, length: int, *_: int) -> int:
        self.world.tree.body(self._path(fd, at, length))
        return abi.EINVAL
