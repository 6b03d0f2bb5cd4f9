"""What `max` stood for: exact, without the interest that came in between; and how it is said."""

from dataclasses import replace

import pytest

from small_credit import ETHER, USD, market, position
from surge.cli.credit.document import change_document
from surge.cli.credit.resolved import moved
from surge.cli.credit.view import show_change, show_sent
from surge.credit import preview
from surge.desk import Done
from surge.model.units import show_decimal
from unit.cli.credit.documents import CHANGE
from unit.cli.credit.test_views import seen

GROWN = market(borrowed=60_000 * USD).at(1_700_086_399)
"""A market whose shares are no round numbers any more."""


def done(operation, assets, seconds=0):
    """To somebody who has, owes and lends something, and was looked at `seconds` before."""
    before = preview.supply(preview.borrow(position(GROWN, collateral=2 * ETHER), 800 * USD), 800 * USD)
    market_then = before.market.at(GROWN.now + seconds)
    return Done(before, getattr(preview, operation)(replace(before, market=market_then), assets), None, None)


@pytest.mark.parametrize("seconds", [0, 1, 86_400])
@pytest.mark.parametrize("operation", ["borrow", "repay", "supply", "withdraw"])
@pytest.mark.parametrize("assets", [20_000_001, 333_333_333, 699_999_999])
def test_what_was_moved_is_told_to_the_unit(operation, assets, seconds):
    assert moved(operation, done(operation, assets, seconds)) == show_decimal(assets, 6)


@pytest.mark.parametrize("seconds", [0, 86_400])
def test_the_whole_debt_is_told_with_its_interest(seconds):
    owing = done("repay", 20 * USD, seconds).before
    debt = replace(owing, market=owing.market.at(GROWN.now + seconds)).debt
    assert moved("repay", done("repay", debt, seconds)) == show_decimal(debt, 6)


@pytest.mark.parametrize("operation", ["add_collateral", "remove_collateral"])
def test_collateral_is_told_in_its_own_token(operation):
    verb = operation.partition("_")[0]
    assert moved(f"collateral {verb}", done(operation, ETHER // 8, 60)) == "0.125"


def test_max_is_said_beside_its_figure():
    change = done("repay", 20 * USD)
    document = change_document("repay", "max", "TUSD", change, "20")
    assert (document["amount"], document["resolved"]) == ("max", "20")
    assert seen(show_change(document)).startswith("repay max, 20 TUSD · market ETH/TUSD")
    sent = {**document, "sent": True, "transaction": "0x" + "cd" * 32, "gas": 1}
    assert seen(show_sent(sent)).startswith("repay max, 20 TUSD · market ETH/TUSD: done")


def test_a_named_amount_is_said_once():
    assert "resolved" not in change_document("repay", "20", "TUSD", done("repay", 20 * USD))
    assert seen(show_change(CHANGE)).startswith("borrow 700 TUSD · market ETH/TUSD")
