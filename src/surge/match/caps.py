"""What may be paid: caps near the prices that are seen, so that price counts however much was allowed."""

from collections.abc import Sequence
from dataclasses import replace

from surge.match.score import explain
from surge.model.ask import Ask
from surge.model.demand import Demand

NEAR = 3
"""Times the median price; dearer asks are passed over while there are others."""
USUAL_GFUEL, USUAL_GIB = 2, 10_000
"""What a new provider asks, in millionths of a dollar: no bait for less makes that dear."""


def near_best(asks: Sequence[Ask], demand: Demand, wanted: int, stretch: bool) -> Demand:
    """The demand with caps at NEAR times the median price of the fitting asks, counted by their free slots:
    moving a median takes half of all the stake. Never above the demand's own caps.

    wanted: leases. stretch: whether a cap may rise to what so many leases cost, because the renter named it.
    """
    least = wanted * demand.slots if stretch else 0
    near = replace(
        demand,
        cap_gfuel=min(
            demand.cap_gfuel, _near([(a.price_gfuel, a.free_slots) for a in asks], USUAL_GFUEL, least)
        ),
        cap_gib=min(demand.cap_gib, _near([(a.price_gib, a.free_slots) for a in asks], USUAL_GIB, least)),
    )
    # Who is cheap by one price may be dear by the other.
    return near if any(not explain(ask, near) for ask in asks) else demand


def _near(prices: list[tuple[int, int]], usual: int, least: int) -> int:
    """NEAR the median of one price (millionths, free slots), and not below what `least` slots cost."""
    offered = sorted(pair for pair in prices if pair[1] > 0)
    half = (sum(slots for _, slots in offered) + 1) // 2
    return max(NEAR * usual, NEAR * _reached(offered, half), _reached(offered, least))


def _reached(offered: list[tuple[int, int]], slots: int) -> int:
    """The least price at which there are so many slots; the highest, if there never are; 0 without any."""
    found = 0
    for price, count in offered:
        found += count
        if found >= slots:
            return price
    return offered[-1][0] if offered else 0
