"""An EVM without layers above it: bytecode in, words out. For tests that make millions of calls.

`machine()` is revm where it has a wheel (Python below 3.13), about forty times as fast as py-evm, which takes
its place elsewhere. Both run the same bytecode.
"""

import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from eth_hash.auto import keccak

import places

EVM = "prague"
START = 1_800_000_000
CHAIN_ID = 31_337
EIP_170 = 24_576
FAST = find_spec("pyrevm") is not None

_REASON = bytes.fromhex("08c379a0")
_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")

Word = int | bool | str | bytes


class Reverted(Exception):
    """A call that failed; the reason that the contract gave, or what the EVM said."""

    def __init__(self, output: bytes, said: str):
        self.output = output
        self.reason = said
        if output[:4] == _REASON:
            self.reason = output[68 : 68 + int.from_bytes(output[36:68], "big")].decode()
        super().__init__(self.reason)


class Log(NamedTuple):
    """Who said it, its topics, and the rest."""

    contract: str
    topics: tuple[bytes, ...]
    rest: bytes


class Machine(ABC):
    """One chain of its own. Addresses are lower-case hex, what is called and answered is bytes."""

    chain_id: int
    now: int
    gas: int | None = None
    """The limit of each transaction; without it what a block of the EVM's default allows, or more."""

    @property
    @abstractmethod
    def logs(self) -> list[Log]:
        """Of the last call."""

    @abstractmethod
    def deploy(self, code: bytes, sender: str) -> str: ...

    @abstractmethod
    def call(self, sender: str, to: str, message: bytes) -> bytes:
        """A transaction. Raises Reverted, and then has changed nothing."""

    @abstractmethod
    def save(self) -> Any: ...

    @abstractmethod
    def restore(self, saved: Any) -> None:
        """Back to `save`, which is used up."""

    @abstractmethod
    def wait(self, seconds: int) -> None: ...

    @abstractmethod
    def move_to_chain(self, chain_id: int, contracts: Sequence["Bare"]) -> "Machine":
        """What a fork leaves: these contracts with their code, without what HashMaps hold, elsewhere."""


