"""A vault's rules as its owner changes them: what is foreseen, and what is refused before it is sent."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surge.chain.calls.curation import ACCEPTANCE, Cap, Rules
from surge.cli.curate.documents import ruled_document
from surge.credit.market import Token
from surge.desk.curate.vaults import CuratedVault, Curator
from surge.model.credit import MarketId
from surge.model.errors import BadInput
from surge.model.signature import checksum
from surge.model.units import NOBODY, Seconds, Wad

OWNER, GUARDIAN, OTHER = (checksum(bytes([n]) * 20) for n in (1, 2, 3))
TUSD = Token("TUSD", 6, checksum(bytes([9]) * 20))
IDS = tuple(MarketId(bytes([n]) * 32) for n in range(1, 4))


@dataclass(frozen=True)
class Handle:
    """Of a market, as the desk's."""

    id: MarketId
    name: str


MARKETS = tuple(Handle(id_, f"M{n}/TUSD") for n, id_ in enumerate(IDS))
NOW = Seconds(1_800_000_000)
USD = 10**6


def ruled(worth=(0, 0, 0), caps=(100, 100, 0), idle=0, pending=None, guardian=GUARDIAN, timelock=86_400):
    """Two markets in the queues, and a third one that could be; amounts in dollars."""
    rules = Rules(OWNER, guardian, NOBODY, Seconds(0), Seconds(timelock), Wad(0), NOBODY, IDS[:2], IDS[:2])
    due = pending or {}
    kept = [Cap(cap * USD, *due.get(n, (0, Seconds(0)))) for n, cap in enumerate(caps)]
    held = {id_: amount * USD for id_, amount in zip(IDS, worth, strict=True) if amount}
    names = {one.id: one.name for one in MARKETS}
    view = SimpleNamespace(asset=TUSD, name="a vault", address=OTHER)
    return CuratedVault(view, rules, names, dict(zip(IDS, kept, strict=True)), held, idle * USD, NOW)


class Stub(Curator):
    """A curator whose vault is what it is given, and whose chain answers nothing else."""

    def __init__(self, now, account=OWNER):
        params = SimpleNamespace(loan_token=TUSD.address)
        credit = SimpleNamespace(market_params=lambda _: [params])
        self.chain = SimpleNamespace(address=account, simulate=lambda *_: 21_000, credit=credit)
        self.vault = SimpleNamespace(name="a vault", address=OTHER)
        self._now = now

    def view(self, *_):
        return self._now


def after(stub, name, *given):
    return getattr(stub, name).preview(*given).after


def test_a_higher_cap_waits_for_its_timelock():
    done = after(Stub(ruled()), "submit_cap", MARKETS[0], "250")
    assert done.caps[IDS[0]] == Cap(100 * USD, 250 * USD, NOW + 86_400)
    waiting = ruled(pending={0: (250 * USD, NOW + 60)})
    with pytest.raises(BadInput, match="ends in 60 s"):
        after(Stub(waiting), "accept_cap", MARKETS[0])
    due = ruled(pending={2: (50 * USD, NOW)})
    done = after(Stub(due, OTHER), "accept_cap", MARKETS[2])  # anybody may
    assert done.caps[IDS[2]] == Cap(50 * USD, 0, 0)
    assert done.rules.withdraw == done.rules.supply == IDS


def test_a_cap_that_waited_too_long_is_not_sent():
    last = ruled(pending={0: (250 * USD, NOW - ACCEPTANCE)})
    assert after(Stub(last), "accept_cap", MARKETS[0]).caps[IDS[0]].cap == 250 * USD
    late = ruled(pending={0: (250 * USD, NOW - ACCEPTANCE - 1)})
    with pytest.raises(BadInput, match="has expired, 14 days after its timelock; submit it again"):
        after(Stub(late), "accept_cap", MARKETS[0])
    assert [ruled_document(one)["markets"][0]["expired"] for one in (last, late)] == [False, True]
    assert after(Stub(late), "submit_cap", MARKETS[0], "250").caps[IDS[0]].valid_at == NOW + 86_400


