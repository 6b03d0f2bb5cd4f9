"""match/score.py against the bytecode of score.vy and of Registry.book (M5)."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.actors import Booked
from contracts.worlds.pots import UNSHRUNK, deploy, deploy_mock
from surge.match.draw import counts_from, places_of, size_of
from surge.match.draw import drawn as drawn_at
from surge.match.score import FAR, FULL, choose, cost, distance, explain, nearest_of_drawn, price_term
from surge.model.ask import ASK_LAYOUT, Ask
from surge.model.demand import DEMAND_LAYOUT, Demand
from surge.model.digest import keccak
from surge.model.word import Field

NOBODY = "0x" + "00" * 20


@pytest.fixture(scope="module")
def score() -> Iterator[Any]:
    with boa.env.anchor():
        yield deploy_mock("ScoreDoor")


def numbers(field: Field) -> st.SearchStrategy[int]:
    """Any value of the field, its edges more often."""
    low = -(1 << field.bits - 1) if field.signed else 0
    high = low + (1 << field.bits) - 1
    return st.one_of(st.integers(low, high), st.sampled_from([low, low + 1, 0, 1, high - 1, high]))


asks = st.builds(Ask, **{name: numbers(field) for name, field in ASK_LAYOUT.items()})
demands = st.builds(Demand, **{name: numbers(field) for name, field in DEMAND_LAYOUT.items()})


@settings(max_examples=150)
@given(ask=asks, demand=demands)
def test_distances_and_classes(score: Any, ask: Ask, demand: Demand) -> None:
    assert score.distance(ask.word, demand.word) == distance(ask, demand) <= FAR
    assert score.class_of_ask(ask.word) == ask.sampling_class
    assert score.class_of_demand(demand.word) == demand.sampling_class


PLAIN = replace(Ask(**dict.fromkeys(ASK_LAYOUT, 0)), active=1, slots=8)
WEIGHTS = {name: 7 for name in DEMAND_LAYOUT if name.startswith("w_")}
SHARED = ("runtime", "accelerator", "accelerator_memory", "memory_tier")
CAPS = {"cap_gfuel": 2**32 - 1, "cap_gib": 2**32 - 1}


@pytest.mark.parametrize("name", ASK_LAYOUT)
def test_each_field_of_an_ask_stands_where_the_contract_reads_it(score: Any, name: str) -> None:
    """Alone, at its ends: a layout that was moved on one side only is seen at once."""
    field = ASK_LAYOUT[name]
    low, high = (
        (-(1 << field.bits - 1), (1 << field.bits - 1) - 1) if field.signed else (1, (1 << field.bits) - 1)
    )
    for value in (low, high):
        ask = replace(PLAIN, **{name: value})
        same = {
            each: getattr(ask, each)
            for each in ("runtime", "accelerator", "accelerator_memory", "memory_tier")
        }
        demand = replace(Demand(**dict.fromkeys(DEMAND_LAYOUT, 0)), **CAPS, **WEIGHTS, **same)
        assert score.class_of_ask(ask.word) == ask.sampling_class
        assert score.distance(ask.word, demand.word) == distance(ask, demand)
        assert score.fits(ask.word, demand.word) == (explain(ask, demand) == [])
        if explain(ask, demand) == [] and ask.slots:
            assert score.cost(ask.word, demand.word, distance(ask, demand)) == cost(ask, demand)


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[Ask, Demand]:
    """An ask and a demand that differ by at most one in what eligibility looks at."""
    near: dict[str, int] = {}
    wanted: dict[str, int] = {}
    for name in ("accelerator", "accelerator_memory", "memory_tier", "runtime"):
        near[name] = draw(numbers(ASK_LAYOUT[name]))
        step = draw(st.sampled_from([0, 0, 0, 0, -1, 1]))
        wanted[name] = min(max(near[name] + step, 0), (1 << ASK_LAYOUT[name].bits) - 1)
    for price, cap in (("price_gfuel", "cap_gfuel"), ("price_gib", "cap_gib")):
        near[price] = draw(numbers(ASK_LAYOUT[price]))
        wanted[cap] = min(max(near[price] + draw(st.integers(-1, 5)), 0), 2**32 - 1)
    near["slots"] = draw(numbers(ASK_LAYOUT["slots"]))
    near["load"] = draw(st.integers(0, near["slots"]))
    free = near["slots"] - near["load"]
    wanted["slots"] = draw(st.sampled_from([0, 1, free, max(free - 1, 0), min(free + 1, 2**16 - 1)]))
    near["active"] = draw(st.sampled_from([1, 1, 1, 1, 0]))
    rest = {name: draw(numbers(field)) for name, field in ASK_LAYOUT.items() if name not in near}
    other = {name: draw(numbers(field)) for name, field in DEMAND_LAYOUT.items() if name not in wanted}
    return Ask(**near, **rest), Demand(**wanted, **other)


@settings(phases=UNSHRUNK, max_examples=120)
@given(pair=near_pairs(), nearest=st.integers(0, FAR))
def test_eligibility_and_cost(score: Any, pair: tuple[Ask, Demand], nearest: int) -> None:
    ask, demand = pair
    fits = explain(ask, demand) == []
    assert score.fits(ask.word, demand.word) == fits
    if fits and ask.slots:
        assert score.cost(ask.word, demand.word, distance(ask, demand)) == cost(ask, demand)
        far = max(nearest, distance(ask, demand))
        assert score.cost(ask.word, demand.word, far) == cost(ask, demand, nearest)


def test_both_prices_count(score: Any) -> None:
    """Three quarters and one quarter of the term, each over its own cap, each rounded down."""
    demand = replace(Demand(**dict.fromkeys(DEMAND_LAYOUT, 0)), w_price=1, cap_gfuel=1_000, cap_gib=3_000)
    for gfuel, gib, term in (
        (1_000, 3_000, FULL), (1_000, 0, 7_500), (1, 3_000, 2_507), (1, 1_499, 1_256), (500, 1_500, 5_000),
    ):  # fmt: skip
        ask = replace(PLAIN, price_gfuel=gfuel, price_gib=gib)
        assert score.cost(ask.word, demand.word, 0) == cost(ask, demand) == price_term(ask, demand) == term
    free = replace(PLAIN, price_gfuel=0, price_gib=0)
    for caps in ({"cap_gfuel": 0}, {"cap_gib": 0}, {"cap_gfuel": 0, "cap_gib": 0}):
        assert (
            score.cost(free.word, replace(demand, **caps).word, 0) == cost(free, replace(demand, **caps)) == 0
        )


@settings(max_examples=150)
@given(
    counts=st.lists(st.sampled_from([0, 0, 1, 2, 77, 2**32 - 1]), min_size=8, max_size=8).filter(any),
    kind=st.integers(0, 2**32 - 1),
    number=st.integers(0, 2**128 - 1),
)
def test_draws(score: Any, counts: list[int], kind: int, number: int) -> None:
    word = sum(count << 32 * place for place, count in enumerate(reversed(counts)))
    assert counts_from(word) == counts
    weight, place, index = score.drawn(kind, word, number)
    assert weight == sum(count << size for size, count in enumerate(counts))
    assert (place >> 3, (place & 7, index)) == (kind, drawn_at(counts, number))


@given(ask=asks.filter(lambda ask: ask.slots > 0))
def test_sizes(score: Any, ask: Ask) -> None:
    assert score.list_of(ask.word) == ask.sampling_class << 3 | size_of(ask.slots)
    assert places_of(ask.slots) <= ask.slots


# The choice. Asks are set through the Registry's own calls.

PROVIDERS = [boa.env.generate_address() for _ in range(6)]


@pytest.fixture(scope="module")
def registry() -> Iterator[Any]:
    with boa.env.anchor():
        surge = deploy("SurgeToken", 10**24)
        registry = deploy("Registry", surge, 1, 1)
        registry.set_market(boa.env.eoa)
        registry.set_rewards(boa.env.eoa)
        for provider in PROVIDERS:
            surge.transfer(provider, 100)
            surge.approve(registry, 100, sender=provider)
            registry.stake(100, sender=provider)
        yield registry


offers = st.builds(
    Ask,
    price_gfuel=st.integers(1, 12),
    price_gib=st.integers(0, 3),
    slots=st.integers(1, 4),
    x=st.integers(-40, 40),
    y=st.integers(-40, 40),
    height=st.integers(0, 20),
    energy=st.integers(0, 20),
    memory_tier=st.sampled_from([10, 10, 10, 11, 9]),
)
places = st.lists(st.integers(0, len(PROVIDERS)), max_size=8)


@settings(max_examples=60, phases=UNSHRUNK)
@given(
    published=st.lists(offers, min_size=len(PROVIDERS), max_size=len(PROVIDERS)),
    credits=st.lists(st.sampled_from([0, 0, 1, 1_000]), min_size=6, max_size=6),
    withdrawn=st.sets(st.integers(0, len(PROVIDERS) - 1), max_size=2),
    weights=st.lists(st.integers(0, 255), min_size=5, max_size=5),
    calls=st.lists(
        st.tuples(
            places, st.integers(1, 2), st.binary(min_size=32, max_size=32), st.sampled_from([1, 1, 2, 3])
        ),
        min_size=1,
        max_size=4,
    ),
    cap=st.integers(8, 12),
)
def test_the_same_choice(
    registry: Any,
    published: list[Ask],
    credits: list[int],
    withdrawn: set[int],
    weights: list[int],
    calls: list[tuple[list[int], int, bytes, int]],
    cap: int,
) -> None:
    """M5: and each booking changes what the next one sees."""
    with boa.env.anchor():
        for provider, ask, fees in zip(PROVIDERS, published, credits, strict=True):
            registry.publish(ask.word, "ticket", sender=provider)
            if fees:
                registry.credit_reputation(provider, fees)
        for number in withdrawn:
            registry.withdraw_ask(sender=PROVIDERS[number])
        for chosen, slots, seed, count in calls:
            names = dict(
                zip(("w_price", "w_proximity", "w_load", "w_reputation", "w_energy"), weights, strict=True)
            )
            check_choice(registry, Demand(cap, 2, slots=slots, **names), chosen, seed, count)


def check_choice(registry: Any, demand: Demand, chosen: list[int], seed: bytes, count: int) -> None:
    """`count` bookings in one call, each with the loads that those before it left."""
    named = [PROVIDERS[n] if n < len(PROVIDERS) else NOBODY for n in chosen]
    kind = demand.sampling_class
    counts = counts_from(registry.counts_of(kind))
    asks = {each: Ask.from_word(registry.ask_of(each)) for each in (*PROVIDERS, NOBODY)}
    expected, draws = [], seed
    for _ in range(count):
        found_places = [drawn_at(counts, int.from_bytes(half, "big")) for half in (draws[16:], draws[:16])]
        everybody = [*named, *(registry.member(kind, *place) for place in found_places if place)]
        shown = [asks[each] for each in everybody]
        found = choose(demand, shown[: len(named)], shown[len(named) :])
        if found is None:
            with boa.reverts("Market: no eligible provider"):
                registry.book(demand.word, seed, named, count)
            return
        drawn, ask, draws = found >= len(named), shown[found], keccak(draws)
        nearest = nearest_of_drawn(demand, shown[: len(named)]) if drawn else 0
        best = cost(ask, demand, nearest)
        assert all(best <= cost(each, demand) for each in shown[: len(named)] if not explain(each, demand))
        expected.append(Booked(everybody[found], ask.price_gfuel, ask.price_gib, drawn))
        asks[everybody[found]] = replace(ask, load=ask.load + demand.slots)
    assert [Booked.of(word) for word in registry.book(demand.word, seed, named, count)] == expected
    assert all(Ask.from_word(registry.ask_of(each)) == ask for each, ask in asks.items())
