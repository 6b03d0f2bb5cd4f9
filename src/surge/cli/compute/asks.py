"""`surge asks` and `quote`: what is offered, and what a program would cost there. Nothing is spent."""

import asyncio
import os
from typing import TYPE_CHECKING, Annotated, Any

import typer

from surge.cli.compute.asks_view import show_asks, show_quote
from surge.cli.terminal.access import found, reading
from surge.cli.terminal.options import (
    BUDGET,
    DURATION_SECONDS,
    MEMORY_MIB,
    Arguments,
    AsJson,
    Budget,
    Duration,
    File,
    MaxPrice,
    MaxPriceGib,
    Memory,
    Network,
)
from surge.cli.terminal.output import answer, tell
from surge.model.errors import NoProvider, SurgeError, Underfunded
from surge.model.units import GFUEL, counted, parse_usd, show_usd

if TYPE_CHECKING:
    from surge.model.ask import Offer
    from surge.model.demand import Demand

EXAMPLES = (1, 10, 100)
"""Gfuel."""


def asks(
    alive: Annotated[
        bool, typer.Option("--alive", help="Dial each, and leave out those that don't answer.")
    ] = False,
    as_json: AsJson = False,
    network: Network = None,
) -> None:
    """What providers offer now, cheapest first."""
    from surge.run.sandbox.suite import runtime_number

    access = found(network)
    with reading(access) as chain:
        offers = sorted(chain.asks.offers(), key=lambda offer: (offer.ask.price_gfuel, offer.ask.price_gib))
    if alive:
        answering = asyncio.run(_alive(offers, access.loopback))
        tell(f"{len(answering)} of {counted(len(offers), 'provider')} answer")
        offers = answering
    own = runtime_number()
    answer({"runtime": f"{own:04x}", "asks": [_ask(offer) for offer in offers]}, as_json, show_asks)


def quote(
    file: File,
    arguments: Arguments = None,
    budget: Budget = BUDGET,
    max_price: MaxPrice = None,
    max_price_gib: MaxPriceGib = None,
    memory: Memory = MEMORY_MIB,
    duration: Duration = DURATION_SECONDS,
    as_json: AsJson = False,
    network: Network = None,
) -> int:
    """What running FILE would cost; spends nothing.

    Where it would run, and for each other ask, why not there.
    """
    from surge.cli.compute.program import check_memory, read_command, read_program
    from surge.model.task import PYTHON

    check_memory(memory)
    program = read_program(file, read_command(arguments or (), None, ()))
    access = found(network)
    from surge.renter.executor import Executor
    from surge.renter.lease.budget import least
    from surge.renter.lease.ranking import rank, reasons

    executor = Executor(
        1,
        budget,
        access=access,
        max_price=max_price,
        max_price_gib=max_price_gib,
        duration=duration,
        memory_mib=memory,
    )
    with reading(access) as chain:
        offers = chain.asks.offers()
        demand = executor.demand_near(offers)
        reservation = chain.leases.reservation(demand)
    refused: SurgeError | None = None
    try:
        ranked = rank(offers, demand)
    except NoProvider as error:
        ranked, refused = [], error
    size = (len(program.code) if program.spec.runtime == PYTHON else 0) + len(program.given)
    document: dict[str, Any] = {
        "file": file,
        "runtime": program.spec.runtime,
        "modules": list(program.spec.modules),
        "bytes_in": size,
        "duration": duration,
        "reservation": show_usd(reservation),
        "budget": show_usd(parse_usd(budget)),
        "ranked": [_quoted(offer, demand, size, reservation) for offer in ranked],
        "rejected": [{"provider": offer.provider, "reasons": why} for offer, why in reasons(offers, demand)],
    }
    enough = least(1, reservation)
    if refused is None and parse_usd(budget) < enough:
        refused = Underfunded(
            f"the budget of {budget} is too small: a lease of {duration} s takes at least {show_usd(enough)}"
        )
    if refused is not None:
        document["error"] = {"kind": type(refused).__name__, "message": str(refused)}
    answer(document, as_json, show_quote)
    if refused is None:
        return 0
    if ranked:
        tell(f"{refused}; give a larger --budget")
    else:
        tell(f"none of {len(offers)} asks fits; relax what the reasons above name, or wait")
    return refused.exit_code


async def _alive(offers: "list[Offer]", loopback: bool) -> "list[Offer]":
    """Those whose providers answer a dial."""
    from surge.net.endpoint import Endpoint
    from surge.renter.lease.funding import PROBE_SECONDS

    endpoint = await Endpoint.bind(os.urandom(32), loopback=loopback)

    try:
        up = await asyncio.gather(*(endpoint.reaches(offer.ticket, PROBE_SECONDS) for offer in offers))
    finally:
        await endpoint.close()
    return [offer for offer, answer in zip(offers, up, strict=True) if answer]


def _ask(offer: "Offer") -> dict[str, Any]:
    ask = offer.ask
    return {
        "provider": offer.provider,
        "price_gfuel": show_usd(ask.price_gfuel),
        "price_gib": show_usd(ask.price_gib),
        "slots": ask.slots,
        "free_slots": ask.free_slots,
        "memory_mib": 1 << ask.memory_tier,
        "accelerator": ask.accelerator,
        "accelerator_gib": ask.accelerator_memory,
        "energy_mj_per_gfuel": ask.energy,
        "reputation": ask.reputation,
        "coordinate": [ask.x, ask.y, ask.height],
        "runtime": f"{ask.runtime:04x}",
    }


def _quoted(offer: "Offer", demand: "Demand", size: int, reservation: int) -> dict[str, Any]:
    """An ask that fits: its score's cost (lower is better) and what whole runs of so much work would take."""
    from surge.match.score import cost
    from surge.model.task import amount_of

    ask = offer.ask
    return {
        **_ask(offer),
        "cost": cost(ask, demand),
        "examples": {
            str(gfuel): show_usd(reservation + amount_of(gfuel * GFUEL, size, ask.price_gfuel, ask.price_gib))
            for gfuel in EXAMPLES
        },
    }
