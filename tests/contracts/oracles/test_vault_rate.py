"""Shares of the Surge vault as collateral: nothing that anybody does inside a transaction moves their rate,
but a loss does, at once."""

from collections.abc import Iterator

import pytest

from contracts.worlds.bare_evm import mock, words_of
from contracts.worlds.credit_world import CALLS_AFTER, CALLS_BEFORE
from contracts.worlds.guarded import E36, WAD
from contracts.worlds.vault_pots import CHEATER, LENDER, MAX, OWNER, USD, ZERO, Contract, VaultPots


def guarding(pots: VaultPots) -> Contract:
    """A guard of the vault's shares, in its asset."""
    feed = mock("RoundFeed").deploy(pots.machine, 8, 10**8)
    share, asset = pots.vault.address, pots.asset.address
    config = (
        share, asset, feed.address, 10**9, ZERO, 0, 1, 10**55, share, WAD // 10**9, ZERO, 0, 0, 0,
    )  # fmt: skip
    return Contract(pots.machine, "OracleGuard", config)


@pytest.fixture(scope="module")
def built() -> tuple[VaultPots, Contract]:
    """A vault over two markets with debt."""
    pots = VaultPots(2)
    pots.deposit(LENDER, 900_000 * USD)
    pots.borrow(0, 100_000 * USD)
    return pots, guarding(pots)


@pytest.fixture
def world(built: tuple[VaultPots, Contract]) -> Iterator[tuple[VaultPots, Contract]]:
    pots, guard = built
    saved = pots.machine.save()
    yield pots, guard
    pots.machine.restore(saved)


def price(guard: Contract) -> int:
    told, safe = guard("price")
    assert safe
    assert guard("borrow_price") == (told, True)
    return int(told)


def test_gifts_move_it_by_nothing(world: tuple[VaultPots, Contract]) -> None:
    """D1: neither what is sent to the vault, nor what is sent to Credit."""
    pots, guard = world
    before = price(guard)
    assert before == pytest.approx(E36 / 10**6, rel=1e-6)
    for to in (pots.vault.address, pots.credit.address):
        pots.asset("transfer", to, 10**6 * USD, sender=CHEATER)
        assert price(guard) == before


def test_whoever_passes_through_in_one_transaction_moves_it_by_nothing(
    world: tuple[VaultPots, Contract],
) -> None:
    """In, as much as the caps take, and out again; supplied to a market beside the vault; and in between."""
    pots, guard = world
    before = price(guard)
    shares = pots.deposit(CHEATER, 1_000_000 * USD)
    assert price(guard) == pytest.approx(before, rel=1e-11)
    pots.credit("supply", pots.market(0), 1_000_000 * USD, 0, CHEATER, b"", sender=CHEATER)
    assert price(guard) == pytest.approx(before, rel=1e-11)
    pots.redeem(CHEATER, shares // 2)
    pots.redeem_in_kind(CHEATER, shares - shares // 2)
    assert price(guard) == pytest.approx(before, rel=1e-11)


def test_inside_of_a_flash_loan_of_all_there_is_it_stands(world: tuple[VaultPots, Contract]) -> None:
    """The markets' cash is out, or the shares that lie in Credit: what the vault is owed is not."""
    pots, guard = world
    before = price(guard)
    receiver = mock("ContractAccount").deploy(pots.machine)
    pots.vault("transfer", pots.credit.address, pots.shares(LENDER) // 2, sender=LENDER)
    asked = bytes.fromhex(guard.address[2:]) + guard.message("price")
    for token in (pots.asset, pots.vault):
        receiver("run", token.address, token.message("approve", pots.credit.address, MAX))
        everything = pots.credit("maxFlashLoan", token.address)
        assert everything > 0
        taking = pots.credit.message("flash_loan", token.address, everything, asked)
        receiver("run", pots.credit.address, taking)
        assert receiver("succeeded")
        assert words_of(receiver("answer"))[0] == before


def test_a_loss_counts_at_once(world: tuple[VaultPots, Contract]) -> None:
    pots, guard = world
    before = price(guard)
    lost = pots.lose(0, 500)
    assert lost > 20_000 * USD
    assert price(guard) == pytest.approx(before * (900_000 * USD - lost) / (900_000 * USD), rel=1e-9)


@pytest.mark.parametrize("outer", ["deposit", "withdraw", "redeem_in_kind"])
def test_it_is_not_told_while_the_vault_works(outer: str) -> None:
    """A token that hands its turn over in the middle finds no half-done rate to be lent or liquidated by."""
    pots = VaultPots(asset="HostileToken")
    pots.deposit(LENDER, 1_000 * USD)
    pots.vault("reallocate", [(pots.ids[0], 500 * USD)], sender=OWNER)
    guard = guarding(pots)
    assert price(guard)
    for mode in (CALLS_BEFORE, CALLS_AFTER):
        for asked in ("price", "borrow_price"):
            pots.asset("arm", mode, guard.address, guard.message(asked))
            pots.vault(outer, 10 * USD, LENDER, *([] if outer == "deposit" else [LENDER]))
            assert not pots.asset("succeeded")
    assert pots.asset("calls") == 4