class Revm(Machine):
    def __init__(self, chain_id: int = CHAIN_ID):
        import pyrevm

        self._pyrevm = pyrevm
        self.chain_id = chain_id
        # What ships must fit in EIP-170; what scripts/mutate.py compiles without optimising needs more.
        limit = 2 * EIP_170 if "CONTRACT_ARTIFACTS" in os.environ else EIP_170
        config = pyrevm.CfgEnv(chain_id=chain_id, limit_contract_code_size=limit)
        environment = pyrevm.Env(cfg=config)
        self._evm = pyrevm.EVM(env=environment, spec_id=EVM.upper())
        self._set_time(START)

    def _set_time(self, now: int) -> None:
        self.now = now
        self._evm.set_block_env(self._pyrevm.BlockEnv(timestamp=now, number=now // 12))

    def deploy(self, code: bytes, sender: str) -> str:
        try:
            return str(self._evm.deploy(sender, code)).lower()
        except RuntimeError as error:
            raise _reverted(str(error)) from None

    def call(self, sender: str, to: str, message: bytes) -> bytes:
        try:
            return bytes(self._evm.message_call(sender, to, message, gas=self.gas))
        except RuntimeError as error:
            raise _reverted(str(error)) from None
        finally:
            self._evm.reset_transient_storage()

    @property
    def logs(self) -> list[Log]:
        found = []
        for log in self._evm.result.logs:
            topics, rest = log.data
            found.append(Log(log.address.lower(), tuple(map(bytes, topics)), bytes(rest)))
        return found

    def save(self) -> Any:
        return self._evm.snapshot(), self.now

    def restore(self, saved: Any) -> None:
        self._evm.revert(saved[0])
        self._set_time(saved[1])

    def wait(self, seconds: int) -> None:
        self._set_time(self.now + seconds)

    def move_to_chain(self, chain_id: int, contracts: Sequence["Bare"]) -> Machine:
        fork = Revm(chain_id)
        for contract in contracts:
            # revm pads code with zeros; what ends in zeros is read from beyond the end all the same.
            code = bytes(self._evm.get_code(contract.address) or b"").rstrip(b"\0")
            fork._evm.insert_account_info(contract.address, self._pyrevm.AccountInfo(code=code))
        return fork


def _reverted(said: str) -> Reverted:
    """What revm says, in words."""
    found = _OUTPUT.search(said)
    return Reverted(bytes.fromhex(found[1]) if found else b"", said)


class PyEvm(Machine):
    def __init__(self, chain_id: int = CHAIN_ID):
        import boa

        self.chain_id = chain_id
        self._env = boa.Env()
        self._env.evm.patch.chain_id = chain_id
        self._set_time(START)

    def _set_time(self, now: int) -> None:
        self.now = now
        self._env.evm.patch.timestamp = now

    def deploy(self, code: bytes, sender: str) -> str:
        from eth.exceptions import Revert

        try:
            address, _runtime = self._env.deploy_code(sender=sender, bytecode=code)
        except Revert as error:
            raise Reverted(error.args[0], str(error)) from None
        return str(address).lower()

    def call(self, sender: str, to: str, message: bytes) -> bytes:
        ran = self._env.execute_code(to_address=to, sender=sender, data=message, gas=self.gas)
        self._env.evm.vm.state.clear_transient_storage()  # boa runs messages, and ends no transaction
        if ran.is_error:
            raise Reverted(bytes(ran.output), str(ran.error))
        self._logs = ran.get_log_entries()
        return bytes(ran.output)

    @property
    def logs(self) -> list[Log]:
        return [
            Log("0x" + address.hex(), tuple(map(word, topics)), bytes(rest))
            for address, topics, rest in self._logs
        ]

    def save(self) -> Any:
        return self._env.evm.snapshot(), self.now

    def restore(self, saved: Any) -> None:
        self._env.evm.revert(saved[0])
        self._set_time(saved[1])

    def wait(self, seconds: int) -> None:
        self._set_time(self.now + seconds)

    def move_to_chain(self, chain_id: int, contracts: Sequence["Bare"]) -> Machine:
        fork = PyEvm(chain_id)
        for contract in contracts:
            fork._env.set_code(contract.address, self._env.get_code(contract.address))
        return fork


def machine(chain_id: int = CHAIN_ID) -> Machine:
    return Revm(chain_id) if FAST else PyEvm(chain_id)


def word(value: Word) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    if isinstance(value, str):
        return _address(value)
    return value.ljust(32, b"\0")


@cache
def _address(text: str) -> bytes:
    return bytes.fromhex(text[2:]).rjust(32, b"\0")


def words(values: Sequence[Any]) -> bytes:
    """Of static values; tuples among them are structs."""
    return b"".join(words(value) if isinstance(value, tuple) else word(value) for value in values)


def encode(kinds: Sequence[Any], arguments: Sequence[Any]) -> bytes:
    """What the ABI makes of the arguments, of which only byte strings at the top are dynamic."""
    heads: list[bytes | None] = []
    tails: list[bytes] = []
    for kind, argument in zip(kinds, arguments, strict=True):
        if kind == "bytes":
            heads.append(None)
            padded = argument + b"\0" * (-len(argument) % 32)
            tails.append(word(len(argument)) + padded)
        else:
            heads.append(words(argument) if isinstance(argument, tuple) else word(argument))
    offset = sum(32 if head is None else len(head) for head in heads)
    encoded, rest = b"", iter(tails)
    ends = b"".join(tails)
    for head in heads:
        if head is None:
            encoded += word(offset)
            offset += len(next(rest))
        else:
            encoded += head
    return encoded + ends


_encoded = lru_cache(4_096)(encode)
"""Of what is asked again and again: a position, a balance."""


def type_of(member: dict[str, Any]) -> str:
    kind = str(member["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(map(type_of, member['components']))}){kind[5:]}"


class Function(NamedTuple):
    selector: bytes
    kinds: tuple[str, ...]
    raw: bool

    def message(self, arguments: Sequence[Any]) -> bytes:
        return self.selector + _encoded(self.kinds, tuple(arguments))


class Event(NamedTuple):
    name: str
    indexed: tuple[bool, ...]

    def members(self, log: Log) -> tuple[int, ...]:
        """All words, in the order of the declaration; a struct's where it stands, which is last."""
        topics, rest = iter(log.topics[1:]), iter(words_of(log.rest))
        head = [int.from_bytes(next(topics), "big") if one else next(rest) for one in self.indexed]
        return (*head, *rest)


class Bare:
    """A deployed contract: `bare("name", *arguments, sender=...)` answers one word or a tuple of words."""

    def __init__(self, machine: Machine, address: str, code: "Code"):
        self.machine, self.address, self.code = machine, address, code

    def message(self, name: str, *arguments: Any) -> bytes:
        return self.code.function(name, len(arguments)).message(arguments)

    def events(self) -> list[tuple[str, tuple[int, ...]]]:
        """What it logged in the last call, by name."""
        found = []
        for log in self.machine.logs:
            if log.contract == self.address:
                event = self.code.events[log.topics[0]]
                found.append((event.name, event.members(log)))
        return found

    def __call__(self, name: str, *arguments: Any, sender: str = "0x" + "ee" * 20) -> Any:
        function = self.code.function(name, len(arguments))
        answer = self.machine.call(sender, self.address, function.message(arguments))
        if function.raw:
            return answer[64 : 64 + int.from_bytes(answer[32:64], "big")]
        return unwords(answer)

    def on(self, machine: Machine) -> "Bare":
        """The contract of the same address elsewhere."""
        return Bare(machine, self.address, self.code)


def words_of(answer: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(answer[at : at + 32], "big") for at in range(0, len(answer), 32))


def unwords(answer: bytes) -> Any:
    found = words_of(answer)
    return found[0] if len(found) == 1 else found


class Code:
    """What deploys: bytecode with its ABI."""

    def __init__(self, abi: list[dict[str, Any]], bytecode: str):
        self.bytecode = bytes.fromhex(bytecode.removeprefix("0x"))
        self.functions: dict[str, Function] = {}
        # By the number of arguments too: a default makes two functions of one name.
        self.overloads: dict[tuple[str, int], Function] = {}
        self.events: dict[bytes, Event] = {}
        self.arguments: tuple[str, ...] = ()
        for entry in abi:
            kinds = tuple(map(type_of, entry.get("inputs", ())))
            if entry["type"] == "constructor":
                self.arguments = kinds
            elif entry["type"] == "event":
                topic = keccak(f"{entry['name']}({','.join(kinds)})".encode())
                indexed = tuple(member["indexed"] for member in entry["inputs"])
                self.events[topic] = Event(entry["name"], indexed)
            elif entry["type"] == "function":
                selector = keccak(f"{entry['name']}({','.join(kinds)})".encode())[:4]
                raw = [type_of(output) for output in entry["outputs"]] in (["bytes"], ["string"])
                self.functions[entry["name"]] = Function(selector, kinds, raw)
                self.overloads[entry["name"], len(kinds)] = self.functions[entry["name"]]

    def function(self, name: str, arguments: int) -> Function:
        return self.overloads.get((name, arguments), self.functions[name])

    def deploy(self, machine: Machine, *arguments: Any, sender: str = "0x" + "dd" * 20) -> Bare:
        address = machine.deploy(self.bytecode + encode(self.arguments, arguments), sender)
        return Bare(machine, address, self)


@cache
def shipped(name: str) -> Code:
    """A contract as the wheel has it; or of the folder that CONTRACT_ARTIFACTS names (scripts/mutate.py)."""
    folder = Path(os.environ.get("CONTRACT_ARTIFACTS", places.ARTIFACTS))
    artifact = json.loads((folder / f"{name}.json").read_text())
    return Code(artifact["abi"], artifact["bytecode"])


@cache
def mock(name: str) -> Code:
    """A mock, compiled here; what the project ships comes from its artefacts."""
    from vyper.compiler import compile_code
    from vyper.compiler.settings import Settings

    source = places.mock(name).read_text()
    compiled = compile_code(source, output_formats=["abi", "bytecode"], settings=Settings(evm_version=EVM))
    return Code(compiled["abi"], compiled["bytecode"])
