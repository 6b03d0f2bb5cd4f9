"""What gas costs now, and whether what it would be spent on is worth it."""

import asyncio
import time
from datetime import UTC, datetime

import structlog

from surge.chain.client import Chain
from surge.model.lease import Lease
from surge.model.units import MicroUsd, Seconds, Wei, show_surge, show_usd
from surge.provider.aside import aside
from surge.provider.duty.outage import Outage
from surge.settle.gas import (
    CLAIM_GAS,
    CLOSE_GAS,
    SETTLE_GAS,
    Choice,
    Due,
    Looked,
    Purse,
    Scales,
    Short,
    freed,
    near,
)
from surge.store.provider import ProviderStore

LOOK_SECONDS = 60.0
FRESH_SECONDS = 15.0
"""A gas price that old is asked for again."""

log = structlog.get_logger("surge.provider")


class Gas:
    """Any thread may use it. All errors: NoNetwork."""

    def __init__(self, chain: Chain, scales: Scales) -> None:
        self._chain, self._scales = chain, scales
        self._price, self._asked_at = Wei(0), float("-inf")

    def price(self) -> Wei:
        """Wei of the chain's coin that a unit of gas costs."""
        if time.monotonic() - self._asked_at >= FRESH_SECONDS:
            self._price, self._asked_at = self._chain.money.gas_price(), time.monotonic()
        return self._price

    def settling(self, lease: Lease, brings: int) -> Choice:
        return self._weigh(lease, brings, SETTLE_GAS)

    def worth(self, brings: int) -> Wei | None:
        """What a transaction may cost that brings so much; None: as much as the network's limits allow."""
        return self._scales.worth(brings)

    def closing(self, lease: Lease, brings: int) -> Choice:
        return self._weigh(lease, self.brought(lease, brings), CLOSE_GAS)

    def brought(self, lease: Lease, brings: int) -> int:
        """By a close, which frees the lease's slots, too."""
        return brings + freed(lease.terms.slots, lease.terms.price_gfuel)

    @property
    def is_weighed(self) -> bool:
        return self._scales.coin_price is not None

    def claiming(self, brings: int) -> Choice:
        """A reward waits for ever."""
        return self._scales.choose(brings, CLAIM_GAS, self.price(), None, Seconds(0))

    def _weigh(self, lease: Lease, brings: int, gas: int) -> Choice:
        if not self.is_weighed:
            return Choice.SEND
        grace = self._chain.book.parameters.grace_seconds
        left = Seconds(lease.terms.expiry + grace - self._chain.now())
        return self._scales.choose(brings, gas, self.price(), left, near(grace))


class GasWatch:
    """Warns when the account's coins can't pay the gas of what is signed and not redeemed."""

    def __init__(self, chain: Chain, store: ProviderStore, gas: Gas, outage: Outage) -> None:
        self._chain, self._store, self._gas, self._outage = chain, store, gas, outage
        self._purse = Purse()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            with self._outage.guarding("looking at the coins for gas"):
                for short in await aside(self.look):
                    log.warning(said(short, self._chain.address))
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> list[Short]:
        """Asks the chain only while money waits."""
        grace = self._chain.book.parameters.grace_seconds
        due = tuple(
            Due(lease.id, amount, Seconds(lease.terms.expiry + grace))
            for lease, amount in self._store.unredeemed()
        )
        if not due:
            return []
        coins = self._chain.money.coins(self._chain.address)
        return self._purse.handle(Looked(self._chain.now(), self._gas.price(), coins, due))


def said(short: Short, account: str) -> str:
    """The warning as a person reads it."""
    until = datetime.fromtimestamp(short.deadline, UTC).strftime("%Y-%m-%d %H:%M UTC")
    missing = show_surge(short.needed - short.coins)
    when = "within the hour" if short.last else f"by {until}"
    return (
        f"gas runs out: {account} is short of {missing} coins to redeem {show_usd(MicroUsd(short.amount))} "
        f"USD that renters signed; send coins there {when}, or it is lost from {until} on"
    )
