"""What an operator reads and calls: a vault's rules, an oracle's sources, a feed's answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import Connection, View
from surge.chain.node.sender import Call
from surge.model.credit import MarketId
from surge.model.signature import checksum
from surge.model.units import Address, Seconds, Wad

ACCEPTANCE = 14 * 86_400
"""Seconds in which what was submitted can be accepted, after its timelock: rules.vy's ACCEPTANCE."""
_RULES = ("owner", "guardian", "pending_guardian", "TIMELOCK", "fee", "fee_recipient", "queues")


@dataclass(frozen=True, slots=True)
class Cap:
    """Of one market in a vault, in the asset's units. pending: submitted, good from `valid_at` on, or 0."""

    cap: int
    pending: int
    valid_at: Seconds


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may change what of a vault. submitted: the next guardian, good from `guardian_at` on, or NOBODY.

    supply, withdraw: its queues.
    """

    owner: Address
    guardian: Address
    submitted: Address
    guardian_at: Seconds
    timelock: Seconds
    fee: Wad
    fee_recipient: Address
    supply: tuple[MarketId, ...]
    withdraw: tuple[MarketId, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What an OracleGuard was made for; pair: its second source, NOBODY if it has none."""

    collateral: Address
    loan: Address
    pair: Address


def expired(valid_at: Seconds, now: Seconds) -> bool:
    """Whether what can be accepted from `valid_at` on (0: nothing is pending) no longer can."""
    return 0 < valid_at < now - ACCEPTANCE


class Curation:
    """`chain.curation`. All errors: NoNetwork, Reverted."""

    def __init__(self, at: Connection) -> None:
        self._at = at

    def rules(self, vault: Address) -> Rules:
        owner, guardian, (submitted, due), timelock, fee, recipient, (supply, withdraw) = self._at.look(
            [View("Vault", vault, name) for name in _RULES]
        )
        queues = (tuple(MarketId(id_) for id_ in queue) for queue in (supply, withdraw))
        named = checksum(bytes.fromhex(submitted[2:]))
        return Rules(owner, guardian, named, Seconds(due), Seconds(timelock), Wad(fee), recipient, *queues)

    def caps(self, vault: Address, markets: Sequence[MarketId]) -> list[Cap]:
        """Of these markets, whether or not the vault has them."""
        asked = [View("Vault", vault, name, (id_,)) for name in ("cap", "pending_cap") for id_ in markets]
        found = self._at.look(asked)
        pairs = zip(found[: len(markets)], found[len(markets) :], strict=True)
        return [Cap(cap, pending[0], Seconds(pending[1])) for cap, pending in pairs]

    def credit_of(self, vault: Address) -> Address | None:
        """The Credit that a vault lends through; None when there is no vault at this address."""
        (found,) = self._at.look([View("Vault", vault, "CREDIT", may_fail=True)])
        return Address(found) if found else None

    def price(self, oracle: Address) -> tuple[int, bool] | None:
        """Collateral in loan units by 1e36, and whether it is safe; None while it gives none."""
        (found,) = self._at.look([View("OracleGuard", oracle, "price", may_fail=True)])
        return None if found is None else (int(found[0]), bool(found[1]))

    def sources(self, oracle: Address) -> Sources | None:
        """None for an oracle of another kind."""
        names = ("COLLATERAL_TOKEN", "LOAN_TOKEN", "PAIR")
        found = self._at.look([View("OracleGuard", oracle, name, may_fail=True) for name in names])
        return None if None in found else Sources(*found)

    def answer(self, feed: Address) -> tuple[int, int] | None:
        """What a price feed says now, and its decimals; None when it says nothing."""
        names = ("latestRoundData", "decimals")
        found, decimals = self._at.look([View("PriceFeed", feed, name, may_fail=True) for name in names])
        return None if found is None or decimals is None else (int(found[1]), int(decimals))

    def has_rates(self, model: Address) -> bool:
        """Whether a rate model says a rate for a market that nobody has used."""
        asked = (bytes(32), 0, 0, 0)
        credit = self._at.book.addresses["Credit"]
        view = View("AdaptiveCurveIrm", model, "borrow_rate_view", asked, caller=credit, may_fail=True)
        return self._at.look([view])[0] is not None

    def has_code(self, address: Address) -> bool:
        return bool(self._at.rpc.call("eth_getCode", address, "latest") != "0x")


def of_vault(what: str, vault: Address, name: str, *arguments: Any) -> Call:
    """A call of a vault's rules."""
    return Call(what, vault, artifact("Vault").function(name, len(arguments)).encode(arguments))


def creating(what: str, contract: str, *arguments: Any) -> Call:
    """A transaction that creates a shipped contract."""
    return Call(what, None, artifact(contract).creation(arguments))


def guard_config(**named: Any) -> tuple[Any, ...]:
    """OracleGuard's Config, in the order of its ABI."""
    from surge.chain.network.artifacts import interface

    (constructor,) = (one for one in interface("OracleGuard") if one["type"] == "constructor")
    return tuple(named[member["name"]] for member in constructor["inputs"][0]["components"])
