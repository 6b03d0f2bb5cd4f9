"""What people see of a keeper's look."""

import json

import small_credit
from small_credit import USD, market
from surge.cli.credit.keeper_view import decision_document, show_keeper
from surge.keeper.exits import AtPrice
from surge.keeper.liquidating import Case, Rules, decide
from unit.cli.credit.test_views import seen


def told(usd, failed=False, sold=True, **options):
    view = small_credit.position(market(borrowed=700 * USD, usd=usd), debt=700 * USD, **options)
    exits = [AtPrice(view.market.price)] if usd and sold else []
    return decision_document(decide(Case(view, exits, balance=1), Rules(altruist=True)), failed)


def test_documents_are_json_and_say_what_was_done():
    made = told(1_600)
    assert json.loads(json.dumps(made)) == made
    assert (made["state"], made["debt"], made["loan_token"]) == ("liquidate", "700", "TUSD")
    assert float(made["profit"]) > 0
    assert told(1_800)["state"] == "poke"
    assert told(None)["reason"].startswith("the oracle gives no price")
    assert told(1_600, failed=True)["state"] == "failed"
    assert told(2_500, failed=True)["state"] == "healthy"
    dust = told(1_600, sold=False, collateral=1)
    assert (dust["state"], dust["repaid"], dust["bad_debt"]) == ("realise", "0.000001", "699.999999")


def test_people_see_what_was_done_and_what_was_left():
    done = [told(1_600), told(1_800), told(1_600, sold=False, collateral=1)]
    document = {"done": done, "left": [told(2_500)], "unreadable": {"BTC/TUSD": "the oracle is gone"}}
    text = seen(show_keeper(document), width=200)
    assert "liquidated: repaid " in text
    assert "told to be in the margin zone" in text
    assert "bad debt of 699.999999 TUSD realised" in text
    assert "it is healthy, at an LTV of 56%" in text
    assert "3 transactions sent; 1 position with debt" in text
    assert "BTC/TUSD can't be read: the oracle is gone" in text
    seen(show_keeper(document))
    empty = seen(show_keeper({"done": [], "left": [], "unreadable": {}}))
    assert empty.strip() == "0 transactions sent; 0 positions with debt"
