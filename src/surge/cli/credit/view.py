"""How markets, positions and changes look to a person."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from shlex import quote
from typing import Any

from surge.cli.credit.events import coming_words, earned, gained, lost, told
from surge.cli.terminal.figures import (
    NONE,
    amount,
    bound,
    brief,
    dearer,
    health,
    in_dollars,
    money,
    most,
    percent,
    price,
    rate,
    rise,
    times,
)
from surge.cli.terminal.output import Column, Listing, Part, facts

ZONES = {
    "healthy": "healthy",
    "margin": "MARGIN ZONE: no new debt, no collateral out",
    "liquidatable": "LIQUIDATABLE",
    None: "unknown: the oracle gives no price",
}
BORROW_RATE, LEND_RATE = "borrow rate, simple", "lend rate, simple"
LENDERS = ("supplied", BORROW_RATE, LEND_RATE)
"""Rows that concern who has neither debt nor collateral."""
NEARLY = Decimal("0.999")
SHORT_ID = 12
OUTSIDE = "not in the address book: anybody can create a market; look at its oracle first"
NOTHING = {"0", "0.0", "0.00"}


def show_markets(document: Any) -> Iterable[Part]:
    columns = [
        Column("market"),
        Column("price", right=True),
        Column("max LTV", right=True),
        Column("LLTV", right=True),
        Column("to borrow", right=True),
        Column("used", right=True),
        Column("borrow", right=True),
        Column("lend", right=True),
    ]
    yield Listing(columns, [_market_cells(market) for market in document["markets"]])
    yield ""
    yield "collateral/loan; prices in the loan's token; rates a year, simple"
    for market in document["markets"]:
        yield from _warnings(market)
    yield from _outside(document["outside"] or [])


def _outside(markets: list[Any]) -> Iterator[Part]:
    """What others created: a warning first."""
    if not markets:
        return
    yield ""
    yield OUTSIDE
    columns = [
        Column("market"),
        Column("price", right=True),
        Column("LLTV", right=True),
        Column("to borrow", right=True),
        Column("oracle"),
    ]
    read = [one for one in markets if one["trouble"] is None]
    if read:
        yield Listing(columns, [_outside_cells(one) for one in read])
    for one in markets:
        if one["trouble"]:
            yield f"{one['id'][:SHORT_ID]} can't be read: {one['trouble']}"


def _outside_cells(one: Any) -> list[str]:
    return [
        one["market"],
        price(one["price"]),
        bound(one["lltv"]),
        f"{amount(one['available'], places=2, limit=True)} {one['loan_token']}",
        f"of {one['oracle_of']}" if one["oracle_of"] else "not in the book",
    ]


def show_market(document: Any) -> Iterable[Part]:
    loan, token = document["loan_token"], document["collateral_token"]
    if not document["listed"]:
        yield f"{OUTSIDE}: {document['oracle']}"
        yield ""
    yield facts(
        [
            ("market", f"{document['market']}: borrow {loan} against {token}"),
            ("id", document["id"]),
            ("price", _price(document["price"], document)),
            ("supplied", money(document["supplied"], loan)),
            ("borrowed", f"{money(document['borrowed'], loan)}, {percent(document['utilisation'])} of it"),
            ("available", most(document["available"], loan)),
            ("reserve", f"{money(document['reserve'], loan)}, takes bad debt first"),
            *(
                [("past its LLTV", coming_words(document["coming"], loan, "lenders"))]
                if "coming" in document
                else []
            ),
            ("borrow rate", rate(document["borrow_rate"], document["borrow_rate_compounded"], loan, "cost")),
            ("lend rate", rate(document["supply_rate"], document["supply_rate_compounded"], loan, "earn")),
            ("max LTV", f"{bound(document['max_ltv'])}: debt may be taken up to it"),
            ("LLTV", f"{bound(document['lltv'])}: past it anybody may liquidate; between them, margin zone"),
            (
                "liquidation",
                f"up to health {health(document['target_health'], '1')}, "
                f"a bonus of {percent(document['max_bonus'], up=True)} at the most",
            ),
            ("least debt", money(document["min_debt"], loan)),
            ("oracle", document["oracle"]),
            ("rate model", document["irm"]),
        ]
    )
    yield from _warnings(document)


def show_positions(document: Any, own: bool = True) -> Iterable[Part]:
    positions, outside = document["positions"], _held(document["outside"] or [])
    if not positions and not outside:
        yield f"{document['account']} has nothing supplied, borrowed or locked as collateral here."
        yield from told(document["liquidations"])
        if own:
            yield "next: surge credit markets · surge credit collateral add MARKET AMOUNT"
        return
    if positions:
        yield _positions(positions)
    if outside:
        yield from ("", OUTSIDE) if positions else (OUTSIDE,)
        yield _positions(outside)
    positions = [*positions, *outside]
    troubles = [said for one in positions for said in (*_trouble(one), *_losses(one))]
    yield from ("", *troubles) if troubles else ()
    yield from told(document["liquidations"])


def _held(positions: list[Any]) -> list[Any]:
    """Those that can be read and aren't empty."""
    sums = ("collateral", "debt", "supplied")
    return [one for one in positions if not one["trouble"] and any(one[name] not in NOTHING for name in sums)]


