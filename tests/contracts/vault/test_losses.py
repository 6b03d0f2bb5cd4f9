"""D3: a loss is counted once, whoever borrows shares in a flash, leaves, realises the loss and comes back.

Shares in Credit, as collateral, or in a pair can be had for nothing until the end of a transaction. Who
redeems them has the vault's losses shared by those who are left, and would buy them back at a price several
times too low.
"""

import pytest

from contracts.worlds.vault_pots import (
    BORROWER,
    CHEATER,
    FEES,
    LENDER,
    LIQUIDATOR,
    OWNER,
    SCALE,
    SHARE,
    USD,
    VaultPots,
    refused,
)
from contracts.worlds.vault_schemes import Scheme, open_pair, pledge

DEBT = 100_000 * USD
FUNDS = 10**7 * USD
WHOLE = 1_000_000
PLEDGED = 900_000 * SHARE


@pytest.fixture
def pots() -> VaultPots:
    """A million lent to two markets. In the first somebody owes all of 100,000 against half of that. What
    comes now goes to the other: into the first nothing may be lent after a loss in the same transaction."""
    pots = VaultPots(markets=2)
    risky, safe = pots.ids
    pots.vault("lower_cap", risky, DEBT, sender=OWNER)
    pots.vault("set_withdraw_queue", [safe, risky], sender=OWNER)
    pots.deposit(LENDER, WHOLE * USD)
    pots.borrow(0, DEBT)
    pots.vault("set_supply_queue", [safe], sender=OWNER)
    pots.machine.wait(12)
    pots.oracles[0]("set_price", SCALE * 345 // 1_000)
    return pots


def honest(pots: VaultPots) -> tuple[int, int]:
    """(what the vault is worth after the loss, what its liquidator paid); then as if nothing had happened."""
    saved = pots.machine.save()
    before = pots.balance(LIQUIDATOR)
    pots.credit("liquidate", pots.market(0), BORROWER, 2**256 - 1, 0, b"", sender=LIQUIDATOR)
    told = pots.vault("totalAssets"), before - pots.balance(LIQUIDATOR)
    pots.machine.restore(saved)
    assert WHOLE * USD - told[0] > 40_000 * USD
    return told


def scheme_with_funds(pots: VaultPots) -> Scheme:
    scheme = Scheme(pots)
    pots.asset("mint", scheme.address, FUNDS)
    scheme.approve()
    return scheme


def pays_nothing(pots: VaultPots, scheme: Scheme, kept: int, paid: int) -> None:
    """The lenders lose what the honest liquidator's call costs them, the scheme has what that leaves it."""
    assert pots.vault("totalAssets") >= kept - 3
    assert scheme.wealth <= FUNDS - paid + 3


@pytest.mark.parametrize("name", ["redeem", "withdraw"])
def test_shares_of_credit(pots: VaultPots, name: str) -> None:
    pledge(pots, LENDER, PLEDGED)
    kept, paid = honest(pots)
    scheme = scheme_with_funds(pots)
    scheme.borrow(pots.vault, PLEDGED)
    scheme.leave(name, PLEDGED if name == "redeem" else PLEDGED // 10**6)
    scheme.liquidate(0, BORROWER)
    scheme.mint(PLEDGED)
    scheme.run()
    pays_nothing(pots, scheme, kept, paid)


def test_nothing_is_lent_where_a_loss_was_taken(pots: VaultPots) -> None:
    """Nobody steps out of a market before a loss and back in after it, through the vault or beside."""
    pots.vault("set_supply_queue", list(pots.ids), sender=OWNER)
    pledge(pots, LENDER, PLEDGED)
    reason = "Credit: no lending after a loss in one transaction"
    scheme = scheme_with_funds(pots)
    scheme.borrow(pots.vault, PLEDGED)
    scheme.leave("redeem", PLEDGED)
    scheme.liquidate(0, BORROWER)
    scheme.mint(PLEDGED)
    assert refused(scheme.run) == reason
    direct = scheme_with_funds(pots)
    direct.liquidate(0, BORROWER)
    supply = pots.market(0), 1_000 * USD, 0, direct.address, b""
    direct.step(pots.credit, "supply", *supply)
    assert refused(direct.run) == reason
    alone = scheme_with_funds(pots)
    alone.liquidate(0, BORROWER)
    alone.step(pots.credit, "supply", pots.market(1), 1_000 * USD, 0, alone.address, b"")
    alone.run()
    pots.credit("supply", pots.market(0), 1_000 * USD, 0, LIQUIDATOR, b"", sender=LIQUIDATOR)


def test_without_funds_it_fails(pots: VaultPots) -> None:
    """What came out doesn't pay for the shares: the loan is not paid back."""
    pledge(pots, LENDER, PLEDGED)
    scheme = Scheme(pots)
    scheme.approve()
    scheme.borrow(pots.vault, PLEDGED)
    scheme.leave("redeem", PLEDGED)
    scheme.liquidate(0, BORROWER)
    scheme.mint(PLEDGED)
    assert refused(scheme.run)


def test_shares_that_left_in_kind(pots: VaultPots) -> None:
    pledge(pots, LENDER, PLEDGED)
    kept, paid = honest(pots)
    scheme = scheme_with_funds(pots)
    scheme.borrow(pots.vault, PLEDGED)
    scheme.leave("redeem_in_kind", PLEDGED)
    scheme.liquidate(0, BORROWER)
    scheme.mint(PLEDGED)
    scheme.run()
    pays_nothing(pots, scheme, kept, paid)


def test_in_several_rounds(pots: VaultPots) -> None:
    """A part at a time, with deposits by assets as well; the mark is that of before the loss all along."""
    pledge(pots, LENDER, PLEDGED)
    kept, paid = honest(pots)
    scheme = scheme_with_funds(pots)
    part = PLEDGED // 3
    scheme.borrow(pots.vault, PLEDGED)
    scheme.leave("redeem", PLEDGED)
    scheme.liquidate(0, BORROWER)
    scheme.deposit(part // 10**6)
    for _ in range(2):
        scheme.mint(part)
        scheme.leave("redeem", part)
        scheme.mint(part)
    scheme.mint(PLEDGED - 3 * part)
    scheme.run()
    pays_nothing(pots, scheme, kept, paid)


def test_shares_of_a_pair(pots: VaultPots) -> None:
    """A flash swap of the pair's shares, paid back with a third of a percent more."""
    pair = open_pair(pots, LENDER, PLEDGED, PLEDGED // 10**6)
    kept, paid = honest(pots)
    scheme = scheme_with_funds(pots)
    taken = PLEDGED - SHARE
    owed = taken * 1_000 // 997 + 1
    first = pots.vault.address < pots.asset.address
    scheme.step(pair, "swap", taken if first else 0, 0 if first else taken, scheme.address, b"x")
    scheme.leave("redeem", taken)
    scheme.liquidate(0, BORROWER)
    scheme.mint(owed)
    scheme.step(pots.vault, "transfer", pair.address, owed)
    scheme.end()
    scheme.run()
    pays_nothing(pots, scheme, kept, paid)


def test_in_nested_loans(pots: VaultPots) -> None:
    """The shares of Credit in two loans, one in the other, and the asset lent around both."""
    pledge(pots, LENDER, PLEDGED)
    kept, paid = honest(pots)
    scheme = scheme_with_funds(pots)
    half = PLEDGED // 2 - 1_000 * SHARE
    scheme.borrow(pots.asset, 1_000 * USD)
    scheme.borrow(pots.vault, half)
    scheme.leave("redeem", half)
    scheme.borrow(pots.vault, half)
    scheme.leave("redeem", half)
    scheme.liquidate(0, BORROWER)
    scheme.mint(half)
    scheme.end()
    scheme.mint(half)
    scheme.end()
    scheme.end()
    scheme.run()
    pays_nothing(pots, scheme, kept, paid)


@pytest.mark.parametrize("fee", [0, 10**17])
@pytest.mark.parametrize("seen", ["accrue_fee", "deposit", "redeem", "redeem_in_kind"])
def test_whatever_saw_the_price_keeps_it(pots: VaultPots, seen: str, fee: int) -> None:
    """In that transaction all answers agree; after it the price is the real one."""
    pots.vault("set_fee", fee, FEES, sender=OWNER)
    scheme = scheme_with_funds(pots)
    if seen == "accrue_fee":
        scheme.step(pots.vault, seen)
    elif seen == "deposit":
        scheme.deposit(0)
    else:
        scheme.leave(seen, 0)
    scheme.liquidate(0, BORROWER)
    asked = (
        "previewDeposit",
        "previewMint",
        "convertToShares",
        "convertToAssets",
        "previewRedeem",
        "maxMint",
    )
    for view in asked:
        amount = USD if view in {"previewDeposit", "convertToShares"} else SHARE
        scheme.step(pots.vault, view, scheme.address if view == "maxMint" else amount)
    scheme.deposit(USD)
    scheme.mint(SHARE)
    scheme.run()
    deposit, mint, shares, assets, redeem, most, deposited, minted = map(scheme.answer, range(6, 14))
    assert deposit == shares == deposited == SHARE
    assert mint == assets == minted == USD
    assert redeem < USD * 96 // 100
    assert most <= pots.vault("maxMint", CHEATER)
    assert pots.vault("previewDeposit", USD) > SHARE * 104 // 100
    assert pots.vault("convertToAssets", SHARE) < USD * 96 // 100


def test_a_liquidator_who_has_not_used_the_vault_enters_at_the_real_price(pots: VaultPots) -> None:
    scheme = scheme_with_funds(pots)
    scheme.liquidate(0, BORROWER)
    scheme.deposit(USD)
    scheme.run()
    assert scheme.answer(5) > SHARE * 104 // 100


def test_the_fee_counts_the_real_gain(pots: VaultPots) -> None:
    """The price that is paid after a loss is no gain of the vault."""
    pots.vault("set_fee", 10**17, FEES, sender=OWNER)
    mark = pots.vault("high_water")
    scheme = scheme_with_funds(pots)
    scheme.step(pots.vault, "accrue_fee")
    scheme.liquidate(0, BORROWER)
    for _ in range(3):
        scheme.deposit(1_000 * USD)
    scheme.run()
    pots.vault("accrue_fee")
    assert pots.vault("high_water") == mark
    assert pots.shares(FEES) == 0


def test_an_oracle_reads_no_price_that_was_pushed_down(pots: VaultPots) -> None:
    """With nearly all shares redeemed those that are left carry the whole loss, until they are bought back: a
    position with shares as collateral is not to be liquidated by that."""
    pledge(pots, LENDER, PLEDGED)
    scheme = scheme_with_funds(pots)
    scheme.borrow(pots.vault, PLEDGED)
    scheme.leave("redeem", PLEDGED)
    scheme.liquidate(0, BORROWER)
    scheme.step(pots.vault, "convertToAssets", SHARE)
    scheme.step(pots.vault, "previewRedeem", SHARE)
    scheme.mint(PLEDGED)
    scheme.run()
    assert scheme.answer(6) == USD
    assert scheme.answer(7) < USD * 60 // 100
