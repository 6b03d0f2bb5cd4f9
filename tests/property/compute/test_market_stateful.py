"""Registry, Market and Rewards under any order of calls, against a ledger kept here: M1 to M5, S1 and S2."""

from contextlib import ExitStack
from dataclasses import astuple, dataclass, field, replace

import boa
from coincurve import PrivateKey
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from contracts.worlds.actors import address, agreed, ask_of, close, events, grown, publish, told, voucher
from contracts.worlds.paid_lease import GRACE, STAKE_PER_SLOT, asks_in, deploy_compute, fitting
from contracts.worlds.pots import UNSHRUNK, now, wait
from surge.match.draw import size_of
from surge.match.score import cost, explain
from surge.model.ask import Ask
from surge.model.demand import Demand
from surge.model.lease import Lease, Terms
from surge.model.units import LeaseId, MicroUsd, Seconds
from surge.model.voucher import Voucher
from surge.settle.fees import fee_down

PROVIDERS = [PrivateKey(bytes([n]) * 32) for n in (31, 32, 33)]
RENTERS = [PrivateKey(bytes([n]) * 32) for n in (34, 35)]
KEYS = {address(key): key for key in (*PROVIDERS, *RENTERS)}
RESERVATION_PRICE = 3
LEAST_RESERVED = 600
FEE_BPS = 500
CAP = 1_500

which = st.integers(0, 99)
asks = st.builds(
    Ask,
    price_gfuel=st.integers(900, CAP + 50),
    price_gib=st.just(1_000),
    slots=st.integers(1, 6),
    x=st.integers(-50, 50),
    height=st.integers(0, 20),
    memory_tier=st.sampled_from([10, 10, 11]),
)
demands = st.builds(
    Demand,
    cap_gfuel=st.just(CAP),
    cap_gib=st.just(1_000),
    slots=st.integers(1, 3),
    duration=st.integers(1, 2_000),
    w_load=st.integers(0, 255),
)


