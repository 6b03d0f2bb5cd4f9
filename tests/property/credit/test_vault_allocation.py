"""On the bytecode: whoever comes and goes, by whatever calls and in whatever order, moves nothing.

Prices are fractions and losses have been, so what rounding takes is in it: a few units a call and market.
"""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.worlds.bare_evm import FAST, Reverted
from contracts.worlds.pots import UNSHRUNK
from contracts.worlds.vault_pots import LENDER, OTHER, OWNER, PART, USD, VaultPots

MARKETS = 4
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
EXAMPLES = (2_000 if NIGHTLY else 60) if FAST else 4
IN, OUT = ("deposit", "mint"), ("withdraw", "redeem")
MOVES = st.lists(
    st.tuples(st.sampled_from(IN + OUT), st.integers(1, 150_000 * USD), st.sampled_from([0, 0, 12])),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def pots() -> VaultPots:
    """Half of what is lent is borrowed, at interest; a loss and years have made every price a fraction."""
    pots = VaultPots(MARKETS)
    pots.deposit(LENDER, 2_000_000 * USD)
    wanted = [(id, 400_000 * USD + 7 * number) for number, id in enumerate(pots.ids)]
    pots.vault("reallocate", wanted, sender=OWNER)
    for number in range(MARKETS):
        pots.borrow(number, 200_000 * USD)
    pots.lose(3, 500)
    for number in range(MARKETS - 1):
        pots.set_rate(number, PART * (number + 1) // 20)
    pots.machine.wait(300 * 86_400)
    for number in range(MARKETS):
        pots.set_rate(number, 0)
    pots.vault("transfer", OTHER, pots.shares(LENDER) // 2, sender=LENDER)
    return pots


@settings(phases=UNSHRUNK, max_examples=EXAMPLES, deadline=None)
@given(
    moves=MOVES,
    parts=st.lists(st.integers(0, 300_000 * USD), min_size=MARKETS, max_size=MARKETS),
    orders=st.tuples(st.permutations(range(MARKETS)), st.permutations(range(MARKETS))),
    queued=st.integers(1, MARKETS),
    cap=st.integers(400_000 * USD, 800_000 * USD),
)
def test_coming_and_going_moves_nothing(
    pots: VaultPots, moves: Any, parts: list[int], orders: Any, queued: int, cap: int
) -> None:
    saved = pots.machine.save()
    try:
        _come_and_go(pots, moves, parts, orders, queued, cap)
    finally:
        pots.machine.restore(saved)


def _come_and_go(pots: VaultPots, moves: Any, parts: list[int], orders: Any, queued: int, cap: int) -> None:
    order, supply = ([pots.ids[number] for number in numbers] for numbers in orders)
    pots.vault("set_withdraw_queue", order, sender=OWNER)
    pots.vault("set_supply_queue", supply[:queued], sender=OWNER)
    pots.vault("lower_cap", pots.ids[0], cap, sender=OWNER)
    less = [(one.id, one.worth - part) for one, part in zip(pots.sight().holdings, parts, strict=True)]
    try:
        pots.vault("reallocate", [(id, max(0, left)) for id, left in less], sender=OWNER)
    except Reverted:  # not that much cash is there
        pots.vault("reallocate", [], sender=OWNER)
    start, net = _where(pots), 0
    for name, amount, seconds in moves:
        net += _move(pots, name, amount)
        pots.machine.wait(seconds)
    _move(pots, "withdraw" if net > 0 else "deposit", abs(net))
    for before, after in zip(start, _where(pots), strict=True):
        assert abs(after - before) <= 6 * (len(moves) + 1)


def _move(pots: VaultPots, name: str, amount: int) -> int:
    """As far as it can be; what came, or went (less than 0)."""
    unit = 10**6 if name in {"mint", "redeem"} else 1
    whose = [OTHER] if name in IN else [OTHER, OTHER]
    before = pots.vault("totalAssets")
    most = pots.vault(f"max{name.capitalize()}", OTHER)
    pots.vault(name, min(amount * unit, most), *whose, sender=OTHER)
    return int(pots.vault("totalAssets") - before)


def _where(pots: VaultPots) -> list[int]:
    sight = pots.sight()
    return [sight.idle, *(one.worth for one in sight.holdings)]
