"""What may be paid: caps near the prices that are seen, so that price counts however much was allowed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from surge.match.score import explain
from surge.model.ask import Ask
from surge.model.demand import Demand

NEAR = 3
"""Times the median price; dearer asks are passed over while there are others."""


def near_best(asks: Sequence[Ask], demand: Demand, wanted: int, stretch: bool) -> Demand:
    """The demand with caps at NEAR times the median price of the fitting asks, counted by their free slots:
    moving a median takes half of all the stake. Never above the demand's own caps.

    wanted: leases. stretch: whether a cap may rise to what so many leases cost, because the renter named it.
    """
    need = wanted * demand.slots
    near = replace(
        demand,
        cap_gfuel=_cap(((a.price_gfuel, a.free_slots) for a in asks), demand.cap_gfuel, need, stretch),
        cap_gib=_cap(((a.price_gib, a.free_slots) for a in asks), demand.cap_gib, need, stretch),
    )
    # Who is cheap by one price may be dear by the other.
    return near if any(not explain(ask, near) for ask in asks) else demand


def _cap(prices: Iterable[tuple[int, int]], most: int, need: int, stretch: bool) -> int:
    """Of one price; `most` where there is none to be near to."""
    offered = sorted(pair for pair in prices if pair[1] > 0)
    if not offered:
        return most
    half = (sum(slots for _, slots in offered) + 1) // 2
    near = NEAR * _reached(offered, half)
    return min(most, max(near, _reached(offered, need)) if stretch else near)


def _reached(offered: list[tuple[int, int]], slots: int) -> int:
    """The least price at which there are so many slots; the highest, if there never are."""
    found = 0
    for price, count in offered:
        found += count
        if found >= slots:
            return price
    return offered[-1][0]
