"""Deploys the credit side to a network that has none yet: lending, exchange, leverage, composition.

Markets, oracles and vaults come later, from anybody: on a local network from surge.local.credit.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from coincurve import PrivateKey

from surge.chain.deploy.blueprint import blueprint_creation, pair_code_hash
from surge.chain.deploy.deployer import Creation, Deployer, creation
from surge.chain.network.artifacts import artifact
from surge.chain.network.book import CREDIT_CONTRACTS, AddressBook, CreditBook, check_book, save_book
from surge.chain.node.rpc import Rpc
from surge.model.units import Address

BLUEPRINT = "PairBlueprint"


def deploy_credit(
    book: AddressBook,
    key: PrivateKey,
    path: Path,
    *,
    exchange: Address | None = None,
    fee_recipient: Address | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> AddressBook:
    """Deploy the credit side of the network `book` and save its address book at `path`.

    key: pays the gas. exchange: a factory with Uniswap V2's interface that the Router is to use; without it
    one of our own is deployed. fee_recipient: of what reserves hold above their target (default: the key's
    account). A network that has its credit side is returned as it is. Raises what `Deployer` raises.
    """
    if book.credit is not None:
        return book
    rpc = Rpc(book.rpc_url)
    try:
        check_book(book, rpc)
        deployer = Deployer(rpc, key, credit_journal(path), together=False, tell=tell)
        if exchange:
            deployer.know({"Exchange": exchange})
        deployer.create(*credit_creations(fee_recipient or deployer.address, foreign=exchange is not None))
        tokens = {"TUSD": book.addresses["Dollar"], "SURGE": book.addresses["SurgeToken"]}
        return finish_credit(deployer, book, path, CreditBook(tokens=tokens))
    finally:
        rpc.close()


def credit_journal(path: Path) -> Path:
    """The journal of the credit side's deployment, beside the address book at `path`."""
    return path.with_suffix(".crediting")


def credit_creations(fee_recipient: Address, foreign: bool = False) -> list[Creation]:
    """The contracts in the order of their creation. foreign: the exchange is there already."""
    pair = artifact("Pair").bytecode
    own = [
        Creation(BLUEPRINT, lambda _: "0x" + blueprint_creation(pair).hex()),
        creation("Exchange", None, f"@{BLUEPRINT}"),
    ]
    return [
        creation("AdaptiveCurveIrm"),
        creation("Credit", None, fee_recipient),
        *([] if foreign else own),
        creation("Router", None, "@Exchange", bytes(32) if foreign else pair_code_hash(pair)),
        creation("Leverage", None, "@Credit", "@Router"),
        creation("Batch", None, "@Credit"),
    ]


def finish_credit(deployer: Deployer, book: AddressBook, path: Path, credit: CreditBook) -> AddressBook:
    """Write down what was built: from here on the network has a credit side."""
    found = {name: deployer.addresses[name] for name in CREDIT_CONTRACTS}
    book = replace(book, addresses=book.addresses | found, credit=credit)
    save_book(book, path)
    deployer.forget()
    return book
