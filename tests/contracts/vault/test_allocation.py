"""D4: only the owner allocates. Whoever comes and goes moves nothing between the markets."""

from collections.abc import Callable

import pytest

from contracts.worlds.vault_pots import (
    BORROWER,
    CHEATER,
    LENDER,
    LIQUIDATOR,
    OTHER,
    OWNER,
    SCALE,
    SHARE,
    USD,
    VaultPots,
    refused,
)
from contracts.worlds.vault_schemes import Scheme, pledge

LENT_OUT = "Vault: what was just paid in is lent out"
IDLE = 30_000 * USD


@pytest.fixture
def pots() -> VaultPots:
    """450,000 in a good market, first in withdrawals, 50,000 in a risky one, first in deposits, both lent
    out in part; 30,000 idle."""
    pots = VaultPots(markets=2, caps=10**6 * USD)
    good, risky = pots.ids
    pots.vault("lower_cap", risky, 400_000 * USD, sender=OWNER)
    pots.deposit(LENDER, 530_000 * USD)
    pots.vault("reallocate", [(good, 450_000 * USD), (risky, 50_000 * USD)], sender=OWNER)
    pots.vault("set_supply_queue", [risky, good], sender=OWNER)
    pots.borrow(0, 200_000 * USD)
    pots.borrow(1, 20_000 * USD)
    pots.machine.wait(12)
    return pots


def where(pots: VaultPots) -> list[int]:
    """Idle, and in each market, to a hundredth of a dollar."""
    sight = pots.sight()
    return [round(amount, -4) for amount in (sight.idle, *(one.worth for one in sight.holdings))]


START = [IDLE, 450_000 * USD, 50_000 * USD]


def scheme_with_change(pots: VaultPots) -> Scheme:
    """What rounding costs, and nothing else."""
    scheme = Scheme(pots)
    pots.asset("mint", scheme.address, 100)
    scheme.approve()
    return scheme


@pytest.mark.parametrize("amount", [1_000 * USD, 50_000 * USD, 270_000 * USD])
def test_a_flash_loan_comes_and_goes(pots: VaultPots, amount: int) -> None:
    """Without the flows, 240,000 of the good market and all that is idle ended in the risky one."""
    scheme = scheme_with_change(pots)
    scheme.borrow(pots.asset, amount)
    for _ in range(3):
        scheme.deposit(amount)
        scheme.leave("withdraw", amount - 8)
        amount -= 8
    scheme.run()
    assert where(pots) == START


