"""Write down in the address book what was created, once the chain says that it is what it claims to be."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surge.chain.network.book import AddressBook, CreditBook, load_book, save_book
from surge.desk.curate.lookup import Lookup
from surge.model.credit import MarketId, market_id
from surge.model.errors import BadInput
from surge.model.signature import read_address
from surge.model.units import NOBODY, show_decimal

if TYPE_CHECKING:
    from surge.chain.client import Chain

KINDS = {
    "token": "tokens", "feed": "feeds", "oracle": "oracles", "market": "markets", "pool": "pairs",
    "vault": "vaults",
}  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,30}(/[A-Za-z0-9][A-Za-z0-9 ._-]{0,30})?")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be listed under `name`; was: what stands there now, "" for nothing. facts: for people."""

    kind: str
    name: str
    place: str
    was: str
    facts: tuple[tuple[str, str], ...]
    credit: CreditBook


class BookEditor:
    """Of the network's address book, the file at `path`: nothing is sent. chain: to ask, it needs no key."""

    def __init__(self, chain: "Chain", path: Path) -> None:
        self.chain, self.path, self._lookup = chain, path, Lookup(chain)

    def entry(self, kind: str, name: str, place: str | None = None) -> Entry:
        """What the book would say: `entry("market", "ETH/TUSD", "0x…")`. place: an address, a market's id;
        none for a pool, which its tokens name. Raises BadInput for what isn't what it claims to be."""
        if kind not in KINDS:
            raise BadInput(f"{kind!r} is no kind of entry; there are {', '.join(KINDS)}")
        if not _NAME.fullmatch(name):
            raise BadInput(
                f"{name!r} can't be a name; use up to 31 letters and digits, such as ETH or ETH/TUSD"
            )
        found, facts = getattr(self, f"_{kind}")(name, self._placed(kind, name, place))
        book = self.chain.credit.book
        listed: dict[str, Any] = dict(getattr(book, KINDS[kind]))
        was = _shown(listed[name]) if name in listed else ""
        if was == _shown(found):
            raise BadInput(f"the address book has the {kind} {name} already, at {was}")
        changed: dict[str, Any] = {KINDS[kind]: {**listed, name: found}}
        return Entry(kind, name, _shown(found), was, facts, replace(book, **changed))

    def write(self, entry: Entry) -> AddressBook:
        """Save the book with the entry, whole. Raises BadInput when somebody has changed it meanwhile."""
        book = load_book(self.path)
        if book.credit != self.chain.book.credit:
            raise BadInput(f"{self.path} was changed while you looked; nothing was written, try again")
        written = replace(book, credit=entry.credit)
        save_book(written, self.path)
        return written

    def _placed(self, kind: str, name: str, place: str | None) -> str:
        if kind == "pool":
            if place is not None:
                raise BadInput(f"a pool is found by its two tokens; leave {place} out")
            return name
        if place is None:
            what = "market's id" if kind == "market" else "address"
            raise BadInput(f"name the {what} of {name} too, 0x…")
        return place

    def _token(self, name: str, place: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
        at = self._lookup.contract(place, "token")
        token = self.chain.tokens.of([at])[at]
        return at, (("calls itself", token.symbol.partition("@")[0]), ("decimals", str(token.decimals)))

    def _feed(self, name: str, place: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
        at = self._lookup.contract(place, "price feed")
        answer, decimals = self.chain.curation.answer(self._lookup.feed(at)) or (0, 0)
        return at, (("says", f"{show_decimal(answer, decimals)} dollars for 1 {name}"),)

    def _oracle(self, name: str, place: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
        tokens = self._lookup.pair_of_tokens(name)
        at = self._lookup.oracle(place, tokens)
        price, warnings = self._lookup.price(at, tokens)
        facts = (("price now", f"{price} {tokens[1].symbol} for 1 {tokens[0].symbol}"),)
        return at, (*facts, *(("warning", said) for said in warnings))

    def _market(self, name: str, place: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
        if not re.fullmatch(r"0x[0-9a-fA-F]{64}", place):
            raise BadInput(f"{place[:70]!r} is no market's id; it has 64 hexadecimal digits after 0x")
        (params,) = self.chain.credit.market_params([MarketId(bytes.fromhex(place[2:]))])
        tokens = self._lookup.pair_of_tokens(name)
        if (params.collateral_token, params.loan_token) != (tokens[0].address, tokens[1].address):
            is_ = self.chain.credit.market_name(params)
            raise BadInput(f"the market {place} is {is_}, not {name}; list it by that name")
        return params, (("oracle", params.oracle), ("rate model", params.irm))

    def _pool(self, name: str, place: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
        tokens = self._lookup.pair_of_tokens(name)
        pair = self.chain.exchange.pair_of(*tokens)
        if pair == NOBODY:
            raise BadInput(f"there is no pool {name} yet; make one with `surge credit pool add {name}`")
        return pair, ()

    def _vault(self, name: str, place: str) -> tuple[Any, tuple[tuple[str, str], ...]]:
        at, own = read_address(place, "vault"), self.chain.book.addresses["Credit"]
        credit = self.chain.curation.credit_of(at)
        if credit != own:
            lends = f"lends through {credit}" if credit else "is no vault"
            raise BadInput(f"{at} {lends}, not through this network's Credit {own}; check the address")
        rules = self.chain.curation.rules(at)
        return at, (("owner", rules.owner), ("timelock", f"{rules.timelock} s"))


def _shown(found: Any) -> str:
    """An address, or the id of a market."""
    return found if isinstance(found, str) else f"0x{market_id(found).hex()}"
