"""What a worker may do on its host, should a guest ever leave the sandbox: read what Python needs, write its
cache, and nothing else. Layers that the kernel lacks are left out, and named by nobody.

Landlock: https://docs.kernel.org/userspace-api/landlock.html (files since ABI 1, TCP since 4, signals and
abstract sockets since 6). Seccomp filters: https://docs.kernel.org/userspace-api/seccomp_filter.html; the
numbers of system calls are those of the kernel's tables for each machine.
"""

import ctypes
import os
import platform
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

NEEDED = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONWARNINGS", "LD_LIBRARY_PATH")
"""Names of the environment that a worker gets, where they are set."""
SYSTEM = (
    "/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/etc/localtime", "/opt",
    "/dev/null", "/dev/zero", "/dev/urandom", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/sys/class/powercap", "/sys/devices/virtual/powercap", "/sys/devices/system/cpu",
)  # fmt: skip
"""What any Python may read, and what the energy meter does."""
DEVICES = ("/dev/null",)

_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH, _VERSION = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FILES = (1 << 13) - 1
"""Rights of ABI 1; each later one added some, see _rights."""
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | 1 << 14
"""Those that a rule for something that is no folder may name."""


def environment() -> dict[str, str]:
    """Of a worker: neither the owner's passwords nor its keys stand in it."""
    return {name: os.environ[name] for name in NEEDED if name in os.environ}


def confine(readable: Iterable[Path], writable: Iterable[Path]) -> tuple[str, ...]:
    """Give up, for this process and its children, all but these folders, Python's own and its libraries.

    To be called before other threads begin. Returns the names of the layers that hold from now on.
    """
    if sys.platform != "linux":
        return ()
    libc = ctypes.CDLL(None, use_errno=True)
    layers = []
    if libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        layers.append("no new privileges")
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    with suppress(OSError):
        if version > 0:
            _landlock(libc, version, [*_python(), *readable], [*writable, *map(Path, DEVICES)])
            layers.append("Landlock")
    with suppress(OSError):
        if platform.machine() in _CALLS:
            _seccomp(libc, platform.machine())
            layers.append("seccomp")
    return tuple(layers)


def _check(result: int) -> int:
    """Raises OSError where the kernel refuses."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def _python() -> list[Path]:
    ours = str(Path(__file__).parents[3])
    found = [ours, sys.prefix, sys.base_prefix, sys.exec_prefix, *(name for name in sys.path if name)]
    return [Path(name) for name in (*SYSTEM, *found)]


# ——— Landlock: files, TCP, signals ———


def _rights(version: int) -> int:
    """Rights on files that this ABI knows: 2 added linking elsewhere, 3 cutting, 5 ioctl."""
    return _FILES | sum(1 << bit for since, bit in ((2, 13), (3, 14), (5, 15)) if version >= since)


def _landlock(libc: ctypes.CDLL, version: int, readable: list[Path], writable: list[Path]) -> None:
    rights = _rights(version)
    tcp = 3 if version >= 4 else 0
    scoped = 3 if version >= 6 else 0
    attributes = struct.pack("<QQQ", rights, tcp, scoped)[: 8 if version < 4 else 16 if version < 6 else 24]
    ruleset = _check(libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    try:
        for path in readable:
            _allow(libc, ruleset, path, _EXECUTE | _READ_FILE | _READ_DIR)
        for path in writable:
            _allow(libc, ruleset, path, rights & ~_EXECUTE)
        _check(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # it isn't there, so nobody reads it
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        rule = struct.pack("<Qi", rights, handle)
        _check(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(handle)


# ——— seccomp: system calls that a worker never makes ———

_CALLS = {
    "x86_64": {
        "socket": 41, "connect": 42, "accept": 43, "bind": 49, "listen": 50, "socketpair": 53, "ptrace": 101,
        "pivot_root": 155, "chroot": 161, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168,
        "reboot": 169, "init_module": 175, "delete_module": 176, "kexec_load": 246, "add_key": 248,
        "request_key": 249, "keyctl": 250, "unshare": 272, "accept4": 288, "perf_event_open": 298,
        "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
        "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425,
        "io_uring_enter": 426, "pidfd_getfd": 438,
    },
    "aarch64": {
        "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "unshare": 97, "kexec_load": 104,
        "init_module": 105, "delete_module": 106, "ptrace": 117, "reboot": 142, "socket": 198,
        "socketpair": 199, "bind": 200, "listen": 201, "accept": 202, "connect": 203, "add_key": 217,
        "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225, "perf_event_open": 241,
        "accept4": 242, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
        "kexec_file_load": 294, "io_uring_setup": 425, "io_uring_enter": 426, "pidfd_getfd": 438,
    },
}  # fmt: skip
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
"""Instructions of classic BPF: load a word, jump if equal, jump if at least, return."""
_PERMIT, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000
"""Run the call; answer EPERM; end the process."""
_NUMBER_AT, _MACHINE_AT = 0, 4
_OTHER_ABI = 0x40000000
"""Numbers from here on are another ABI's of the same machine (x32)."""


def _program(machine: str) -> bytes:
    def line(code: int, yes: int, no: int, value: int) -> bytes:
        return struct.pack("<HBBI", code, yes, no, value)

    numbers = sorted(_CALLS[machine].values())
    lines = [
        line(_LOAD, 0, 0, _MACHINE_AT),
        line(_EQUAL, 1, 0, _AUDIT[machine]),
        line(_RETURN, 0, 0, _KILL),
        line(_LOAD, 0, 0, _NUMBER_AT),
        line(_AT_LEAST, len(numbers) + 1, 0, _OTHER_ABI),
        *(line(_EQUAL, len(numbers) - n, 0, number) for n, number in enumerate(numbers)),
        line(_RETURN, 0, 0, _PERMIT),
        line(_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(lines)


def _seccomp(libc: ctypes.CDLL, machine: str) -> None:
    program = _program(machine)
    lines = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("@HP", len(program) // 8, ctypes.addressof(lines))
    _check(libc.prctl(_SET_SECCOMP, _FILTER, described, 0, 0))