def _positions(positions: list[Any]) -> Listing:
    lending = any(one["supplied"] not in NOTHING for one in positions)
    columns = [
        Column("market"),
        Column("collateral", right=True),
        Column("debt", right=True),
        Column("health", right=True),
        Column("LTV", right=True, spare=True),
        Column("may move by", right=True),
        *([Column("supplied", right=True)] if lending else []),
    ]
    rows = [_position_cells(one) for one in positions]
    return Listing(columns, [row if lending else row[:-1] for row in rows])


def show_position(document: Any) -> Iterable[Part]:
    token = document["collateral_token"]
    rows = [("account", document["account"]), ("market", document["market"])]
    rows += [(name, cell) for name, cell, _ in position_rows(document)]
    if document["supplied"] not in NOTHING:
        rows.append(("earned", earned(document["lent"], document["loan_token"])))
    rows += [
        ("can take out", most(document["max_removable"], token)),
        ("price now", _price(document["price"], document)),
    ]
    if not document["listed"]:
        yield OUTSIDE
        yield ""
    yield facts(rows)
    yield from _trouble(document)
    yield from lost(document["lent"], document["market"], document["loan_token"])
    yield from told(document["liquidations"])


def show_change(document: Any) -> Iterable[Part]:
    """Before → after, and what it takes."""
    yield headline(document)
    yield ""
    yield comparison(document["before"], document["after"])
    yield ""
    yield from closing(document)
    yield from _trouble(document["after"])


def headline(document: Any) -> str:
    what = " ".join(filter(None, (document["operation"], asked(document))))
    return f"{what} · market {document['market']}"


def asked(document: Any) -> str:
    """How much of what; with what `max` stands for: "max, 700 TUSD"."""
    token = document["token"]
    if "resolved" in document:
        return f"{document['amount']}, {money(document['resolved'], token)}"
    return " ".join(filter(None, (document["amount"], token)))


def closing(document: Any) -> Iterator[Part]:
    """Sent or not, the gas, and what else goes with it."""
    gas = document["gas"]
    if document["sent"]:
        yield f"sent, {gas:,} gas; transaction"
        yield document["transaction"]
    else:
        yield f"gas: about {gas:,}; nothing is sent yet" if gas else "gas: the node can't say"
    if document["also"]:
        yield facts([("with it" if not n else "", said) for n, said in enumerate(document["also"])])


def show_sent(document: Any) -> Iterable[Part]:
    """After a table that a person has just agreed to: only what became of it."""
    after = document["after"]
    yield f"{headline(document)}: done"
    yield facts(
        [
            ("transaction", document["transaction"]),
            ("gas", f"{document['gas']:,}"),
            ("health", _health_and_debt(after)),
        ]
    )


def comparison(before: Any, after: Any) -> Listing:
    """Two positions side by side, row by row; what differs is marked."""
    lends_only = not any(
        one["debt"] not in NOTHING or one["collateral"] not in NOTHING for one in (before, after)
    )
    rows = []
    for (name, old, before_too), (_, new, after_too) in zip(
        position_rows(before), position_rows(after), strict=True
    ):
        if (old != new or before_too or after_too) and not (lends_only and name not in LENDERS):
            rows.append([name, old, "→" if old != new else "=", new])
    columns = [Column(""), Column("before", right=True), Column(""), Column("after", right=True)]
    return Listing(columns, rows)


def position_rows(one: Any) -> Iterator[tuple[str, str, bool]]:
    """Name, value, and whether it is shown even when a change leaves it alone."""
    loan, token, debt = one["loan_token"], one["collateral_token"], one["debt"]
    supplied_matters = one["supplied"] not in NOTHING
    yield "collateral", money(one["collateral"], token), True
    yield "debt", _debt(one), True
    if "multiple" in one:
        yield "multiple", times(one["multiple"]), True
    yield "supplied", money(one["supplied"], loan), supplied_matters
    yield "health factor", health(one["health"], debt), True
    yield f"LTV (max {bound(one['max_ltv'])}, LLTV {bound(one['lltv'])})", _ltv(one), True
    yield "liquidation price", threshold(one), True
    yield "distance to it", distance(one), True
    yield "zone", ZONES[one["zone"]].partition(":")[0], True
    yield "can borrow more", most(one["max_borrow"], loan), False
    yield BORROW_RATE, f"{percent(one['borrow_rate'], up=True)} a year", True
    yield LEND_RATE, f"{percent(one['supply_rate'])} a year", supplied_matters


