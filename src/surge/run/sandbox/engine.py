"""The one wasmtime engine of every sandbox, and its settings: part of the runtime's digest.

Same module, same settings, same wasmtime ⇒ same results and same fuel on every machine.
"""

import ctypes
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import wasmtime
from wasmtime import _ffi

from surge.model.digest import digest

WASM_STACK = 256 << 20
"""Bytes of native stack for wasm, touched only as far as used. CPython's own limits must come first, because
a native overflow isn't deterministic. Deleting a list nested a million deep needs more than 128 MiB."""
THREAD_STACK = WASM_STACK + (4 << 20)
"""Bytes of stack that a thread needs to enter wasm: host calls run on top of the wasm frames."""

SETTINGS = {
    "consume_fuel": True,
    "epoch_interruption": True,
    "cranelift_nan_canonicalization": True,
    "cranelift_opt_level": "speed",
    "wasm_threads": False,
    "shared_memory": False,
    "wasm_simd": True,
    "wasm_relaxed_simd": True,
    "wasm_relaxed_simd_deterministic": True,
    "wasm_bulk_memory": True,
    "wasm_reference_types": True,
    "wasm_multi_value": True,
    "wasm_exceptions": True,
    "wasm_tail_call": False,
    "wasm_memory64": False,
    "wasm_multi_memory": False,
    "wasm_gc": False,
    "wasm_function_references": False,
    "wasm_stack_switching": False,
    "wasm_custom_page_sizes": False,
    "wasm_wide_arithmetic": False,
    "wasm_component_model": False,
}


def wasmtime_version() -> str:
    return version("wasmtime")


def settings_digest() -> bytes:
    """32 bytes over wasmtime's version and every setting that decides results or fuel."""
    lines = [
        f"wasmtime {wasmtime_version()}",
        *(f"{name} {value}" for name, value in sorted(SETTINGS.items())),
    ]
    return digest("engine", "\n".join(lines).encode())


def host_digest() -> bytes:
    """32 bytes that differ between machines whose native code may differ (system, CPU, features)."""
    facts = [platform.system(), platform.machine()]
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(errors="replace").splitlines()
        facts += [line for line in lines if line.startswith(("flags", "Features"))][:1]
    else:
        facts.append(platform.processor())
    return digest("host", "\n".join(facts).encode())


@cache
def engine(threads: int = 0) -> wasmtime.Engine:
    """The process's engine. Making one installs wasmtime's signal handlers: never fork afterwards. threads:
    of the compiler, 1 or as many as there are cores; the code is the same."""
    config = wasmtime.Config()
    config.parallel_compilation = threads != 1
    # wasmtime refuses a wasm stack above its async stack, and wasmtime-py has no property for that one.
    setter = _ffi.wasmtime_config_async_stack_size_set
    setter(config.ptr(), ctypes.c_size_t(WASM_STACK + (2 << 20)))
    config.max_wasm_stack = WASM_STACK
    for name, value in SETTINGS.items():
        setattr(config, name, value)
    return wasmtime.Engine(config)
