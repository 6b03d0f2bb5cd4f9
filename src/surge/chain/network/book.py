"""The address book: which chain, which contracts, which parameters. One JSON file, safe to publish."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from surge.chain.network.edited import Names, check_address, check_credit, check_names, check_twice, names_of
from surge.chain.node.fees import MOST_FEE_GWEI
from surge.chain.node.rpc import Rpc, RpcError
from surge.model.credit import MarketParams
from surge.model.errors import CorruptState, NoNetwork
from surge.model.typed import Domain
from surge.model.units import SURGE_DECIMALS, Address, Bps, MicroUsd, Seconds, Wei
from surge.store.files import write_atomically

CONTRACTS = ("SurgeToken", "Dollar", "Registry", "Market", "Rewards")
CREDIT_CONTRACTS = ("Credit", "AdaptiveCurveIrm", "Exchange", "Router", "Leverage", "Batch")
"""The credit side; a network may be without it."""
DAY = 86_400
HOUR = 3_600
_SURGE = 10**SURGE_DECIMALS


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a network is deployed with; it never changes afterwards.

    Units: reservation_price millionths of a dollar per slot-second; start_price and floor_price wei of
    SURGE per dollar; halving_epochs in epochs; genesis in chain seconds, set when it is deployed.
    """

    stake_per_slot: Wei
    unbonding_seconds: Seconds
    fee_bps: Bps
    reservation_price: int
    grace_seconds: Seconds
    max_lease_seconds: Seconds
    epoch_seconds: Seconds
    genesis: Seconds
    genesis_supply: Wei
    first_epoch_mint: Wei
    halving_epochs: int
    kappa_bps: Bps
    start_price: Wei
    start_multiple: int
    floor_price: Wei
    step_seconds: Seconds
    hold_seconds: Seconds
    min_pot: MicroUsd


