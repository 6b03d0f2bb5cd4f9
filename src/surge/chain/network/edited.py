"""What may be wrong in an address book that somebody edited: names that are none, sides that fit nothing."""

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from surge.model.credit import MarketParams
from surge.model.errors import CorruptState
from surge.model.signature import is_address
from surge.model.units import MAX_UINT256, WAD, Address

Tokens = dict[str, Address]
Listed = dict[str, dict[str, Address]]
Names = dict[str, Collection[str]]
"""Of each object of the file, by its place: the names that it may have."""


def check_names(content: Any, known: Names, path: Path) -> None:
    """Raises CorruptState for the first name in the file that means nothing, with the nearest that does."""
    for place, found in _objects(content):
        for name in found:
            if place in known and name not in known[place]:
                near = _nearest(name, known[place])
                raise _wrong(path, f"{name!r} in {place} means nothing{near}")


def check_twice(content: bytes, path: Path) -> None:
    """Raises CorruptState for a name that stands twice in one object of the file: a reader keeps either."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = next(name for name, number in Counter(name for name, _ in pairs).items() if number > 1)
            raise _wrong(path, f"{twice!r} stands there twice; leave one")
        return found

    json.loads(content, object_pairs_hook=once)


def names_of(kind: type) -> list[str]:
    """The fields of a dataclass, as the file has them."""
    return [field.name for field in fields(kind)]


def check_credit(listed: Listed, markets: dict[str, MarketParams], path: Path) -> None:
    """Raises CorruptState for an address that is none, a token that is not listed, limits that can't be.

    listed: addresses by name, by their place in the credit side of the book: tokens, feeds, oracles, pairs, …
    """
    for place, addresses in listed.items():
        for name, address in addresses.items():
            check_address(f"{name} in {place}", address, path)
    tokens = listed["tokens"]
    for symbol in listed["feeds"]:
        _check_token(symbol, f"feeds has {symbol!r}", tokens, path)
    for place, names in (
        ("oracles", listed["oracles"]), ("pairs", listed["pairs"]), ("rival_pairs", listed["rival_pairs"]),
        ("markets", markets),
    ):  # fmt: skip
        for name in names:
            _check_sides(name, place, tokens, path)
    for name, params in markets.items():
        _check_market(name, params, tokens, path)


def check_address(what: str, address: object, path: Path) -> None:
    """Raises CorruptState for what is no address in EIP-55 form."""
    if not is_address(address):
        raise CorruptState(
            f"the address book {path} has no valid address of {what} ({str(address)[:60]!r}); "
            "write it in EIP-55 form, or restore the file from a backup"
        )


def _objects(content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of the file whose names are fixed, each with its place."""
    if not isinstance(content, dict):
        return
    yield "the book", content
    credit = content.get("credit")
    markets = credit.get("markets") if isinstance(credit, dict) else None
    for place, found in (
        ("addresses", content.get("addresses")), ("parameters", content.get("parameters")),
        ("credit", credit), *(("a market", market) for market in _values(markets)),
    ):  # fmt: skip
        if isinstance(found, dict):
            yield place, found


def _values(listed: Any) -> list[Any]:
    return list(listed.values()) if isinstance(listed, dict) else []


def _check_sides(name: str, place: str, tokens: Tokens, path: Path) -> None:
    sides = _sides(name)
    if len(sides) != 2:
        raise _wrong(path, f"{name!r} in {place} is not named by two tokens, such as 'ETH/TUSD'")
    for symbol in sides:
        _check_token(symbol, f"{place} has {name!r}", tokens, path)


def _sides(name: str) -> list[str]:
    """The two tokens of a name; words after them tell it from another of the pair: "ETH/TUSD careful"."""
    return name.partition(" ")[0].split("/")


def _check_token(symbol: str, where: str, tokens: Tokens, path: Path) -> None:
    if symbol not in tokens:
        raise _wrong(path, f"{where}, but no token is {symbol!r}{_nearest(symbol, tokens)}")


def _check_market(name: str, params: MarketParams, tokens: Tokens, path: Path) -> None:
    for role in ("oracle", "irm", "collateral_token", "loan_token"):
        check_address(f"the {role} of {name}", getattr(params, role), path)
    collateral, loan = _sides(name)
    for role, symbol in (("collateral_token", collateral), ("loan_token", loan)):
        address: Address = getattr(params, role)
        if address != tokens[symbol]:
            other = next((one for one, place in tokens.items() if place == address), "none that is listed")
            raise _wrong(path, f"the {role} of {name} is not {symbol} but {other} ({address})")
    if not 0 < params.max_ltv < params.lltv < WAD:
        raise _wrong(
            path, f"the max_ltv of {name} is not below its lltv, or that not below 1 (both in 1e18ths)"
        )
    for role in ("target_health", "min_debt", "reserve_factor"):
        if not 0 <= getattr(params, role) <= MAX_UINT256:
            raise _wrong(path, f"the {role} of {name} is below 0, or more than a contract can count")


def _nearest(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; is it {near[0]!r}?" if near else f"; there are {', '.join(known) or 'none'}"


def _wrong(path: Path, what: str) -> CorruptState:
    return CorruptState(f"the address book {path} is misspelt, and was left as it is: {what}")
