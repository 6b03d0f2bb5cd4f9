"""What an operator names: tokens, oracles, feeds, pools, contracts; each is looked at before it is used."""

from typing import TYPE_CHECKING

from surge.credit.market import Token
from surge.credit.price import whole
from surge.model.credit import PRICE_SCALE
from surge.model.errors import BadInput
from surge.model.signature import read_address
from surge.model.units import NOBODY, Address

if TYPE_CHECKING:
    from surge.chain.client import Chain

_NEAR_A_DOLLAR = 5
"""Per cent that a stable token's feed may be off one dollar."""


class Lookup:
    """By the names of the address book, or by address. All raise BadInput for what is not there."""

    def __init__(self, chain: "Chain") -> None:
        self.chain = chain

    def tokens(self, collateral: str, loan: str) -> tuple[Token, Token]:
        token, lent = self.chain.tokens.named(collateral), self.chain.tokens.named(loan)
        if token == lent:
            raise BadInput(f"a market of {token.symbol} against itself makes no sense; name two tokens")
        return token, lent

    def pair_of_tokens(self, name: str) -> tuple[Token, Token]:
        """ "ETH/TUSD" → its two tokens; a second market of them may be called "ETH/TUSD careful"."""
        symbols = name.partition(" ")[0].split("/")
        if len(symbols) != 2:
            raise BadInput(f"{name!r} does not name two tokens; write them as ETH/TUSD")
        return self.tokens(symbols[0], symbols[1])

    def oracle(self, oracle: str, tokens: tuple[Token, Token]) -> Address:
        listed = self.chain.credit.book.oracles
        at = listed.get(oracle) or self.contract(oracle, "oracle")
        sources = self.chain.curation.sources(at)
        if sources and (sources.collateral, sources.loan) != (tokens[0].address, tokens[1].address):
            found = self.chain.tokens.of([sources.collateral, sources.loan])
            pair = "/".join(token.symbol for token in found.values())
            raise BadInput(
                f"the oracle {at} is of {pair}; create one of {tokens[0].symbol}/{tokens[1].symbol}"
            )
        return at

    def price(self, oracle: Address, tokens: tuple[Token, Token]) -> tuple[str, tuple[str, ...]]:
        found = self.chain.curation.price(oracle)
        if not found or not found[0]:
            raise BadInput(
                f"the oracle {oracle} gives no price now, so nobody could borrow; see that its feeds speak"
            )
        unsafe = "the oracle calls its price unsafe now: nobody can borrow until its sources agree"
        return whole(found[0], *tokens), () if found[1] else (unsafe,)

    def rate_model(self, text: str) -> Address:
        at = self.contract(text, "rate model")
        if not self.chain.curation.has_rates(at):
            raise BadInput(f"{at} says no rate, so it is no rate model; check the address")
        return at

    def feed(self, name: str) -> Address:
        listed = self.chain.credit.book.feeds
        at = listed.get(name)
        if at is None:
            if not name.startswith("0x"):
                there = ", ".join(listed) or "none"
                raise BadInput(f"there is no price feed of {name!r}; there are {there}, or give an address")
            at = self.contract(name, "price feed")
        if self.chain.curation.answer(at) is None:
            raise BadInput(f"the price feed {at} says nothing; check that it is a Chainlink feed in dollars")
        return at

    def quoted(self, base: Address, quote: Address, tokens: tuple[Token, Token]) -> int:
        """Loan units for a unit of collateral, by 1e36, as two feeds say it now; down."""
        answer, decimals = self.chain.curation.answer(base) or (0, 0)
        dollar, places = (self.chain.curation.answer(quote) or (0, 0)) if quote != NOBODY else (1, 0)
        if answer <= 0 or dollar <= 0:
            raise BadInput(f"the price feed {base if answer <= 0 else quote} says no price; try again later")
        token, lent = tokens
        worth = answer * 10 ** (places + lent.decimals) * PRICE_SCALE
        return int(worth // (dollar * 10 ** (decimals + token.decimals)))

    def pair(self, name: str, tokens: tuple[Token, Token]) -> Address:
        if name.startswith("0x"):
            return self.contract(name, "pool")
        wanted = {token.symbol for token in tokens}
        if set(name.split("/")) != wanted:
            raise BadInput(f"a second source is a pool of {' and '.join(sorted(wanted))}; {name!r} is none")
        pair = self.chain.exchange.pair_of(*tokens)
        if pair == NOBODY:
            raise BadInput(f"there is no pool {name} yet; make one with `surge credit pool add {name}`")
        return pair

    def contract(self, text: str, what: str) -> Address:
        at = read_address(text, what)
        if not self.chain.curation.has_code(at):
            raise BadInput(f"there is no {what} at {at}: nothing is deployed there; check the address")
        return at

    def one_source(self, lent: Token, second: bool, accepted: bool) -> tuple[str, ...]:
        """Raises BadInput, or warns, when one stale feed could empty a market."""
        if second:
            return ()
        if self.steady(lent):
            return ("without a second source, a wrong feed is believed: borrowing goes on at its price",)
        if not accepted:
            raise BadInput(
                f"{lent.symbol} is lent, its price moves, and there is no second source: one stale low price "
                "of it empties the market; name a pool (--second-source), or accept that (--single-source)"
            )
        return (f"{lent.symbol} is lent on one source: a stale low price of it lets anybody take too much",)

    def steady(self, token: Token) -> bool:
        """A dollar, by the network's own word or by its feed now."""
        if token.address == self.chain.book.addresses["Dollar"]:
            return True
        feed = self.chain.credit.book.feeds.get(token.symbol)
        found = self.chain.curation.answer(feed) if feed else None
        return found is not None and abs(found[0] - 10 ** found[1]) * 100 <= _NEAR_A_DOLLAR * 10 ** found[1]
