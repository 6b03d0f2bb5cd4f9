"""Deploys a network from the shipped artefacts, to any chain, and can be run again after any crash.

Order: the dollar (unless one is given), SurgeToken, Registry, Market, Rewards; then each contract learns
the others, once. A journal beside the address book names each contract's address before it is created, so
a second run finds what the first one left. After `deploy` the deployer holds the genesis supply
and one power: it can name the Registry's arbiter, once. Until the Arbiter is built nobody can slash.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec
from coincurve import PrivateKey

from surge.chain.network.artifacts import artifact
from surge.chain.network.book import CONTRACTS, AddressBook, Parameters, check_book, load_book, save_book
from surge.chain.node.revert import as_error
from surge.chain.node.rpc import Rpc
from surge.chain.node.sender import Call, Sender
from surge.chain.node.transaction import creation_address
from surge.model.errors import CorruptState, Refused
from surge.model.units import NOBODY, Address, Seconds
from surge.store.files import write_atomically

_ARGUMENTS = {"token": "SurgeToken", "dollar": "Dollar", "registry": "Registry", "market": "Market"}
WIRING = (
    ("SurgeToken", "minter", "set_minter", "Rewards"),
    ("Registry", "market", "set_market", "Market"),
    ("Registry", "rewards", "set_rewards", "Rewards"),
    ("Market", "rewards", "set_rewards", "Rewards"),
)
"""(contract, its view, its setter, what it must name)."""


class _Journal(msgspec.Struct):
    chain_id: int
    parameters: Parameters
    block: int
    addresses: dict[str, Address] = {}


def deploy(
    name: str,
    rpc_url: str,
    key: PrivateKey,
    parameters: Parameters,
    path: Path,
    dollar: Address | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> AddressBook:
    """Deploy the network `name` and save its address book at `path`.

    key: pays the gas and receives the genesis supply. dollar: the stablecoin that the network is to use;
    without it a TestDollar with a faucet is deployed. tell: is told each step. When the book exists already,
    it is checked and returned. Raises CorruptState (a journal of another deployment), Underfunded, NoNetwork.
    """
    rpc = Rpc(rpc_url)
    try:
        if path.exists():
            book = load_book(path).at(rpc_url)
            check_book(book, rpc)
            return book
        return _Deployment(rpc, key, parameters, path, tell).run(name, rpc_url, dollar)
    finally:
        rpc.close()


class _Deployment:
    def __init__(
        self, rpc: Rpc, key: PrivateKey, parameters: Parameters, path: Path, tell: Callable[[str], None]
    ) -> None:
        self.rpc, self.tell = rpc, tell
        chain_id = int(rpc.call("eth_chainId"), 16)
        self.sender = Sender(rpc, key, chain_id)
        self.path = path
        self.journal_path = path.with_suffix(".deploying")
        self.journal = self._resume(chain_id, parameters)

    def _resume(self, chain_id: int, parameters: Parameters) -> _Journal:
        if self.journal_path.exists():
            try:
                journal = msgspec.json.decode(self.journal_path.read_bytes(), type=_Journal)
            except msgspec.DecodeError as error:
                raise CorruptState(
                    f"the deployment's journal {self.journal_path} is damaged; move it away to deploy anew"
                ) from error
            wanted = replace(parameters, genesis=journal.parameters.genesis)
            if journal.chain_id != chain_id or journal.parameters != wanted:
                raise CorruptState(
                    f"{self.journal_path} began with another chain or other parameters; "
                    "finish it with those, or move it away to deploy anew"
                )
            return journal
        block = self.rpc.call("eth_getBlockByNumber", "latest", False)
        genesis = parameters.genesis or Seconds(int(block["timestamp"], 16))
        return _Journal(chain_id, replace(parameters, genesis=genesis), int(block["number"], 16))

    def run(self, name: str, rpc_url: str, dollar: Address | None) -> AddressBook:
        for contract in CONTRACTS:
            if contract == "Dollar" and dollar:
                self.journal.addresses[contract] = dollar
            elif not self._exists(contract):
                self._create(contract, "TestDollar" if contract == "Dollar" else contract)
        for contract, view, setter, named in WIRING:
            self._wire(contract, view, setter, self.journal.addresses[named])
        done = self.journal
        book = AddressBook(name, done.chain_id, rpc_url, done.addresses, done.parameters, done.block)
        save_book(book, self.path)
        self.journal_path.unlink(missing_ok=True)
        return book

    def _exists(self, contract: str) -> bool:
        address = self.journal.addresses.get(contract)
        return address is not None and self.rpc.call("eth_getCode", address, "latest") != "0x"

    def _create(self, contract: str, source: str) -> None:
        compiled = artifact(source)
        named = asdict(self.journal.parameters) | {
            argument: self.journal.addresses.get(other) for argument, other in _ARGUMENTS.items()
        }
        arguments = tuple(named[argument] for argument, _ in compiled.constructor)
        nonce = int(self.rpc.call("eth_getTransactionCount", self.sender.address, "pending"), 16)
        self.journal.addresses[contract] = creation_address(self.sender.address, nonce)
        write_atomically(self.journal_path, msgspec.json.encode(self.journal))
        self.tell(f"deploying {source} at {self.journal.addresses[contract]}")
        sent = self.sender.send(Call(f"deploying {source}", None, compiled.creation(arguments)))
        if sent.contract != self.journal.addresses[contract]:
            raise Refused(
                f"{source} went to {sent.contract} instead of {self.journal.addresses[contract]}: another "
                f"program sends from {self.sender.address}; stop it and deploy again"
            )

    def _wire(self, contract: str, view: str, setter: str, named: Address) -> None:
        address, compiled = self.journal.addresses[contract], artifact(contract)
        function = compiled.function(view, 0)
        current = function.decode(self._read(address, function.encode(())))
        if current == named:
            return
        if current != NOBODY:
            raise Refused(
                f"{contract} names {current} as its {view}, not {named}; move {self.journal_path} away"
            )
        self.tell(f"{contract}.{setter}({named})")
        calldata = compiled.function(setter, 1).encode((named,))
        self.sender.send(Call(f"{contract}.{setter}", address, calldata))

    def _read(self, address: Address, calldata: str) -> Any:
        (answer,) = self.rpc.batch([("eth_call", [{"to": address, "data": calldata}, "latest"])])
        return as_error(answer, f"reading {address}", self.sender.address)
