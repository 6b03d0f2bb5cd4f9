"""The desk on a real node: what a preview says is what happens, and what is refused is told in words."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from credit_network import foreseen
from surge.chain.calls.tokens import token_call
from surge.chain.network.connection import View
from surge.chain.node.sender import Call
from surge.credit.health import Zone
from surge.desk import Desk
from surge.desk.slack import later
from surge.local.clock import settle_averages
from surge.model.errors import BadInput, Underfunded
from surge.model.units import WAD

TUSD, ETHER = 10**6, 10**18
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""A story takes seconds, and shrinking tells it a thousand times."""


pytestmark = pytest.mark.usefixtures("fresh")


@pytest.fixture
def position(desk):
    """Ether worth 2,000 dollars, with a debt of 1,000."""
    position = desk.market("ETH/TUSD").position()
    position.add_collateral("1")
    position.borrow("1000")
    return position


# What a preview says is what happens

AMOUNT = st.one_of(st.just("max"), st.integers(1, 3 * 10**9), st.decimals("0.01", "2500", places=2).map(str))
STEP = st.one_of(
    st.tuples(
        st.sampled_from(["supply", "withdraw", "borrow", "repay", "add_collateral", "remove_collateral"]),
        AMOUNT,
    ),
    st.tuples(st.just("open"), st.integers(10**17, 10**18), st.integers(11, 40)),
    st.tuples(st.just("adjust"), st.just("-"), st.integers(11, 33)),
    st.tuples(st.just("close"), st.sampled_from(["loan", "collateral"]), st.just(0)),
    st.tuples(st.just("price"), st.integers(1_400, 2_600), st.just(0)),
    st.tuples(st.just("wait"), st.integers(1, 10**6), st.just(0)),
    st.tuples(st.just("deposit"), AMOUNT),
    st.tuples(st.just("out of the vault"), AMOUNT),
    st.tuples(st.just("liquidate"), AMOUNT),
)


