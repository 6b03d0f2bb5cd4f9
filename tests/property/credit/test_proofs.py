"""Credit's arithmetic for all numbers of its fields' widths, proved by z3 from the contracts' own lines:
rounding (C3), the share price (C4), interest (C1), what a liquidation does (C2, C5), and that no unchecked
arithmetic wraps. Tests by example are beside this; here no example is left out."""

from typing import Any

import pytest
import z3

from places import CONTRACTS
from property.credit.vyper_terms import Source, Way

LENDING = CONTRACTS / "credit" / "lending"
MODULES = sorted(path for path in LENDING.glob("*.vy") if path.stem.islower())
WAD = 10**18
VIRTUAL = 10**6
SECONDS = 60

TOTAL_ASSETS, TOTAL_SHARES, ASSETS, SHARES = z3.Ints("total_assets total_shares assets shares")
TOTALS = [
    *(TOTAL_ASSETS >= 0, TOTAL_ASSETS < 2**104, TOTAL_SHARES >= 0, TOTAL_SHARES < 2**120),
    *(ASSETS >= 0, ASSETS < 2**120, SHARES >= 0, SHARES < 2**120),
]
MARKET = {
    name: z3.Int(name)
    for name in ("supply_assets", "supply_shares", "borrow_assets", "borrow_shares", "reserve", "last_update")
}
PARAMS = {name: z3.Int(name) for name in ("max_ltv", "lltv", "target_health", "min_debt", "reserve_factor")}
HELD = [
    *(MARKET["borrow_assets"] >= 0, MARKET["borrow_assets"] < 2**96),
    *(MARKET["borrow_assets"] <= MARKET["supply_assets"], MARKET["supply_assets"] < 2**104),
    *(MARKET["borrow_shares"] >= 0, MARKET["borrow_shares"] < 2**116),
    *(MARKET["reserve"] >= 0, MARKET["reserve"] <= MARKET["supply_assets"], MARKET["reserve"] < 2**116),
]
BOUNDS = [
    *(PARAMS["max_ltv"] > 0, PARAMS["max_ltv"] < PARAMS["lltv"], PARAMS["lltv"] <= WAD * 98 // 100),
    *(PARAMS["target_health"] > WAD, PARAMS["target_health"] <= 2 * WAD),
    *(PARAMS["min_debt"] > 0, PARAMS["min_debt"] < 2**96),
    *(PARAMS["reserve_factor"] >= 0, PARAMS["reserve_factor"] <= WAD // 2),
]
# A position that owes 1,200,000 against 1,000,000 of collateral.
EXAMPLE = {"supply_assets": 10**8, "borrow_assets": 12 * 10**5, "borrow_shares": 10**12, "reserve": 10}
EXAMPLE |= {"supply_shares": 10**14, "last_update": 1}
LIMITS = {"max_ltv": 7 * WAD // 10, "lltv": 8 * WAD // 10, "target_health": 115 * WAD // 100}
LIMITS |= {"min_debt": 1_000, "reserve_factor": WAD // 10}


@pytest.fixture
def source() -> Source:
    return Source(*MODULES)


def prove(given: list[Any], claim: Any) -> None:
    """No numbers break the claim. An example that does, or an undecided claim, is a failure."""
    solver = z3.Solver()
    solver.set("timeout", SECONDS * 1_000)
    solver.add(*given, z3.Not(claim))
    answer = solver.check()
    assert answer == z3.unsat, f"{answer}: {solver.model() if answer == z3.sat else claim}"


def possible(given: list[Any]) -> bool:
    """Of numbers that are all given: so that no claim is proved of a way that nothing takes."""
    solver = z3.Solver()
    solver.add(*given)
    return bool(solver.check() == z3.sat)


def only(ways: list[Way]) -> Way:
    (way,) = ways
    return way


def test_a_wrong_claim_is_refuted(source: Source) -> None:
    way = only(source.ways("_to_assets_down", SHARES, TOTAL_ASSETS, TOTAL_SHARES))
    with pytest.raises(AssertionError, match="sat"):
        prove(TOTALS + way.holds, way.result * (TOTAL_SHARES + VIRTUAL) == SHARES * (TOTAL_ASSETS + 1))


@pytest.mark.parametrize(
    ("there", "back", "favours"),
    [
        # What is paid in comes back at most; what is taken out costs at least as much; in both counts.
        ("_to_shares_down", "_to_assets_down", "<="),
        ("_to_assets_down", "_to_shares_down", "<="),
        ("_to_shares_up", "_to_assets_up", ">="),
        ("_to_assets_up", "_to_shares_up", ">="),
        ("_to_shares_up", "_to_assets_down", ">="),
        ("_to_assets_up", "_to_shares_down", ">="),
    ],
)
def test_rounding_favours_the_pool(source: Source, there: str, back: str, favours: str) -> None:
    """C3: there and back."""
    start = ASSETS if there.startswith("_to_shares") else SHARES
    one = only(source.ways(there, start, TOTAL_ASSETS, TOTAL_SHARES))
    other = only(source.ways(back, one.result, TOTAL_ASSETS, TOTAL_SHARES))
    claim = other.result <= start if favours == "<=" else other.result >= start
    prove(TOTALS + one.holds + other.holds, claim)


@pytest.mark.parametrize(
    ("formula", "into"),
    [("_to_shares_down", 1), ("_to_assets_up", 1), ("_to_shares_up", -1), ("_to_assets_down", -1)],
)
def test_the_share_price_never_falls(source: Source, formula: str, into: int) -> None:
    """C4: whoever comes or goes, by assets or by shares, leaves the others' shares worth no less."""
    by_assets = formula.startswith("_to_shares")
    way = only(source.ways(formula, ASSETS if by_assets else SHARES, TOTAL_ASSETS, TOTAL_SHARES))
    assets, shares = (ASSETS, way.result) if by_assets else (way.result, SHARES)
    after_assets, after_shares = TOTAL_ASSETS + into * assets, TOTAL_SHARES + into * shares
    given = [*TOTALS, *way.holds, after_assets >= 0, after_shares >= 0]
    prove(
        given, (after_assets + 1) * (TOTAL_SHARES + VIRTUAL) >= (TOTAL_ASSETS + 1) * (after_shares + VIRTUAL)
    )


@pytest.mark.parametrize(
    ("formula", "into"),
    [("_to_shares_up", 1), ("_to_assets_down", 1), ("_to_shares_down", -1), ("_to_assets_up", -1)],
)
def test_nobody_elses_debt_grows(source: Source, formula: str, into: int) -> None:
    """C2: whoever borrows or repays leaves a share of the debt that costs no more."""
    by_assets = formula.startswith("_to_shares")
    way = only(source.ways(formula, ASSETS if by_assets else SHARES, TOTAL_ASSETS, TOTAL_SHARES))
    assets, shares = (ASSETS, way.result) if by_assets else (way.result, SHARES)
    after_assets, after_shares = TOTAL_ASSETS + into * assets, TOTAL_SHARES + into * shares
    given = [*TOTALS, *way.holds, after_assets >= 0, after_shares >= 0]
    prove(
        given, (after_assets + 1) * (TOTAL_SHARES + VIRTUAL) <= (TOTAL_ASSETS + 1) * (after_shares + VIRTUAL)
    )


@pytest.mark.parametrize("formula", ["_to_shares_down", "_to_shares_up", "_to_assets_down", "_to_assets_up"])
def test_unchecked_share_arithmetic_never_wraps(source: Source, formula: str) -> None:
    way = only(source.ways(formula, ASSETS, TOTAL_ASSETS, TOTAL_SHARES))
    assert way.owed
    for _line, fits in way.owed:
        prove(TOTALS, fits)


def test_interest_keeps_supply_above_debt(source: Source) -> None:
    """C1 and C4: in all markets, at any rate, after any time; and nothing unchecked in it wraps."""
    owed, rate, elapsed = z3.Ints("owed rate elapsed")
    given = [*HELD, *BOUNDS, rate >= 0, elapsed > 0, elapsed < 2**37]
    given += [owed >= 0, owed <= MARKET["borrow_assets"]]
    terms = MARKET, owed, rate, elapsed, PARAMS["min_debt"], PARAMS["reserve_factor"]
    for way in source.ways("_grown", *terms):
        assert way.owed
        for _line, fits in way.owed:
            prove(given, fits)
        grown, holds = way.result, given + way.holds
        prove(holds, grown["borrow_assets"] >= MARKET["borrow_assets"])
        prove(holds, grown["borrow_assets"] <= grown["supply_assets"])
        prove(holds, z3.And(grown["borrow_assets"] < 2**96, grown["supply_assets"] < 2**104))
        prove(holds, grown["reserve"] >= 0)
        lent = MARKET["supply_assets"] - MARKET["reserve"]
        prove(holds, grown["supply_assets"] - grown["reserve"] >= lent)


def test_interest_is_on_what_somebody_owes(source: Source) -> None:
    """C10: at most what is borrowed, and nothing when there are no shares of the debt."""
    borrowed, shares = MARKET["borrow_assets"], MARKET["borrow_shares"]
    way = only(source.ways("_to_assets_down", shares, borrowed, shares))
    prove([*HELD, *way.holds], z3.And(way.result >= 0, way.result <= borrowed))
    prove([*HELD, *way.holds, shares == 0], way.result == 0)


def bounded(bonus: Any) -> list[Any]:
    return [bonus >= 0, bonus <= WAD * 15 // 100, (WAD + bonus) * PARAMS["lltv"] < WAD * WAD]


def test_the_bonus_is_bounded(source: Source) -> None:
    """From 0 to 15%, and always so small that a part can be repaid from what is past it; nothing wraps."""
    debt, worth = z3.Ints("debt worth")
    lltv = PARAMS["lltv"]
    given = [*BOUNDS, debt >= 0, debt < 2**97, worth >= 0, worth < 2**137]
    given.append(z3.Implies(worth > 0, debt * WAD > worth * lltv))
    for way in source.ways("_bonus", debt, worth, lltv):
        for _line, fits in way.owed:
            prove(given, fits)
        holds = given + way.holds
        for claim in bounded(way.result):
            prove(holds, claim)


def test_a_liquidation_takes_no_more_than_there_is_and_raises_health(source: Source) -> None:
    """C2 and C5, on each way through a liquidation: a part of a solvent position leaves a lower LTV,
    what goes off an insolvent one is repaid or lost, all where all is seized; and nothing unchecked wraps."""
    shares, collateral, price, most_assets, most_shares = z3.Ints("held collateral price assets shares")
    given = [
        *(*HELD, *BOUNDS),
        *(shares > 0, shares <= MARKET["borrow_shares"], collateral > 0, collateral < 2**128),
        *(price > 0, collateral * price < 2**256),  # `_worth` reverts beyond
        *(most_assets >= 0, most_shares >= 0, (most_assets == 0) != (most_shares == 0)),
    ]
    bonus = z3.Int("bonus")
    source.known["_bonus"] = bonus, bounded(bonus)
    arguments = PARAMS, MARKET, shares, collateral, price, most_assets, most_shares
    ways = source.ways("_outcome", *arguments)
    example = [shares == 10**12, collateral == 10**6, most_assets == 10**7, most_shares == 0]
    example += [MARKET[name] == value for name, value in EXAMPLE.items()]
    example += [PARAMS[name] == value for name, value in LIMITS.items()]
    for worth, lost in ((14, False), (5, True)):
        taken = [way for way in ways if possible([*given, *way.holds, *example, price == worth * 10**35])]
        assert {"loss" in way.result for way in taken} == {lost}
    # What shares do is proved above, for all totals.
    formulas = ("_to_shares_down", "_to_assets_down", "_to_assets_up")
    terms = [only(source.ways(formula, ASSETS, TOTAL_ASSETS, TOTAL_SHARES)) for formula in formulas]
    of_shares = {line for way in terms for line, _fits in way.owed}
    owed: dict[str, Any] = {}
    for way in ways:
        holds, end = given + way.holds, way.result
        debt, repaid, seized, burned = (end[name] for name in ("debt", "repaid", "seized", "burned"))
        owed |= {fits.sexpr(): fits for line, fits in way.owed if line not in of_shares}
        prove(holds, z3.And(seized <= collateral, repaid <= debt, burned <= shares))
        if "loss" in end:
            prove([*holds, burned == shares], seized == collateral)
            prove(holds, z3.And(end["loss"] >= 0, end["loss"] + repaid <= debt))
            prove(holds, end["loss"] <= MARKET["supply_assets"])
            prove(holds, end["from_reserve"] <= MARKET["reserve"])
        else:
            part = z3.And(repaid < debt, seized < collateral)
            prove([*holds, part], (debt - repaid) * collateral <= debt * (collateral - seized))
            prove([*holds, repaid < debt], burned < shares)
    assert owed
    for fits in owed.values():
        prove(given, fits)