def is_short(one: Any) -> bool:
    """Dollars against a debt in something else: what is owed may not become too dear."""
    return in_dollars(one["collateral_token"]) and not in_dollars(one["loan_token"])


def threshold(one: Any) -> str:
    """Where it is liquidated: "1,750.00 TUSD"; a short by what is owed: "ETH above 2,558 (+28%)". A
    hair nearer than it is, never farther."""
    limit = one["liquidation_price"]
    if limit is None:
        return NONE
    if not is_short(one):
        return f"{price(limit, up=True)} {one['loan_token']}"
    return dearer(limit, one["distance"], one["loan_token"])


def distance(one: Any) -> str:
    """How far the price may move: fall, or of a short rise ("+28.24%"). Past the limit it says so."""
    exact = one["distance"]
    if exact is None:
        return NONE
    if exact.startswith("-"):
        return f"{percent(exact.removeprefix('-'), up=True)} PAST IT"
    return f"+{percent(str(rise(exact)))}" if is_short(one) else f"-{percent(exact)}"


def _debt(one: Any) -> str:
    return money(one["debt"], one["loan_token"], up=True)


def _health_and_debt(one: Any) -> str:
    said = health(one["health"], one["debt"])
    return said if one["debt"] in NOTHING else f"{said}, debt {_debt(one)}"


def _price(exact: str | None, one: Any) -> str:
    if not exact:
        return NONE
    if is_short(one) and Decimal(exact):
        return f"{price(str(1 / Decimal(exact)))} {one['collateral_token']} for 1 {one['loan_token']}"
    return f"{price(exact)} {one['loan_token']} for 1 {one['collateral_token']}"


def _ltv(one: Any) -> str:
    return percent(one["ltv"], up=True, limits=(one["max_ltv"], one["lltv"]))


def _market_cells(market: Any) -> list[str]:
    return [
        market["market"],
        price(market["price"]),
        bound(market["max_ltv"]),
        bound(market["lltv"]),
        f"{amount(market['available'], places=2, limit=True)} {market['loan_token']}",
        percent(market["utilisation"], places=1),
        percent(market["borrow_rate"], up=True),
        percent(market["supply_rate"]),
    ]


def _position_cells(one: Any) -> list[str]:
    return [
        one["market"],
        brief(one["collateral"], one["collateral_token"]),
        brief(one["debt"], one["loan_token"], up=True),
        health(one["health"], one["debt"]),
        _ltv(one),
        distance(one),
        brief(one["supplied"], one["loan_token"]),
    ]


def _warnings(market: Any) -> Iterator[str]:
    if market["price"] is None:
        yield f"{market['market']}: the oracle gives no price now; repaying and adding collateral still work"
    elif not market["safe"]:
        yield f"{market['market']}: its price is not confirmed; no new debt, no collateral out of a debt"


def _trouble(one: Any) -> Iterator[str]:
    """What to do in a bad zone, and why nothing can be borrowed in a good one."""
    if any(one[name] not in NOTHING for name in ("collateral", "debt")):
        yield from _warnings(one)
    if one["zone"] == "margin":
        yield (
            f"{one['market']} is in its margin zone: no new debt and no collateral out until the LTV is "
            f"{bound(one['max_ltv'])} again; repay, or add collateral"
        )
    elif one["zone"] == "liquidatable":
        yield (
            f"{one['market']} can be liquidated now: repay with "
            f"`surge credit repay {quote(one['market'])} AMOUNT`, or add collateral, at once"
        )
    elif one["debt"] not in NOTHING and one["max_borrow"] in NOTHING and _at_the_limit(one):
        yield (
            f"{one['market']} is at its max LTV: interest alone will bring it into the margin zone, where "
            "nothing is sold, but no more can be borrowed"
        )


def _losses(one: Any) -> Iterator[str]:
    """To a lender: bad debt, or less than what was paid in."""
    lent, loan = one["lent"], one["loan_token"]
    yield from lost(lent, one["market"], loan)
    if lent and gained(lent) < 0:
        yield f"what is lent to {one['market']} earned {earned(lent, loan)}"


def _at_the_limit(one: Any) -> bool:
    return one["ltv"] is not None and Decimal(one["ltv"]) >= Decimal(one["max_ltv"]) * NEARLY
