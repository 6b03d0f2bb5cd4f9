"""What a provider's commands say, and which folder they mean."""

from types import SimpleNamespace

import pytest

from deal import lease_of
from small_market import Market
from surge.cli.compute.drain import show_drain
from surge.cli.compute.earnings import _waiting, show_earnings
from surge.cli.compute.leave import show_leave
from surge.cli.compute.places import every_place, one_place
from surge.model.errors import BadInput
from surge.model.voucher import Voucher
from surge.store.home import Home
from surge.store.provider import ProviderStore
from unit.cli.screen import seen

ADDRESS = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"
EARNED = {
    "provider": ADDRESS, "payee": ADDRESS, "stake": "100.0", "fuel": 10**9, "receipts": 1, "open_leases": 0,
    "settled": "1.00", "unsettled": "0.00", "lost": "0.25", "rewards": "0.0", "unclaimed": "0.0",
}  # fmt: skip
LEFT = {
    "provider": ADDRESS, "done": False, "withdrawn": True, "closed": [1], "kept": [2], "redeemed": "0.10",
    "rewards": "0.0", "returned": "0.0", "bonded": "100.0", "unbonding": "200.0", "release": 1_000_000,
    "seconds_left": 90_000, "sent": {"to": ADDRESS, "usd": "3.00", "surge": "4.0"},
    "holds": {"usd": "0.00", "surge": "0.0", "gas": "9.0"},
}  # fmt: skip


def a_provider(folder):
    folder.mkdir(parents=True)
    (folder / "key.json").write_text("{}")
    return folder


@pytest.fixture
def access(tmp_path):
    return SimpleNamespace(home=Home(tmp_path), network="local")


def test_the_only_provider_is_meant(access, tmp_path):
    only = a_provider(tmp_path / "networks" / "local" / "providers" / "1")
    assert one_place(access, None).root == only
    assert every_place(access, None) == [only]


def test_one_of_several_must_be_named_unless_it_is_ones_own(access, tmp_path):
    first, other = (a_provider(tmp_path / "networks" / "local" / "providers" / name) for name in "12")
    with pytest.raises(BadInput, match=f"there are 2 providers; name one: --place {first}, --place {other}"):
        one_place(access, None)
    assert one_place(access, other).root == other
    own = a_provider(tmp_path / "provider")
    assert one_place(access, None).root == own


def test_no_provider_at_all(access):
    with pytest.raises(BadInput, match="become one with `surge provide`"):
        one_place(access, None)


def test_lost_money_has_a_line_and_a_column_of_its_own():
    text = seen(show_earnings({"providers": [EARNED]}))
    assert "lost" in text
    assert "0.25 USD signed, never redeemed in time" in text
    assert "lost" not in seen(show_earnings({"providers": [EARNED | {"lost": "0.00"}]}))
    total = {"settled": "2.00", "unsettled": "0.00", "lost": "0.50", "rewards": "0.0"}
    assert "0.50" in seen(show_earnings({"providers": [EARNED, EARNED], "total": total}), 120)


def test_what_waits_past_its_deadline_is_lost(tmp_path):
    store, market = ProviderStore(tmp_path / "provider.db"), Market()
    for number, amount in ((1, 500), (2, 700)):
        store.put_lease(lease_of(number=number))
        store.put_voucher(Voucher(number, 1, amount, bytes(32)), bytes(65))
    chain = market.seen_by("0xme")
    expiry, grace = lease_of().terms.expiry, chain.book.parameters.grace_seconds
    market.now_at = expiry + grace
    assert _waiting(store, chain) == (1_200, 0)
    market.now_at += 1
    assert _waiting(store, chain) == (0, 1_200)
    store.close()


def test_a_leaving_provider_is_told_when_to_come_back():
    text = seen(show_leave(LEFT), 120)
    assert "in 1 day 1 hour: `surge leave` then takes 200.0 SURGE out" in text
    assert "1 lease not closed" in text
    assert f"4.0 SURGE and 3.00 USD to {ADDRESS}" in text
    assert "nothing of this provider is left" not in text
    nothing = {"kept": [], "bonded": "0.0", "unbonding": "0.0", "done": True, "sent": None}
    assert "nothing of this provider is left on the chain" in seen(show_leave(LEFT | nothing))


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"running": True, "draining": True}, "takes no new leases, and stops"),
        ({"running": False, "draining": True}, "has stopped"),
        ({"running": True, "draining": False}, "takes new leases again"),
        ({"running": False, "draining": False}, "when it is started again"),
    ],
)
def test_a_drain_in_words(state, words):
    document = {"provider": ADDRESS, "open_leases": 1, "ends_by": 1_000_000, **state}
    text = seen(show_drain(document), 120)
    assert words in text
    assert "1 lease; the last one ends by" in text
