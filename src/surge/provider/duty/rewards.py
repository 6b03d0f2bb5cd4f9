"""A provider's rewards, claimed epoch by epoch."""

import asyncio

import structlog

from surge.chain.client import Chain
from surge.model.units import MicroUsd, show_surge
from surge.provider.aside import aside
from surge.provider.duty.gas import Gas
from surge.provider.duty.outage import Outage
from surge.settle.gas import Choice

CLAIM_SECONDS = 300.0
LOCAL_SECONDS = 2.0
"""Of a chain on this machine."""

log = structlog.get_logger("surge.provider")


class Rewards:
    """Claims the reward of every sold epoch that is worth its gas."""

    def __init__(self, chain: Chain, gas: Gas, outage: Outage, local: bool) -> None:
        self._chain, self._gas, self._outage = chain, gas, outage
        self._pause = LOCAL_SECONDS if local else CLAIM_SECONDS

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            with self._outage.guarding("claiming"):
                await aside(self.claim)
                self._outage.answered()
            await asyncio.sleep(self._pause)

    def claim(self) -> int:
        """All that is worth it now; the wei of SURGE that it minted."""
        claimed = 0
        for epoch, amount in self._chain.rewards.unclaimed(self._chain.address):
            brings = self._worth(epoch, amount) if self._gas.is_weighed else MicroUsd(0)
            if not self._gas.is_weighed or self._gas.claiming(brings) is Choice.SEND:
                self._chain.rewards.claim(self._chain.address, epoch, most=self._gas.worth(brings))
                claimed += amount
                log.info("reward", epoch=epoch, surge=show_surge(amount))
        return claimed

    def _worth(self, epoch: int, amount: int) -> MicroUsd:
        """In dollars, at the price that the epoch's bidder paid for its pot."""
        sale = next(one for one in self._chain.rewards.sales() if one.epoch == epoch)
        return MicroUsd(amount * sale.pot // sale.burned if sale.burned else 0)
