"""Leverage, vaults and flash loans of the desk, on a real node."""

import pytest

import surge
from credit_network import foreseen
from surge.chain.calls.exchange import SWAP_SECONDS
from surge.chain.calls.tokens import Payment
from surge.credit.leverage import multiple
from surge.model.errors import BadInput, Refused, Reverted, SurgeError
from surge.model.units import WAD

TUSD, ETHER = 10**6, 10**18


pytestmark = pytest.mark.usefixtures("fresh")


# Leverage


@pytest.mark.parametrize(("market", "margin"), [("ETH/TUSD", "1"), ("TUSD/ETH", "2000"), ("BTC/ETH", "0.1")])
@pytest.mark.parametrize("to", ["loan", "collateral"])
def test_opened_adjusted_and_closed_long_and_short(net, desk, market, margin, to):
    lever, position = desk.leverage, desk.market(market).position()
    done = foreseen(net, lever.open, market, margin, "3", min_health="1.1")
    assert "by a signature inside the call" in done.also[-1]
    assert multiple(done.after) == pytest.approx(3 * WAD, rel=0.03)
    done = foreseen(net, lever.adjust, market, "2")
    assert multiple(done.after) == pytest.approx(2 * WAD, rel=1e-6)
    assert done.also[-1].startswith("sells")  # nothing is asked for twice
    foreseen(net, lever.adjust, market, "2.5")
    net.network.pass_time(86_400)
    done = foreseen(net, lever.close, market, to=to)
    assert done.after.debt == done.after.collateral == 0
    assert position.view.position == done.after.position
    leverage = net.network.book.addresses["Leverage"]
    tokens = [done.after.market.loan, done.after.market.collateral]
    assert desk.chain.tokens.balances(leverage, tokens) == [0, 0]


def test_a_margin_in_the_loans_token(net, desk):
    done = foreseen(net, desk.leverage.open, "ETH/TUSD", "1000", "2", margin_in="loan")
    assert done.after.debt == pytest.approx(1000 * TUSD, rel=0.01)
    assert done.after.collateral == pytest.approx(ETHER, rel=0.01)


def test_the_authorisation_stays_until_it_is_revoked(net, desk):
    foreseen(net, desk.leverage.open, "ETH/TUSD", "1", "2")
    assert not desk.chain.leverage.needs_authorising()
    desk.leverage.revoke()
    assert desk.chain.leverage.needs_authorising()
    done = foreseen(net, desk.leverage.close, "ETH/TUSD", to="loan")
    assert "by a signature inside the call" in done.also[-1]


def test_carry_and_its_end(net, desk):
    vault = desk.vault("TUSD vault")
    done = foreseen(net, desk.leverage.carry, "ETH/TUSD", "1", "1000", "TUSD vault")
    assert any("the vault pays" in said and "LOSES" in said for said in done.also)
    held = vault.view.shares
    assert vault.view.worth == pytest.approx(1000 * TUSD, abs=2)
    share = desk.chain.tokens.of([vault.address])[vault.address]
    leverage = net.network.book.addresses["Leverage"]
    desk.chain.send(*desk.chain.tokens.allowing([Payment(share, 1, leverage, "Leverage")]))
    done = foreseen(net, desk.leverage.unwind, "ETH/TUSD", vault="TUSD vault", shares="max", held="max")
    assert done.after.debt == done.after.collateral == 0
    assert held > 0
    assert vault.view.shares == 0


@pytest.mark.parametrize("revoked", [False, True])
def test_a_carry_whose_shares_bring_more_than_is_owed(net, desk, revoked):
    """What they leave in loan tokens is bounded, with a signature in the call and without one."""
    foreseen(net, desk.leverage.carry, "ETH/TUSD", "1", "1000", "TUSD vault")
    desk.vault("TUSD vault").deposit("500")
    if revoked:
        desk.leverage.revoke()
    tusd = desk.chain.tokens.named("TUSD")
    (before,) = desk.chain.tokens.balances(desk.address, [tusd])
    done = foreseen(net, desk.leverage.unwind, "ETH/TUSD", vault="TUSD vault", shares="max")
    assert done.after.debt == done.after.collateral == 0
    (after,) = desk.chain.tokens.balances(desk.address, [tusd])
    assert after - before == pytest.approx(500 * TUSD, rel=1e-3)
    sent = net.network.rpc.call("eth_getTransactionByHash", "0x" + done.transaction.hex())["input"]
    min_loan, path = int(sent[-128:-64], 16), int(sent[-64:], 16)
    assert (min_loan, path) == (pytest.approx(500 * TUSD - 1500 * TUSD * 0.01, rel=1e-3), 0)


