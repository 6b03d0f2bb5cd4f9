"""One guest: a module's instance in its own store, with its World, its limits and its ways to end."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import wasmtime

from surge.model.errors import NotDeterministic, SurgeError
from surge.run.sandbox.engine import engine
from surge.run.wasi import abi
from surge.run.wasi.calls import Wasi
from surge.run.wasi.memory import GuestMemory, OutOfBounds, check_room
from surge.run.wasi.world import CALL_FUEL, Exited, OutOfFuel, World

HostCall = Callable[[bytes], bytes]
"""Answers one message of the guest. May raise to end the guest."""

MAX_MESSAGE = 512 << 20
HOST_ROOM = 64 << 20
"""Bytes beside a guest's memory that must be there before it starts and when it ends: its tables, and what
the host itself takes meanwhile, so that nothing of that makes it refuse the guest's memory in between."""
MAX_TABLES = 4
MAX_TABLE = 1 << 18
"""Functions in a table. So tables take at most 16 MiB beside the memory that the limit means."""
TRAPS = {
    wasmtime.TrapCode.MEMORY_OUT_OF_BOUNDS: "an address outside the memory",
    wasmtime.TrapCode.TABLE_OUT_OF_BOUNDS: "an index outside a table",
    wasmtime.TrapCode.INDIRECT_CALL_TO_NULL: "a call to a missing function",
    wasmtime.TrapCode.BAD_SIGNATURE: "a call with a wrong signature",
    wasmtime.TrapCode.INTEGER_OVERFLOW: "an integer overflow",
    wasmtime.TrapCode.INTEGER_DIVISION_BY_ZERO: "a division by zero",
    wasmtime.TrapCode.BAD_CONVERSION_TO_INTEGER: "a conversion of NaN or infinity to an integer",
    wasmtime.TrapCode.UNREACHABLE: "an abort (the instruction `unreachable`)",
    wasmtime.TrapCode.HEAP_MISALIGNED: "a misaligned atomic",
}


_PAST_LIMITS = re.compile("exceeds (memory|table) limits|resource limit exceeded")
_UNCAUGHT = "thrown Wasm exception"
UNTOLD = "the engine can't tell the fuel of such an end, so the whole limit is billed"
# Fuel counts live in registers between calls: after a trap by a faulting instruction the engine knows
# only an older count. Billing that one would make work before a deliberate fault free.


class Trapped(Exception):
    """The guest did something that no instruction allows. Deterministic; the text says what."""


@dataclass(frozen=True, slots=True)
class Stop:
    """How the guest ended, when not by returning: out of fuel, or with a sentence about its trap.

    fuel_known: whether the store's count is exact; otherwise the whole limit is billed. code: with which it
    ended itself, if it did.
    """

    out_of_fuel: bool
    reason: str
    fuel_known: bool = True
    code: int | None = None


def _no_host_call(_message: bytes) -> bytes:
    raise Trapped("a message to a host that takes none")


def _types(signature: str) -> list[wasmtime.ValType]:
    return [wasmtime.ValType.i32() if c == abi.I32 else wasmtime.ValType.i64() for c in signature]


class Linked:
    """What guests may import, defined once per process (it takes 3 ms) and pointed at one guest at a time."""

    def __init__(self) -> None:
        self.wasi = Wasi()
        self.guest: Sandbox | None = None
        self.linker = wasmtime.Linker(engine())
        for name, call in self.wasi.functions().items():
            returns = [] if name == "proc_exit" else [wasmtime.ValType.i32()]
            self.linker.define_func(
                abi.MODULE, name, wasmtime.FuncType(_types(abi.SIGNATURES[name]), returns), call
            )
        four = wasmtime.FuncType(_types("iiii"), [wasmtime.ValType.i32()])
        self.linker.define_func("host", "call", four, self._call)

    def _call(self, at: int, length: int, reply_at: int, reply_length_at: int) -> int:
        if self.guest is None:
            raise Trapped("a message to a host that takes none")
        return self.guest.answer(at, length & 0xFFFFFFFF, reply_at, reply_length_at)

    def point(self, guest: "Sandbox") -> None:
        self.guest, self.wasi.world, self.wasi.memory = guest, guest.world, guest.memory


@cache
def linked() -> Linked:
    return Linked()


class _NoMemory:
    """Stands for a guest's memory until its module is instantiated."""

    def __getattr__(self, _name: str) -> Any:
        raise Trapped("a call to the host by the start section, which may only compute")


def _given(size: int, ask: Callable[[int], None]) -> None:
    """Raises NotDeterministic where this machine can't give so many bytes."""
    try:
        ask(size)
    except (OSError, MemoryError) as error:
        raise NotDeterministic(
            f"this machine can't give a task {size >> 20} MiB more now; offer fewer slots, or less memory"
        ) from error


