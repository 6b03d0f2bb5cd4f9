"""One guest: a module's instance in its own store, with its World, its limits and its ways to end."""

from collections.abc import Callable
from dataclasses import dataclass

import wasmtime

from surge.model.errors import BadInput, NotDeterministic
from surge.run import abi
from surge.run.engine import engine
from surge.run.memory import GuestMemory
from surge.run.wasi import Wasi
from surge.run.world import CALL_FUEL, Exited, OutOfFuel, World

Door = Callable[[bytes], bytes]
"""Answers one message of the guest. May raise to end the guest."""

MAX_MESSAGE = 256 << 20
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


class Trapped(Exception):
    """The guest did something that no instruction allows. Deterministic; the text says what."""


@dataclass(frozen=True, slots=True)
class Stop:
    """How the guest ended, when not by returning: out of fuel, or with a sentence about its trap."""

    out_of_fuel: bool
    reason: str


def _no_door(_message: bytes) -> bytes:
    raise Trapped("a message to a host that takes none")


def _types(signature: str) -> list[wasmtime.ValType]:
    return [wasmtime.ValType.i32() if c == abi.I32 else wasmtime.ValType.i64() for c in signature]


class Sandbox:
    """An instance. `memory_limit` in bytes; `door` (python only) answers `host.call`.

    Raises BadInput if the module imports what isn't offered or needs more memory than the limit.
    """

    def __init__(
        self, module: wasmtime.Module, world: World, memory_limit: int, door: Door | None = None
    ) -> None:
        self.store = wasmtime.Store(engine())
        self.store.set_limits(memory_size=memory_limit, instances=1, memories=1)
        self.store.set_epoch_deadline(1)
        self.store.set_fuel(2**62)
        self.world, self._door = world, door or _no_door
        world.fuel_left, world.set_fuel = self.store.get_fuel, self.store.set_fuel
        self._wasi = Wasi(world)
        linker = wasmtime.Linker(engine())
        for name, call in self._wasi.functions().items():
            returns = [] if name == "proc_exit" else [wasmtime.ValType.i32()]
            linker.define_func(
                abi.MODULE, name, wasmtime.FuncType(_types(abi.SIGNATURES[name]), returns), call
            )
        if door is not None:
            linker.define_func(
                "host", "call", wasmtime.FuncType(_types("iiii"), [wasmtime.ValType.i32()]), self._call
            )
        try:
            exports = linker.instantiate(self.store, module).exports(self.store)
        except wasmtime.WasmtimeError as error:
            self.close()
            raise BadInput(
                f"the module can't start within {memory_limit >> 20} MiB of memory "
                f"({str(error).splitlines()[0]}); raise the memory limit"
            ) from error
        except BaseException:
            self.close()
            raise
        self.exports = exports
        memory = exports.get("memory")
        if not isinstance(memory, wasmtime.Memory):
            self.close()
            raise BadInput("the module exports no memory; link it as a wasm32-wasi command")
        self.memory = self._wasi.memory = GuestMemory(memory, self.store)

    def close(self) -> None:
        self.store.close()

    def _call(self, at: int, length: int, reply_at: int, reply_length_at: int) -> int:
        length &= 0xFFFFFFFF
        if length > MAX_MESSAGE:
            raise Trapped(f"a message of {length} bytes to the host; {MAX_MESSAGE} is the most")
        self.world.charge(CALL_FUEL + length)
        self.memory.check(at, length)
        reply = self._door(self.memory.read(at, length))
        self.world.charge(len(reply))
        address = self.allocate(len(reply))
        self.memory.write(address, reply)
        self.memory.write(reply_at, abi.U32.pack(address))
        self.memory.write(reply_length_at, abi.U32.pack(len(reply)))
        return 0

    def allocate(self, length: int) -> int:
        """An address in the guest with room for `length` bytes. Raises Trapped when it has none."""
        address: int = self.exports["host_alloc"](self.store, length) & 0xFFFFFFFF  # type: ignore[operator]
        if address == 0:
            raise Trapped(f"no memory left for {length} bytes from the host")
        return address

    def call(self, export: str, *arguments: int) -> int | Stop | Exited | None:
        """Run an export to its end. Its result, or how it stopped.

        Raises NotDeterministic when the reason lies in this machine: wall time, native stack.
        """
        try:
            result: int | None = self.exports[export](self.store, *arguments)  # type: ignore[operator]
        except Exited as exited:
            return exited
        except OutOfFuel:
            return Stop(True, "out of fuel")
        except Trapped as trapped:
            return Stop(False, str(trapped))
        except wasmtime.Trap as trap:
            return self._stop(trap)
        except wasmtime.WasmtimeError as error:
            raise NotDeterministic(f"the sandbox failed: {str(error).splitlines()[0]}") from error
        return result

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
        if code in TRAPS:
            return Stop(False, TRAPS[code])
        raise NotDeterministic(f"the sandbox stopped: {str(trap).splitlines()[0]}") from trap
