"""How well an ask fits a demand. Integer twin of contracts/compute/score.vy and of Registry.book."""

from collections.abc import Sequence

from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.units import show_usd

FULL = 10_000
"""The most that one term can cost."""
OF_GFUEL, OF_GIB = 7_500, 2_500
"""What each price over its cap makes of the price term; together FULL."""
FAR = 10_000
"""Distances end here: 1,000 ms in units of 0.1 ms."""


def distance(ask: Ask, demand: Demand) -> int:
    """Between the ask's network coordinate and the data's, in 0.1 ms, at most FAR.

    max + 3/8 min: within 6.8% of the Euclidean distance, whose coordinates err by about 11%.
    """
    dx, dy = abs(ask.x - demand.x), abs(ask.y - demand.y)
    return min(max(dx, dy) + 3 * min(dx, dy) // 8 + ask.height, FAR)


def explain(ask: Ask, demand: Demand) -> list[str]:
    """Why the ask is rejected, each reason with both numbers; empty if it fits."""
    checks = (
        (ask.active != 0, "it is withdrawn"),
        (
            ask.runtime == demand.runtime,
            f"its runtime is {ask.runtime:04x} and {demand.runtime:04x} is asked for",
        ),
        (
            ask.accelerator == demand.accelerator,
            f"its accelerator class is {ask.accelerator} and {demand.accelerator} is asked for",
        ),
        (
            ask.accelerator_memory >= demand.accelerator_memory,
            f"its accelerator has {ask.accelerator_memory} GiB of {demand.accelerator_memory}",
        ),
        (
            ask.memory_tier >= demand.memory_tier,
            f"a slot has {1 << ask.memory_tier} MiB of {1 << demand.memory_tier}",
        ),
        (
            ask.free_slots >= demand.slots,
            f"{ask.free_slots} of its {ask.slots} slots are free and {demand.slots} asked for",
        ),
        (
            ask.price_gfuel <= demand.cap_gfuel,
            f"it asks {show_usd(ask.price_gfuel)} USD per Gfuel and the cap is {show_usd(demand.cap_gfuel)}",
        ),
        (
            ask.price_gib <= demand.cap_gib,
            f"it asks {show_usd(ask.price_gib)} USD per GiB and the cap is {show_usd(demand.cap_gib)}",
        ),
    )
    return [reason for holds, reason in checks if not holds]


def price_term(ask: Ask, demand: Demand) -> int:
    """Each price over its cap, the one per Gfuel three times as heavy; a cap of zero makes a part of zero."""
    parts = ((OF_GFUEL, ask.price_gfuel, demand.cap_gfuel), (OF_GIB, ask.price_gib, demand.cap_gib))
    return sum(weight * price // cap for weight, price, cap in parts if cap)


def cost(ask: Ask, demand: Demand, nearest: int = 0) -> int:
    """The weighted sum of price, proximity, load, reputation and energy; the lowest wins.

    nearest: a drawn ask never counts as nearer than this. The ask must fit the demand.
    """
    terms = (
        (demand.w_price, price_term(ask, demand)),
        (demand.w_proximity, max(distance(ask, demand), nearest)),
        (demand.w_load, ask.load * FULL // ask.slots),
        (demand.w_reputation, (255 - ask.reputation) * FULL // 255),
        (demand.w_energy, min(ask.energy, FULL)),
    )
    return sum(weight * term for weight, term in terms)


def nearest_of_drawn(demand: Demand, candidates: Sequence[Ask]) -> int:
    """The upper median of the fitting candidates' distances; FAR without any."""
    distances = sorted(distance(ask, demand) for ask in candidates if not explain(ask, demand))
    return distances[len(distances) // 2] if distances else FAR


def choose(demand: Demand, candidates: Sequence[Ask], drawn: Sequence[Ask]) -> int | None:
    """Index of the best in `[*candidates, *drawn]`, the earlier one on a tie; None if none fits."""
    nearest = nearest_of_drawn(demand, candidates)
    costs = [
        (cost(ask, demand, nearest if place >= len(candidates) else 0), place)
        for place, ask in enumerate([*candidates, *drawn])
        if not explain(ask, demand)
    ]
    return min(costs)[1] if costs else None
