"""Lending markets on the chain: what they hold, who has what in them, and the calls that change it.

Reads give views of one moment, taken in two requests however many they are: the moment itself, then
everything at its block. The interest up to that moment comes from the integer twins. Of the rate models only
the network's own has one; what any other says to Credit is asked in a third request.
"""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import Any

from surge.chain.calls.tokens import Tokens
from surge.chain.network.book import CreditBook
from surge.chain.network.connection import Connection, View
from surge.chain.node.revert import as_error
from surge.chain.node.sender import Call
from surge.credit import interest
from surge.credit.market import MarketView, PositionView, Token
from surge.model.credit import MarketId, MarketParams, MarketState, Position, market_id
from surge.model.errors import BadInput
from surge.model.signature import checksum
from surge.model.units import MAX_UINT256, NOBODY, Address, Seconds

ALL = MAX_UINT256
"""As the most to repay in a liquidation: all that is allowed."""
ID_DIGITS = 10
"""Of its id, in the name of a market that the address book doesn't have."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A block to read at, and the chain's seconds to which interest counts."""

    block: str
    now: Seconds


class Credit:
    """`chain.credit`. Writes are made as calls: `chain.send(chain.credit.supplying(params, assets))`.

    All errors: BadInput (no such market, no credit side), Reverted with the contract's reason, NoNetwork.
    """

    def __init__(self, at: Connection, tokens: Tokens) -> None:
        self._at, self._tokens = at, tokens

    # Markets

    def market_params(self, wanted: Sequence[MarketId]) -> list[MarketParams]:
        """What makes these markets. Raises BadInput for an id that no market has."""
        known = self._known
        new = [each for each in dict.fromkeys(wanted) if each not in known]
        for id_, found in zip(
            new, self._at.look([self._credit("params_of", id_) for id_ in new]), strict=True
        ):
            params = params_from(found)
            if params.loan_token == NOBODY:
                raise BadInput(
                    f"there is no market 0x{id_.hex()} on {self._at.book.name}; "
                    "`surge credit markets` lists them"
                )
            known[id_] = params
        return [known[each] for each in wanted]

    def created_markets(self) -> list[MarketId]:
        """Every market that anybody created, oldest first. Anybody may: only those of the address book are
        vouched for by it."""
        return [
            MarketId(bytes.fromhex(event.members["id"][2:])) for event in self._at.events("MarketCreated")
        ]

    def market_views(
        self, wanted: Sequence[MarketId], at: int | None = None, *, present: bool = False
    ) -> list[MarketView]:
        """How these markets are: now (as a transaction would find them), or after the block `at`. present:
        only those that the chain has; otherwise raises BadInput for another one."""
        return self.views(wanted, (), self.moment(at), present=present)[0]

    def position_views(
        self, wanted: Sequence[tuple[MarketId, Address]], at: int | None = None, *, present: bool = False
    ) -> list[PositionView]:
        """What accounts have in markets: now, or after the block `at`. present: likewise."""
        return self.views([id_ for id_, _ in wanted], wanted, self.moment(at), present=present)[1]

    def position_view(self, id_: MarketId, account: Address, at: int | None = None) -> PositionView:
        return self.position_views([(id_, account)], at)[0]

    def authorised(self, owner: Address, actor: Address) -> bool:
        """Whether `actor` may borrow, withdraw and take collateral out in the name of `owner`."""
        return owner == actor or bool(self._at.read("Credit", "is_authorized", owner, actor))

    # Calls: on_behalf is this account unless another one is named; exactly one of assets and shares

    def creating(self, params: MarketParams) -> Call:
        return self._at.call("creating a market", "Credit", "create_market", astuple(params))

    def supplying(
        self, params: MarketParams, assets: int, shares: int = 0, *, on_behalf: Address | None = None,
        payload: bytes = b"",
    ) -> Call:  # fmt: skip
        account = on_behalf or self._at.address
        return self._on(params, "supplying", "supply", assets, shares, account, payload)

    def withdrawing(
        self, params: MarketParams, assets: int, shares: int = 0, *, on_behalf: Address | None = None
    ) -> Call:
        account = on_behalf or self._at.address
        return self._on(params, "withdrawing", "withdraw", assets, shares, account, self._at.address)

    def borrowing(
        self, params: MarketParams, assets: int, shares: int = 0, *, on_behalf: Address | None = None
    ) -> Call:
        account = on_behalf or self._at.address
        return self._on(params, "borrowing", "borrow", assets, shares, account, self._at.address)

    def repaying(
        self, params: MarketParams, assets: int, shares: int = 0, *, on_behalf: Address | None = None,
        payload: bytes = b"",
    ) -> Call:  # fmt: skip
        account = on_behalf or self._at.address
        return self._on(params, "repaying", "repay", assets, shares, account, payload)

    def adding_collateral(
        self, params: MarketParams, assets: int, *, on_behalf: Address | None = None, payload: bytes = b""
    ) -> Call:
        account = on_behalf or self._at.address
        return self._on(params, "adding collateral", "add_collateral", assets, account, payload)

    def removing_collateral(
        self, params: MarketParams, assets: int, *, on_behalf: Address | None = None
    ) -> Call:
        account = on_behalf or self._at.address
        return self._on(params, "removing collateral", "remove_collateral", assets, account, self._at.address)

    def liquidating(
        self, params: MarketParams, borrower: Address, most: int = ALL, payload: bytes = b"",
        min_seized: int = 0,
    ) -> Call:  # fmt: skip
        """most: of the loan token to repay. min_seized: the least collateral for it."""
        return self._on(
            params, f"liquidating {borrower}", "liquidate", borrower, most, 0, payload, min_seized
        )

    def poking(self, params: MarketParams, account: Address) -> Call:
        """Say aloud, by an event, that a position is in the margin zone or past it."""
        return self._on(params, f"poking {account}", "poke", account)

    def accruing(self, params: MarketParams) -> Call:
        return self._on(params, "accruing interest", "accrue")

    def collecting(self, params: MarketParams) -> Call:
        return self._on(params, "collecting the reserve's surplus", "collect")

    def authorising(self, actor: Address, allowed: bool = True) -> Call:
        verb = "authorising" if allowed else "withdrawing the authorisation of"
        return self._at.call(f"{verb} {actor}", "Credit", "authorize", actor, allowed)

    # Views

    def views(
        self, markets: Sequence[MarketId], accounts: Sequence[tuple[MarketId, Address]], moment: Moment,
        *, present: bool = False,
    ) -> tuple[list[MarketView], list[PositionView]]:  # fmt: skip
        """Markets, and what accounts have in them, all at one moment. present: see `market_views`."""
        ids = list(dict.fromkeys(markets))
        params = dict(zip(ids, self.market_params(ids), strict=True))
        tokens = self._tokens.of([t for p in params.values() for t in (p.loan_token, p.collateral_token)])
        views = [view for id_ in ids for view in self._market_reads(id_, params[id_])]
        views += [self._credit("position", id_, account) for id_, account in accounts]
        found = self._at.look(views, moment.block)
        each = len(views) - len(accounts)
        reads = {id_: found[4 * i : 4 * i + 4] for i, id_ in enumerate(ids) if found[4 * i][-1]}
        if not present:
            self.require(ids, reads)
        foreign = [id_ for id_ in reads if not self._has_twin(params[id_])]
        asked = [self._rate(id_, params[id_], MarketState(*reads[id_][0]), moment) for id_ in foreign]
        rates = dict(zip(foreign, self._at.look(asked, moment.block), strict=True))
        markets_found = {
            id_: self._market(id_, params[id_], tokens, read, rates.get(id_) or 0).at(moment.now)
            for id_, read in reads.items()
        }
        positions = [
            PositionView(markets_found[id_], account, Position(*held))
            for (id_, account), held in zip(accounts, found[each:], strict=True)
            if id_ in reads
        ]
        return [markets_found[id_] for id_ in markets if id_ in reads], positions

    def absent(self, views: Sequence[MarketView]) -> list[str]:
        """A sentence for each market of the address book that is not among these: the chain has none of its
        parameters."""
        there = {view.id for view in views}
        return [self._absence(id_) for id_ in self._names if id_ not in there]

    def require(self, wanted: Sequence[MarketId], there: Collection[MarketId]) -> None:
        """Raises BadInput for what is wanted and not there: the chain has no such market."""
        for id_ in wanted:
            if id_ not in there:
                raise BadInput(self._absence(id_))

    def _absence(self, id_: MarketId) -> str:
        name = self._names.get(id_, f"0x{id_.hex()}")
        return (
            f"the chain has no market of the parameters of {name!r}: its entry in the address book of "
            f"{self._at.book.name} was edited; correct it, or list the market again (`surge book add market "
            "… --replace`)"
        )

    def _market_reads(self, id_: MarketId, params: MarketParams) -> list[View]:
        """Four: state, both prices, and what the interest up to now comes from: the rate that the network's
        adaptive model aims from, or Credit's own word."""
        credit = self._credit_address
        aims = View("AdaptiveCurveIrm", params.irm, "rate_at_target", (credit, id_), may_fail=True)
        accrued = View("Credit", credit, "accrued", (astuple(params),), may_fail=True)
        return [
            self._credit("market", id_),
            View("OracleGuard", params.oracle, "price", may_fail=True),
            View("OracleGuard", params.oracle, "borrow_price", may_fail=True),
            aims if self._has_twin(params) else accrued,
        ]

    def _has_twin(self, params: MarketParams) -> bool:
        """Another model may answer all that the adaptive one does, and mean something else by it."""
        return params.irm == self._at.book.addresses["AdaptiveCurveIrm"]

    def _rate(self, id_: MarketId, params: MarketParams, stored: MarketState, moment: Moment) -> View:
        """What a model answers Credit: an average since the market's last update."""
        totals = interest.owed(stored), stored.supply_assets, moment.now - stored.last_update
        asked, credit = (id_, *totals), self._credit_address
        return View("AdaptiveCurveIrm", params.irm, "borrow_rate_view", asked, credit, may_fail=True)

    def _market(
        self, id_: MarketId, params: MarketParams, tokens: dict[Address, Token], found: list[Any], rate: int
    ) -> MarketView:
        """As of its last update, or with the interest that Credit says. rate: 0 of a model that gives none:
        no call of its market goes through, and a list shows the others all the same."""
        stored, priced, lent_by, said = found
        price, safe = (priced or (0,))[0], bool(lent_by and lent_by[0] and lent_by[1])
        target, accrued = (said, None) if self._has_twin(params) else (None, said)
        state = MarketState(*(accrued or stored))
        return MarketView(
            id_, params, tokens[params.loan_token], tokens[params.collateral_token], state,
            rate, target, price or None, safe, state.last_update, lent_by[0] if lent_by and safe else None,
            self.market_name(params),
        )  # fmt: skip

    def moment(self, at: int | None) -> Moment:
        """Now (the second that a transaction sent now would see), or after the block `at`."""
        self._at.check()
        if at is not None:
            block = self._at.rpc.block(at)
            return Moment(hex(at), Seconds(int(block["timestamp"], 16)))
        latest, pending = self._at.rpc.batch(
            [("eth_getBlockByNumber", ["latest", False]), ("eth_getBlockByNumber", ["pending", False])]
        )
        newest = as_error(latest, "reading the chain's time", "")
        coming = pending if isinstance(pending, dict) else newest  # not every node shows the pending block
        now = max(int(newest["timestamp"], 16), int(coming["timestamp"], 16))
        return Moment(newest["number"], Seconds(now))

    def _credit(self, name: str, *arguments: Any) -> View:
        return View("Credit", self._credit_address, name, arguments)

    def _on(self, params: MarketParams, what: str, name: str, *arguments: Any) -> Call:
        return self._at.call(
            f"{what} in {self.market_name(params)}", "Credit", name, astuple(params), *arguments
        )

    def market_name(self, params: MarketParams) -> str:
        """A market's name as people write it: the address book's; of another market its pair, and the
        beginning of its id."""
        id_ = market_id(params)
        return self._names.get(id_) or f"{self.pair_name(params)} 0x{id_.hex()[:ID_DIGITS]}"

    def pair_name(self, params: MarketParams) -> str:
        """A market's two tokens: collateral/loan."""
        tokens = self._tokens.of([params.collateral_token, params.loan_token])
        return f"{tokens[params.collateral_token].symbol}/{tokens[params.loan_token].symbol}"

    @property
    def book(self) -> CreditBook:
        """The credit side of the address book. Raises BadInput when the network has none."""
        if self._at.book.credit is None:
            raise BadInput(
                f"the network {self._at.book.name} has no credit side; a local one gets it with `surge up`, "
                "or choose another --network"
            )
        return self._at.book.credit

    @property
    def _credit_address(self) -> Address:
        return self._at.book.addresses["Credit"] if self.book else NOBODY

    @cached_property
    def _known(self) -> dict[MarketId, MarketParams]:
        return {market_id(params): params for params in self.book.markets.values()}

    @cached_property
    def _names(self) -> dict[MarketId, str]:
        return {market_id(params): name for name, params in self.book.markets.items()}


def params_from(values: Sequence[Any]) -> MarketParams:
    """Market parameters from the contract's struct."""
    loan, collateral, oracle, irm = (checksum(bytes.fromhex(address[2:])) for address in values[:4])
    return MarketParams(loan, collateral, oracle, irm, *values[4:])