class Sandbox:
    """A store for one instance. `memory_limit` in bytes; `fuel` from the first instruction on, the module's
    start section included; `host_call` (python only) answers `host.call`.

    Warning: the process runs one sandbox at a time: the one that was made last.
    """

    def __init__(self, world: World, memory_limit: int, fuel: int, host_call: HostCall | None = None) -> None:
        _given(memory_limit + HOST_ROOM, check_room)
        self.store = wasmtime.Store(engine())
        self.store.set_limits(
            memory_size=memory_limit, table_elements=MAX_TABLE, instances=1, tables=MAX_TABLES, memories=1
        )
        self.store.set_epoch_deadline(1)
        self.store.set_fuel(fuel)
        self.world, self._memory_limit = world, memory_limit
        self.host_call: HostCall = host_call or _no_host_call
        world.fuel_left, world.set_fuel = self.store.get_fuel, self.store.set_fuel
        self.memory: GuestMemory = _NoMemory()  # type: ignore[assignment]
        linked().point(self)

    def instantiate(self, module: wasmtime.Module) -> None:
        """Make the instance, and run its start section; inside of `run`, as that may end in all ways.

        Raises Trapped if the module asks for more memory or tables than it may have.
        """
        try:
            instance = linked().linker.instantiate(self.store, module)
        except wasmtime.Trap:
            raise
        except wasmtime.WasmtimeError as error:
            said = str(error).splitlines()[0]
            if _PAST_LIMITS.search(said):
                raise Trapped(
                    f"the module can't start within {self._memory_limit >> 20} MiB of memory ({said}); "
                    "raise the memory limit"
                ) from error
            raise
        self.exports = instance.exports(self.store)
        memory = self.exports.get("memory")
        if not isinstance(memory, wasmtime.Memory):
            raise Trapped("the module exports no memory; link it as a wasm32-wasi command")
        self.memory = GuestMemory(memory, self.store)
        _given(self._memory_limit, self.memory.pledge)
        linked().point(self)

    def check_room(self) -> None:
        """Raises NotDeterministic if the host could not give all the memory that the limit still allows: then
        it may have refused some before, and what the guest made of that is no fact."""
        has = self.memory.refresh() if isinstance(self.memory, GuestMemory) else 0
        _given(self._memory_limit + HOST_ROOM - has, check_room)

    def close(self) -> None:
        self.store.close()

    def answer(self, at: int, length: int, reply_at: int, reply_length_at: int) -> int:
        """One message of the guest: check it, ask the host's side, lay the reply into the guest's memory."""
        if length > MAX_MESSAGE:
            raise Trapped(f"a message of {length} bytes to the host; {MAX_MESSAGE} is the most")
        self.world.charge(CALL_FUEL + length)
        reply = self.host_call(self.memory.read(at, length))
        self.world.charge(len(reply))
        address = self.allocate(len(reply))
        self.memory.write(address, reply)
        self.memory.write(reply_at, abi.U32.pack(address))
        self.memory.write(reply_length_at, abi.U32.pack(len(reply)))
        return 0

    def allocate(self, length: int) -> int:
        """An address in the guest with room for `length` bytes; 0 for none. Raises Trapped without room."""
        if not length:
            return 0
        address: int = self.exports["host_alloc"](self.store, length) & 0xFFFFFFFF  # type: ignore[operator]
        if address == 0:
            raise Trapped(f"no memory left for {length} bytes from the host")
        return address

    def start(self, module: wasmtime.Module) -> int | Stop | Exited | None:
        """Run a command to its end: None, or how else it ended."""

        def body() -> None:
            self.instantiate(module)
            self.exports["_start"](self.store)  # type: ignore[operator]

        return self.run(body)

    def run(self, body: Callable[[], int | None]) -> int | Stop | Exited | None:
        """Run calls into the guest. Their result, or how the guest ended.

        Raises NotDeterministic when the reason lies in this machine: wall time, native stack.
        """
        try:
            return body()
        except Exited as exited:
            return exited
        except OutOfFuel:
            return Stop(True, "out of fuel")
        except OutOfBounds:
            return Stop(False, "an address outside the memory, given to the host")
        except Trapped as trapped:
            return Stop(False, str(trapped))
        except wasmtime.Trap as trap:
            return self._stop(trap)
        except wasmtime.WasmtimeError as error:
            raise NotDeterministic(f"the sandbox failed: {str(error).splitlines()[0]}") from error
        except SurgeError:
            raise
        except (MemoryError, RecursionError) as error:
            raise NotDeterministic("the host ran out of memory while it answered the sandbox") from error
        except Exception as error:
            logging.getLogger(__name__).exception("a call to the host failed")
            said = f"a fault of Surge's in a call to the host ({type(error).__name__}); please report it"
            return Stop(False, said)

    def _stop(self, trap: wasmtime.Trap) -> Stop:
        code = trap.trap_code
        if code == wasmtime.TrapCode.OUT_OF_FUEL:
            return Stop(True, "out of fuel")
        if code == wasmtime.TrapCode.INTERRUPT:
            raise NotDeterministic(
                "the sandbox ran past its wall time; ask for less work per chunk"
            ) from trap
        if code == wasmtime.TrapCode.STACK_OVERFLOW:
            raise NotDeterministic("the native stack ran out; recurse less deeply") from trap
        if code == wasmtime.TrapCode.UNREACHABLE:
            return Stop(False, TRAPS[code])
        if code in TRAPS:
            return Stop(False, f"{TRAPS[code]} ({UNTOLD})", fuel_known=False)
        if _UNCAUGHT in str(trap):
            return Stop(False, f"an exception that nothing caught ({UNTOLD})", fuel_known=False)
        raise NotDeterministic(f"the sandbox stopped: {str(trap).splitlines()[-1].strip()}") from trap
