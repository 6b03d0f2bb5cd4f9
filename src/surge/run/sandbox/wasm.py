"""The wasm runtime: a wasm32-wasi command, one fresh instance per task."""

import posixpath
from functools import partial

import wasmtime

from surge.model.command import CommandInput, CommandOutput, written
from surge.model.digest import digest
from surge.model.errors import BadInput
from surge.model.task import CHUNK_OUTPUT, OUT_OF_FUEL, RETURNED, TRAPPED, Limits, Outcome
from surge.model.units import Fuel
from surge.run.sandbox.feed import Assignment, Fetch, Hear, no_blobs
from surge.run.sandbox.guest import Sandbox, Stop, Trapped
from surge.run.wasi import abi
from surge.run.wasi.files import Tree
from surge.run.wasi.world import Exited, Heard, World, unheard

MAX_MODULE = 64 << 20
MAGIC = b"\0asm"
PROGRAM = b"command"


def check_module(content: bytes) -> None:
    """Raises BadInput, before anything is compiled, for what can't be a core wasm module."""
    if len(content) > MAX_MODULE:
        raise BadInput(f"the wasm module has {len(content)} bytes; {MAX_MODULE} is the most")
    if content[:4] != MAGIC:
        raise BadInput("the file is no WebAssembly module; build one with --target=wasm32-wasi")
    if content[4:8] != b"\1\0\0\0":
        raise BadInput(
            "the file is a wasm component or of another version; build a wasm32-wasi (preview 1) module"
        )


def check_command(module: wasmtime.Module) -> None:
    """Raises BadInput, with the names, for imports that no sandbox offers, and for a library."""
    unknown = [
        f"{item.module}.{item.name}"
        for item in module.imports
        if item.module != abi.MODULE or item.name not in abi.SIGNATURES
    ]
    if unknown:
        raise BadInput(
            f"the module imports what the sandbox doesn't offer: {', '.join(unknown[:8])}; "
            f"build it for wasm32-wasi with {abi.MODULE} alone"
        )
    mistaken = [str(item.name) for item in module.imports if not _is_call(item)]
    if mistaken:
        raise BadInput(
            f"the module imports calls with other parameters than WASI's: {', '.join(mistaken[:8])}; "
            "build it for wasm32-wasi (preview 1)"
        )
    exports = {item.name: item.type for item in module.exports}
    start, memory = exports.get("_start"), exports.get("memory")
    if not isinstance(start, wasmtime.FuncType) or not isinstance(memory, wasmtime.MemoryType):
        raise BadInput("the module is no command: it exports no _start and memory; link it as an executable")
    if start.params or start.results:
        raise BadInput("the module is no command: its _start takes or gives values; link it as an executable")


def _is_call(item: wasmtime.ImportType) -> bool:
    """Whether an import of a name that the sandbox offers is a function of its signature."""
    kind, name = item.type, item.name or ""
    if not isinstance(kind, wasmtime.FuncType):
        return False
    results = [] if name == "proc_exit" else ["i32"]
    parameters = ["i32" if letter == abi.I32 else "i64" for letter in abi.SIGNATURES[name]]
    return [str(t) for t in kind.params] == parameters and [str(t) for t in kind.results] == results


def module_image(named: bytes) -> bytes:
    """The image digest of a wasm module: what a chunk of its tasks starts from."""
    return digest("memory", b"module", named)


class WasmRuntime:
    """Runs chunks of one command module."""

    def __init__(self, module: wasmtime.Module) -> None:
        check_command(module)
        self._module = module

    def close(self) -> None:
        self._module.close()

    def run(
        self,
        tasks: list[Assignment],
        limits: Limits,
        hear: Hear | None = None,
        fetch: Fetch = no_blobs,
    ) -> tuple[list[Outcome], Fuel]:
        """One outcome per task, in order; a task that traps doesn't stop the next. And all the fuel."""
        outcomes: list[Outcome] = []
        for number, task in enumerate(tasks):
            outcomes.append(self._run(task, limits, partial(hear, number) if hear else unheard, fetch))
            if sum(len(outcome.output) for outcome in outcomes) >= CHUNK_OUTPUT:
                break
        return outcomes, Fuel(sum(outcome.fuel for outcome in outcomes))

    def _run(self, task: Assignment, limits: Limits, heard: Heard, fetch: Fetch) -> Outcome:
        try:
            command = CommandInput.decode(task.input).whole(task.reader(fetch))
        except (BadInput, Trapped) as error:
            return Outcome(task.task, TRAPPED, str(error).encode(), Fuel(0))
        world = World(
            Tree(dict, _files(command)),
            (PROGRAM, *(arg.encode() for arg in command.args)),
            stdin=command.stdin,
            output_limit=limits.output,
            seed=task.seed,
            heard=heard,
        )
        sandbox = Sandbox(world, limits.memory, limits.fuel)
        try:
            ended = sandbox.start(self._module)
            fuel = Fuel(limits.fuel - world.fuel_left())
            sandbox.check_room()
        finally:
            sandbox.close()
        return _outcome(task, command, ended, fuel, world, limits)


def _outcome(
    task: Assignment,
    command: CommandInput,
    ended: int | Stop | Exited | None,
    fuel: Fuel,
    world: World,
    limits: Limits,
) -> Outcome:
    if isinstance(ended, Stop):
        said = bytes(world.stderr.kept[-2000:]).decode(errors="replace").strip()
        text = f"{ended.reason}\n{said}" if said else ended.reason
        if ended.out_of_fuel:
            return Outcome(task.task, OUT_OF_FUEL, text.encode(), limits.fuel)
        return Outcome(task.task, TRAPPED, text.encode(), fuel if ended.fuel_known else limits.fuel)
    size = len(world.stdout.kept) + len(world.stderr.kept)
    if world.stdout.dropped or world.stderr.dropped or size > limits.output:
        text = f"the command wrote more than the output limit of {limits.output} bytes"
        return Outcome(task.task, TRAPPED, text.encode(), fuel)
    code = ended.code if isinstance(ended, Exited) else 0
    after = {name: bytes(body) for name, body in world.tree.own.items() if body is not None}
    output = CommandOutput(
        code & 0xFF, bytes(world.stdout.kept), bytes(world.stderr.kept), *written(command.files, after)
    )
    return Outcome(task.task, RETURNED, output.encode(), fuel)


def _files(command: CommandInput) -> dict[str, bytes | None]:
    own: dict[str, bytes | None] = {"tmp": None}
    for name, body in command.files.items():
        folder = posixpath.dirname(name)
        while folder:
            own.setdefault(folder, None)
            folder = posixpath.dirname(folder)
        own[name] = body
    return own
