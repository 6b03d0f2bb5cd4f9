"""Losses and fees of a vault, markets that fail, gifts, tokens that misbehave, the first depositor.

D2: redemption in kind goes on.
"""

import pytest

from contracts.worlds.vault_pots import (
    CAP,
    CHEATER,
    FEES,
    LENDER,
    OTHER,
    OWNER,
    PART,
    RICH,
    SHARE,
    USD,
    VaultPots,
    refused,
)

FAIR, TAKES_A_PART, SAYS_FALSE, MOVES_NOTHING, REFUSES, CALLS_BEFORE, CALLS_AFTER = range(7)
PERCENT = 10**16


@pytest.fixture
def pots() -> VaultPots:
    return VaultPots()


# Losses and fees


def test_bad_debt_is_shared_at_once(pots: VaultPots) -> None:
    pots.deposit(LENDER, 1_000 * USD)
    pots.deposit(OTHER, 1_000 * USD)
    pots.borrow(0, 2_000 * USD)
    loss = pots.lose(0, 345)
    assert loss > 900 * USD
    assert pots.vault("totalAssets") == 2_000 * USD - loss
    half = (2_000 * USD - loss) // 2
    assert half - 2 <= pots.redeem(LENDER, pots.shares(LENDER)) <= half
    assert half - 2 <= pots.redeem(OTHER, pots.shares(OTHER)) <= half