def take(net, desk, position, step):
    """One step of a story; refusals are part of it."""
    kind, amount = step[:2]
    if kind == "price":
        net.price("ETH", str(amount))
    elif kind == "wait":
        net.network.pass_time(amount)
    elif kind == "open":
        foreseen(net, desk.leverage.open, "ETH/TUSD", amount, step[2] * WAD // 10)
    elif kind == "adjust":
        foreseen(net, desk.leverage.adjust, "ETH/TUSD", step[2] * WAD // 10)
    elif kind == "close":
        foreseen(net, desk.leverage.close, "ETH/TUSD", to=amount)
    elif kind == "deposit":
        foreseen(net, desk.vault("TUSD vault").deposit, amount)
    elif kind == "out of the vault":
        foreseen(net, desk.vault("TUSD vault").withdraw, amount)
    else:
        foreseen(net, getattr(position, kind), amount)


@settings(max_examples=12, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=4, max_size=12))
def test_what_a_preview_says_is_what_happens(net, steps):
    """In stories of any order, with prices and time; `foreseen` compares before, after and gas exactly."""
    snapshot = net.network.rpc.call("evm_snapshot")
    desk = net.open_handed()
    position = desk.market("ETH/TUSD").position()
    position.add_collateral("1")
    for step in steps:
        try:
            take(net, desk, position, step)
        except (BadInput, Underfunded):
            continue  # said before anything was sent
        assert position.view.debt == 0 or position.view.debt >= position.view.market.params.min_debt
    net.network.rpc.call("evm_revert", snapshot)


def test_the_whole_life_of_a_loan(net, desk):
    position = desk.market("ETH/TUSD").position()
    assert position.view.zone is Zone.HEALTHY
    foreseen(net, position.add_collateral, "0.5")
    done = foreseen(net, position.borrow, "700")
    assert done.after.ltv == 7 * WAD // 10
    assert done.after.health == 1_142857142857142857
    net.network.pass_time(86_400)
    foreseen(net, position.repay, "200")
    done = foreseen(net, position.repay, "max")
    assert done.after.debt == 0
    done = foreseen(net, position.remove_collateral, "max")
    assert done.after.position.collateral == 0
    assert position.view.position == done.after.position


def test_max_of_everything(net, desk, position):
    foreseen(net, position.supply, "max")
    assert desk.chain.money.usd(desk.address) == 0
    foreseen(net, position.borrow, "max")
    assert position.view.max_borrow < TUSD // 1_000
    net.price("ETH", "4000")
    foreseen(net, position.remove_collateral, "max")
    foreseen(net, position.withdraw, "max")
    foreseen(net, position.add_collateral, "max")
    foreseen(net, position.repay, "max")
    assert position.view.debt == 0
    assert position.view.position.supply_shares == 0


def test_the_first_write_gives_the_allowance_and_says_so(net):
    desk = net.desk()
    position = desk.market("ETH/TUSD").position()
    net.still()
    shown = position.add_collateral.preview("1")
    done = position.add_collateral("1")
    assert shown.also == done.also == ("allowing Credit to take ETH",)
    assert shown.gas == done.gas > position.add_collateral("1").gas + 40_000


def test_previews_send_nothing(net, desk, position):
    block = desk.chain.block_number()
    for write in (position.supply, position.borrow, position.repay, position.add_collateral):
        assert write.preview("1").transaction is None
    assert desk.chain.block_number() == block


# Interest that comes between a look and its block


def late(net, operation, *args, **kwargs):
    """What was looked at is mined an hour later; the last transaction's status."""
    plan = operation._plan(*args, **kwargs)
    net.network.pass_time(3_600)
    return operation._chain.send(*plan.calls)[-1]


def drained(net, desk, leave):
    """All its dollars but so many units go to somebody else."""
    dollars = desk.chain.tokens.named("TUSD")
    (held,) = desk.chain.tokens.balances(desk.address, [dollars])
    desk.chain.tokens.transfer(dollars, net.treasury.address, held - leave)


def test_a_whole_debt_is_repaid_an_hour_later(net, desk, position):
    """The interest of that hour included; so is what an exact allowance lacks."""
    credit, dollars = net.network.book.addresses["Credit"], desk.chain.tokens.named("TUSD")
    exact = later(position.view, 10).debt
    desk.chain.send(token_call("allowing", dollars, "approve", credit, exact))
    late(net, position.repay, "max")
    assert position.view.debt == 0
    position.borrow("1000")
    late(net, position.repay, position.view.debt)
    assert position.view.debt == 0


def test_what_lacks_for_a_whole_debt_is_said_to_the_unit(net, desk, position):
    owed = position.view.debt
    for leave, instead in ((owed, "or repay 990"), (owed - 5 * TUSD, "or repay 990")):
        drained(net, desk, leave)
        with pytest.raises(
            Underfunded, match=rf"are missing; get so much more, {instead}.* TUSD and"
        ) as told:
            position.repay("max")
        missing = dollars_in(str(told.value).split(": ")[1])
        assert leave + missing >= position.view.debt
    drained(net, desk, owed - 100 * TUSD)
    done = position.repay("max")
    assert done.before.debt - done.after.debt == pytest.approx(owed - 100 * TUSD, abs=100)


def dollars_in(said):
    return round(float(said.split(" TUSD")[0]) * TUSD)


def test_the_missing_hair_is_enough(net, desk, position):
    drained(net, desk, position.view.debt)
    with pytest.raises(Underfunded) as told:
        position.repay("max")
    dollars = desk.chain.tokens.named("TUSD")
    desk.chain.tokens.faucet(dollars, dollars_in(str(told.value).split(": ")[1]) + 1)
    position.repay("max")
    assert position.view.debt == 0


def test_all_that_was_lent_is_withdrawn_an_hour_later(net, desk, position):
    vault = desk.vault("TUSD vault")
    position.supply("100")
    vault.deposit("100")
    late(net, position.withdraw, "max")
    assert position.view.position.supply_shares == 0
    late(net, vault.withdraw, "max")
    assert vault.view.shares == 0
    vault.deposit("100")
    late(net, vault.redeem_in_kind, "max")
    assert vault.view.shares == 0


def test_a_lender_takes_all_the_cash_that_covers_a_claim_by_a_hair(net, desk):
    """A claim that grows past the market's cash until it is mined is paid as far as the cash goes."""
    treasury = Desk(net.network.book, key=net.treasury.key)
    net.treasury.money.faucet(10**6 * TUSD)
    whale, lender = treasury.market("TUSD/ETH").position(), desk.market("TUSD/ETH").position()
    lender.supply("10")
    whale.add_collateral("900000")
    settle_averages(net.treasury)
    whale.borrow(lender.view.market.available - lender.view.supplied - 10**9)
    view = lender.view
    assert view.supplied <= view.market.available < later(view, 3_600).supplied
    late(net, lender.withdraw, "max")
    assert lender.view.supplied < 10**15
    treasury.disconnect()


# Other accounts


def test_anybody_may_pay_for_anybody_but_not_take(net, desk, position):
    friend = net.open_handed()
    theirs = friend.market("ETH/TUSD").position(desk.address)
    foreseen(net, theirs.add_collateral, "1")
    foreseen(net, theirs.repay, "max")
    foreseen(net, theirs.supply, "10")
    for take_out in (theirs.borrow, theirs.withdraw, theirs.remove_collateral):
        with pytest.raises(BadInput, match="its owner has to authorise it"):
            take_out("1")
    desk.chain.send(desk.chain.credit.authorising(friend.address))
    held = friend.chain.money.usd(friend.address)
    foreseen(net, theirs.withdraw, "max")
    assert friend.chain.money.usd(friend.address) > held


def test_a_liquidation_by_hand(net, desk, position):
    liquidator = net.open_handed()
    theirs = liquidator.market("ETH/TUSD").position(desk.address)
    with pytest.raises(BadInput, match=r"can't be liquidated.*LTV is 50%.*only past 80%"):
        theirs.liquidate()
    net.price("ETH", "1200")
    done = foreseen(net, theirs.liquidate, "100")
    assert done.also[0].startswith("repays 100 TUSD and seizes 0.08")
    done = foreseen(net, theirs.liquidate)
    assert done.after.health == pytest.approx(115 * WAD // 100, rel=1e-6)
    net.price("ETH", "300")
    done = foreseen(net, theirs.liquidate)
    assert "bad debt" in done.also[2]
    assert done.after.debt == done.after.collateral == 0


# What is refused, and what would work


@pytest.mark.parametrize(
    ("write", "amount", "words"),
    [
        ("borrow", "1000", r"LTV of 100[.\d]*%, above the max LTV of 70%; the most is (39\d\.\d+|400) TUSD"),
        ("borrow", "1e3", "decimal string"),
        ("borrow", 0.5, "no exact amount"),
        ("repay", "1000.5", r"more than the debt of 1000[.\d]* TUSD"),
        ("repay", "995", "would leave a debt of 5.*below the minimum of 10 TUSD; repay all with `max`"),
        ("withdraw", "1", "nothing is supplied"),
        ("remove_collateral", "0.5", "above the max LTV of 70%; the most is 0.28"),
        ("remove_collateral", "2", "has 1 ETH"),
        ("supply", "0", "changes nothing"),
        ("add_collateral", "100000", "has 19 ETH and needs 100000 ETH; get 99981 ETH more"),
    ],
)
def test_what_is_refused_is_told_with_what_would_work(position, write, amount, words):
    before = position.chain.block_number()
    for attempt in (getattr(position, write), getattr(position, write).preview):
        with pytest.raises((BadInput, Underfunded), match=words):
            attempt(amount)
    assert position.chain.block_number() == before


def test_a_max_of_nothing_says_why(net, desk):
    position, vault = desk.market("ETH/TUSD").position(), desk.vault("TUSD vault")
    before = desk.chain.block_number()
    for write, words in (
        (position.borrow, "add .*collateral first"),
        (position.repay, "no debt to repay"),
        (position.withdraw, "nothing is supplied"),
        (position.remove_collateral, "has 0 ETH|no collateral|nothing"),
        (vault.withdraw, "has 0 TUSD in the TUSD vault"),
    ):
        with pytest.raises(BadInput, match=words):
            write("max")
    poor = net.desk(BTC="1")
    for write in (poor.market("ETH/TUSD").position().supply, poor.vault("TUSD vault").deposit):
        with pytest.raises(BadInput, match=r"`max` is 0 for (supply|deposit) now"):
            write("max")
    assert desk.chain.block_number() == before + 1  # the faucet alone


def test_the_margin_zone_and_a_frozen_feed(net, position):
    net.price("ETH", "1300")
    assert position.view.zone is Zone.MARGIN
    with pytest.raises(BadInput, match=r"in its margin zone \(70% to 80%\); repay 90.*, or add 0.0989"):
        position.borrow("1")
    feed = net.network.book.credit.feeds["ETH"]
    frozen = View("PriceFeed", feed, "freeze")
    net.treasury.send(call_of(frozen))
    net.network.pass_time(2 * 86_400)
    view = position.view
    assert (view.market.price, view.health, view.zone) == (None, None, None)
    with pytest.raises(BadInput, match="needs a price"):
        position.borrow("1")
    foreseen(net, position.repay, "max")
    foreseen(net, position.remove_collateral, "max")


def call_of(view):
    return Call("a call", view.to, view.request()["data"])


def test_an_unsafe_price_stops_new_debt_alone(net, desk):
    position = desk.market("SURGE/TUSD").position()
    surges = desk.chain.tokens.named("SURGE")
    net.treasury.tokens.transfer(surges, desk.address, 10_000 * ETHER)
    position.add_collateral("10000")
    assert not position.view.market.safe
    with pytest.raises(BadInput, match="disagree"):
        position.borrow("100")
    observe = View("OracleGuard", net.network.book.credit.oracles["SURGE/TUSD"], "observe")
    net.network.pass_time(60)
    net.treasury.send(call_of(observe))
    net.network.pass_time(60)
    assert position.view.market.safe
    foreseen(net, position.borrow, "100")


def test_a_lent_out_market(net, desk):
    lender = net.open_handed()
    theirs = lender.market("TUSD/ETH").position()
    theirs.supply("10")
    borrower = desk.market("TUSD/ETH").position()
    view = borrower.view
    net.treasury.money.faucet(10**6 * TUSD)
    rich = Desk(net.network.book, key=net.treasury.key)
    whale = rich.market("TUSD/ETH").position()
    whale.add_collateral("900000")
    net.network.pass_time(60)  # the pool's average, the second source of this price, is a window old
    whale.borrow(view.market.available)
    with pytest.raises(BadInput, match="the rest of TUSD/ETH is lent out; withdraw 0 ETH"):
        theirs.withdraw("1")
    assert theirs.view.market.utilisation == WAD
    rich.disconnect()


def test_a_market_without_its_book_entry_works_by_id(net, desk):
    market = desk.market("ETH/TUSD")
    book = replace(net.network.book, credit=replace(net.network.book.credit, markets={}))
    with Desk(book, key=desk.chain.key) as other:
        same = other.market(market.id)
        foreseen(net, same.position().add_collateral, "1")
        assert same.view.pair == "ETH/TUSD"
        assert same.view.name == f"ETH/TUSD 0x{market.id.hex()[:10]}"
        assert other.market(same.view.name).id == market.id
