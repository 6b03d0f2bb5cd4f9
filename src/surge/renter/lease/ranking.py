"""Which asks fit a demand, best first; for the others, why not; and in which waves they are dialled."""

from collections.abc import Callable, Collection, Iterable, Iterator

from surge.match.score import cost, explain
from surge.model.ask import Offer
from surge.model.demand import Demand
from surge.model.errors import NoProvider
from surge.model.units import Address

WAVE = 16
"""Offers that are dialled together at first; each wave has twice as many as the one before."""


def reasons(offers: Iterable[Offer], demand: Demand) -> list[tuple[Offer, list[str]]]:
    """Each rejected offer with all that speaks against it."""
    judged = ((offer, explain(offer.ask, demand)) for offer in offers)
    return [(offer, why) for offer, why in judged if why]


def rank(offers: list[Offer], demand: Demand) -> list[Offer]:
    """The eligible offers, lowest cost first. Raises NoProvider with every reason if there is none."""
    fitting = [offer for offer in offers if not explain(offer.ask, demand)]
    if not fitting:
        why = "; ".join(f"{offer.provider}: {', '.join(said)}" for offer, said in reasons(offers, demand))
        raise NoProvider(
            f"none of {len(offers)} asks fits ({why}); relax the demand, or wait (surge leases shows "
            "which slots you hold yourself, and --close ends those whose program is gone)"
            if offers
            else "nobody offers anything on this network; start a provider (surge provide), or wait for one"
        )
    return sorted(fitting, key=lambda offer: cost(offer.ask, demand))


def waves(
    ranked: list[Offer], proven: Collection[Address], below: Callable[[int], int]
) -> Iterator[list[Offer]]:
    """All offers, a wave at a time: half of it such as have worked for this renter before, then the best, and
    a quarter drawn by their slots, so that no number of cheap asks that nobody answers can hide the others.

    ranked: best first. below: a random whole number below the given one.
    """
    left, size = list(ranked), WAVE
    while left:
        known = [offer for offer in left if offer.provider in proven][: size // 2]
        wave = known + _without(left, known)[: 3 * size // 4 - len(known)]
        rest = _without(left, wave)
        while rest and len(wave) < size:
            wave.append(rest.pop(_drawn([offer.ask.slots for offer in rest], below)))
        yield wave
        left, size = rest, 2 * size


def _without(offers: list[Offer], gone: list[Offer]) -> list[Offer]:
    named = {offer.provider for offer in gone}
    return [offer for offer in offers if offer.provider not in named]


def _drawn(weights: list[int], below: Callable[[int], int]) -> int:
    """An index, each as likely as its weight says."""
    mark = below(sum(weights))
    for place, weight in enumerate(weights):
        if mark < weight:
            return place
        mark -= weight
    raise AssertionError("a mark lies below the sum of the weights")
