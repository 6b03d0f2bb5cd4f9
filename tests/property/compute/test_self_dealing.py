"""Paying oneself loses: at any price of SURGE, with any number of identities, bidding or not (R1)."""

from fractions import Fraction

import boa
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.pots import UNSHRUNK, deploy_pots, wait
from surge.model.units import BPS

prices = st.fractions(Fraction(1, 10**30), Fraction(1, 10**6))  # millionths of a dollar per wei of SURGE


@settings(phases=UNSHRUNK, max_examples=25)
@given(
    own=st.lists(st.integers(1, 10**8), min_size=1, max_size=5),
    honest=st.integers(0, 10**8),
    reservations=st.integers(0, 10**8),
    elapsed=st.integers(0, 40 * 600),
    kappa=st.integers(0, BPS - 1),
    price=prices,
)
def test_a_cheater_that_pays_itself(
    own: list[int], honest: int, reservations: int, elapsed: int, kappa: int, price: Fraction
) -> None:
    """`own` are the fees that the cheater pays itself through as many identities.

    If another buys the pot, for at most its worth, the rewards are worth less than those fees. If the
    cheater buys it at whatever price, it ends below a bidder that paid itself nothing.
    """
    with boa.env.anchor():
        pots = deploy_pots(kappa_bps=kappa, min_pot=1, first_epoch_mint=10**30)
        identities = [str(boa.env.generate_address()) for _ in own]
        for identity, fee in zip(identities, own, strict=True):
            pots.collect(identity, fee, payer=identity)
        pots.collect(str(boa.env.generate_address()), honest, reservations)
        wait(pots.rules.epoch_seconds)
        bidder = str(boa.env.generate_address())
        pots.fund(bidder, 10**27 - 10**9)
        epoch, burned = pots.sell(bidder, after=elapsed)
        rewards = sum(pots.rewards.claim(identity, epoch) for identity in identities)

    fees = sum(own)
    pot = fees + honest + reservations
    dearest = Fraction(pot, burned)  # of SURGE, that makes the pot worth what was burned for it
    assert rewards * dearest <= Fraction(kappa, BPS) * fees < fees
    gain = pot - burned * price + rewards * price - fees
    assert gain < max(Fraction(0), pot - burned * price)
