"""Surge: one open computer made of other people's computers.

`Executor` runs Python functions there, `Desk` lends and borrows on the same chain, and `LocalNetwork` brings
a whole network up on this machine.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surge.desk import Desk
    from surge.local.network import LocalNetwork
    from surge.model.errors import SurgeError
    from surge.model.tagged.opaque import Opaque
    from surge.renter.executor import Executor
    from surge.renter.ship.call import put

__all__ = ["Desk", "Executor", "LocalNetwork", "Opaque", "SurgeError", "put"]
__version__ = "0.1.0"

_HOMES = {
    "Desk": "surge.desk",
    "Executor": "surge.renter.executor",
    "LocalNetwork": "surge.local.network",
    "Opaque": "surge.model.tagged.opaque",
    "SurgeError": "surge.model.errors",
    "put": "surge.renter.ship.call",
}


def _unsupported(system: str, machine: str, libc: str) -> str | None:
    """What to tell somebody on another system than those that all parts have wheels for; else None."""
    if system == "linux" and machine in ("x86_64", "aarch64") and libc.startswith("glibc"):
        return None
    if system == "darwin" and machine == "arm64":
        return None
    here = " ".join(part for part in (system, machine, libc) if part)
    return (
        "Surge runs on Linux with glibc (x86_64, aarch64) and on macOS (arm64); this Python is for "
        f"{here}: on Windows use WSL 2, elsewhere a virtual machine with one of those"
    )


def _libc() -> str:
    if sys.platform != "linux":
        return ""
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "another libc"
    except ValueError:
        return "another libc"


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    """Import on first use: `surge --help` must not wait for what it doesn't need."""
    if name not in _HOMES:
        raise AttributeError(f"module 'surge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


if (
    _said := _unsupported(sys.platform, os.uname().machine if hasattr(os, "uname") else "", _libc())
) is not None:
    raise ImportError(_said)
