"""What lenders are told on a real node: what they earned and lost, and what nobody vouches for."""

from dataclasses import replace

import pytest

from surge.cli.credit.desk import outside_documents, outside_positions
from surge.cli.credit.document import market_document
from surge.cli.credit.events import coming_document, coming_in_vault
from surge.cli.credit.view import OUTSIDE, show_market, show_markets
from surge.credit.coming import Coming
from surge.desk.position import OUTSIDE as OUTSIDE_MARKET
from surge.desk.vault import OUTSIDE as OUTSIDE_VAULT
from surge.model.units import WAD
from unit.cli.screen import seen

TUSD, ETHER = 10**6, 10**18


pytestmark = pytest.mark.usefixtures("fresh")


def borrowed(net, dollars="14000"):
    """Somebody owes the most that ten ether carry; interest runs."""
    position = net.open_handed().market("ETH/TUSD").position()
    position.add_collateral("10")
    position.borrow(dollars)
    return position


def test_what_a_lender_earned_since_it_began(net, desk):
    position, vault = desk.market("ETH/TUSD").position(), desk.vault("TUSD vault")
    assert position.lent(position.view) is None
    position.supply("500")
    position.withdraw("max")  # an earlier lending, over
    borrowed(net)
    position.supply("1000")
    vault.deposit("1000")
    position.supply("200")
    net.network.pass_time(90 * 86_400)
    position.withdraw("300")
    vault.withdraw("100")
    view, shares = position.view, vault.view
    lent = position.lent(view)
    assert (lent.paid, lent.taken, lent.bad_debt) == (1_200 * TUSD, 300 * TUSD, 0)
    assert 0 < lent.earned(view.supplied) == view.supplied - 900 * TUSD
    of_vault = vault.lent(shares)
    assert (of_vault.paid, of_vault.taken) == (1_000 * TUSD, 100 * TUSD)
    assert 0 < of_vault.earned(shares.worth) < 100 * TUSD
    assert lent.block < of_vault.block
    assert lent.since <= of_vault.since < view.market.now - 89 * 86_400


def test_shares_that_came_without_a_payment_are_not_guessed_about(net, desk):
    position, vault = desk.market("ETH/TUSD").position(), desk.vault("TUSD vault")
    vault.deposit("1000")
    vault.redeem_in_kind("max")
    assert position.view.supplied > 0
    assert position.lent(position.view) is None
    assert vault.lent(vault.view) is None


def test_a_lender_is_told_of_a_loss(net, desk):
    position, vault = desk.market("ETH/TUSD").position(), desk.vault("TUSD vault")
    position.supply("1000")
    vault.deposit("1000")
    assert vault.view.fallen == 0
    debtor = borrowed(net)
    net.price("ETH", "700")
    net.open_handed().market("ETH/TUSD").position(debtor.account).liquidate()
    view, of_vault = position.view, vault.view
    lent = position.lent(view)
    assert lent.bad_debt > 1_000 * TUSD
    assert lent.earned(view.supplied) < 0
    assert vault.lent(of_vault).earned(of_vault.worth) < 0
    assert WAD // 1_000 < of_vault.fallen < WAD // 10


def test_a_loss_that_is_coming_is_foreseen(net, desk):
    """By the newest borrowers' positions, before anybody realises it."""
    market, vault = desk.market("ETH/TUSD"), desk.vault("TUSD vault")
    vault.deposit("1000")
    assert desk.chain.borrowers.coming([market.view])[market.id] == Coming(0, 0, 0, 0)
    debtor = borrowed(net)
    net.price("ETH", "700")
    view = market.view
    found = desk.chain.borrowers.coming([view])[market.id]
    assert found.positions == 1
    assert found.debt == pytest.approx(debtor.view.debt, rel=1e-6)
    text = seen(show_market({**market_document(view), "coming": coming_document(found, view.loan)}), 160)
    assert "in 1 position; liquidated now, that would cost lenders" in " ".join(text.split())
    [lent] = [one for one in vault.view.markets if one.market.id == market.id]
    told = coming_in_vault(found, lent)
    assert 0 < float(told["borne"]) <= float(coming_document(found, view.loan)["borne"])
    before = view.supplied
    net.open_handed().market("ETH/TUSD").position(debtor.account).liquidate()
    assert before - market.view.supplied == pytest.approx(found.borne, rel=1e-3)
    assert desk.chain.borrowers.coming([market.view])[market.id].positions == 0


def created(net, **changed):
    """A market by somebody, like that of ether but for what is named."""
    stranger = net.open_handed()
    params = replace(net.network.book.credit.markets["ETH/TUSD"], **changed)
    stranger.chain.send(stranger.chain.credit.creating(params))
    return stranger.outside()[0]


def test_a_market_outside_the_book_is_warned_about_then_listed(net, desk):
    assert desk.outside() == []
    made = created(net, lltv=79 * WAD // 100)
    listed = desk.market("ETH/TUSD")
    [found] = desk.outside()
    assert (found.id, found.listed, listed.listed) == (made.id, False, True)
    assert len(desk.markets()) == 6
    done = desk.market(made.id).position().supply("10000")
    assert OUTSIDE_MARKET in done.also
    assert OUTSIDE_MARKET not in listed.position().supply("10").also
    assert OUTSIDE_MARKET in desk.leverage.open.preview(desk.market(made.id), "1").also

    [mine] = outside_positions(desk, desk.address)
    assert (mine["id"], mine["supplied"]) == ("0x" + made.id.hex(), "10000")
    assert outside_positions(desk, net.treasury.address) == []

    [document] = outside_documents(desk)
    assert (document["listed"], document["oracle_of"]) == (False, "ETH/TUSD")
    text = seen(show_markets({"markets": [market_document(listed.view)], "outside": [document]}))
    lines = [line.strip() for line in text.splitlines()]
    assert lines.index(OUTSIDE) < next(n for n, line in enumerate(lines) if line.startswith("ETH/TUSD 0x"))
    assert f"0x{made.id.hex()[:10]}" in text
    assert seen(show_market(document), 120).startswith(OUTSIDE)


def test_a_market_of_what_is_no_token_hides_no_other(net, desk):
    """It has the name that its address gives it, and whoever looks is told what the price is worth."""
    credit = net.network.book.addresses["Credit"]
    odd, fine = created(net, collateral_token=credit), created(net, lltv=78 * WAD // 100)
    odd_name = f"token@{odd.view.collateral.address[2:8]}"
    first, second = outside_documents(desk)
    assert (first["id"], first["trouble"]) == ("0x" + fine.id.hex(), None)
    assert (second["id"], second["trouble"]) == ("0x" + odd.id.hex(), None)
    assert second["pair"] == f"{odd_name}/TUSD"
    assert odd_name in seen(show_markets({"markets": [], "outside": [first, second]}), 160)


def test_a_vault_outside_the_book_is_warned_about(net, desk):
    known = desk.vault("TUSD vault")
    assert OUTSIDE_VAULT not in known.deposit("1").also
    credit = replace(net.network.book.credit, vaults={})
    desk.chain.book = replace(net.network.book, credit=credit)
    other = desk.vault(known.address)
    assert not other.listed
    assert OUTSIDE_VAULT in other.deposit("1").also
