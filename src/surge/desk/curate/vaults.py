"""A vault's rules: its caps, queues, allocation and fee, as its owner changes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from surge.chain.calls.curation import ACCEPTANCE, Cap, Rules, expired, of_vault
from surge.chain.node.sender import Call
from surge.credit.market import Token
from surge.credit.vault_view import VaultView
from surge.desk.amounts import Amount, units
from surge.desk.market import Market
from surge.desk.operation import Plan, operation
from surge.desk.vault import Vault
from surge.model.credit import MarketId
from surge.model.errors import BadInput
from surge.model.units import BPS, MAX_UINT256, NOBODY, WAD, Address, Seconds, Wad, parse_percent

if TYPE_CHECKING:
    from surge.chain.client import Chain


@dataclass(frozen=True, slots=True)
class CuratedVault:
    """A vault as its owner sees it. caps: of each market that it has or might have, in the order of `names`.

    worth: what it has there, in the asset's units.
    """

    view: VaultView
    rules: Rules
    names: dict[MarketId, str]
    caps: dict[MarketId, Cap]
    worth: dict[MarketId, int]
    idle: int
    now: Seconds

    @property
    def asset(self) -> Token:
        return self.view.asset

    def with_cap(self, id_: MarketId, cap: Cap) -> "CuratedVault":
        return replace(self, caps={**self.caps, id_: cap})

    def with_rules(self, rules: Rules) -> "CuratedVault":
        return replace(self, rules=rules)


class Curator:
    """`desk.curator(vault)`. Only its owner may, unless another one is told."""

    def __init__(self, chain: "Chain", vault: Vault, markets: Sequence[Market]) -> None:
        """markets: those of the address book, of which the vault may take more."""
        self.chain, self.vault, self._listed = chain, vault, markets

    def view(self, *more: MarketId) -> CuratedVault:
        """The vault's rules now. more: markets that it knows nothing of yet."""
        view, rules = self.vault.view, self.chain.curation.rules(self.vault.address)
        ids = list(dict.fromkeys([*rules.withdraw, *(one.id for one in self._listed), *more]))
        markets = self.chain.credit.market_views(ids, present=True)
        self.chain.credit.require(more, [one.id for one in markets])
        kept = {one.id: one for one in markets if one.loan == view.asset or one.id in more}
        caps = self.chain.curation.caps(self.vault.address, list(kept))
        return CuratedVault(
            view, rules, {id_: market.name for id_, market in kept.items()},
            dict(zip(kept, caps, strict=True)), {one.market.id: one.worth for one in view.markets}, view.idle,
            self.chain.now(),
        )  # fmt: skip

    # Caps

    @operation
    def submit_cap(self, market: Market, cap: Amount) -> Plan[CuratedVault]:
        """Propose a higher cap, or a new market: `submit_cap(desk.market("ETH/TUSD"), "100000")`. It holds
        when somebody accepts it after the timelock."""
        now = self._owned("raise a cap", market)
        if self.chain.credit.market_params([market.id])[0].loan_token != now.asset.address:
            raise BadInput(
                f"{market.name} lends another token than {now.asset.symbol}; choose a market that does"
            )
        old, new = now.caps[market.id], units(cap, now.asset)
        if new <= old.cap:
            raise BadInput(
                f"the cap of {market.name} is {now.asset.show(old.cap)} already; to lower it use `lower`"
            )
        due = Seconds(now.now + now.rules.timelock)
        after = now.with_cap(market.id, Cap(old.cap, new, due))
        wait = f"after its timelock of {now.rules.timelock} s" if now.rules.timelock else "at once"
        return self._plan(now, after, "submit_cap", market.id, new, notes=(f"it can be accepted {wait}",))

    @operation
    def accept_cap(self, market: Market) -> Plan[CuratedVault]:
        """Set a submitted cap after its timelock; anybody may. A new market comes last in both queues."""
        now = self.view(market.id)
        old = now.caps[market.id]
        if not old.valid_at:
            raise BadInput(f"no cap of {market.name} is pending; submit one first")
        if now.now < old.valid_at:
            raise BadInput(
                f"the timelock of the cap of {market.name} ends in {old.valid_at - now.now} s; accept it then"
            )
        if expired(old.valid_at, now.now):
            raise BadInput(
                f"the cap of {market.name} that is pending has expired, {ACCEPTANCE // 86_400} days after "
                "its timelock; submit it again"
            )
        rules = now.rules
        rules = replace(
            rules, withdraw=_with(rules.withdraw, market.id), supply=_with(rules.supply, market.id)
        )
        after = now.with_cap(market.id, Cap(old.pending, 0, Seconds(0))).with_rules(rules)
        return self._plan(now, after, "accept_cap", market.id)

    @operation
    def lower_cap(self, market: Market, cap: Amount) -> Plan[CuratedVault]:
        """Set a lower cap at once, and drop a pending one. To 0 the guardian may, too."""
        now = self.view(market.id)
        old, new = now.caps[market.id], units(cap, now.asset)
        self._require(now, "lower a cap", guardian=not new)
        if new > old.cap:
            raise BadInput(f"the cap of {market.name} is {now.asset.show(old.cap)}; to raise it use `submit`")
        after = now.with_cap(market.id, Cap(new, 0, Seconds(0)))
        return self._plan(now, after, "lower_cap", market.id, new)

    @operation
    def revoke_cap(self, market: Market) -> Plan[CuratedVault]:
        """Drop a pending cap; the guardian may, too."""
        now = self.view(market.id)
        self._require(now, "drop a pending cap", guardian=True)
        old = now.caps[market.id]
        if not old.valid_at:
            raise BadInput(f"no cap of {market.name} is pending, so there is nothing to drop")
        after = now.with_cap(market.id, Cap(old.cap, 0, Seconds(0)))
        return self._plan(now, after, "revoke_cap", market.id)

    # Queues

    @operation
    def supply_queue(self, markets: Sequence[Market]) -> Plan[CuratedVault]:
        """Where deposits go, in this order: markets with a cap."""
        now, ids = self._owned("set a queue"), _distinct(markets)
        for one in markets:
            if one.id not in now.caps or not now.caps[one.id].cap:
                raise BadInput(f"{one.name} has no cap in this vault; submit and accept one first")
        after = now.with_rules(replace(now.rules, supply=ids))
        return self._plan(now, after, "set_supply_queue", list(ids))

    @operation
    def withdraw_queue(self, markets: Sequence[Market]) -> Plan[CuratedVault]:
        """Where withdrawals come from, in this order. What is left out must have no cap and hold nothing."""
        now, ids = self._owned("set a queue"), _distinct(markets)
        for one in markets:
            if one.id not in now.rules.withdraw:
                raise BadInput(f"{one.name} is no market of this vault; submit and accept a cap first")
        for id_ in now.rules.withdraw:
            if id_ not in ids and (now.caps[id_].cap or now.worth.get(id_, 0)):
                raise BadInput(
                    f"{now.names[id_]} has a cap of {now.asset.show(now.caps[id_].cap)} and holds "
                    f"{now.asset.show(now.worth.get(id_, 0))}, so it stays in the queue; lower the cap to 0 "
                    "and move what it holds first"
                )
        rules = replace(now.rules, withdraw=ids, supply=tuple(id_ for id_ in now.rules.supply if id_ in ids))
        return self._plan(now, now.with_rules(rules), "set_withdraw_queue", list(ids))

    # Money

    @operation
    def reallocate(self, wanted: Mapping[Market, Amount]) -> Plan[CuratedVault]:
        """Bring each market to so much: `reallocate({desk.market("ETH/TUSD"): "400000"})`. First what is too
        much becomes idle, then what is idle fills up; `max` takes all that is idle then."""
        now = self._owned("reallocate")
        if not wanted:
            raise BadInput("name markets and what each shall hold, such as ETH/TUSD=400000")
        idle, worth = now.idle, dict(now.worth)
        given = {one: units(amount, now.asset, lambda: MAX_UINT256) for one, amount in wanted.items()}
        for one, amount in given.items():
            if one.id not in now.rules.withdraw:
                raise BadInput(f"{one.name} is no market of this vault; submit and accept a cap first")
            idle += max(worth.get(one.id, 0) - amount, 0)
            worth[one.id] = min(worth.get(one.id, 0), amount)
        for one, amount in given.items():
            more = idle if amount == MAX_UINT256 else amount - worth[one.id]
            if more > idle:
                raise BadInput(
                    f"{one.name} lacks {now.asset.show(more)}, and {now.asset.show(idle)} are idle by then; "
                    "take more out of other markets"
                )
            if more and worth[one.id] + more > now.caps[one.id].cap:
                raise BadInput(
                    f"{one.name} would hold {now.asset.show(worth[one.id] + more)}, above its cap of "
                    f"{now.asset.show(now.caps[one.id].cap)}; submit a higher one, or move less there"
                )
            idle, worth[one.id] = idle - more, worth[one.id] + more
        allocations = [(one.id, amount) for one, amount in given.items()]
        return self._plan(now, replace(now, idle=idle, worth=worth), "reallocate", allocations)

    @operation
    def fee(self, part: str, recipient: Address | None = None) -> Plan[CuratedVault]:
        """The fee on gains from now on, at most 50%: `fee("10%", address)`."""
        now = self._owned("set the fee")
        fee = Wad(parse_percent(part, "fee") * WAD // BPS)
        if fee > WAD // 2:
            raise BadInput(f"a fee of {part} is above 50% of the gains; name at most 50%")
        to = recipient or (
            now.rules.fee_recipient if now.rules.fee_recipient != NOBODY else self.chain.address
        )
        after = now.with_rules(replace(now.rules, fee=fee, fee_recipient=to))
        return self._plan(now, after, "set_fee", fee, to)

    @operation
    def collect(self) -> Plan[CuratedVault]:
        """Mint the fee on gains so far to its recipient; anybody may."""
        now = self.view()
        if not now.rules.fee:
            raise BadInput(f"{self.vault.name} takes no fee, so there is nothing to collect")
        note = f"mints shares for the gains so far to {now.rules.fee_recipient}"
        return self._plan(now, now, "accrue_fee", notes=(note,))

    def _plan(
        self, now: CuratedVault, after: CuratedVault, name: str, *given: object, notes: tuple[str, ...] = ()
    ) -> Plan[CuratedVault]:
        call: Call = of_vault(f"{name} of {self.vault.name}", self.vault.address, name, *given)
        more = [id_ for id_ in now.caps if id_ not in now.rules.withdraw]
        return Plan(now, after, (call,), lambda _: self.view(*more), notes)

    def _owned(self, verb: str, *markets: Market) -> CuratedVault:
        now = self.view(*(one.id for one in markets))
        self._require(now, verb)
        return now

    def _require(self, now: CuratedVault, verb: str, *, guardian: bool = False) -> None:
        me, rules = self.chain.address, now.rules
        if me == rules.owner or (guardian and me == rules.guardian):
            return
        who = f"its owner {rules.owner}"
        if guardian and rules.guardian != NOBODY:
            who += f" or its guardian {rules.guardian}"
        raise BadInput(
            f"only {who} may {verb} of {self.vault.name}, and this account is {me}; use that wallet"
        )


def _with(queue: tuple[MarketId, ...], id_: MarketId) -> tuple[MarketId, ...]:
    return queue if id_ in queue else (*queue, id_)


def _distinct(markets: Sequence[Market]) -> tuple[MarketId, ...]:
    ids = tuple(one.id for one in markets)
    if len(set(ids)) != len(ids):
        raise BadInput("a market stands twice in the queue; name each once")
    return ids