def test_the_same_left_in_kind(pots: VaultPots) -> None:
    """In kind it gets what it brought, where that lies; a part of it at a time as well."""
    amount = 270_000 * USD
    scheme = scheme_with_change(pots)
    pots.asset("mint", scheme.address, amount)
    scheme.deposit(amount)
    scheme.leave("redeem_in_kind", amount * 10**6 // 3)
    saved = pots.machine.save()
    scheme.run()
    assert where(pots) == [IDLE, 450_000 * USD, 230_000 * USD]
    pots.machine.restore(saved)
    scheme.leave("redeem_in_kind", amount * 10**6 - amount * 10**6 // 3)
    scheme.run()
    assert where(pots) == START
    assert pots.credit("position", pots.ids[0], scheme.address)[0] == 0
    given = pots.credit("position", pots.ids[1], scheme.address)[0]
    assert amount * 10**6 - 3 * 10**6 <= given <= amount * 10**6


def test_in_kind_it_gets_no_more_than_it_brought_from_there(pots: VaultPots) -> None:
    """Of shares from before, the same part of everything; they come back to where they were."""
    scheme = scheme_with_change(pots)
    pots.asset("mint", scheme.address, 300_000 * USD)
    scheme.deposit(100_000 * USD)
    scheme.run()
    start = where(pots)
    assert start == [IDLE, 450_000 * USD, 150_000 * USD]
    scheme.deposit(100_000 * USD)
    scheme.leave("redeem_in_kind", 200_000 * SHARE)
    scheme.run()
    left = [IDLE * 530 // 630, 450_000 * USD * 530 // 630, 150_000 * USD * 530 // 630]
    assert where(pots) == [round(amount, -4) for amount in left]
    pots.deposit(OTHER, 100_000 * USD)
    assert where(pots) == start


@pytest.mark.parametrize("amount", [20_000 * USD, 100_000 * USD])
@pytest.mark.parametrize("name", ["withdraw", "redeem", "redeem_in_kind"])
@pytest.mark.parametrize("blocks", [0, 12])
def test_own_shares_go_and_come_again(pots: VaultPots, name: str, blocks: int, amount: int) -> None:
    given = amount if name == "withdraw" else amount * 10**6
    pots.vault(name, given, LENDER, LENDER, sender=LENDER)
    pots.machine.wait(blocks)
    pots.deposit(LENDER, amount)
    assert where(pots) == START
    assert sum(one.drawn for one in pots.sight().holdings) + pots.sight().drawn <= 8


def test_borrowed_shares_go_and_come_again(pots: VaultPots) -> None:
    pledge(pots, LENDER, 200_000 * SHARE)
    scheme = scheme_with_change(pots)
    scheme.borrow(pots.vault, 200_000 * SHARE)
    scheme.leave("redeem", 200_000 * SHARE)
    scheme.mint(200_000 * SHARE)
    scheme.run()
    assert where(pots) == START


def test_deposits_and_withdrawals_of_many_go_the_same_way(pots: VaultPots) -> None:
    """Where the money is depends on how much came since the owner allocated, not in what order."""
    good, risky = 450_000 * USD, 50_000 * USD
    pots.deposit(OTHER, 380_000 * USD)
    assert where(pots) == [IDLE, good + 30_000 * USD, risky + 350_000 * USD]
    pots.withdraw(OTHER, 50_000 * USD)
    assert where(pots) == [IDLE, good, risky + 330_000 * USD]
    pots.withdraw(LENDER, 330_000 * USD)
    assert where(pots) == START
    pots.withdraw(LENDER, 40_000 * USD)
    assert where(pots) == [0, good - 10_000 * USD, risky]
    pots.deposit(CHEATER, 25_000 * USD)
    assert where(pots) == [15_000 * USD, good, risky]
    pots.deposit(CHEATER, 16_000 * USD)
    assert where(pots) == [IDLE, good, risky + 1_000 * USD]


def test_the_owner_allocates_anew(pots: VaultPots) -> None:
    _good, risky = pots.ids
    pots.deposit(OTHER, 100_000 * USD)
    pots.vault("reallocate", [], sender=OWNER)
    assert pots.vault("drawn") == 0
    assert not any(one.brought or one.drawn for one in pots.sight().holdings)
    pots.machine.wait(12)
    pots.withdraw(OTHER, 100_000 * USD)
    assert where(pots) == [0, 380_000 * USD, 150_000 * USD]
    pots.vault("reallocate", [(risky, 20_000 * USD)], sender=OWNER)
    assert pots.vault("drawn") == 0
    pots.deposit(OTHER, 10_000 * USD)
    assert where(pots) == [130_000 * USD, 380_000 * USD, 30_000 * USD]


def test_nothing_comes_back_above_a_cap_or_to_a_closed_vault(pots: VaultPots) -> None:
    good, risky = pots.ids
    pots.withdraw(LENDER, 100_000 * USD)
    assert where(pots) == [0, 380_000 * USD, 50_000 * USD]
    pots.vault("lower_cap", good, 390_000 * USD, sender=OWNER)
    assert pots.vault("maxDeposit", OTHER) == 10_000 * USD + IDLE + 350_000 * USD
    pots.vault("set_supply_queue", [], sender=OWNER)
    assert pots.vault("maxDeposit", OTHER) == 0 == pots.vault("maxMint", OTHER)
    assert refused(pots.deposit, OTHER, USD) == "Vault: more than the caps take"
    pots.vault("set_supply_queue", [risky], sender=OWNER)
    pots.deposit(OTHER, 100_000 * USD)
    assert where(pots) == [IDLE, 390_000 * USD, 110_000 * USD]


# A lender of the risky market that is lent out to the last unit


@pytest.fixture
def stuck(pots: VaultPots) -> Scheme:
    """It lent 200,000 to the risky market, all of which is borrowed."""
    scheme = scheme_with_change(pots)
    pots.asset("mint", scheme.address, 200_000 * USD)
    scheme.step(pots.credit, "supply", pots.market(1), 200_000 * USD, 0, scheme.address, b"")
    scheme.run()
    pots.borrow(1, 230_000 * USD)
    pots.machine.wait(12)
    return scheme


def leave_the_market(pots: VaultPots, scheme: Scheme) -> None:
    scheme.step(pots.credit, "withdraw", pots.market(1), 200_000 * USD, 0, scheme.address, scheme.address)


def by_loan(pots: VaultPots, scheme: Scheme) -> None:
    scheme.borrow(pots.asset, 200_000 * USD)
    scheme.deposit(200_000 * USD)
    leave_the_market(pots, scheme)
    scheme.leave("withdraw", 200_000 * USD - 8)


def by_shares(pots: VaultPots, scheme: Scheme) -> None:
    scheme.borrow(pots.asset, 200_000 * USD)
    scheme.mint(200_000 * SHARE)
    leave_the_market(pots, scheme)
    scheme.leave("redeem", 200_000 * SHARE)


@pytest.mark.parametrize("way", [by_loan, by_shares])
def test_it_does_not_leave_by_a_loan(
    pots: VaultPots, stuck: Scheme, way: Callable[[VaultPots, Scheme], None]
) -> None:
    """What it brought is to come back from the market that it went to, and there it took it itself."""
    way(pots, stuck)
    assert refused(stuck.run) == LENT_OUT
    assert where(pots) == START


def test_it_does_not_leave_by_a_loan_in_kind(pots: VaultPots, stuck: Scheme) -> None:
    """It gets supply of the market that it left, and can't pay the loan back with it."""
    stuck.borrow(pots.asset, 200_000 * USD)
    stuck.deposit(200_000 * USD)
    leave_the_market(pots, stuck)
    stuck.leave("redeem_in_kind", 200_000 * SHARE)
    stuck.run()
    assert where(pots) == START
    assert pots.credit("position", pots.ids[1], stuck.address)[0] >= 199_999 * SHARE


def test_with_capital_it_changes_places_within_the_cap(pots: VaultPots, stuck: Scheme) -> None:
    """In two transactions, with as much of its own: it lends to the vault then, and no more to the market.
    What the vault has more there goes back to the good market with the next who come and go, once there is
    cash."""
    pots.asset("mint", stuck.address, 200_000 * USD)
    stuck.deposit(200_000 * USD)
    leave_the_market(pots, stuck)
    stuck.run()
    assert pots.vault("maxWithdraw", stuck.address) == 200_000 * USD
    stuck.leave("withdraw", 200_000 * USD)
    stuck.run()
    assert where(pots) == [0, 280_000 * USD, 250_000 * USD]
    pots.repay_all(1)
    scheme = scheme_with_change(pots)
    scheme.borrow(pots.asset, 200_000 * USD)
    scheme.deposit(200_000 * USD)
    scheme.leave("withdraw", 200_000 * USD - 8)
    scheme.run()
    assert where(pots) == START


def test_nobody_puts_others_off(pots: VaultPots, stuck: Scheme) -> None:
    """Dust that is paid in before a withdrawal, and taken out of its market again, is no obstacle."""
    pots.asset("mint", LIQUIDATOR, 100_000 * USD)
    pots.vault("deposit", 100_000 * USD, LIQUIDATOR, sender=LIQUIDATOR)
    pots.borrow(1, 100_000 * USD)
    pots.vault("deposit", 2, OTHER, sender=OTHER)
    stuck.step(pots.credit, "withdraw", pots.market(1), 2, 0, stuck.address, stuck.address)
    stuck.run()
    assert pots.vault("maxWithdraw", LENDER) == IDLE + 250_000 * USD
    pots.withdraw(LENDER, IDLE + 250_000 * USD)


def test_what_came_back_to_a_market_leaves_it_again(pots: VaultPots) -> None:
    """The same in a market to which a deposit gives back what withdrawals drew."""
    stuck = scheme_with_change(pots)
    pots.asset("mint", stuck.address, 70_000 * USD)
    stuck.step(pots.credit, "supply", pots.market(0), 70_000 * USD, 0, stuck.address, b"")
    stuck.run()
    pots.withdraw(LENDER, 100_000 * USD)
    pots.borrow(0, 250_000 * USD)
    stuck.borrow(pots.asset, 30_000 * USD)
    stuck.deposit(30_000 * USD)
    stuck.step(pots.credit, "withdraw", pots.market(0), 30_000 * USD, 0, stuck.address, stuck.address)
    stuck.step(pots.vault, "maxWithdraw", stuck.address)
    stuck.step(pots.vault, "maxRedeem", stuck.address)
    saved = pots.machine.save()
    stuck.run()
    assert [stuck.answer(2), stuck.answer(3)] == [0, 0]
    pots.machine.restore(saved)
    stuck.leave("withdraw", 20_000 * USD)
    assert refused(stuck.run) == LENT_OUT


def test_others_shares_leave_with_what_came(pots: VaultPots) -> None:
    """What is there goes beyond what came: first back the way it came, the rest as ever."""
    scheme = scheme_with_change(pots)
    pots.asset("mint", scheme.address, 100_000 * USD)
    pots.vault("transfer", scheme.address, 300_000 * SHARE, sender=LENDER)
    scheme.deposit(100_000 * USD)
    scheme.leave("withdraw", 250_000 * USD)
    scheme.run()
    assert where(pots) == [0, 330_000 * USD, 50_000 * USD]


def test_a_loss_is_no_lack_of_cash(pots: VaultPots) -> None:
    """What a deposit of this transaction lost in its market keeps nobody from leaving."""
    scheme = scheme_with_change(pots)
    pots.asset("mint", scheme.address, 200_000 * USD)
    pots.vault("transfer", scheme.address, 300_000 * SHARE, sender=LENDER)
    pots.borrow(1, 30_000 * USD)
    pots.oracles[1]("set_price", SCALE * 300 // 1_000)
    scheme.deposit(100_000 * USD)
    scheme.liquidate(1, BORROWER)
    scheme.leave("withdraw", 250_000 * USD)
    scheme.run()


def test_the_last_unit_comes_back_to_what_is_idle(pots: VaultPots) -> None:
    pots.withdraw(LENDER, 1)
    assert (pots.vault("idle"), pots.vault("drawn")) == (IDLE - 1, 1)
    pots.deposit(LENDER, 1)
    assert (pots.vault("idle"), pots.vault("drawn")) == (IDLE, 0)


def test_a_vault_without_markets_pays_out_what_is_idle() -> None:
    pots = VaultPots(markets=1)
    (id,) = pots.ids
    pots.deposit(LENDER, 100 * USD)
    pots.vault("lower_cap", id, 0, sender=OWNER)
    pots.vault("reallocate", [(id, 0)], sender=OWNER)
    pots.vault("set_withdraw_queue", [], sender=OWNER)
    assert pots.vault("maxWithdraw", LENDER) == 100 * USD
    assert pots.vault("maxDeposit", LENDER) == 0
    pots.withdraw(LENDER, 40 * USD)
    pots.redeem_in_kind(LENDER, 60 * SHARE)
    assert pots.vault("totalSupply") == 0
    assert pots.vault("idle") <= 1


def in_and_out(pots: VaultPots, amount: int) -> None:
    """A flash loan of what lies in Credit, deposited and withdrawn."""
    scheme = scheme_with_change(pots)
    pots.asset("mint", pots.credit.address, 10**6 * USD)
    scheme.borrow(pots.asset, amount)
    scheme.deposit(amount)
    scheme.leave("withdraw", amount - 8)
    scheme.run()


@pytest.mark.parametrize("amount", [1_000 * USD, 60_000 * USD, 250_000 * USD])
def test_room_that_opens_again_moves_nothing(amount: int) -> None:
    """Deposits have gone past the first market of the queue, which was full; then its cap rises. What comes
    now goes where the last came to, and leaves from there."""
    pots = VaultPots(markets=2, caps=100_000 * USD)
    first, second = pots.ids
    pots.raise_cap(second, 10**6 * USD)
    pots.vault("set_supply_queue", [first, second], sender=OWNER)
    pots.deposit(LENDER, 160_000 * USD)
    start = where(pots)
    assert start == [0, 100_000 * USD, 60_000 * USD]
    pots.raise_cap(first, 10**6 * USD)
    in_and_out(pots, amount)
    assert where(pots) == start
    pots.vault("reallocate", [], sender=OWNER)
    pots.deposit(OTHER, 10_000 * USD)
    assert where(pots) == [0, 110_000 * USD, 60_000 * USD]


@pytest.mark.parametrize("amount", [1_000 * USD, 40_000 * USD])
def test_cash_that_comes_again_moves_nothing(amount: int) -> None:
    """Withdrawals have gone past the first market of the queue, which was lent out; its cash comes back."""
    pots = VaultPots(markets=2, caps=10**6 * USD)
    first, second = pots.ids
    pots.vault("set_supply_queue", [first, second], sender=OWNER)
    pots.deposit(LENDER, 200_000 * USD)
    pots.vault("reallocate", [(first, 100_000 * USD), (second, 2**256 - 1)], sender=OWNER)
    pots.borrow(0, 100_000 * USD)
    pots.vault("withdraw", 50_000 * USD, LENDER, LENDER, sender=LENDER)
    pots.repay_all(0)
    start = where(pots)
    assert start == [0, 100_000 * USD, 50_000 * USD]
    in_and_out(pots, amount)
    assert where(pots) == start