PUBLIC = Parameters(
    stake_per_slot=Wei(1_000 * _SURGE),
    unbonding_seconds=Seconds(7 * DAY),
    fee_bps=Bps(500),
    reservation_price=1,
    grace_seconds=Seconds(HOUR),
    max_lease_seconds=Seconds(4 * DAY),
    epoch_seconds=Seconds(DAY),
    genesis=Seconds(0),
    genesis_supply=Wei(100_000_000 * _SURGE),
    first_epoch_mint=Wei(68_493 * _SURGE),
    halving_epochs=730,
    kappa_bps=Bps(8_000),
    start_price=Wei(20 * _SURGE),
    start_multiple=2,
    floor_price=Wei(_SURGE // 10**6),
    step_seconds=Seconds(HOUR),
    hold_seconds=Seconds(DAY),
    min_pot=MicroUsd(10_000_000),
)
"""For a public chain. Unbonding covers the longest lease, grace and a dispute of two days.

The first auction expects a dollar to be worth ten SURGE, and opens at twice that: too low a start is made up
for in some auctions, each of which may sell at twice the last price; too high a one costs a hold a halving.
"""

LOCAL = replace(
    PUBLIC,
    stake_per_slot=Wei(100 * _SURGE),
    unbonding_seconds=Seconds(2 * DAY),
    grace_seconds=Seconds(600),
    max_lease_seconds=Seconds(DAY),
    epoch_seconds=Seconds(HOUR),
    first_epoch_mint=Wei(68_493 * _SURGE // 24),
    halving_epochs=730 * 24,
    step_seconds=Seconds(60),
    hold_seconds=Seconds(HOUR),
    min_pot=MicroUsd(1),
)
"""For a local network: the same economy, in hours instead of days."""


@dataclass(frozen=True, slots=True)
class CreditBook:
    """What the credit side has besides its contracts, by the names that people use.

    tokens and feeds by symbol ("ETH"; feeds give dollars a token); oracles and markets by
    "collateral/loan" ("ETH/TUSD"); pairs and rival_pairs by the two symbols ("ETH/TUSD"); vaults by name.
    rival and rival_router: a second exchange with prices of its own, on a local network.
    """

    tokens: dict[str, Address] = field(default_factory=dict)
    feeds: dict[str, Address] = field(default_factory=dict)
    oracles: dict[str, Address] = field(default_factory=dict)
    markets: dict[str, MarketParams] = field(default_factory=dict)
    pairs: dict[str, Address] = field(default_factory=dict)
    vaults: dict[str, Address] = field(default_factory=dict)
    rival: Address | None = None
    rival_router: Address | None = None
    rival_pairs: dict[str, Address] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddressBook:
    """`block`: where the first contract was deployed; no event of the network is older.

    credit: None on a network without the credit side. local: made by `surge up`, worth nothing: its keys are
    thrown away, and its programs are reached on this machine alone. Where its node is says nothing of that.
    most_fee_gwei: per gas, the most that a transaction may pay, whatever the node says.
    """

    name: str
    chain_id: int
    rpc_url: str = field(repr=False)  # it may carry an access key
    addresses: dict[str, Address]
    parameters: Parameters
    block: int
    credit: CreditBook | None = None
    local: bool = False
    most_fee_gwei: int = MOST_FEE_GWEI

    @property
    def contracts(self) -> tuple[str, ...]:
        """The names of the network's contracts, in the order of their deployment."""
        return CONTRACTS if self.credit is None else CONTRACTS + CREDIT_CONTRACTS

    def address(self, contract: str) -> Address:
        return self.addresses[contract]

    @property
    def domain(self) -> Domain:
        """What every signature of this network is bound to."""
        return Domain(self.chain_id, self.addresses["Market"])

    def at(self, rpc_url: str) -> "AddressBook":
        """The same network behind another RPC address."""
        return replace(self, rpc_url=rpc_url)


_NAMES: Names = {
    "the book": names_of(AddressBook),
    "addresses": CONTRACTS + CREDIT_CONTRACTS,
    "parameters": names_of(Parameters),
    "credit": names_of(CreditBook),
    "a market": names_of(MarketParams),
}


def save_book(book: AddressBook, path: Path) -> None:
    """Replace the file at `path` whole."""
    content = msgspec.json.format(msgspec.json.encode(book), indent=2)
    write_atomically(path, content + b"\n", 0o644)


def load_book(path: Path) -> AddressBook:
    """Raises NoNetwork (no such file) and CorruptState (unreadable, of another version, a bad address, a name
    that means nothing)."""
    if not path.exists():
        raise NoNetwork(f"there is no address book at {path}; start a local network with `surge up`")
    try:
        written = path.read_bytes()
        content = msgspec.json.decode(written)
        check_twice(written, path)
        check_names(content, _NAMES, path)
        book = msgspec.convert(content, AddressBook)
    except msgspec.ValidationError as error:
        raise CorruptState(
            f"the address book {path} is of another version, or damaged ({error}), and was left as it is; "
            "take the one of this version's deployment, or move its folder away and begin with `surge up`"
        ) from error
    except msgspec.DecodeError as error:
        raise CorruptState(
            f"the address book {path} is damaged ({error}) and was left as it is; restore it from a backup"
        ) from error
    for contract in book.contracts:
        check_address(contract, book.addresses.get(contract, ""), path)
    if book.credit:
        check_credit(_listed(book.credit), book.credit.markets, path)
    return book


def _listed(credit: CreditBook) -> dict[str, dict[str, Address]]:
    places = ("tokens", "feeds", "oracles", "pairs", "vaults", "rival_pairs")
    lone = {name: getattr(credit, name) for name in ("rival", "rival_router") if getattr(credit, name)}
    return {place: getattr(credit, place) for place in places} | {"credit": lone}


def check_book(book: AddressBook, rpc: Rpc) -> None:
    """Raises NoNetwork when the node is of another chain, or has no code where a contract should be."""
    chain_id, *codes = rpc.batch(
        [("eth_chainId", []), *(("eth_getCode", [str(book.addresses[c]), "latest"]) for c in book.contracts)]
    )
    for answer in (chain_id, *codes):
        if isinstance(answer, RpcError):
            raise answer
    if int(chain_id, 16) != book.chain_id:
        raise NoNetwork(
            f"the node at {rpc.where} is of chain {int(chain_id, 16)}, but the network {book.name} is on "
            f"chain {book.chain_id}; correct rpc_url in its address book, or choose another --network"
        )
    for contract, code in zip(book.contracts, codes, strict=True):
        if code == "0x":
            raise NoNetwork(
                f"there is no {contract} at {book.addresses[contract]} on the chain at {rpc.where}; it is "
                f"another chain, or lost its state: check the address book of {book.name}, or deploy again"
            )
