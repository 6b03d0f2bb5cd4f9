"""One network, as one account sees it: calls and transactions by contract and function name."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from coincurve import PrivateKey

from surge.chain.network.artifacts import Function, artifact
from surge.chain.network.book import AddressBook, check_book
from surge.chain.node.fees import Cap
from surge.chain.node.revert import as_error
from surge.chain.node.rpc import Rpc, RpcError
from surge.chain.node.sender import Call, Sender, Sent
from surge.model.errors import BadInput, NoNetwork, Refused, Reverted, naming
from surge.model.signature import address_of
from surge.model.units import Address, Seconds

if TYPE_CHECKING:
    from surge.chain.network.index import Event, Index

_SOURCES = {"Dollar": "TestDollar"}


@dataclass(frozen=True, slots=True)
class View:
    """A view of the contract at `to`, by the ABI of the shipped contract `source`.

    caller: who asks, where that matters. may_fail: a revert, or no answer, is None and no error.
    """

    source: str
    to: Address
    name: str
    arguments: tuple[Any, ...] = ()
    caller: Address | None = None
    may_fail: bool = False

    @property
    def function(self) -> Function:
        return artifact(_SOURCES.get(self.source, self.source)).function(self.name, len(self.arguments))

    def request(self) -> dict[str, str]:
        asked = {"to": str(self.to), "data": self.function.encode(self.arguments)}
        return asked | ({"from": str(self.caller)} if self.caller else {})


class Connection:
    """One account's way to a network: what every part of `Chain` reads and sends with. Without a key it can
    only read.

    index: where to keep the event index (None: in memory, read anew by each process). lag: see `Index`.
    Raises NoNetwork on first use when the node is unreachable, of another chain, or lacks the contracts.
    """

    def __init__(
        self, book: AddressBook, key: PrivateKey | None = None, index: Path | None = None, lag: int = 0
    ) -> None:
        self.book = book
        self._rpc = Rpc(book.rpc_url)
        self._key = key
        self._sender = Sender(self._rpc, key, book.chain_id, Cap(book.most_fee_gwei)) if key else None
        self._index_path, self._lag = index, lag
        self._index: Index | None = None
        self._lock = threading.RLock()
        self._checked = False

    def __repr__(self) -> str:
        account = self._sender.address if self._sender else "read-only"
        return f"{type(self).__name__}({self.book.name}, {account})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """Close the index and idle connections."""
        with self._lock:
            if self._index:
                self._index.close()
                self._index = None
        self._rpc.close()

    @property
    def address(self) -> Address:
        """The account that sends. Raises BadInput without a key."""
        if self._key is None:
            raise BadInput("this needs an account; give Chain a key (see `surge wallet`)")
        return address_of(self._key)

    @property
    def rpc(self) -> Rpc:
        """The node that this connection talks to."""
        return self._rpc

    @property
    def key(self) -> PrivateKey:
        """The account's key. Raises BadInput without one."""
        if self._key is None:
            raise BadInput("this needs an account; give Chain a key (see `surge wallet`)")
        return self._key

    def check(self) -> None:
        """Ask the node whether it is the network of the address book; once."""
        with self._lock:
            if not self._checked:
                check_book(self.book, self._rpc)
                self._checked = True

    def now(self) -> Seconds:
        """Chain seconds that a transaction sent now would see."""
        self.check()
        block, latest = self._rpc.batch(
            [("eth_getBlockByNumber", ["pending", False]), ("eth_getBlockByNumber", ["latest", False])]
        )
        if not isinstance(block, dict):  # not every node shows the pending block
            block = as_error(latest, "reading the chain's time", "")
        return Seconds(int(block["timestamp"], 16))

    def gas_of(self, transaction: bytes) -> int | None:
        """What a mined and successful transaction took; None if the chain has none of this hash."""
        self.check()
        receipt = self._rpc.call("eth_getTransactionReceipt", "0x" + transaction.hex())
        return int(receipt["gasUsed"], 16) if receipt and int(receipt["status"], 16) else None

    def block_number(self) -> int:
        self.check()
        return int(self._rpc.call("eth_blockNumber"), 16)

    def read(self, contract: str, name: str, *arguments: Any, block: str = "latest") -> Any:
        """The result of a view of one of the network's contracts."""
        return self.read_many([(contract, name, arguments)], block)[0]

    def read_many(
        self, calls: Sequence[tuple[str, str, tuple[Any, ...]]], block: str = "latest"
    ) -> list[Any]:
        """Results of views of the network's contracts, in as few requests as possible."""
        return self.look([View(c, self.book.addresses[c], name, given) for c, name, given in calls], block)

    def look(self, views: Sequence[View], block: str = "latest") -> list[Any]:
        """Results of views of any contracts, in as few requests as possible."""
        if not views:
            return []
        self.check()
        answers = self._rpc.batch([("eth_call", [view.request(), block]) for view in views])
        return [self._answered(view, answer) for view, answer in zip(views, answers, strict=True)]

    def look_raw(self, views: Sequence[View]) -> list[bytes | None]:
        """What any contracts answer, as it is; None for one that refuses."""
        if not views:
            return []
        self.check()
        answers = self._rpc.batch([("eth_call", [view.request(), "latest"]) for view in views])
        return [self._raw(view, answer) for view, answer in zip(views, answers, strict=True)]

    def _raw(self, view: View, answer: Any) -> bytes | None:
        try:
            return bytes.fromhex(as_error(answer, f"{view.source}.{view.name}", "reading")[2:])
        except Refused:
            return None

    def _answered(self, view: View, answer: Any) -> Any:
        """Raises NoNetwork for what a contract of the network would not answer, and Reverted for one of
        somebody else: that one is at fault alone."""
        try:
            found: str = as_error(answer, f"{view.source}.{view.name}", "reading")
            if found != "0x":
                return view.function.decode(found)
            raise NoNetwork(
                f"there is no {view.source} at {view.to} any more: the chain at "
                f"{self._rpc.where} lost its state; deploy again, or restore the chain's state"
            )
        except Refused:
            if view.may_fail:
                return None
            raise
        except NoNetwork as error:
            if isinstance(error.__cause__, RpcError) or (self._is_ours(view.to) and not view.may_fail):
                raise
            if view.may_fail:
                return None
            raise Reverted(
                f"{view.to} is no {view.source}: it does not answer {view.name}; leave it alone"
            ) from error

    def _is_ours(self, contract: Address) -> bool:
        return contract in self.book.addresses.values()

    def call(self, what: str, contract: str, name: str, *arguments: Any, most: int | None = None) -> Call:
        """Of a function of one of the network's contracts, to be sent. most: see `Call`."""
        function = artifact(_SOURCES.get(contract, contract)).function(name, len(arguments))
        return Call(what, self.book.addresses[contract], function.encode(arguments), most=most)

    def do(self, what: str, contract: str, name: str, *arguments: Any, most: int | None = None) -> Sent:
        """Call a function of one of the network's contracts, and wait until that is mined."""
        return self.send_together([self.call(what, contract, name, *arguments, most=most)])[0]

    def simulate(self, *calls: Call) -> int | None:
        """The gas that these transactions would take, one after the other, if they were sent now. None when
        the node can't say. Raises Reverted, with the reason, for the first that would be refused."""
        from surge.chain.node.simulation import simulate

        return simulate(self._rpc, self.address, calls, self.now() + 1)

    def simulate_each(self, groups: Sequence[Sequence[Call]]) -> list[list[int | Refused | None]]:
        """The gas of each call, or why it would be refused, in groups that need nothing of each other."""
        from surge.chain.node.simulation import simulate_each

        return simulate_each(self._rpc, self.address, groups, self.now() + 1)

    def send(self, *calls: Call, gas: int | None = None) -> list[Sent]:
        """One transaction after the other: each may need what the ones before it did.

        gas: the limit of each; it is sent then, whether or not it will be refused.
        """
        sent: list[Sent] = []
        with naming(lambda: (f"0x{one.hash.hex()}" for one in sent)):
            for call in calls:
                sent += self.send_together([call], gas)
        return sent

    def send_together(self, calls: list[Call], gas: int | None = None) -> list[Sent]:
        """Independent transactions, in consecutive nonces."""
        self.check()
        if self._sender is None:
            raise BadInput(f"{calls[0].what} needs an account; give Chain a key (see `surge wallet`)")
        return self._sender.send_all(calls, gas)

    def logged(self, sent: Sent, contract: str, name: str) -> list[dict[str, Any]]:
        """The members of the events of this name that a transaction logged."""
        kind = artifact(contract).event(name)
        address = self.book.addresses[contract].lower()
        return [
            kind.decode(log)
            for log in sent.logs
            if log["address"].lower() == address and log["topics"][0] == kind.topic
        ]

    @property
    def index(self) -> "Index":
        """The network's events. `index.update()` before what must be fresh."""
        from surge.chain.network.index import Index  # slow to import

        self.check()
        with self._lock:
            if self._index is None:
                self._index = Index(self.book, self._rpc, self._index_path, self._lag)
            return self._index

    def events(self, *names: str, **filters: Any) -> "list[Event]":
        """Events by their names, up to the head of the chain; see `Index.find`."""
        self.index.update()
        return self.index.find(*names, **filters)