@dataclass
class Held:
    """An open lease, what was settled of it, and what the renter has signed at most."""

    lease: Lease
    sequence: int = 0
    settled: int = 0
    signed: list[tuple[Voucher, bytes]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return now() > self.lease.terms.expiry + GRACE


class Trade(RuleBasedStateMachine):
    @initialize(offers=st.lists(asks, min_size=3, max_size=3))
    def start(self, offers: list[Ask]) -> None:
        self.scope = ExitStack()
        self.scope.enter_context(boa.env.anchor())
        self.compute = deploy_compute(FEE_BPS, RESERVATION_PRICE, min_pot=1)
        self.compute.surge.approve(self.compute.rewards, 2**256 - 1)
        self.market, self.registry = self.compute.market, self.compute.registry
        self.dollar = self.compute.dollar
        self.arbiter = str(boa.env.generate_address())
        self.registry.set_arbiter(self.arbiter)
        for key, ask in zip(PROVIDERS, offers, strict=True):
            publish(self.compute, key, ask)
        for key in RENTERS:
            self.dollar.faucet(10**12, sender=address(key))
            self.dollar.approve(self.market, 2**256 - 1, sender=address(key))
        self.open: list[Held] = []
        self.ended: list[Lease] = []
        self.unswept = self.donated = 0
        self.stakes = {address(k): a.slots * STAKE_PER_SLOT for k, a in zip(PROVIDERS, offers, strict=True)}
        self.slashed: set[str] = set()
        self.spent = dict.fromkeys(map(address, RENTERS), 0)
        self.earned = dict.fromkeys(self.stakes, 0)
        self.payees = {provider: provider for provider in self.stakes}

    def teardown(self) -> None:
        """M3: in the end everything comes back, whatever was done before."""
        if not hasattr(self, "scope"):
            return
        with self.scope:
            wait(10**6)
            for held in self.open:
                self.market.reclaim(held.lease.id, astuple(held.lease.terms))
                self.returned(held, held.settled)
            self.open.clear()
            self.dollars_are_where_they_belong()
            self.loads_are_the_leases()
            self.all_stake_comes_out()

    def all_stake_comes_out(self) -> None:
        for provider in self.stakes:
            if ask_of(self.compute, provider).active:
                self.registry.withdraw_ask(sender=provider)
            if bonded := self.registry.stake_of(provider):
                self.registry.unbond(bonded, sender=provider)
        wait(10**6)
        for provider, stake in self.stakes.items():
            if stake:
                self.registry.claim_unbonded(sender=provider)
        assert self.compute.surge.balanceOf(self.registry) == 0

    def returned(self, held: Held, paid: int) -> None:
        terms = held.lease.terms
        assert told(self.market, "LeaseClosed") == (held.lease.id, paid, terms.escrow - paid)
        self.left(held, paid)

    def left(self, held: Held, paid: int) -> None:
        terms = held.lease.terms
        self.ended.append(held.lease)
        self.spent[terms.renter] -= terms.escrow - paid
        self.unswept += fee_down(paid, FEE_BPS)

    def pick(self, number: int) -> Held:
        return self.open[number % len(self.open)]

    # Renters

    @rule(
        demand=demands,
        escrow=st.integers(1, 10**7),
        renter=which,
        named=st.lists(st.integers(0, 2), max_size=4),
        count=st.sampled_from([1, 1, 2, 3]),
    )
    def lease(self, demand: Demand, escrow: int, renter: int, named: list[int], count: int) -> None:
        caller = address(RENTERS[renter % 2])
        candidates = [address(PROVIDERS[n]) for n in named]
        before = {provider: ask_of(self.compute, provider) for provider in self.stakes}
        arguments = (demand.word, escrow, candidates, *([count] if count > 1 else []))
        function = self.market.open_leases if count > 1 else self.market.open_lease
        try:
            function(*arguments, sender=caller)
        except boa.BoaError:
            with boa.reverts("Market: no eligible provider"):  # the same draws, for the same reason
                function(*arguments, sender=caller)
            assert sum(fitting(before[each], demand) for each in set(candidates)) < count
            return
        opened = events(self.market, "LeaseOpened")
        assert len(opened) == count
        for event in opened:
            self.check_choice(before, candidates, demand, event.provider)
            ask = before[event.provider]
            before[event.provider] = replace(ask, load=ask.load + demand.slots)
            prices = event.price_gfuel, event.price_gib
            terms = Terms(caller, str(event.provider), event.slots, *prices, escrow, event.expiry)
            reservation = demand.slots * max(demand.duration, LEAST_RESERVED) * RESERVATION_PRICE
            assert (event.slots, event.reservation) == (demand.slots, reservation)
            self.open.append(Held(Lease(LeaseId(event.lease), terms, MicroUsd(reservation), bytes(32))))
            self.unswept += reservation
            self.spent[caller] += escrow + reservation

    def check_choice(self, before: dict[str, Ask], named: list[str], demand: Demand, chosen: str) -> None:
        """M5."""
        assert not explain(before[chosen], demand)
        for candidate in named:
            if not explain(before[candidate], demand):
                assert cost(before[chosen], demand) <= cost(before[candidate], demand)

    @precondition(lambda self: self.open)
    @rule(number=which, amount=st.integers(1, 10**6))
    def top_up(self, number: int, amount: int) -> None:
        held = self.pick(number)
        terms = held.lease.terms
        if now() > terms.expiry:
            with boa.reverts("Market: lease has expired"):
                self.market.top_up(held.lease.id, astuple(terms), amount, sender=terms.renter)
            return
        self.market.top_up(held.lease.id, astuple(terms), amount, sender=terms.renter)
        held.lease = grown(held.lease, amount)
        self.spent[terms.renter] += amount

    @precondition(lambda self: self.open)
    @rule(number=which)
    def reclaim(self, number: int) -> None:
        held = self.pick(number)
        if not held.over:
            with boa.reverts("Market: expiry and grace not over"):
                self.market.reclaim(held.lease.id, astuple(held.lease.terms))
            return
        self.market.reclaim(held.lease.id, astuple(held.lease.terms))
        self.returned(held, held.settled)
        self.open.remove(held)

    # Providers

    @precondition(lambda self: self.open)
    @rule(number=which, part=st.integers(0, 1_000), steps=st.integers(-1, 3))
    def settle(self, number: int, part: int, steps: int) -> None:
        held = self.pick(number)
        amount = held.settled + (held.lease.terms.escrow - held.settled) * part // 1_000
        said = voucher(held.lease, max(held.sequence + steps, 0), amount)
        signature = self.compute.signature(said, KEYS[held.lease.terms.renter])
        if amount == held.settled:
            with boa.reverts("Market: amount not grown"):
                self.compute.settle(held.lease, said, signature)
            return
        self.compute.settle(held.lease, said, signature)
        held.signed.append((said, signature))
        self.paid(held, said.sequence, amount)

    @precondition(lambda self: any(held.signed for held in self.open))
    @rule(number=which, old=which)
    def settle_again(self, number: int, old: int) -> None:
        """M2: a voucher that was settled, or overtaken, is worth nothing more, alone or with others."""
        paid = [held for held in self.open if held.signed]
        held = paid[number % len(paid)]
        with boa.reverts("Market: amount not grown"):
            self.compute.settle(held.lease, *held.signed[old % len(held.signed)])

    @precondition(lambda self: self.open)
    @rule(number=which, other=which)
    def settle_what_was_not_signed(self, number: int, other: int) -> None:
        """M2: more than the escrow; or another lease's voucher, which may be of the same renter."""
        held, beside = self.pick(number), self.pick(other)
        key = KEYS[held.lease.terms.renter]
        above = voucher(held.lease, held.sequence + 1, held.lease.terms.escrow + 1)
        with boa.reverts("Market: more than the escrow"):
            self.compute.settle(held.lease, above, self.compute.signature(above, key))
        if beside is not held and held.settled < held.lease.terms.escrow:
            said = voucher(held.lease, held.sequence + 1, held.settled + 1)
            foreign = self.compute.signature(replace(said, lease=beside.lease.id), key)
            with boa.reverts("Market: not the renter's signature"):
                self.compute.settle(held.lease, said, foreign)

    def paid(self, held: Held, sequence: int, amount: int) -> None:
        fee = fee_down(amount, FEE_BPS) - fee_down(held.settled, FEE_BPS)
        self.earned[self.payees[held.lease.terms.provider]] += amount - held.settled - fee
        held.sequence, held.settled = sequence, amount

    @precondition(lambda self: self.open)
    @rule(number=which, part=st.integers(0, 1_000), by_provider=st.booleans())
    def close(self, number: int, part: int, by_provider: bool) -> None:
        held = self.pick(number)
        terms = held.lease.terms
        amount = held.settled + (terms.escrow - held.settled) * part // 1_000
        said = voucher(held.lease, held.sequence + (amount > held.settled), amount)
        signature = self.compute.signature(said, KEYS[terms.renter])
        with boa.reverts():  # M3: the renter alone can't
            close(self.compute, held.lease, said, signature, signature, sender=terms.renter)
        if by_provider:
            close(self.compute, held.lease, said, signature, sender=terms.provider)
        else:
            consent = agreed(self.compute, held.lease, said.sequence, amount, KEYS[terms.provider])
            close(self.compute, held.lease, said, signature, consent, sender=terms.renter)
        self.returned(held, amount)
        self.paid(held, said.sequence, amount)
        self.open.remove(held)

    @rule(number=which, ask=asks)
    def publish_anew(self, number: int, ask: Ask) -> None:
        provider = address(PROVIDERS[number % 3])
        load = ask_of(self.compute, provider).load
        bonded = self.registry.stake_of(provider)
        if ask.slots < load or bonded < ask.slots * STAKE_PER_SLOT:
            with boa.reverts():
                self.registry.publish(ask.word, "ticket", sender=provider)
            return
        self.registry.publish(ask.word, "ticket", sender=provider)
        self.slashed.discard(provider)

    @rule(number=which)
    def withdraw(self, number: int) -> None:
        provider = address(PROVIDERS[number % 3])
        if ask_of(self.compute, provider).active:
            self.registry.withdraw_ask(sender=provider)

    @rule(number=which, slots=st.integers(1, 6))
    def unbond(self, number: int, slots: int) -> None:
        provider = address(PROVIDERS[number % 3])
        ask, bonded = ask_of(self.compute, provider), self.registry.stake_of(provider)
        left = bonded - slots * STAKE_PER_SLOT
        if left < 0 or left < (ask.slots if ask.active else ask.load) * STAKE_PER_SLOT:
            with boa.reverts():
                self.registry.unbond(slots * STAKE_PER_SLOT, sender=provider)
            return
        self.registry.unbond(slots * STAKE_PER_SLOT, sender=provider)

    @rule(number=which)
    def claim_unbonded(self, number: int) -> None:
        provider = address(PROVIDERS[number % 3])
        _, unbonding, release = self.registry.stakes(provider)
        if unbonding and now() >= release:
            self.registry.claim_unbonded(sender=provider)
            self.stakes[provider] -= unbonding
        else:
            with boa.reverts():
                self.registry.claim_unbonded(sender=provider)

    # The others

    @rule(number=which, amount=st.integers(1, 7 * STAKE_PER_SLOT), share=st.integers(0, 2))
    def slash(self, number: int, amount: int, share: int) -> None:
        """S1."""
        provider = address(PROVIDERS[number % 3])
        if amount > self.stakes[provider]:
            with boa.reverts("Registry: more than the stake"):
                self.registry.slash(provider, amount, self.arbiter, 0, sender=self.arbiter)
            return
        finder = str(boa.env.generate_address())
        supply = self.compute.surge.totalSupply()
        self.registry.slash(provider, amount, finder, amount * share // 4, sender=self.arbiter)
        assert self.compute.surge.balanceOf(finder) == amount * share // 4
        assert self.compute.surge.totalSupply() == supply - amount + amount * share // 4
        self.stakes[provider] -= amount
        self.slashed.add(provider)

    @rule(claimant=which)
    def sell_fees(self, claimant: int) -> None:
        """Rewards sweeps the fees and sells them at once; a provider claims, which writes its reputation."""
        rewards = self.compute.rewards
        if rewards.last_period() == self.compute.rules.period(Seconds(now())) or not self.unswept:
            with boa.reverts():
                rewards.start_auction()
            return
        epoch, seller = rewards.start_auction(), str(boa.env.eoa)
        before = self.dollar.balanceOf(seller)
        rewards.bid(epoch, 2**256 - 1)
        assert self.dollar.balanceOf(seller) == before + self.unswept
        self.unswept = 0
        provider = address(PROVIDERS[claimant % 3])
        if self.market.fees_of(epoch, provider):
            rewards.claim(provider, epoch)

    @rule(number=which, to=which)
    def name_payee(self, number: int, to: int) -> None:
        provider, payee = address(PROVIDERS[number % 3]), address(PROVIDERS[to % 3])
        self.registry.set_payee(payee, sender=provider)
        self.payees[provider] = payee

    @rule(amount=st.integers(1, 10**6))
    def donate(self, amount: int) -> None:
        """Dollars that nobody asked for are in nobody's way (M1)."""
        self.dollar.faucet(amount)
        self.dollar.transfer(self.market, amount)
        self.donated += amount

    @rule(seconds=st.one_of(st.integers(1, 500), st.sampled_from([2_600, 200_000])))
    def pass_time(self, seconds: int) -> None:
        wait(seconds)

    # What holds

    @invariant()
    def dollars_are_where_they_belong(self) -> None:
        """M1, M2."""
        assert self.market.unswept() == self.unswept
        escrows = sum(held.lease.terms.escrow - held.settled for held in self.open)
        withheld = sum(fee_down(held.settled, FEE_BPS) for held in self.open)
        assert self.dollar.balanceOf(self.market) == escrows + withheld + self.unswept + self.donated
        for renter, spent in self.spent.items():
            assert self.dollar.balanceOf(renter) == 10**12 - spent
        for provider, earned in self.earned.items():
            assert self.dollar.balanceOf(provider) == earned

    @invariant()
    def loads_are_the_leases(self) -> None:
        """M4, S2."""
        for provider in self.stakes:
            ask = ask_of(self.compute, provider)
            leases = [held.lease.terms for held in self.open]
            assert ask.load == sum(terms.slots for terms in leases if terms.provider == provider)
            assert ask.load <= ask.slots
            if provider not in self.slashed:
                needed = ask.slots if ask.active else ask.load
                assert self.registry.stake_of(provider) >= needed * STAKE_PER_SLOT

    @invariant()
    def stakes_are_all_there(self) -> None:
        """S1."""
        for provider, stake in self.stakes.items():
            assert sum(self.registry.stakes(provider)[:2]) == stake
        assert self.compute.surge.balanceOf(self.registry) == sum(self.stakes.values())

    @invariant()
    def classes_have_no_gaps(self) -> None:
        asks = {provider: ask_of(self.compute, provider) for provider in self.stakes}
        active = {provider: ask for provider, ask in asks.items() if ask.active}
        for provider, ask in active.items():
            assert self.registry.member(ask.sampling_class, size_of(ask.slots), ask.index) == provider
        tiers = (Ask(1, 1, 1, memory_tier=tier).sampling_class for tier in (10, 11))
        assert sum(asks_in(self.compute, kind) for kind in tiers) == len(active)


TestTrade = Trade.TestCase
TestTrade.settings = settings(max_examples=20, stateful_step_count=40, phases=UNSHRUNK)