def test_the_fee_is_a_part_of_the_gain(pots: VaultPots) -> None:
    pots.deposit(LENDER, 1_000 * USD)
    pots.borrow(0, 1_000 * USD)
    pots.vault("set_fee", 20 * PERCENT, FEES, sender=OWNER)
    pots.set_rate(0, PART // 10)
    pots.machine.wait(365 * 86_400)
    gain = pots.vault("totalAssets") - 1_000 * USD
    assert 94 * USD < gain < 95 * USD  # e^0.1 - 1, less a tenth for the market's reserve
    before = pots.vault("convertToAssets", pots.shares(LENDER))
    pots.vault("accrue_fee")
    fee = pots.vault("convertToAssets", pots.shares(FEES))
    assert abs(fee - gain // 5) <= 2
    assert pots.vault("convertToAssets", pots.shares(LENDER)) == before  # views counted it already
    supply = pots.vault("totalSupply")
    pots.vault("accrue_fee")
    assert pots.vault("totalSupply") == supply


def test_no_fee_until_a_loss_is_made_up_for(pots: VaultPots) -> None:
    pots.deposit(LENDER, CAP + 1_000 * USD)
    pots.vault("set_fee", 50 * PERCENT, FEES, sender=OWNER)
    pots.borrow(1, 1_000 * USD)
    loss = pots.lose(1, 600)
    assert loss > 100 * USD
    pots.borrow(0, CAP)
    pots.set_rate(0, PART // 1_000)
    high = pots.vault("high_water")
    while pots.vault("totalAssets") < CAP + 1_000 * USD - 20 * USD:
        pots.machine.wait(7_200)
        pots.vault("accrue_fee")
        assert pots.shares(FEES) == 0
    assert pots.vault("high_water") == high
    pots.machine.wait(50 * 86_400)
    pots.vault("accrue_fee")
    gain = pots.vault("totalAssets") - (CAP + 1_000 * USD)
    assert gain > 100 * USD
    assert abs(pots.vault("convertToAssets", pots.shares(FEES)) - gain // 2) <= 2


def test_a_fee_is_for_what_comes_after_it(pots: VaultPots) -> None:
    pots.deposit(LENDER, 1_000 * USD)
    pots.borrow(0, 1_000 * USD)
    pots.set_rate(0, PART)
    pots.machine.wait(86_400)
    pots.vault("set_fee", 50 * PERCENT, FEES, sender=OWNER)
    pots.vault("accrue_fee")
    assert pots.shares(FEES) == 0
    pots.machine.wait(86_400)
    pots.vault("set_fee", 0, FEES, sender=OWNER)
    earned = pots.shares(FEES)
    assert earned > 0
    pots.machine.wait(86_400)
    pots.vault("set_fee", PERCENT, FEES, sender=OWNER)
    assert pots.shares(FEES) == earned


def test_who_comes_later_pays_no_fee_on_what_was_gained_before(pots: VaultPots) -> None:
    """A gain too small for a fee raises the mark all the same. Or else a vault of one unit, half dearer by
    one rounding, would take a fee on that half from who pays in next."""
    pots.vault("set_fee", 50 * PERCENT, FEES, sender=OWNER)
    pots.deposit(CHEATER, 1)
    pots.vault("mint", 1, CHEATER, sender=CHEATER)
    assert pots.price == (3, 2 * 10**6 + 1)
    pots.deposit(LENDER, 1_000 * USD)
    pots.vault("accrue_fee")
    assert pots.shares(FEES) <= 1
    assert pots.vault("maxWithdraw", LENDER) >= 1_000 * USD - 2


def test_a_fee_within_its_bounds(pots: VaultPots) -> None:
    reason = refused(pots.vault, "set_fee", 50 * PERCENT + 1, FEES, sender=OWNER)
    assert reason == "Vault: the fee is at most a half"
    reason = refused(pots.vault, "set_fee", 1, "0x" + "00" * 20, sender=OWNER)
    assert reason == "Vault: nobody to pay the fee to"


def test_shares_stay_within_bounds_after_the_worst_loss() -> None:
    pots = VaultPots(caps=2**100)
    pots.asset("mint", OTHER, 2**100)
    pots.deposit(LENDER, 1_000 * USD)
    pots.borrow(0, 1_000 * USD)
    pots.lose(0, 0)
    assert pots.vault("totalAssets") == 1
    most = pots.vault("maxDeposit", OTHER)
    assert refused(pots.deposit, OTHER, most * 2) == "Vault: too many shares"
    pots.deposit(OTHER, most)
    for account in (LENDER, OTHER):
        pots.redeem(account, pots.shares(account) // 2)
        pots.redeem_in_kind(account, pots.shares(account))
    assert pots.vault("totalSupply") == 0


# Markets


def test_markets_that_burn_their_gas_lock_nobody(pots: VaultPots) -> None:
    """D2, in a transaction of an ordinary size."""
    pots.deposit(LENDER, 3 * CAP)
    pots.machine.wait(10)
    for number in (0, 1):
        pots.irms[number]("set_burning", True)
    pots.machine.gas = 16_777_216
    try:
        whole = pots.shares(LENDER)
        pots.redeem_in_kind(LENDER, whole // 2)
        assert pots.shares(LENDER) == whole - whole // 2
        pots.withdraw(LENDER, CAP // 4)
    finally:
        pots.machine.gas = None
        for number in (0, 1):
            pots.irms[number]("set_burning", False)


def test_an_illiquid_market_locks_nobody(pots: VaultPots) -> None:
    pots.deposit(LENDER, 2 * CAP)
    pots.borrow(0, CAP)
    assert pots.withdraw(LENDER, CAP) == CAP * 10**6
    pots.redeem_in_kind(LENDER, pots.shares(LENDER))
    assert pots.credit("position", pots.ids[0], LENDER)[0] >= (CAP - 3) * 10**6
    pots.repay_all(0)
    shares = pots.credit("position", pots.ids[0], LENDER)[0]
    pots.credit("withdraw", pots.market(0), 0, shares, LENDER, LENDER, sender=LENDER)
    assert RICH - 4 <= pots.balance(LENDER) <= RICH


def test_a_market_whose_rate_model_fails_locks_nobody(pots: VaultPots) -> None:
    pots.vault("set_fee", 10 * PERCENT, FEES, sender=OWNER)
    pots.deposit(LENDER, CAP + 500 * USD)
    pots.borrow(0, 300 * USD)
    pots.set_rate(0, PART)
    pots.machine.wait(86_400)
    pots.credit("accrue", pots.market(0))
    counted = pots.vault("totalAssets")
    pots.machine.wait(86_400)
    pots.irms[0]("set_broken", True)
    assert pots.vault("totalAssets") == counted > CAP + 500 * USD
    assert pots.vault("maxWithdraw", LENDER) == 500 * USD
    pots.withdraw(LENDER, 200 * USD)
    assert "too little cash" in refused(pots.withdraw, LENDER, 500 * USD)
    assert refused(pots.vault, "reallocate", [(pots.ids[0], 0)], sender=OWNER) == "FailingIrm: broken"
    pots.redeem_in_kind(LENDER, pots.shares(LENDER))
    assert pots.credit("position", pots.ids[0], LENDER)[0] > 0


def test_nobody_enters_while_a_held_market_cannot_be_read(pots: VaultPots) -> None:
    """Interest since its last accrual is not counted meanwhile: shares would be had below their worth."""
    pots.deposit(LENDER, CAP)
    pots.borrow(0, CAP // 2)
    pots.set_rate(0, PART)
    pots.machine.wait(90 * 86_400)
    worth = pots.vault("totalAssets")
    pots.irms[0]("set_broken", True)
    assert pots.vault("totalAssets") < worth
    assert pots.vault("maxDeposit", OTHER) == 0 == pots.vault("maxMint", OTHER)
    for name, amount in (("deposit", USD), ("mint", SHARE)):
        reason = refused(pots.vault, name, amount, OTHER, sender=OTHER)
        assert reason == "Vault: a market can't be read"
        assert refused(pots.vault, f"preview{name.capitalize()}", amount) == reason
        assert pots.vault(name, 0, OTHER, sender=OTHER) == 0
    pots.irms[0]("set_broken", False)
    assert pots.vault("totalAssets") == worth
    pots.deposit(OTHER, USD)


def test_a_market_that_cannot_be_read_and_holds_nothing_is_in_nobodys_way(pots: VaultPots) -> None:
    pots.deposit(LENDER, USD)
    pots.irms[2]("set_broken", True)
    pots.machine.wait(10)
    assert pots.vault("maxDeposit", OTHER) == 2 * CAP - USD
    pots.deposit(OTHER, 2 * CAP - USD)


def test_a_price_is_never_read(pots: VaultPots) -> None:
    pots.deposit(LENDER, 1_000 * USD)
    pots.borrow(0, 300 * USD)
    for oracle in pots.oracles:
        oracle("set_broken", True)
    pots.deposit(LENDER, USD)
    pots.withdraw(LENDER, USD)
    pots.redeem_in_kind(LENDER, SHARE)
    pots.vault("reallocate", [(pots.ids[0], 400 * USD)], sender=OWNER)


# Gifts and the first depositor


def test_gifts_count_for_nothing_and_leave_by_skim(pots: VaultPots) -> None:
    pots.deposit(LENDER, 1_000 * USD)
    pots.vault("reallocate", [(pots.ids[0], 900 * USD)], sender=OWNER)
    before = pots.sight()
    pots.asset("transfer", pots.vault.address, 700 * USD, sender=CHEATER)
    pots.collateral("transfer", pots.vault.address, 5, sender=CHEATER)
    pots.credit("supply", pots.market(1), 700 * USD, 0, pots.vault.address, b"", sender=CHEATER)
    assert pots.sight().total == before.total == pots.vault("totalAssets")
    assert pots.vault("skim", pots.asset.address) == 700 * USD == pots.balance(OWNER)
    assert pots.vault("skim", pots.collateral.address) == 5
    pots.vault("set_fee", 0, FEES, sender=OWNER)
    assert pots.vault("skim_supply", pots.ids[1]) == 700 * SHARE
    assert pots.credit("position", pots.ids[1], FEES)[0] == 700 * SHARE
    assert pots.vault("skim", pots.asset.address) == 0
    assert refused(pots.vault, "skim_supply", pots.ids[0]) == "Credit: nothing to transfer"
    assert pots.redeem(LENDER, 1_000 * SHARE) == 1_000 * USD


@pytest.mark.parametrize("gift", [1, 1_000 * USD, RICH // 2])
def test_the_first_depositor_gains_nothing_from_a_gift(pots: VaultPots, gift: int) -> None:
    pots.deposit(CHEATER, 1)
    pots.asset("transfer", pots.vault.address, gift, sender=CHEATER)
    pots.credit("supply", pots.market(0), gift // 2 + 1, 0, pots.vault.address, b"", sender=CHEATER)
    assert pots.deposit(LENDER, 500 * USD) == 500 * SHARE
    pots.redeem(CHEATER, pots.shares(CHEATER))
    assert pots.balance(CHEATER) <= RICH - gift
    assert pots.redeem(LENDER, pots.shares(LENDER)) == 500 * USD


def test_in_and_out_again_pays_nobody(pots: VaultPots) -> None:
    pots.deposit(LENDER, CAP + 7)
    pots.borrow(0, CAP // 3)
    pots.set_rate(0, PART // 3)
    pots.machine.wait(777_777)
    for amount in (1, 2, 3, 999_983, 12_345_678_901):
        before = pots.balance(CHEATER)
        pots.deposit(CHEATER, amount) if pots.vault("previewDeposit", amount) else None
        pots.redeem(CHEATER, pots.shares(CHEATER))
        assert pots.balance(CHEATER) <= before
        shares = pots.vault("mint", amount * 10**6, CHEATER, sender=CHEATER)
        assert pots.redeem(CHEATER, pots.shares(CHEATER)) <= shares


# Tokens


def test_a_token_that_keeps_a_part_is_refused() -> None:
    pots = VaultPots(asset="HostileToken")
    pots.deposit(LENDER, 1_000 * USD)
    pots.asset("behave", TAKES_A_PART)
    assert refused(pots.deposit, OTHER, 100 * USD) == "Vault: the token delivered less"
    pots.asset("behave", MOVES_NOTHING)
    assert refused(pots.deposit, OTHER, 100 * USD) == "Vault: the token delivered less"
    pots.asset("behave", SAYS_FALSE)
    assert refused(pots.deposit, OTHER, 100 * USD) == "Vault: deposit not paid"
    pots.asset("behave", FAIR)
    pots.vault("reallocate", [(pots.ids[0], 0)], sender=OWNER)
    pots.asset("behave", SAYS_FALSE)
    assert refused(pots.withdraw, LENDER, USD) == "Vault: transfer refused"
    assert refused(pots.vault, "skim", pots.asset.address) == "Vault: transfer refused"


INNER = [
    ("deposit", USD, CHEATER),
    ("mint", SHARE, CHEATER),
    ("withdraw", 1, CHEATER, LENDER),
    ("redeem", 1, CHEATER, LENDER),
    ("redeem_in_kind", 1, CHEATER, LENDER),
    ("accrue_fee",),
    ("set_fee", 0, LENDER),
    ("set_withdraw_queue", []),
    ("reallocate", []),
    ("skim", LENDER),
    ("skim_supply", bytes(32)),
    ("accept_cap", bytes(32)),
    ("totalAssets",),
    ("holdings",),
    ("convertToAssets", SHARE),
    ("convertToShares", USD),
    ("previewDeposit", USD),
    ("previewMint", SHARE),
    ("previewWithdraw", USD),
    ("previewRedeem", SHARE),
    ("maxDeposit", LENDER),
    ("maxMint", LENDER),
    ("maxWithdraw", LENDER),
    ("maxRedeem", LENDER),
]


@pytest.mark.parametrize("inner", INNER, ids=lambda inner: inner[0])
@pytest.mark.parametrize("outer", ["deposit", "withdraw", "redeem_in_kind"])
def test_nothing_answers_in_the_middle(outer: str, inner: tuple[object, ...]) -> None:
    pots = VaultPots(asset="HostileToken")
    pots.deposit(LENDER, 1_000 * USD)
    pots.vault("reallocate", [(pots.ids[0], 500 * USD)], sender=OWNER)
    for mode in (CALLS_BEFORE, CALLS_AFTER):
        pots.asset("arm", mode, pots.vault.address, pots.vault.message(*inner))
        pots.vault(outer, 10 * USD, LENDER, *([] if outer == "deposit" else [LENDER]))
        assert not pots.asset("succeeded")
    assert pots.asset("calls") == 2


def test_a_token_without_answers_serves() -> None:
    pots = VaultPots(asset="SilentToken")
    pots.deposit(LENDER, 1_000 * USD)
    pots.vault("reallocate", [(pots.ids[0], 500 * USD)], sender=OWNER)
    pots.withdraw(LENDER, 700 * USD)
    assert pots.redeem_in_kind(LENDER, 300 * SHARE) == 0
    assert pots.balance(LENDER) == RICH - 300 * USD
