"""Create what others use: a market, its oracle, a vault. Each is shown before it is sent."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from surge.chain.calls.curation import creating, guard_config
from surge.chain.node.sender import Sent
from surge.credit import usual
from surge.credit.price import scaled, whole
from surge.desk.amounts import Amount, units
from surge.desk.curate.lookup import Lookup, free_name
from surge.desk.operation import Plan, operation
from surge.model.credit import MarketParams, market_id
from surge.model.errors import BadInput
from surge.model.units import BPS, NOBODY, WAD, Address, Wad, parse_decimal, parse_percent

if TYPE_CHECKING:
    from surge.chain.client import Chain

MAX_NAME, MAX_SYMBOL = 25, 5
MAX_TIMELOCK = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Created:
    """What is created: place is its address, or a market's id; "" before an address is known.

    facts: what it will be, for people; warnings: what to know before. entry: a name that is free for it in
    the address book.
    """

    kind: str
    name: str
    place: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...] = ()
    entry: str = ""

    def made(self, sent: Sent) -> "Created":
        """The same, with the address of the contract that was left behind."""
        return replace(self, place=sent.contract or self.place)


class Creator:
    """`desk.creator`. Tokens by symbol or address; ratios in per cent with their sign."""

    def __init__(self, chain: "Chain") -> None:
        self.chain, self._lookup = chain, Lookup(chain)

    @operation
    def market(
        self, collateral: str, loan: str, oracle: str, *, max_ltv: str, lltv: str, min_debt: Amount,
        target_health: str = usual.TARGET_HEALTH, reserve_factor: str = usual.RESERVE_FACTOR,
        irm: str | None = None, single_source: bool = False,
    ) -> Plan[Created]:  # fmt: skip
        """A market that anybody may use, and nobody can change: `market("ETH", "TUSD", "0x…", max_ltv="70%",
        lltv="80%", min_debt="10")`.

        single_source: lend a token whose price moves, although the oracle has no second source.
        """
        tokens = self._lookup.tokens(collateral, loan)
        token, lent = tokens
        at = self._lookup.oracle(oracle, tokens)
        model = self.chain.book.addresses["AdaptiveCurveIrm"] if irm is None else self._lookup.rate_model(irm)
        params = MarketParams(
            lent.address, token.address, at, model, _wad(max_ltv, "max LTV"), _wad(lltv, "LLTV"),
            Wad(parse_decimal(target_health, 18, "target health")), units(min_debt, lent),
            _wad(reserve_factor, "reserve factor"),
        )  # fmt: skip
        id_ = market_id(params)
        if id_ in self.chain.credit.created_markets():
            raise BadInput(f"this very market exists already: 0x{id_.hex()}; use it, or change a parameter")
        price, warnings = self._lookup.price(at, tokens)
        sources = self.chain.curation.sources(at)
        warnings += self._lookup.one_source(lent, sources is None or sources.pair != NOBODY, single_source)
        if sources is None:
            warnings += ("the oracle is no OracleGuard of this version: read its source before you go on",)
        facts = (
            ("collateral", f"{token.symbol}, {token.address}"),
            ("loan", f"{lent.symbol}, {lent.address}"),
            ("price now", f"{price} {lent.symbol} for 1 {token.symbol}"),
            ("oracle", at),
            ("rate model", model),
            ("max LTV", max_ltv),
            ("LLTV", lltv),
            ("target health", target_health),
            ("least debt", lent.show(params.min_debt)),
            ("reserve factor", reserve_factor),
        )
        name = f"{token.symbol}/{lent.symbol}"
        entry = free_name(name, self.chain.credit.book.markets)
        after = Created("market", name, f"0x{id_.hex()}", facts, warnings, entry)
        call = self.chain.credit.creating(params)
        return Plan(replace(after, place=""), after, (call,), after.made)

    @operation
    def oracle(
        self, collateral: str, loan: str, *, min_price: str, max_price: str, base_feed: str | None = None,
        quote_feed: str | None = None, max_age: int = usual.MAX_AGE, quote_max_age: int | None = None,
        second_source: str | None = None, window: int = usual.WINDOW, longest: int | None = None,
        max_deviation: str = usual.MAX_DEVIATION, single_source: bool = False,
    ) -> Plan[Created]:  # fmt: skip
        """An OracleGuard of two feeds in dollars, and a pool as the second source.

        min_price, max_price: whole loan tokens for one whole collateral token. Feeds: by address, or the
        address book's of a symbol (by default, of the two tokens); a `quote_feed` of "none" takes the loan
        token for a dollar. max_age: seconds, a bit above the feed's heartbeat.
        """
        tokens = self._lookup.tokens(collateral, loan)
        token, lent = tokens
        base = self._lookup.feed(base_feed or collateral)
        quote = NOBODY if quote_feed == "none" else self._lookup.feed(quote_feed or loan)
        pair = self._lookup.pair(second_source, tokens) if second_source else NOBODY
        longest_seconds = longest if longest is not None else 2 * window
        for what, seconds in (("max age", max_age), ("window", window), ("longest", longest_seconds)):
            if not 0 < seconds < 10**9:
                raise BadInput(f"a {what} of {seconds} s makes no sense; name seconds, such as 3600")
        least, most = scaled(min_price, *tokens), scaled(max_price, *tokens)
        if not 0 < least < most:
            raise BadInput(
                f"the bounds {min_price} to {max_price} {lent.symbol} are not in order; name a price far "
                "below today's, and one far above it"
            )
        price = self._lookup.quoted(base, quote, tokens)
        if not least <= price <= most:
            raise BadInput(
                f"1 {token.symbol} costs {whole(price, *tokens)} {lent.symbol} by these feeds, outside of "
                f"your bounds {min_price} to {max_price}; check the feeds, or name wider bounds"
            )
        warnings = self._lookup.one_source(lent, pair != NOBODY, single_source)
        watched = (
            (window, longest_seconds, _wad(max_deviation, "max deviation")) if pair != NOBODY else (0, 0, 0)
        )
        config = guard_config(
            collateral_token=token.address, loan_token=lent.address, base_feed=base, base_max_age=max_age,
            quote_feed=quote, quote_max_age=quote_max_age or max_age, min_price=least, max_price=most,
            rate_provider=NOBODY, max_growth=0, pair=pair, window=watched[0], longest=watched[1],
            max_deviation=watched[2],
        )  # fmt: skip
        second = f"the pool {pair}, over {window} to {longest_seconds} s, within {max_deviation}"
        facts = (
            ("collateral feed", f"{base}, at most {max_age} s old"),
            (
                "loan feed",
                "none: it counts as a dollar"
                if quote == NOBODY
                else f"{quote}, at most {quote_max_age or max_age} s old",
            ),
            ("price now", f"{whole(price, *tokens)} {lent.symbol} for 1 {token.symbol}"),
            ("bounds", f"{min_price} to {max_price} {lent.symbol} for 1 {token.symbol}"),
            ("second source", second if pair != NOBODY else "none"),
        )
        if pair != NOBODY:
            warnings += (
                "somebody has to call `observe` regularly: a keeper of this network does for its book",
            )
        name = f"{token.symbol}/{lent.symbol}"
        entry = free_name(name, self.chain.credit.book.oracles)
        after = Created("oracle", name, "", facts, warnings, entry)
        call = creating(f"creating an oracle of {after.name}", "OracleGuard", config)
        return Plan(after, after, (call,), after.made)

    @operation
    def vault(
        self,
        asset: str,
        name: str,
        symbol: str,
        *,
        timelock: int = usual.TIMELOCK,
        owner: Address | None = None,
    ) -> Plan[Created]:
        """A vault that lends `asset`; its owner (by default this account) sets its caps and queues.

        timelock: seconds between submitting a cap and accepting it, in which lenders can leave.
        """
        token, holder = self.chain.tokens.named(asset), owner or self.chain.address
        if not 0 < len(name.encode()) <= MAX_NAME or not 0 < len(symbol.encode()) <= MAX_SYMBOL:
            raise BadInput(
                f"a vault's name has up to {MAX_NAME} letters and its symbol up to {MAX_SYMBOL}; "
                f"shorten {name!r} or {symbol!r}"
            )
        if not 0 <= timelock <= MAX_TIMELOCK:
            raise BadInput(f"a timelock of {timelock} s is beyond 30 days; name at most {MAX_TIMELOCK}")
        warnings = (
            ()
            if timelock
            else ("without a timelock its owner can move everybody's money into a new market at once",)
        )
        facts = (
            ("lends", f"{token.symbol}, {token.address}"),
            ("symbol", symbol),
            ("owner", holder),
            ("timelock", f"{timelock} s"),
        )
        after = Created("vault", name, "", facts, warnings, free_name(name, self.chain.credit.book.vaults))
        credit = self.chain.book.addresses["Credit"] if self.chain.credit.book else NOBODY
        call = creating(
            f"creating the vault {name}", "Vault", credit, token.address, name, symbol, holder, timelock
        )
        return Plan(after, after, (call,), after.made)


def _wad(text: str, what: str) -> Wad:
    return Wad(parse_percent(text, what) * WAD // BPS)
