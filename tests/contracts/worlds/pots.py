"""A Rewards contract on the real bytecode, with its tokens, between a fee source and a payee book."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boa
from hypothesis import Phase

import places
from surge.model.units import Bps, MicroUsd, Seconds, Wei
from surge.settle.rewards import RewardRules, SurgePrice

# For Hypothesis on bytecode: a failure there takes seconds, and hundreds of them to shrink it.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
GENESIS_SUPPLY = 10**9 * 10**18
DAY = 86_400
# About where the local network stands: 20 SURGE buy a dollar, and an auction opens well above that.
RULES = {
    "epoch_seconds": Seconds(DAY),
    "first_epoch_mint": Wei(1_000 * 10**18),
    "halving_epochs": 730,
    "kappa_bps": Bps(8_000),
    "start_price": SurgePrice(80 * 10**18),
    "start_multiple": 4,
    "floor_price": SurgePrice(10**9),
    "step_seconds": Seconds(600),
    "hold_seconds": Seconds(DAY),
    "min_pot": MicroUsd(1_000),
}


@cache
def compiled(path: Path) -> Any:
    return boa.load_partial(str(path))


def _deploy(path: Path, arguments: tuple[Any, ...]) -> Any:
    # An anchor takes back contracts but not the trace of their storage. When another contract comes to
    # the same address, boa reads its storage by that old trace and fails where it should show a revert.
    boa.env.sstore_trace.clear()
    return compiled(path).deploy(*arguments)


def deploy(name: str, *arguments: Any) -> Any:
    """A contract of the project, by its name."""
    return _deploy(places.contract(name), arguments)


def deploy_mock(name: str, *arguments: Any) -> Any:
    return _deploy(places.mock(name), arguments)


def now() -> int:
    return int(boa.env.evm.patch.timestamp)


def wait(seconds: int) -> None:
    boa.env.evm.patch.timestamp = now() + seconds


@dataclass
class Pots:
    """The contracts, the rules they were deployed with, and the short ways to use them."""

    rules: RewardRules
    surge: Any
    dollar: Any
    market: Any
    registry: Any
    rewards: Any

    def collect(self, provider: str, fee: int, reservation: int = 0, payer: str | None = None) -> None:
        """A payment in the Market: its fee is attributed to the provider, the reservation to nobody."""
        payer = payer or boa.env.generate_address()
        with boa.env.prank(payer):
            self.dollar.faucet(fee + reservation)
            self.dollar.approve(self.market, fee + reservation)
            self.market.collect(provider, fee, reservation)

    def fund(self, bidder: str, amount: int) -> None:
        """SURGE of the genesis supply, with the allowance that a bid needs."""
        self.surge.transfer(bidder, amount)
        with boa.env.prank(bidder):
            self.surge.approve(self.rewards, 2**256 - 1)

    def bidder(self) -> str:
        bidder = str(boa.env.generate_address())
        self.fund(bidder, 10**7 * 10**18)
        return bidder

    def sell(self, bidder: str, after: int = 0) -> tuple[int, int]:
        """Start the auction and buy it after `after` seconds; the epoch and what was burned."""
        epoch = self.rewards.start_auction()
        wait(after)
        burned = self.rewards.bid(epoch, 2**256 - 1, sender=bidder)
        return epoch, burned


def deploy_rewards(dollar: Any, market: Any, registry: Any, surge: Any, rules: RewardRules) -> Any:
    return deploy(
        "Rewards",
        surge,
        dollar,
        market,
        registry,
        rules.epoch_seconds,
        rules.genesis,
        rules.first_epoch_mint,
        rules.halving_epochs,
        rules.kappa_bps,
        rules.start_price,
        rules.start_multiple,
        rules.floor_price,
        rules.step_seconds,
        rules.hold_seconds,
        rules.min_pot,
    )


def deploy_pots(dollar: Any = None, **changes: Any) -> Pots:
    """Everything at its defaults but `changes` of the rules; the first period has not ended."""
    rules = RewardRules(**{"genesis": Seconds(now()), **RULES, **changes})
    surge = deploy("SurgeToken", GENESIS_SUPPLY)
    dollar = dollar or deploy("TestDollar")
    market, registry = deploy_mock("FeeSource", dollar), deploy_mock("PayeeBook")
    rewards = deploy_rewards(dollar, market, registry, surge, rules)
    surge.set_minter(rewards)
    return Pots(rules, surge, dollar, market, registry, rewards)
