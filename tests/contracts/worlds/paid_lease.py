"""The whole compute side on the real bytecode, with one provider and one renter, down to a lease."""

from dataclasses import astuple, dataclass
from typing import Any

import boa
from coincurve import PrivateKey

from contracts.worlds.pots import GENESIS_SUPPLY, RULES, deploy, deploy_rewards, now
from surge.match.draw import counts_from
from surge.match.score import explain
from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.lease import Lease, Terms
from surge.model.signature import address_of, sign
from surge.model.typed import Domain
from surge.model.units import Address, LeaseId, MicroUsd, Seconds, Wei
from surge.model.voucher import Close, Voucher
from surge.settle.rewards import RewardRules

RENTER, PROVIDER = PrivateKey(bytes([21]) * 32), PrivateKey(bytes([22]) * 32)
STAKE_PER_SLOT = Wei(100 * 10**18)
GRACE = Seconds(600)
MAX_LEASE = Seconds(86_400)
CLASS = Ask(1, 1, 1).sampling_class


@dataclass
class Compute:
    """Token, dollar, Registry, Market and Rewards, wired as a deployment does."""

    surge: Any
    dollar: Any
    registry: Any
    market: Any
    rewards: Any
    rules: RewardRules

    @property
    def domain(self) -> Domain:
        return Domain(boa.env.evm.patch.chain_id, Address(str(self.market.address)))

    def provide(self, key: PrivateKey = PROVIDER, slots: int = 8) -> str:
        """A provider with stake and a published ask."""
        provider = str(address_of(key))
        self.surge.transfer(provider, slots * STAKE_PER_SLOT)
        with boa.env.prank(provider):
            self.surge.approve(self.registry, slots * STAKE_PER_SLOT)
            self.registry.stake(slots * STAKE_PER_SLOT)
            self.registry.publish(Ask(price_gfuel=1_000, price_gib=50_000, slots=slots).word, "ticket")
        return provider

    def rent(
        self,
        escrow: int,
        duration: int = 900,
        slots: int = 1,
        renter: PrivateKey = RENTER,
        provider: PrivateKey = PROVIDER,
    ) -> Lease:
        """A lease of the provider's slots, funded from the faucet."""
        demand = Demand(cap_gfuel=1_000, cap_gib=50_000, slots=slots, duration=Seconds(duration))
        caller = str(address_of(renter))
        with boa.env.prank(caller):
            self.dollar.faucet(self.dollar.FAUCET_CAP())
            self.dollar.approve(self.market, 2**256 - 1)
            number = self.market.open_lease(demand.word, escrow, [str(address_of(provider))])
        opened = next(e for e in self.market.get_logs() if type(e).__name__ == "LeaseOpened")
        terms = Terms(
            Address(opened.renter),
            Address(opened.provider),
            opened.slots,
            opened.price_gfuel,
            opened.price_gib,
            MicroUsd(opened.escrow),
            Seconds(opened.expiry),
        )
        return Lease(LeaseId(number), terms, MicroUsd(opened.reservation), bytes(32))

    def signature(self, noun: Voucher | Close, key: PrivateKey) -> bytes:
        return sign(self.domain.digest(noun.struct_hash), key)

    def settle(self, lease: Lease, voucher: Voucher, signature: bytes | None = None) -> None:
        signature = signature or self.signature(voucher, RENTER)
        self.market.settle(
            lease.id,
            astuple(lease.terms),
            voucher.sequence,
            voucher.amount,
            voucher.root,
            signature[64],
            int.from_bytes(signature[:32], "big"),
            int.from_bytes(signature[32:64], "big"),
        )

    def end(self, lease: Lease, settled: Voucher) -> None:
        """The provider closes a lease whose latest voucher is settled; its fee is booked now."""
        terms, signatures = astuple(lease.terms), (b"", b"")
        with boa.env.prank(str(lease.terms.provider)):
            self.market.close(lease.id, terms, settled.sequence, settled.amount, settled.root, *signatures)


def asks_in(compute: Compute, kind: int = CLASS) -> int:
    """How many active asks it has, of any size."""
    return sum(counts_from(compute.registry.counts_of(kind)))


def fitting(ask: Ask, demand: Demand) -> int:
    """How many such leases the ask can hold."""
    return 0 if explain(ask, demand) else ask.free_slots // demand.slots


def deploy_compute(fee_bps: int = 500, reservation_price: int = 1, **changes: Any) -> Compute:
    """Everything that a network is deployed with; `changes` go to the rules of Rewards."""
    rules = RewardRules(**{"genesis": Seconds(now()), **RULES, **changes})
    surge, dollar = deploy("SurgeToken", GENESIS_SUPPLY), deploy("TestDollar")
    registry = deploy("Registry", surge, STAKE_PER_SLOT, 200_000)
    market = deploy("Market", dollar, registry, fee_bps, reservation_price, GRACE, MAX_LEASE)
    rewards = deploy_rewards(dollar, market, registry, surge, rules)
    surge.set_minter(rewards)
    registry.set_market(market)
    registry.set_rewards(rewards)
    market.set_rewards(rewards)
    return Compute(surge, dollar, registry, market, rewards, rules)
