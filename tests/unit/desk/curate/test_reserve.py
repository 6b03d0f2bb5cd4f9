"""What a market's reserve pays out is what the contract says."""

from types import SimpleNamespace

import pytest

from small_credit import USD, market
from surge.desk.curate.reserve import Reserve
from surge.model.errors import BadInput
from surge.model.signature import checksum

CREDIT, RECIPIENT = (checksum(bytes([n]) * 20) for n in (1, 2))


def reserve(surplus):
    return Reserve(
        SimpleNamespace(
            book=SimpleNamespace(addresses={"Credit": CREDIT}),
            look=lambda views: [surplus] if views[0].to == CREDIT else [],
            read=lambda *_: RECIPIENT,
            credit=SimpleNamespace(collecting=lambda params: ("collect", params)),
            simulate=lambda *_: 50_000,
        )
    )


def test_the_surplus_leaves_the_reserve():
    view = market(borrowed=700 * USD)
    done = reserve(3 * USD).collect.preview(SimpleNamespace(view=view))
    assert done.before.state.reserve - done.after.state.reserve == 3 * USD
    assert done.after.supplied == view.supplied  # the lenders' part stays
    assert done.also == (f"goes to the fee recipient {RECIPIENT}",)


def test_nothing_is_sent_for_nothing():
    with pytest.raises(BadInput, match="there is nothing to collect yet"):
        reserve(0).collect.preview(SimpleNamespace(view=market()))
