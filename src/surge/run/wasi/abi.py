"""Numbers and layouts of WASI preview 1 (wasi_snapshot_preview1), as far as a guest can meet them here."""

import struct

MODULE = "wasi_snapshot_preview1"

SUCCESS = 0
EBADF, EEXIST, EFAULT, EILSEQ, EINVAL, EISDIR = 8, 20, 21, 25, 28, 31
EMFILE, ENAMETOOLONG, ENOENT, ENOSPC, ENOSYS = 33, 37, 44, 51, 52
ENOTDIR, ENOTEMPTY, ENOTSUP, EROFS, ESPIPE, ENOTCAPABLE = 54, 55, 58, 69, 70, 76

CHARACTER_DEVICE, DIRECTORY, REGULAR_FILE = 2, 3, 4
CREAT, DIRECTORY_ONLY, EXCL, TRUNC = 1, 2, 4, 8
APPEND = 1
MTIM, MTIM_NOW = 4, 8
RIGHT_WRITE = 1 << 6
ALL_RIGHTS = (1 << 30) - 1
SET, CUR, END = 0, 1, 2
CLOCK_REALTIME, CLOCK_MONOTONIC = 0, 1
ABSOLUTE_TIME = 1
EVENT_CLOCK = 0

IOVEC = struct.Struct("<II")
FDSTAT = struct.Struct("<BxHxxxxQQ")
"""filetype, flags, rights base, rights inheriting."""
FILESTAT = struct.Struct("<QQB7xQQQQQ")
"""device, inode, filetype, links, size, access, modification and change time in ns."""
DIRENT = struct.Struct("<QQIB3x")
"""next cookie, inode, name length, filetype."""
PRESTAT = struct.Struct("<B3xI")
SUBSCRIPTION = struct.Struct("<QB7xI4xQQH6x")
"""caller's word, tag, clock, timeout, precision, flags; 48 bytes."""
EVENT = struct.Struct("<QHB21x")
U32, U64 = struct.Struct("<I"), struct.Struct("<Q")

I32, I64 = "i", "I"
SIGNATURES = {
    "args_get": "ii",
    "args_sizes_get": "ii",
    "environ_get": "ii",
    "environ_sizes_get": "ii",
    "clock_res_get": "ii",
    "clock_time_get": "iIi",
    "fd_advise": "iIIi",
    "fd_allocate": "iII",
    "fd_close": "i",
    "fd_datasync": "i",
    "fd_fdstat_get": "ii",
    "fd_fdstat_set_flags": "ii",
    "fd_fdstat_set_rights": "iII",
    "fd_filestat_get": "ii",
    "fd_filestat_set_size": "iI",
    "fd_filestat_set_times": "iIIi",
    "fd_pread": "iiiIi",
    "fd_prestat_dir_name": "iii",
    "fd_prestat_get": "ii",
    "fd_pwrite": "iiiIi",
    "fd_read": "iiii",
    "fd_readdir": "iiiIi",
    "fd_renumber": "ii",
    "fd_seek": "iIii",
    "fd_sync": "i",
    "fd_tell": "ii",
    "fd_write": "iiii",
    "path_create_directory": "iii",
    "path_filestat_get": "iiiii",
    "path_filestat_set_times": "iiiiIIi",
    "path_link": "iiiiiii",
    "path_open": "iiiiiIIii",
    "path_readlink": "iiiiii",
    "path_remove_directory": "iii",
    "path_rename": "iiiiii",
    "path_symlink": "iiiii",
    "path_unlink_file": "iii",
    "poll_oneoff": "iiii",
    "proc_exit": "i",
    "proc_raise": "i",
    "random_get": "ii",
    "sched_yield": "",
    "sock_accept": "iii",
    "sock_recv": "iiiiii",
    "sock_send": "iiiii",
    "sock_shutdown": "ii",
}
"""Every function of preview 1: parameters as i (i32) and I (i64); all but proc_exit answer an errno."""
