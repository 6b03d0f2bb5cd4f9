"""The same trade with `settle_many` and `close_many` among the single calls: M1 to M4 still hold."""

import boa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from contracts.worlds.actors import agreed, ending, events, redemption, voucher
from contracts.worlds.pots import UNSHRUNK
from property.compute.test_market_stateful import KEYS, Held, Trade, which
from surge.model.voucher import Voucher


class TradeInBatches(Trade):
    @precondition(lambda self: self.open)
    @rule(picks=st.lists(st.tuples(which, st.integers(0, 1_000)), max_size=5), spoilt=st.booleans())
    def settle_many(self, picks: list[tuple[int, int]], spoilt: bool) -> None:
        """M1, M2: as one after the other; duplicates, ended leases and settled vouchers are passed over."""
        calls = [
            redemption(lease, voucher(lease, 9, lease.terms.escrow), bytes(65)) for lease in self.ended[-1:]
        ]
        paid = []
        for number, part in picks:
            held = self.pick(number)
            amount = held.settled + (held.lease.terms.escrow - held.settled) * part // 1_000
            said = voucher(held.lease, held.sequence + 1, amount)
            signature = self.compute.signature(said, KEYS[held.lease.terms.renter])
            calls.append(redemption(held.lease, said, signature))
            paid.append((held, said, signature))
        if spoilt:
            held = self.pick(0)
            above = voucher(held.lease, held.sequence + 1, held.lease.terms.escrow + 1)
            call = redemption(held.lease, above, self.compute.signature(above, KEYS[held.lease.terms.renter]))
            with boa.reverts("Market: more than the escrow"):
                self.market.settle_many([*calls, call])
        self.market.settle_many(calls)
        for held, said, signature in paid:
            if said.amount > held.settled:
                self.paid(held, said.sequence, said.amount)
                held.signed.append((said, signature))

    @precondition(lambda self: self.open)
    @rule(
        picks=st.lists(st.tuples(which, st.sampled_from([0, 0, 300, 1_000])), max_size=5),
        caller=st.sampled_from(sorted(KEYS)),
        short=st.booleans(),
    )
    def close_many(self, picks: list[tuple[int, int]], caller: str, short: bool) -> None:
        """M1 to M4: as one after the other, whoever sends it; duplicates and ended leases are passed over."""
        calls = [ending(lease, voucher(lease, 9, lease.terms.escrow)) for lease in self.ended[-1:]]
        ends: dict[int, tuple[Held, Voucher]] = {}
        for number, part in picks:
            held = self.pick(number)
            terms = held.lease.terms
            amount = held.settled + (terms.escrow - held.settled) * part // 1_000
            said = voucher(held.lease, held.sequence + (amount > held.settled), amount)
            signature = self.compute.signature(said, KEYS[terms.renter]) if amount > held.settled else b""
            alone = short and terms.provider == caller
            consent = agreed(self.compute, held.lease, said.sequence, amount, KEYS[terms.provider])
            calls.append(ending(held.lease, said, signature, b"" if alone else consent))
            ends.setdefault(held.lease.id, (held, said))
        if ends:
            held, said = next(iter(ends.values()))
            stolen = ending(held.lease, said, b"", bytes(64) + b"\x1b")  # M3: nobody ends it alone
            with boa.reverts("Market: not the provider's consent"):
                self.market.close_many([stolen, *calls], sender=caller)
        self.market.close_many(calls, sender=caller)
        assert [(event.lease, event.paid) for event in events(self.market, "LeaseClosed")] == [
            (number, said.amount) for number, (_, said) in ends.items()
        ]
        for held, said in ends.values():
            self.left(held, said.amount)
            self.paid(held, said.sequence, said.amount)
            self.open.remove(held)


TestTradeInBatches = TradeInBatches.TestCase
TestTradeInBatches.settings = settings(max_examples=20, stateful_step_count=40, phases=UNSHRUNK)
