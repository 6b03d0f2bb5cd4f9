"""The way out: all that a provider has on the chain comes back, as far as time allows. Every step looks first
whether it is done, so running it again goes on."""

import asyncio
from dataclasses import dataclass, field

from surge.chain.client import Chain
from surge.model.units import Address, LeaseId, MicroUsd, Seconds, Wei
from surge.provider.duty.gas import Gas
from surge.provider.duty.outage import Outage
from surge.provider.duty.redeemer import Redeemer
from surge.provider.duty.rewards import Rewards
from surge.store.provider import ProviderStore


@dataclass(slots=True)
class Retired:
    """What was done now, and what stays. release: when the unbonding stake can be taken out; returned: stake
    that came back now."""

    withdrawn: bool = False
    closed: list[LeaseId] = field(default_factory=list)
    kept: list[LeaseId] = field(default_factory=list)
    redeemed: MicroUsd = MicroUsd(0)
    rewards: Wei = Wei(0)
    returned: Wei = Wei(0)
    bonded: Wei = Wei(0)
    unbonding: Wei = Wei(0)
    release: Seconds = Seconds(0)
    sent_usd: MicroUsd = MicroUsd(0)
    sent_surge: Wei = Wei(0)

    @property
    def done(self) -> bool:
        """Whether nothing is left on the chain."""
        return not (self.kept or self.bonded or self.unbonding)


def retire(chain: Chain, store: ProviderStore, gas: Gas, to: Address | None) -> Retired:
    """Withdraw the ask, close the leases with their vouchers, claim rewards, take out what has unbonded and
    unbond the rest; then send dollars and SURGE to `to`. All errors: Reverted, Underfunded, NoNetwork."""
    done = Retired()
    own = chain.address
    if chain.asks.of(own).active:
        chain.asks.withdraw()
        done.withdrawn = True
    before = sum(amount for _, amount in store.unredeemed())
    asyncio.run(_close(chain, store, Redeemer(chain, store, gas), done))
    done.redeemed = MicroUsd(before - sum(amount for _, amount in store.unredeemed()))
    done.rewards = Wei(Rewards(chain, gas, Outage(), local=False).claim())
    _unbond(chain, own, done)
    if to is not None:
        held = chain.money.balances(own)
        if held.usd:
            chain.money.send_usd(to, held.usd)
        if held.surge:
            chain.money.send_surge(to, held.surge)
        done.sent_usd, done.sent_surge = held.usd, held.surge
    return done


async def _close(chain: Chain, store: ProviderStore, redeemer: Redeemer, done: Retired) -> None:
    leases = {lease.id: lease for lease in [*store.open_leases(), *chain.leases.open_of(chain.address)]}
    for lease in leases.values():
        store.put_lease(lease)
        if chain.leases.state(lease.id).open:
            await redeemer.close(lease.id)
        if chain.leases.state(lease.id).open:
            done.kept.append(lease.id)
        elif await redeemer.record_end(lease.id):
            done.closed.append(lease.id)


def _unbond(chain: Chain, own: Address, done: Retired) -> None:
    """What is on its way out waits anew with the rest: all of it is out soonest so."""
    stake = chain.asks.bond_of(own)
    if stake.unbonding and chain.now() >= stake.release:
        chain.asks.claim_unbonded()
        done.returned = stake.unbonding
    spare = Wei(stake.bonded - chain.asks.of(own).load * chain.book.parameters.stake_per_slot)
    if spare > 0:
        chain.asks.unbond(spare)
    stake = chain.asks.bond_of(own)
    done.bonded, done.unbonding, done.release = stake.bonded, stake.unbonding, stake.release
