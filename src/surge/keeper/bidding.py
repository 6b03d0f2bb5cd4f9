"""When to start a fee auction and when to bid: a pure rule, told everything it needs."""

from dataclasses import dataclass

from surge.model.units import WAD, MicroUsd, Seconds, Wei


@dataclass(frozen=True, slots=True)
class Sight:
    """The auction as the bidder sees it. Units: seconds of the chain; millionths of a dollar; wei of SURGE.

    pot: on sale, or waiting to be swept when nothing is on sale. epoch, cost: of the running auction, None
    without one. next_auction: from when one may be started. min_pot: the least that is sold.
    """

    now: Seconds
    pot: MicroUsd
    min_pot: MicroUsd
    next_auction: Seconds
    balance: Wei
    epoch: int | None = None
    cost: Wei | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Start the auction."""


@dataclass(frozen=True, slots=True)
class Bid:
    """Buy the pot of `epoch` for at most `most`."""

    epoch: int
    most: Wei


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing. Why, in words."""

    reason: str


def worth_down(pot: int, value: int) -> Wei:
    """What a pot is worth in wei of SURGE to one who values a SURGE at `value` millionths of a dollar."""
    return Wei(pot * WAD // value)


def decide(sight: Sight, value: MicroUsd, cap: Wei | None = None) -> Start | Bid | Wait:
    """Start as soon as the chain allows; bid as soon as the price has fallen to what the pot is worth.

    value: millionths of a dollar that the bidder gives for one SURGE, above zero. cap: the most that it gives
    for one pot. It never bids more than the pot is worth to it, nor more than it has.
    """
    if sight.epoch is None or sight.cost is None:
        if sight.now < sight.next_auction:
            return Wait(f"the epoch ends in {sight.next_auction - sight.now} s")
        if sight.pot < sight.min_pot:
            return Wait(f"the pot of {sight.pot} millionths of a dollar is below {sight.min_pot}")
        return Start()
    most = worth_down(sight.pot, value)
    if sight.cost > most:
        return Wait(f"the pot costs {sight.cost} wei of SURGE and is worth {most}")
    if cap is not None and sight.cost > cap:
        return Wait(f"the pot costs {sight.cost} wei of SURGE, and {cap} are the most for one")
    if sight.cost > sight.balance:
        return Wait(f"the pot costs {sight.cost} wei of SURGE, the balance is {sight.balance}")
    return Bid(sight.epoch, Wei(min(most, sight.balance, most if cap is None else cap)))
