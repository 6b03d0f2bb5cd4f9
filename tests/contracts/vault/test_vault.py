"""Paying in and taking out: order, limits, previews, what stands in the way."""

import pytest

from contracts.worlds.vault_pots import (
    CAP,
    CHEATER,
    LENDER,
    MAX,
    OTHER,
    OWNER,
    PART,
    RICH,
    SHARE,
    USD,
    ZERO,
    VaultPots,
    refused,
)
from contracts.worlds.vault_schemes import Scheme
from surge.credit import vault as twin


@pytest.fixture
def pots() -> VaultPots:
    return VaultPots()


def worth(pots: VaultPots) -> list[int]:
    return [holding.worth for holding in pots.sight().holdings]


def grown(pots: VaultPots) -> None:
    """The vault lends to all markets, and interest has made every price a fraction."""
    pots.deposit(LENDER, 2 * CAP + 3_333_333)
    for number in range(3):
        pots.set_rate(number, PART * (number + 1) // 7)
    pots.borrow(0, 700_000 * USD)
    pots.borrow(1, 333_333 * USD)
    pots.borrow(2, USD)
    pots.machine.wait(1_234_567)


def test_the_first_share_costs_a_millionth_of_a_unit(pots: VaultPots) -> None:
    assert pots.deposit(LENDER, 1_000 * USD) == 1_000 * SHARE == pots.shares(LENDER)
    assert pots.vault("decimals") == 12
    assert pots.vault("asset").lower() == pots.asset.address
    assert pots.vault("totalAssets") == 1_000 * USD == pots.vault("convertToAssets", 1_000 * SHARE)
    assert pots.redeem(LENDER, 1_000 * SHARE) == 1_000 * USD
    assert pots.balance(LENDER) == RICH
    assert pots.vault("totalSupply") == 0


def test_deposits_fill_the_queue_up_to_each_cap(pots: VaultPots) -> None:
    pots.deposit(LENDER, CAP + 5 * USD)
    assert worth(pots) == [CAP, 5 * USD, 0]
    assert pots.vault("maxDeposit", LENDER) == 2 * CAP - 5 * USD
    assert refused(pots.deposit, OTHER, 2 * CAP) == "Vault: more than the caps take"
    pots.deposit(OTHER, 2 * CAP - 5 * USD)
    assert worth(pots) == [CAP, CAP, CAP]
    assert pots.vault("maxDeposit", LENDER) == 0 == pots.vault("maxMint", LENDER)


def test_queues_decide_the_order(pots: VaultPots) -> None:
    first, second, third = pots.ids
    pots.vault("set_supply_queue", [third, first], sender=OWNER)
    pots.vault("set_withdraw_queue", [second, first, third], sender=OWNER)
    pots.deposit(LENDER, CAP + USD)
    assert [holding.id for holding in pots.sight().holdings] == [second, first, third]
    assert worth(pots) == [0, USD, CAP]
    assert refused(pots.deposit, LENDER, CAP) == "Vault: more than the caps take"
    pots.withdraw(LENDER, 3 * USD)
    assert worth(pots) == [0, 0, CAP - 2 * USD]


def test_withdrawals_pass_over_a_market_without_cash(pots: VaultPots) -> None:
    pots.deposit(LENDER, CAP + 10 * USD)
    pots.borrow(0, CAP)
    assert pots.vault("maxWithdraw", LENDER) == 10 * USD
    assert pots.vault("maxRedeem", LENDER) == 10 * SHARE
    reason = "Vault: too little cash; see maxWithdraw, redeem_in_kind"
    assert refused(pots.withdraw, LENDER, 10 * USD + 1) == reason
    assert refused(pots.redeem, LENDER, 10 * SHARE + 10**6) == reason
    assert pots.withdraw(LENDER, 10 * USD) == 10 * SHARE
    assert pots.vault("maxWithdraw", LENDER) == 0


def test_shares_of_an_owner_need_its_allowance(pots: VaultPots) -> None:
    pots.deposit(LENDER, 10 * USD)
    for name, amount in (("withdraw", USD), ("redeem", SHARE), ("redeem_in_kind", SHARE)):
        assert "allowance" in refused(pots.vault, name, amount, CHEATER, LENDER, sender=CHEATER)
    pots.vault("approve", OTHER, 3 * SHARE, sender=LENDER)
    for name, amount in (("withdraw", USD), ("redeem", SHARE), ("redeem_in_kind", SHARE)):
        pots.vault(name, amount, OTHER, LENDER, sender=OTHER)
    assert pots.vault("allowance", LENDER, OTHER) == 0
    assert pots.balance(OTHER) == RICH + 2 * USD
    assert "balance" in refused(pots.redeem, LENDER, 8 * SHARE)


@pytest.mark.parametrize("name", ["withdraw", "redeem", "redeem_in_kind"])
def test_the_vault_receives_nothing(pots: VaultPots, name: str) -> None:
    pots.deposit(LENDER, 10 * USD)
    reason = refused(pots.vault, name, USD, pots.vault.address, LENDER)
    assert reason == "Vault: the vault can't be the receiver"
    assert refused(pots.vault, "deposit", USD, ZERO) == "erc20: mint to the zero address"


def test_nothing_changes_nothing() -> None:
    """ERC-4626 knows no error for it: in an empty vault, in one with interest, for who has nothing there; and
    the token, which may refuse to move nothing, is not asked."""
    pots = VaultPots(asset="HostileToken")
    for full in (False, True):
        if full:
            grown(pots)
        before = pots.sight(), pots.balance(OTHER)
        pots.asset("behave", 4)
        for name in ("Deposit", "Mint", "Withdraw", "Redeem"):
            assert pots.vault(f"preview{name}", 0) == 0
        for name in ("deposit", "mint"):
            assert pots.vault(name, 0, OTHER, sender=OTHER) == 0
        for name in ("withdraw", "redeem", "redeem_in_kind"):
            assert pots.vault(name, 0, OTHER, LENDER, sender=OTHER) == 0
        pots.asset("behave", 0)
        assert (pots.sight(), pots.balance(OTHER)) == before
        assert pots.shares(OTHER) == 0


def test_shares_cost_something_and_what_is_paid_gives_some(pots: VaultPots) -> None:
    assert pots.vault("mint", 1, LENDER) == 1
    pots.deposit(LENDER, CAP)
    pots.borrow(0, CAP)
    pots.set_rate(0, 100 * PART)
    for _ in range(30):
        pots.machine.wait(365 * 86_400)
        pots.credit("accrue", pots.market(0))
    assert pots.vault("convertToShares", 1) == 0 < pots.vault("convertToAssets", 10**6)
    assert refused(pots.deposit, OTHER, 1) == "Vault: zero shares"
    assert pots.vault("mint", 1, OTHER, sender=OTHER) > 1


def test_the_largest_amounts_are_refused(pots: VaultPots) -> None:
    pots.deposit(LENDER, 10 * USD)
    for name in ("deposit", "mint"):
        assert refused(pots.vault, name, MAX, LENDER)
    for name in ("withdraw", "redeem", "redeem_in_kind"):
        assert refused(pots.vault, name, MAX, LENDER, LENDER)
    reason = "Vault: more than the caps take"
    assert refused(pots.deposit, LENDER, 2**128) == reason == refused(pots.vault, "mint", 2**150, LENDER)


def test_in_kind_hands_out_the_same_part_of_everything(pots: VaultPots) -> None:
    pots.deposit(LENDER, CAP + 600 * USD)
    pots.vault("reallocate", [(pots.ids[1], 300 * USD)], sender=OWNER)
    pots.deposit(OTHER, CAP + 600 * USD)
    for number, lent in enumerate(worth(pots)):
        pots.borrow(number, lent)
    pots.machine.wait(1)
    expected = twin.redeem_in_kind(pots.sight(), pots.shares(LENDER))
    assert pots.vault("maxWithdraw", LENDER) == 300 * USD == pots.vault("idle")
    before = pots.balance(LENDER)
    assert pots.redeem_in_kind(LENDER, pots.shares(LENDER)) == expected[0] == pots.balance(LENDER) - before
    given = [pots.credit("position", id, LENDER)[0] for id in pots.ids]
    assert tuple(given) == expected[1]
    assert 0 <= (CAP + 600 * USD - expected[0]) * 10**6 - sum(given) <= 5 * 10**6
    assert pots.shares(LENDER) == 0


def test_rounding_is_paid_by_who_moves(pots: VaultPots) -> None:
    grown(pots)
    for assets in (1_000_001, 77_777_777, 3):
        moves = [
            ("deposit", assets, OTHER),
            ("mint", assets * 10**6 + 1, OTHER),
            ("withdraw", assets, OTHER, OTHER),
            ("redeem", assets * 10**6 - 7, OTHER, OTHER),
            ("redeem_in_kind", assets * 10**6, OTHER, LENDER),
        ]
        for move in moves:
            assets_before, shares_before = pots.price
            pots.vault(*move, sender=LENDER if LENDER in move else OTHER)
            assets_after, shares_after = pots.price
            assert assets_after * shares_before >= assets_before * shares_after


def test_previews_are_what_happens(pots: VaultPots) -> None:
    grown(pots)
    for amount in (1, 12_345_678, 400_000 * USD):
        expected = pots.vault("previewDeposit", amount)
        assert pots.deposit(OTHER, amount) == expected <= pots.vault("convertToShares", amount)
    for shares in (1, 12_345_678, 10_000 * SHARE + 1):
        expected = pots.vault("previewMint", shares)
        assert (
            pots.vault("mint", shares, OTHER, sender=OTHER)
            == expected
            > pots.vault("convertToAssets", shares)
        )
    for amount in (1, 12_345_678, 350_000 * USD):
        expected = pots.vault("previewWithdraw", amount)
        assert pots.withdraw(OTHER, amount) == expected > pots.vault("convertToShares", amount)
    for shares in (1, 12_345_678, 1_000 * SHARE + 1):
        expected = pots.vault("previewRedeem", shares)
        assert pots.redeem(OTHER, shares) == expected <= pots.vault("convertToAssets", shares)


def test_the_most_is_honest(pots: VaultPots) -> None:
    grown(pots)
    pots.deposit(OTHER, 100 * USD)
    for name in ("withdraw", "redeem"):
        for account in (OTHER, LENDER):
            most = pots.vault(f"max{name.capitalize()}", account)
            saved = pots.machine.save()
            assert pots.vault(name, most, account, account, sender=account) > 0
            pots.machine.restore(saved)
            assert refused(pots.vault, name, most + 2 * 10**6, account, account, sender=account)
    for name, more in (("deposit", 1), ("mint", 10**7)):
        most = pots.vault(f"max{name.capitalize()}", OTHER)
        saved = pots.machine.save()
        assert pots.vault(name, most, OTHER, sender=OTHER) > 0
        pots.machine.restore(saved)
        assert refused(pots.vault, name, most + more, OTHER, sender=OTHER)


def test_the_most_in_a_flash_loan_is_what_credit_has_left(pots: VaultPots) -> None:
    """By all three ways that the money may come: what deposits brought, what is idle, the withdraw queue."""
    pots.deposit(LENDER, 900 * USD)
    pots.vault("reallocate", [(pots.ids[0], 600 * USD)], sender=OWNER)
    pots.vault("set_supply_queue", [pots.ids[1]], sender=OWNER)
    pots.deposit(LENDER, 200 * USD)
    for lent, most in ((800 * USD, 0), (750 * USD, 50 * USD), (600 * USD, 200 * USD)):
        scheme = Scheme(pots)
        scheme.approve()
        scheme.borrow(pots.asset, lent)
        scheme.step(pots.vault, "maxWithdraw", LENDER)
        scheme.step(pots.vault, "maxRedeem", LENDER)
        scheme.run()
        assert [scheme.answer(4), scheme.answer(5)] == [most, most * 10**6]
    assert pots.vault("maxWithdraw", LENDER) == 1_100 * USD


def test_the_most_in_a_flash_loan_can_be_had(pots: VaultPots) -> None:
    pots.deposit(LENDER, 900 * USD)
    pots.vault("reallocate", [(pots.ids[0], 600 * USD)], sender=OWNER)
    pots.vault("transfer", OTHER, 500 * SHARE, sender=LENDER)
    scheme = Scheme(pots)
    scheme.approve()
    pots.vault("transfer", scheme.address, 400 * SHARE, sender=LENDER)
    scheme.borrow(pots.asset, 590 * USD)
    scheme.step(pots.vault, "maxWithdraw", scheme.address)
    scheme.leave("withdraw", 10 * USD)
    scheme.run()
    assert scheme.answer(4) == 10 * USD


def test_previews_know_no_caps_and_no_liquidity(pots: VaultPots) -> None:
    pots.deposit(LENDER, 10 * USD)
    pots.borrow(0, 10 * USD)
    assert pots.vault("previewDeposit", 10 * CAP) == 10 * CAP * 10**6
    assert pots.vault("previewMint", 10 * CAP * 10**6) == 10 * CAP
    assert pots.vault("previewWithdraw", 10 * CAP) == 10 * CAP * 10**6
    assert pots.vault("previewRedeem", 10 * CAP * 10**6) == 10 * CAP


def test_an_empty_vault_answers(pots: VaultPots) -> None:
    for name in ("maxWithdraw", "maxRedeem"):
        assert pots.vault(name, LENDER) == 0
    assert pots.vault("totalAssets") == 0
    assert pots.vault("convertToShares", USD) == SHARE
    bare = VaultPots(caps=0)
    assert bare.vault("maxDeposit", LENDER) == 0
    assert refused(bare.deposit, LENDER, USD) == "Vault: more than the caps take"


def test_reallocation_moves_and_stays_within_the_caps(pots: VaultPots) -> None:
    first, second, third = pots.ids
    pots.deposit(LENDER, 900 * USD)
    pots.vault("reallocate", [(first, 200 * USD), (second, 300 * USD)], sender=OWNER)
    assert worth(pots) == [200 * USD, 300 * USD, 0]
    assert pots.vault("idle") == 400 * USD
    pots.vault("reallocate", [(first, 0), (third, MAX)], sender=OWNER)
    assert worth(pots) == [0, 300 * USD, 600 * USD]
    assert pots.vault("idle") == 0
    assert pots.vault("totalAssets") == 900 * USD
    reason = refused(pots.vault, "reallocate", [(second, 301 * USD)], sender=OWNER)
    assert reason == "Vault: not enough idle"
    pots.vault("lower_cap", first, USD, sender=OWNER)
    reason = refused(pots.vault, "reallocate", [(second, 0), (first, 2 * USD)], sender=OWNER)
    assert reason == "Vault: above the cap"
    reason = refused(pots.vault, "reallocate", [(bytes(32), USD)], sender=OWNER)
    assert reason == "Vault: not one of its markets"
    assert refused(pots.vault, "reallocate", [(first, 0)], sender=CHEATER) == "Vault: only the owner"
    pots.borrow(2, 600 * USD)
    assert refused(pots.vault, "reallocate", [(third, 0)], sender=OWNER) == "Credit: not enough cash"


def test_idle_assets_are_paid_out_first(pots: VaultPots) -> None:
    pots.deposit(LENDER, 900 * USD)
    pots.vault("reallocate", [(pots.ids[0], 500 * USD)], sender=OWNER)
    before = pots.balance(LENDER)
    pots.withdraw(LENDER, 1)
    assert pots.balance(LENDER) - before == 1 == 400 * USD - pots.vault("idle")
    pots.withdraw(LENDER, 450 * USD - 1)
    assert pots.vault("idle") == 0
    assert pots.balance(LENDER) - before == 450 * USD
    assert worth(pots) == [450 * USD, 0, 0]