@pytest.mark.parametrize(
    ("account", "name", "given", "said"),
    [
        (OTHER, "submit_cap", (MARKETS[0], "250"), "only its owner"),
        (GUARDIAN, "submit_cap", (MARKETS[0], "250"), "only its owner"),
        (GUARDIAN, "lower_cap", (MARKETS[0], "5"), "only its owner"),
        (OTHER, "lower_cap", (MARKETS[0], "0"), "its owner .* or its guardian"),
        (OTHER, "supply_queue", ([],), "only its owner"),
        (OTHER, "withdraw_queue", ([],), "only its owner"),
        (OTHER, "reallocate", ({MARKETS[0]: "1"},), "only its owner"),
        (OTHER, "fee", ("10%",), "only its owner"),
        (OWNER, "submit_cap", (MARKETS[0], "100"), "already"),
        (OWNER, "lower_cap", (MARKETS[0], "101"), "use `submit`"),
        (OWNER, "accept_cap", (MARKETS[0],), "submit one first"),
        (OWNER, "revoke_cap", (MARKETS[0],), "nothing to drop"),
        (OWNER, "supply_queue", ([MARKETS[0], MARKETS[0]],), "twice"),
        (OWNER, "supply_queue", ([MARKETS[2]],), "has no cap"),
        (OWNER, "withdraw_queue", ([MARKETS[2]],), "no market of this vault"),
        (OWNER, "withdraw_queue", ([MARKETS[0]],), "stays in the queue"),
        (OWNER, "reallocate", ({},), "name markets"),
        (OWNER, "reallocate", ({MARKETS[2]: "1"},), "no market of this vault"),
        (OWNER, "reallocate", ({MARKETS[0]: "1"},), "idle by then"),
        (OWNER, "fee", ("50.01%",), "above 50%"),
        (OWNER, "fee", ("10",), "with the sign"),
        (OWNER, "collect", (), "takes no fee"),
    ],
)
def test_what_the_contract_would_refuse_is_refused_before(account, name, given, said):
    with pytest.raises(BadInput, match=said):
        after(Stub(ruled(), account), name, *given)


def test_the_guardian_closes_and_drops():
    assert after(Stub(ruled(), GUARDIAN), "lower_cap", MARKETS[0], "0").caps[IDS[0]] == Cap(0, 0, 0)
    waiting = ruled(pending={0: (250 * USD, NOW + 60)})
    assert after(Stub(waiting, GUARDIAN), "revoke_cap", MARKETS[0]).caps[IDS[0]] == Cap(100 * USD, 0, 0)


def test_a_market_leaves_the_queue_when_it_is_closed_and_empty():
    closed = ruled(caps=(0, 100, 0))
    done = after(Stub(closed), "withdraw_queue", [MARKETS[1]])
    assert done.rules.withdraw == done.rules.supply == (IDS[1],)
    with pytest.raises(BadInput, match="stays in the queue"):
        after(Stub(ruled(caps=(0, 100, 0), worth=(1, 0, 0))), "withdraw_queue", [MARKETS[1]])


def test_all_that_is_idle_goes_where_max_says():
    done = after(Stub(ruled(worth=(80, 10, 0), idle=5)), "reallocate", {MARKETS[0]: "20", MARKETS[1]: "max"})
    assert (done.worth[IDS[0]], done.worth[IDS[1]], done.idle) == (20 * USD, 75 * USD, 0)
    with pytest.raises(BadInput, match="above its cap of 100 TUSD"):
        after(Stub(ruled(worth=(80, 50, 0), idle=5)), "reallocate", {MARKETS[0]: "0", MARKETS[1]: "max"})


@given(st.tuples(*[st.integers(0, 200)] * 2), st.integers(0, 200), st.tuples(*[st.integers(0, 300)] * 2))
def test_moving_money_makes_none(worth, idle, wanted):
    now = ruled(worth=(*worth, 0), idle=idle, caps=(250, 250, 0))
    asked = {market: amount * USD for market, amount in zip(MARKETS, wanted, strict=False)}
    try:
        done = after(Stub(now), "reallocate", asked)
    except BadInput:
        fits = all(w <= 250 or w <= held for w, held in zip(wanted, worth, strict=True))
        assert sum(wanted) > sum(worth) + idle or not fits
        return
    assert done.idle + sum(done.worth.values()) == (sum(worth) + idle) * USD
    assert [done.worth.get(id_, 0) for id_ in IDS[:2]] == [amount * USD for amount in wanted]
    assert done.idle >= 0
