"""A market that is of no use any more: what it can do to the vault that holds some of it, and its end."""

import pytest

from contracts.worlds.bare_evm import mock
from contracts.worlds.vault_pots import (
    BORROWER,
    FEES,
    GUARDIAN,
    LENDER,
    OTHER,
    OWNER,
    SCALE,
    TIMELOCK,
    USD,
    WAD,
    VaultPots,
    refused,
)

CAP = 10_000 * USD
YEAR = 365 * 86_400
LENT = 500_000 * USD
DAY = 86_400


@pytest.fixture
def pots() -> VaultPots:
    """Half a million in an honest market, 10,000 in one that nobody will ever repay, all of it borrowed."""
    pots = VaultPots(markets=2)
    dead, honest = pots.ids
    pots.vault("lower_cap", dead, CAP, sender=OWNER)
    pots.vault("submit_guardian", GUARDIAN, sender=OWNER)
    pots.deposit(LENDER, LENT + CAP)
    pots.borrow(0, CAP)
    pots.oracles[0]("set_broken", True)
    pots.set_rate(0, 8 * WAD // YEAR)
    assert [one.worth for one in pots.sight().holdings] == [CAP, LENT]
    assert pots.ids == [dead, honest]
    return pots


def test_a_dead_market_is_written_off_after_the_timelock(pots: VaultPots) -> None:
    """D1: it counts for nothing then, and its paper interest pays nobody any more."""
    dead, honest = pots.ids
    pots.machine.wait(30 * DAY)
    assert (
        refused(pots.vault, "set_withdraw_queue", [honest], sender=OWNER)
        == "Vault: a market with a cap stays"
    )
    pots.vault("lower_cap", dead, 0, sender=OWNER)
    assert refused(pots.vault, "set_withdraw_queue", [honest], sender=OWNER) == "Vault: it still holds assets"
    pots.vault("submit_cap", dead, 0, sender=OWNER)
    early = refused(pots.vault, "set_withdraw_queue", [honest], sender=OWNER)
    assert early == ("Vault: timelock has not passed" if TIMELOCK else "")
    assert refused(pots.vault, "accept_cap", dead) == "Vault: nothing is pending"
    pots.machine.wait(TIMELOCK)
    held = pots.vault("held", dead)
    pots.vault("set_withdraw_queue", [honest], sender=OWNER)
    assert pots.vault("totalAssets") == LENT
    assert pots.vault("queues") == ((honest,), (honest,))
    # What it was is nobody's to skim, and counts again when the market is back.
    assert pots.vault("held", dead) == held > 0
    assert refused(pots.vault, "skim_supply", dead, sender=OTHER) == "Credit: nothing to transfer"
    assert pots.credit("position", dead, pots.vault.address)[0] == held
    pots.deposit(OTHER, 1_000 * USD)
    pots.withdraw(LENDER, 100_000 * USD)
    pots.oracles[0]("set_broken", False)
    pots.repay_all(0)
    pots.raise_cap(dead, CAP)
    assert pots.vault("totalAssets") > LENT - 99_000 * USD + CAP
    pots.redeem(LENDER, pots.vault("maxRedeem", LENDER))


def test_the_guardian_keeps_a_market_in(pots: VaultPots) -> None:
    dead, honest = pots.ids
    pots.vault("lower_cap", dead, 0, sender=OWNER)
    assert refused(pots.vault, "submit_cap", dead, 0, sender=OTHER) == "Vault: only the owner"
    pots.vault("submit_cap", dead, 0, sender=OWNER)
    pots.vault("revoke_cap", dead, sender=GUARDIAN)
    pots.machine.wait(TIMELOCK)
    assert refused(pots.vault, "set_withdraw_queue", [honest], sender=OWNER) == "Vault: it still holds assets"


def test_what_is_used_is_not_written_off_by_a_cap_of_nothing(pots: VaultPots) -> None:
    """A market with a cap needs `lower_cap` first, which everybody sees."""
    assert refused(pots.vault, "submit_cap", pots.ids[1], 0, sender=OWNER) == "Vault: not a higher cap"


def test_a_rate_model_that_stays_broken_is_written_off(pots: VaultPots) -> None:
    """While it is held nobody pays in; afterwards everybody does."""
    dead, honest = pots.ids
    pots.irms[0]("set_broken", True)
    pots.machine.wait(1)
    assert refused(pots.deposit, OTHER, USD) == "Vault: a market can't be read"
    pots.vault("lower_cap", dead, 0, sender=OWNER)
    pots.vault("submit_cap", dead, 0, sender=OWNER)
    pots.machine.wait(TIMELOCK)
    pots.vault("set_withdraw_queue", [honest], sender=OWNER)
    assert pots.deposit(OTHER, USD) > 0
    pots.withdraw(LENDER, 400_000 * USD)


def test_a_fee_is_not_taken_on_what_was_written_off(pots: VaultPots) -> None:
    dead, honest = pots.ids
    pots.vault("set_fee", WAD // 2, FEES, sender=OWNER)
    pots.vault("lower_cap", dead, 0, sender=OWNER)
    pots.vault("submit_cap", dead, 0, sender=OWNER)
    pots.machine.wait(TIMELOCK)
    pots.vault("set_withdraw_queue", [honest], sender=OWNER)
    pots.machine.wait(YEAR)
    before = pots.shares(FEES)
    pots.vault("accrue_fee")
    assert pots.shares(FEES) == before


@pytest.mark.parametrize("gift", [0, 1, 100])
def test_a_rate_model_that_tells_another_rate_than_it_charges(gift: int) -> None:
    """It makes a withdrawal burn more shares than the vault counts as its own. A gift of shares may not pay
    for that: what is held would fall below nothing, which is next to everything."""
    pots = VaultPots(markets=1)
    lying = mock("LyingIrm").deploy(pots.machine)
    odd = pots.open_market(irm=lying)
    pots.raise_cap(odd, 10 * USD)
    pots.vault("set_supply_queue", [odd, pots.ids[0]], sender=OWNER)
    pots.vault("set_withdraw_queue", [odd, pots.ids[0]], sender=OWNER)
    pots.deposit(LENDER, 500_010 * USD)
    pots.credit("supply", pots.market(1), 1_000 * USD, 0, OTHER, b"", sender=OTHER)
    pots.borrow(1, 600 * USD)
    if gift:
        pots.credit("supply", pots.market(1), gift * USD, 0, pots.vault.address, b"", sender=OTHER)
    lying("set_rates", 0, 10 * WAD // YEAR)
    pots.machine.wait(DAY)
    held = pots.vault("held", odd)
    most = pots.vault("maxWithdraw", LENDER)
    assert most > 500_010 * USD
    reason = "Vault: more than is held" if gift else "Credit: more than is supplied"
    assert refused(pots.withdraw, LENDER, most) == reason
    assert pots.vault("held", odd) == held
    # Whoever looks by what is charged gets its own; and in kind it always goes.
    saved = pots.machine.save()
    pots.credit("accrue", pots.market(1))
    pots.withdraw(LENDER, pots.vault("maxWithdraw", LENDER))
    assert pots.vault("held", odd) <= held
    pots.machine.restore(saved)
    pots.redeem_in_kind(LENDER, pots.shares(LENDER))
    for id in pots.ids:
        assert pots.vault("held", id) <= pots.credit("position", id, pots.vault.address)[0]


def test_nobody_keeps_the_fee_recipient_from_collecting(pots: VaultPots) -> None:
    """What is lent and borrowed for a moment, before a collection in the same block, is not followed."""
    id, market = pots.ids[1], pots.market(1)
    pots.borrow(1, 100_000 * USD)
    pots.oracles[1]("set_price", 10 * SCALE)
    pots.set_rate(1, WAD // YEAR)
    pots.machine.wait(YEAR)
    pots.credit("collect", market)
    before = pots.credit("followed", id)[0]
    pots.machine.wait(DAY)
    pots.credit("supply", market, 10**6 * USD, 0, OTHER, b"", sender=OTHER)
    pots.borrow(1, 10**6 * USD)
    pots.credit("collect", market)
    pots.repay_all(1)
    assert pots.credit("followed", id)[0] == before
    assert pots.credit("position", id, BORROWER)[1] == 0
