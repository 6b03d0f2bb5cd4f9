"""Creates contracts and makes calls, many at once, so that a second run finds what the first one left.

A journal names each contract's address before it is created. A call says by which view one sees that it
was made. So a crash at any point costs nothing but the run.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from coincurve import PrivateKey

from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import View
from surge.chain.node.revert import as_error
from surge.chain.node.rpc import Rpc
from surge.chain.node.sender import Call, Sender
from surge.chain.node.transaction import creation_address
from surge.model.errors import CorruptState, Refused
from surge.model.units import Address
from surge.store.files import write_atomically

GAS_LIMIT = 9_000_000
"""Of each transaction that is sent together with others: nothing can be estimated before them."""

Addresses = dict[str, Address]


@dataclass(frozen=True, slots=True)
class Creation:
    """A contract to be created under the name `label`; `content` gets all addresses known by then, and uses
    those that it `needs`."""

    label: str
    content: Callable[[Addresses], str]
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Step:
    """A call, and how one sees that it was made already: `seen` of the view's answer."""

    call: Call
    view: View
    seen: Callable[[Any], bool] = bool


class _Journal(msgspec.Struct, forbid_unknown_fields=True):
    chain_id: int
    addresses: dict[str, Address] = {}
    beginning: dict[str, Any] | None = None


T = TypeVar("T")


class Deployer:
    """An account that builds, with the journal of what it began.

    together: send independent transactions in one go with a fixed gas limit, as a local chain allows;
    otherwise each is estimated and waited for. Raises CorruptState (a journal of another chain),
    Refused, Underfunded, NoNetwork.
    """

    def __init__(
        self, rpc: Rpc, key: PrivateKey, journal: Path, *, together: bool, tell: Callable[[str], None]
    ) -> None:
        self._rpc, self._path, self._together, self._tell = rpc, journal, together, tell
        chain_id = int(rpc.call("eth_chainId"), 16)
        self._sender = Sender(rpc, key, chain_id)
        self._journal = _resume(journal, chain_id)

    @property
    def address(self) -> Address:
        return self._sender.address

    @property
    def addresses(self) -> Addresses:
        return self._journal.addresses

    @property
    def chain_id(self) -> int:
        return self._journal.chain_id

    def began_with(self, kind: type[T], make: Callable[[], T]) -> T:
        """What the first run made and wrote down, for every later one. kind: a dataclass."""
        if self._journal.beginning is None:
            self._journal.beginning = msgspec.to_builtins(make())
        try:
            return msgspec.convert(self._journal.beginning, kind)
        except msgspec.ValidationError as error:
            raise _damaged(self._path) from error

    def know(self, found: Addresses) -> None:
        """Take over contracts that exist already."""
        self._journal.addresses.update(found)

    def create(self, *creations: Creation) -> None:
        """Those that are not there yet, in this order. Later ones may name earlier ones."""
        missing = [c for c, there in zip(creations, self._exist(creations), strict=True) if not there]
        if not missing:
            return
        nonce = int(self._rpc.call("eth_getTransactionCount", self.address, "pending"), 16)
        for offset, creation in enumerate(missing):
            self.addresses[creation.label] = creation_address(self.address, nonce + offset)
        write_atomically(self._path, msgspec.json.encode(self._journal))
        self._tell(f"deploying {', '.join(creation.label for creation in missing)}")
        calls = [Call(f"deploying {c.label}", None, c.content(self.addresses)) for c in missing]
        # Each is looked at before the next is sent, where they aren't all sent at once.
        batches = [calls] if self._together else [[call] for call in calls]
        labels = iter([creation.label for creation in missing])
        for batch in batches:
            for created in self._send(batch):
                self._check(next(labels), created)

    def _check(self, label: str, created: Address | None) -> None:
        """Raises Refused, and forgets the address, when the contract went elsewhere."""
        if created != self.addresses[label]:
            meant = self.addresses.pop(label)
            write_atomically(self._path, msgspec.json.encode(self._journal))
            raise Refused(
                f"{label} went to {created} instead of {meant}: another program sends from {self.address}; "
                "stop it and deploy again"
            )

    def make(self, *steps: Step) -> None:
        """The calls that were not made yet; they must not depend on one another."""
        answers = self._rpc.batch([("eth_call", [step.view.request(), "latest"]) for step in steps])
        missing = [
            step.call
            for step, answer in zip(steps, answers, strict=True)
            if not step.seen(step.view.function.decode(as_error(answer, step.call.what, self.address)))
        ]
        if missing:
            self._tell(missing[0].what + (f" and {len(missing) - 1} more" if missing[1:] else ""))
            self._send(missing)

    def ask(self, view: View) -> Any:
        (answer,) = self._rpc.batch([("eth_call", [view.request(), "latest"])])
        return view.function.decode(as_error(answer, f"reading {view.source}.{view.name}", self.address))

    def forget(self) -> None:
        """Remove the journal: all is done and in the address book."""
        self._path.unlink(missing_ok=True)

    def _send(self, calls: list[Call]) -> list[Address | None]:
        if self._together:
            return [sent.contract for sent in self._sender.send_all(calls, GAS_LIMIT)]
        return [self._sender.send(call).contract for call in calls]

    def _exist(self, creations: Sequence[Creation]) -> list[bool]:
        known = [self.addresses.get(creation.label) for creation in creations]
        asked = [("eth_getCode", [str(address), "latest"]) for address in known if address]
        codes = iter(self._rpc.batch(asked))
        return [
            address is not None and self._made(creation, as_error(next(codes), "reading code", self.address))
            for creation, address in zip(creations, known, strict=True)
        ]

    def _made(self, creation: Creation, code: str) -> bool:
        """Whether `code` is what this creation leaves behind: a creation carries the code that it deploys,
        and constants fill the end of it. Something else may stand there, of another program of this account.
        """
        deployed = code.removeprefix("0x")
        if not deployed or any(label not in self.addresses for label in creation.needs):
            return False
        return deployed[: len(deployed) // 2] in creation.content(self.addresses)


def creation(label: str, source: str | None = None, *arguments: Any) -> Creation:
    """Of a shipped contract (`source`, or the label itself). A string argument that begins with "@" stands
    for the address of that label; tuples are looked through."""
    compiled = artifact(source or label)

    def content(addresses: Addresses) -> str:
        return compiled.creation(tuple(_resolved(argument, addresses) for argument in arguments))

    return Creation(label, content, frozenset(_named(arguments)))


def _named(argument: Any) -> Iterator[str]:
    if isinstance(argument, tuple):
        for each in argument:
            yield from _named(each)
    elif isinstance(argument, str) and argument.startswith("@"):
        yield argument[1:]


def _resolved(argument: Any, addresses: Addresses) -> Any:
    if isinstance(argument, tuple):
        return tuple(_resolved(each, addresses) for each in argument)
    if isinstance(argument, str) and argument.startswith("@"):
        return addresses[argument[1:]]
    return argument


def _resume(path: Path, chain_id: int) -> _Journal:
    if not path.exists():
        return _Journal(chain_id)
    try:
        journal = msgspec.json.decode(path.read_bytes(), type=_Journal)
    except msgspec.DecodeError as error:
        raise _damaged(path) from error
    if journal.chain_id != chain_id:
        raise CorruptState(
            f"{path} began on chain {journal.chain_id}, not {chain_id}; finish it there, or move it away"
        )
    return journal


def _damaged(path: Path) -> CorruptState:
    return CorruptState(
        f"the deployment's journal {path} is damaged, or of another version; "
        "finish it with that version, or move it away to deploy anew"
    )
