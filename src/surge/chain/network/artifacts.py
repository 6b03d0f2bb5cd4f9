"""The compiled contracts that ship with the package, and ABI coding by their names."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any

import msgspec

from surge.model.digest import keccak
from surge.model.errors import BadInput, NoNetwork
from surge.model.signature import checksum
from surge.model.units import Address


@dataclass(frozen=True)
class Function:
    """One ABI entry. Arguments and results are those of eth_abi, addresses in EIP-55."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @cached_property
    def selector(self) -> bytes:
        return keccak(f"{self.name}({','.join(self.inputs)})".encode())[:4]

    def encode(self, arguments: tuple[Any, ...]) -> str:
        """Calldata in hex."""
        from eth_abi.abi import encode  # slow to import

        return "0x" + (self.selector + encode(self.inputs, arguments)).hex()

    def decode(self, answer: str) -> Any:
        """The result: one value, or a tuple of several. Raises NoNetwork for what no such function gives."""
        values = _decoded(self.name, self.outputs, answer[2:])
        shown = tuple(_show(kind, value) for kind, value in zip(self.outputs, values, strict=True))
        return shown[0] if len(shown) == 1 else shown


def _decoded(name: str, kinds: Sequence[str], content: str) -> tuple[Any, ...]:
    from eth_abi.abi import decode  # slow to import
    from eth_abi.exceptions import DecodingError

    try:
        return tuple(decode(kinds, bytes.fromhex(content)))
    except (DecodingError, ValueError, OverflowError) as error:
        raise NoNetwork(
            f"the node's answer for {name} is not what the contract gives; try again, or use another "
            "RPC address"
        ) from error


@dataclass(frozen=True)
class EventKind:
    """An event's name and its members in order: (name, type, indexed). Indexed ones are static words."""

    name: str
    members: tuple[tuple[str, str, bool], ...]

    @cached_property
    def topic(self) -> str:
        return "0x" + keccak(f"{self.name}({','.join(kind for _, kind, _ in self.members)})".encode()).hex()

    def decode(self, log: dict[str, Any]) -> dict[str, Any]:
        """The members of a log by name. Raises NoNetwork for what is no such log."""
        indexed = [kind for _, kind, is_topic in self.members if is_topic]
        plain = [kind for _, kind, is_topic in self.members if not is_topic]
        topics = iter(_decoded(self.name, indexed, "".join(topic[2:] for topic in log["topics"][1:])))
        values = iter(_decoded(self.name, plain, log["data"][2:]))
        return {
            name: _show(kind, next(topics if is_topic else values)) for name, kind, is_topic in self.members
        }


@dataclass(frozen=True)
class Artifact:
    """A deployable contract: creation bytecode and ABI."""

    name: str
    bytecode: bytes
    constructor: tuple[tuple[str, str], ...]
    """The arguments: (name, type)."""
    functions: dict[tuple[str, int], Function]
    events: dict[str, EventKind]
    """By topic."""

    def function(self, name: str, arguments: int) -> Function:
        try:
            return self.functions[name, arguments]
        except KeyError:
            raise BadInput(f"{self.name} has no function {name} with {arguments} arguments") from None

    def event(self, name: str) -> EventKind:
        return next(kind for kind in self.events.values() if kind.name == name)

    def creation(self, arguments: tuple[Any, ...]) -> str:
        """The creation transaction's data in hex."""
        from eth_abi.abi import encode

        return "0x" + (self.bytecode + encode([kind for _, kind in self.constructor], arguments)).hex()


@cache
def artifact(name: str) -> Artifact:
    """The contract `name`, from the package; nothing is ever compiled at run time."""
    return parse_artifact(name, _shipped(name))


def artifact_names() -> list[str]:
    """Every contract that ships, by name."""
    files = (resources.files("surge.chain.network") / "artifacts").iterdir()
    return sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json"))


def interface(name: str) -> list[dict[str, Any]]:
    """The ABI of the contract `name`, as the compiler wrote it."""
    entries: list[dict[str, Any]] = _shipped(name)["abi"]
    return entries


def _shipped(name: str) -> dict[str, Any]:
    file = resources.files("surge.chain.network") / "artifacts" / f"{name}.json"
    if not file.is_file():
        raise BadInput(f"the compiled contract {name} is missing from this installation; reinstall Surge")
    content: dict[str, Any] = msgspec.json.decode(file.read_bytes())
    return content


def parse_artifact(name: str, content: dict[str, Any]) -> Artifact:
    """From the JSON that the build script writes: {abi, bytecode, ...}."""
    functions, events = {}, {}
    constructor: tuple[tuple[str, str], ...] = ()
    for entry in content["abi"]:
        inputs = tuple(_kind(member) for member in entry.get("inputs", ()))
        if entry["type"] == "constructor":
            names = (member["name"] for member in entry["inputs"])
            constructor = tuple(zip(names, inputs, strict=True))
        elif entry["type"] == "function":
            outputs = tuple(_kind(member) for member in entry["outputs"])
            functions[entry["name"], len(inputs)] = Function(entry["name"], inputs, outputs)
        elif entry["type"] == "event":
            members = tuple(
                (member["name"], kind, bool(member["indexed"]))
                for member, kind in zip(entry["inputs"], inputs, strict=True)
            )
            event = EventKind(entry["name"], members)
            events[event.topic] = event
    bytecode = bytes.fromhex(content["bytecode"].removeprefix("0x"))
    return Artifact(name, bytecode, constructor, functions, events)


def _kind(member: dict[str, Any]) -> str:
    """The canonical type: tuples are spelled out."""
    kind: str = member["type"]
    if kind.startswith("tuple"):
        return f"({','.join(_kind(part) for part in member['components'])}){kind[5:]}"
    return kind


def _show(kind: str, value: Any) -> Any:
    if kind == "address":
        return _checksummed(value)
    if kind == "address[]":
        return [_checksummed(each) for each in value]
    return value


@lru_cache(4_096)
def _checksummed(address: str) -> Address:
    return checksum(bytes.fromhex(address[2:]))