def test_a_carry_ends_with_no_more_shares_than_it_needs(net, desk):
    lever, vault = desk.leverage, desk.vault("TUSD vault")
    vault.deposit("5000")
    lever.carry("ETH/TUSD", "1", "1000", "TUSD vault")
    net.network.pass_time(86_400)
    shown = lever.unwind.preview("ETH/TUSD", vault="TUSD vault")
    done = lever.unwind("ETH/TUSD", vault="TUSD vault")
    assert done.after.empty
    assert any("TUSD besides" in said for said in shown.also)
    assert vault.view.worth == pytest.approx(5_000 * TUSD, abs=TUSD // 2)
    lever.carry("ETH/TUSD", "1", "1000", "TUSD vault")
    lever.unwind("ETH/TUSD", vault="TUSD vault", shares="max")
    assert vault.view.shares == 0


def test_neutral_and_its_end(net, desk):
    ether = desk.chain.tokens.named("ETH")
    (before,) = desk.chain.tokens.balances(desk.address, [ether])
    foreseen(net, desk.leverage.neutral, "TUSD/ETH", "3000", "1")
    assert desk.chain.tokens.balances(desk.address, [ether]) == [before + ETHER]
    net.price("ETH", "2400")
    foreseen(net, desk.leverage.unwind, "TUSD/ETH", held="max")
    (after,) = desk.chain.tokens.balances(desk.address, [ether])
    assert after == pytest.approx(before, rel=1e-9)


def test_the_end_of_a_carry_or_a_hedge_sells_nothing_unless_told(net, desk):
    """What is missing is said to the unit, the interest until it is mined included."""
    lever, position = desk.leverage, desk.market("ETH/TUSD").position()
    foreseen(net, lever.carry, "ETH/TUSD", "1", "1000", "TUSD vault")
    net.network.pass_time(30 * 86_400)  # what is owed grows faster than what is lent
    with pytest.raises(BadInput, match=r"would be paid, .* are missing; .*--to collateral") as told:
        lever.unwind("ETH/TUSD", vault="TUSD vault")
    missing = str(told.value).split(": ")[1].split(" TUSD are missing")[0]
    shown = lever.unwind.preview("ETH/TUSD", vault="TUSD vault", held=missing)
    assert not any("sells" in said for said in shown.also)
    assert shown.impact is None
    sold = lever.unwind.preview("ETH/TUSD", vault="TUSD vault", to="collateral")
    assert any(said.startswith("sells ") for said in sold.also)
    assert sold.impact > 0
    lever.unwind("ETH/TUSD", vault="TUSD vault", held="max")
    assert position.view.empty


def test_the_price_of_a_swap_is_shown_and_bounded(net, desk):
    lever = desk.leverage
    done = foreseen(net, lever.open, "ETH/TUSD", "1")
    assert done.also[0].startswith("buys 1 ETH for 20")
    assert "more than at the oracle's price" in done.also[0]
    assert 0.003 < done.impact / WAD < 0.05
    with pytest.raises(BadInput, match=r"above the most of 0\.1%; .* or allow it with a max impact of"):
        lever.adjust("ETH/TUSD", "3", max_impact="0.1%")
    with pytest.raises(BadInput, match=r"sells 2 ETH for .* less than at the oracle's price, above the most"):
        lever.close("ETH/TUSD", to="loan", max_impact="0.1%")
    foreseen(net, lever.close, "ETH/TUSD", to="loan", max_slippage="0%")


@pytest.mark.parametrize("to", ["loan", "collateral"])
def test_interest_alone_stops_no_close(net, desk, to):
    """Not even without any slippage, while its deadline lasts."""
    desk.leverage.open("ETH/TUSD", "1", "3")
    plan = desk.leverage.close._plan("ETH/TUSD", to=to, max_slippage="0%")
    net.network.pass_time(SWAP_SECONDS - 30)
    desk.chain.send(*plan.calls)
    assert desk.market("ETH/TUSD").position().view.empty


def test_a_hair_of_interest_is_sold_for_where_that_is_told(net, desk):
    """What is held pays the debt of now, and a little less than that of the block it is mined in."""
    lever, position = desk.leverage, desk.market("ETH/TUSD").position()
    lever.carry("ETH/TUSD", "1", "1000", "TUSD vault")
    net.still()
    exact = position.view.debt
    plan = lever.unwind._plan("ETH/TUSD", held=exact, to="collateral", max_slippage="0%")
    net.network.pass_time(SWAP_SECONDS - 30)
    desk.chain.send(*plan.calls)
    assert position.view.empty
    with pytest.raises(BadInput, match="no debt"):
        lever.unwind("ETH/TUSD", held=exact)


def test_what_leverage_refuses(net, desk):
    lever = desk.leverage
    for attempt, words in (
        (lambda: lever.open("ETH/TUSD", "1", "4"), "max LTV"),
        (lambda: lever.open("ETH/TUSD", "1", "1"), "above one"),
        (lambda: lever.open("ETH/TUSD", "0", "2"), "margin"),
        (lambda: lever.open("ETH/TUSD", "1", "2", max_slippage="100%"), "below 100%"),
        (lambda: lever.open("ETH/TUSD", "1", "2", max_slippage="0.5"), "has no unit"),
        (lambda: lever.open("ETH/TUSD", "1", "2", max_impact="12"), "'12%'"),
        (lambda: lever.open("ETH/TUSD", "1", "2", margin_in="eth"), "'collateral' or 'loan'"),
        (lambda: lever.open("ETH/TUSD", "1", "2", max_impact="0.1%"), "than at the oracle's price, above"),
        (lambda: lever.close("ETH/TUSD"), "closing sells collateral, and only when it is told"),
        (lambda: lever.close("ETH/TUSD", to="dollars"), "'collateral' or 'loan'"),
        (lambda: lever.unwind("ETH/TUSD", held="max", to="loans"), "'collateral' or 'loan'"),
        (lambda: lever.open("LP/TUSD", "0.000001", "2"), "no pool between TUSD and LP"),
        (lambda: lever.open("ETH/TUSD", "1000000", "2"), "hold"),
        (lambda: lever.close("ETH/TUSD", to="loan"), "no debt"),
        (lambda: lever.adjust("ETH/TUSD", "2"), "no position"),
    ):
        with pytest.raises((BadInput, Refused), match=words):
            attempt()
    with pytest.raises(Reverted, match=r"health is below min_health.*slippage"):
        lever.open("ETH/TUSD", "1", "3", min_health="1.5")


# Vaults and flash loans


def test_a_vault_from_deposit_to_redemption_in_kind(net, desk):
    vault, market = desk.vault("TUSD vault"), desk.market("ETH/TUSD")
    foreseen(net, vault.deposit, "5000")
    market.position().add_collateral("10")
    foreseen(net, market.position().borrow, "10000")
    net.network.pass_time(30 * 86_400)
    view = vault.view
    assert view.worth > 5000 * TUSD
    assert view.rate > 0
    foreseen(net, vault.withdraw, "1000")
    done = foreseen(net, vault.redeem_in_kind, view.shares // 2)
    got = market.position().view
    assert got.supplied > 0
    handed = f"hands out {got.position.supply_shares:,} supply shares of ETH/TUSD, worth "
    assert any(said.startswith(handed) for said in done.also)
    assert done.after.shares < view.shares
    foreseen(net, vault.withdraw, "max")
    assert vault.view.shares == 0
    for attempt, words in (
        (lambda: vault.withdraw("1"), "has 0 TUSD in the TUSD vault"),
        (lambda: vault.deposit("100000000"), "more than the caps"),
        (lambda: vault.redeem_in_kind("1"), "can't redeem"),
        (lambda: vault.deposit("0"), "changes nothing"),
    ):
        with pytest.raises(SurgeError, match=words):
            attempt()


def test_looking_at_a_vault_needs_no_account(net):
    with surge.Desk(net.network.book) as desk:
        (vault,) = desk.vaults()
        assert vault.view.total == 850_000 * TUSD
        assert vault.of(net.treasury.address).worth == 850_000 * TUSD


def test_an_arbitrage_pays_once_and_then_fails_as_a_whole(net, desk):
    with pytest.raises(BadInput, match="too close"):
        desk.flash.arbitrage("ETH/TUSD")
    net.price("ETH", "2100")
    done = foreseen(net, desk.flash.arbitrage, "ETH/TUSD", min_profit="100")
    assert done.after.held - done.before.held > 100 * TUSD
    own, rival = desk.flash.view("ETH/TUSD").prices
    assert own == pytest.approx(rival, rel=0.007)
    before = desk.flash.view("ETH/TUSD")
    with pytest.raises(Reverted, match="pays 1000 TUSD and brings 99"):
        desk.flash.arbitrage("ETH/TUSD", "1000")
    assert desk.flash.view("ETH/TUSD") == before
    with pytest.raises(BadInput, match="there are: ETH/TUSD"):
        desk.flash.arbitrage("BTC/TUSD")
