"""Which asks fit a demand, best first; and for the others, why not."""

from collections.abc import Iterable

from surge.match.score import cost, explain
from surge.model.ask import Offer
from surge.model.demand import Demand
from surge.model.errors import NoProvider


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
