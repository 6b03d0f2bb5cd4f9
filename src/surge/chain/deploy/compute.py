"""Deploys a network from the shipped artefacts, to any chain, and can be run again after any crash.

Order: the dollar (unless one is given), SurgeToken, Registry, Market, Rewards; then each contract learns
the others, once. After `deploy` the deployer holds the genesis supply and one power: it can name the
Registry's arbiter, once. Until the Arbiter is built nobody can slash.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from coincurve import PrivateKey

from surge.chain.deploy.deployer import Creation, Deployer, Step, creation
from surge.chain.network.artifacts import artifact
from surge.chain.network.book import CONTRACTS, AddressBook, Parameters, check_book, load_book, save_book
from surge.chain.network.connection import View
from surge.chain.node.rpc import Rpc
from surge.chain.node.sender import Call
from surge.model.errors import CorruptState, Refused
from surge.model.units import NOBODY, Address, Seconds

_ARGUMENTS = {"token": "@SurgeToken", "dollar": "@Dollar", "registry": "@Registry", "market": "@Market"}
WIRING = (
    ("SurgeToken", "minter", "set_minter", "Rewards"),
    ("Registry", "market", "set_market", "Market"),
    ("Registry", "rewards", "set_rewards", "Rewards"),
    ("Market", "rewards", "set_rewards", "Rewards"),
)
"""(contract, its view, its setter, what it must name)."""


@dataclass(frozen=True, slots=True)
class _Beginning:
    """What a deployment began with, kept for a second run: genesis and block are of the first one."""

    parameters: Parameters
    block: int


def deploy(
    name: str,
    rpc_url: str,
    key: PrivateKey,
    parameters: Parameters,
    path: Path,
    dollar: Address | None = None,
    local: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> AddressBook:
    """Deploy the network `name` and save its address book at `path`.

    key: pays the gas and receives the genesis supply. dollar: the stablecoin that the network is to use;
    without it a TestDollar with a faucet is deployed. local: see AddressBook. tell: is told each step. When
    the book exists already, it is checked and returned. Raises what `Deployer` raises.
    """
    rpc = Rpc(rpc_url)
    try:
        if path.exists():
            book = load_book(path).at(rpc_url)
            check_book(book, rpc)
            return book
        journal = path.with_suffix(".deploying")
        deployer = Deployer(rpc, key, journal, together=False, tell=tell)
        began = deployer.began_with(_Beginning, lambda: _beginning(rpc, parameters))
        if began.parameters != replace(parameters, genesis=began.parameters.genesis):
            raise CorruptState(
                f"{journal} began with other parameters; finish it with those, or move it away to deploy anew"
            )
        if dollar:
            deployer.know({"Dollar": dollar})
        deployer.create(*_creations(began.parameters, foreign_dollar=dollar is not None))
        for step in _wiring(deployer):
            deployer.make(step)
        addresses = {contract: deployer.addresses[contract] for contract in CONTRACTS}
        parameters, block = began.parameters, began.block
        book = AddressBook(name, deployer.chain_id, rpc_url, addresses, parameters, block, local=local)
        save_book(book, path)
        deployer.forget()
        return book
    finally:
        rpc.close()


def _beginning(rpc: Rpc, parameters: Parameters) -> _Beginning:
    block = rpc.call("eth_getBlockByNumber", "latest", False)
    genesis = parameters.genesis or Seconds(int(block["timestamp"], 16))
    return _Beginning(replace(parameters, genesis=genesis), int(block["number"], 16))


def _creations(parameters: Parameters, foreign_dollar: bool) -> Iterator[Creation]:
    named = asdict(parameters) | _ARGUMENTS
    for contract in CONTRACTS:
        if contract == "Dollar" and foreign_dollar:
            continue
        source = "TestDollar" if contract == "Dollar" else contract
        arguments = (named[argument] for argument, _ in artifact(source).constructor)
        yield creation(contract, source, *arguments)


def _wiring(deployer: Deployer) -> Iterator[Step]:
    for contract, view, setter, other in WIRING:
        address, wanted = deployer.addresses[contract], deployer.addresses[other]
        calldata = artifact(contract).function(setter, 1).encode((wanted,))
        call = Call(f"{contract}.{setter}({other})", address, calldata)
        yield Step(call, View(contract, address, view), _names(f"{contract}.{view}", wanted))


def _names(what: str, wanted: Address) -> Callable[[object], bool]:
    """Whether a contract that names nobody, or the wanted one, has been told. Raises Refused for a third."""

    def seen(current: object) -> bool:
        if current not in (NOBODY, wanted):
            raise Refused(f"{what} is {current}, not {wanted}; move the deployment's journal away")
        return current == wanted

    return seen
