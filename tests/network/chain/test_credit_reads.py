"""Markets, tokens and events of the credit side, as one reads them from a real node."""

from collections import Counter
from dataclasses import replace

import pytest

from credit_network import raise_credit
from surge.chain.calls.tokens import Payment
from surge.chain.client import Chain
from surge.chain.network.artifacts import artifact
from surge.chain.network.connection import View
from surge.chain.network.index import Index
from surge.chain.node.sender import Call
from surge.credit import interest
from surge.credit.health import Zone
from surge.model.credit import market_id
from surge.model.errors import BadInput, Reverted, Underfunded
from surge.model.units import WAD, Address


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    net = raise_credit(tmp_path_factory.mktemp("credit"))
    yield net
    net.close()


@pytest.fixture(autouse=True)
def fresh(net):
    """Each test begins with the network as it was deployed, in a block of now: time is not turned back."""
    snapshot = net.network.rpc.call("evm_snapshot")
    net.network.pass_time(1)
    yield
    net.network.rpc.call("evm_revert", snapshot)


@pytest.fixture
def borrower(net):
    desk = net.open_handed()
    position = desk.market("ETH/TUSD").position()
    position.add_collateral("1")
    position.borrow("1000")
    return desk


def requests_of(chain, monkeypatch, look):
    chain.check()
    sent, real = [], chain._rpc._post
    monkeypatch.setattr(chain._rpc, "_post", lambda body: sent.append(body) or real(body))
    look()
    monkeypatch.undo()
    return len(sent)


def create(net, **changes):
    """Somebody's market of their own."""
    params = replace(net.network.book.credit.markets["ETH/TUSD"], **changes)
    net.treasury.send(net.treasury.credit.creating(params))
    return params


def test_a_view_takes_two_requests_however_many_positions(net, borrower, monkeypatch):
    borrower.position_views()
    assert requests_of(borrower.chain, monkeypatch, borrower.position_views) == 2
    position = borrower.market("ETH/TUSD").position()
    assert requests_of(borrower.chain, monkeypatch, lambda: position.view) == 2


def test_the_state_of_now_is_what_credit_would_accrue(net, borrower):
    """Weeks of interest by the twins, against the contract's own view of the same second."""
    id_ = market_id(net.network.book.credit.markets["ETH/TUSD"])
    for days in (1, 30, 200):
        net.network.pass_time(days * 86_400)
        (view,) = borrower.chain.credit.market_views([id_], at=borrower.chain.block_number())
        accrued = View("Credit", borrower.chain.book.addresses["Credit"], "accrued", (tuple_of(view.params),))
        assert tuple_of(view.state) == borrower.chain.look([accrued])[0]
        assert view.now == view.state.last_update
    assert view.borrow_rate > 0


def tuple_of(noun):
    return tuple(getattr(noun, name) for name in noun.__dataclass_fields__)


def test_a_market_with_a_fixed_rate(net):
    creation = artifact("FixedRateIrm").creation((WAD // 10 // (365 * 86_400),))
    (sent,) = net.treasury.send(Call("a rate model", None, creation))
    params = create(net, irm=sent.contract)
    desk = net.open_handed()
    market = desk.market(market_id(params))
    market.position().supply("1000")
    market.position().add_collateral("1")
    market.position().borrow("500")
    net.network.pass_time(365 * 86_400)
    view = market.position().view
    assert view.market.rate_at_target is None
    assert view.market.borrow_rate == pytest.approx(WAD // 10, rel=1e-9)
    assert view.debt == pytest.approx(500 * 10**6 * 1.10517, rel=1e-3)


def test_a_model_that_poses_as_the_adaptive_one_is_believed_as_credit_believes_it(net):
    """It answers `rate_at_target` too, a tenth of what it charges; what is charged is what is shown."""
    charged = interest.MAX_RATE // 2
    asked = artifact("AdaptiveCurveIrm").function("rate_at_target", 2).encode(("0x" + "00" * 20, bytes(32)))
    irm = Address("0x" + "d4" * 20)
    net.network.rpc.call(
        "anvil_setCode", irm, "0x" + telling_apart(asked[2:10], charged // 10, charged).hex()
    )
    params = create(net, irm=irm)
    desk = net.open_handed()
    market = desk.market(market_id(params))
    market.position().supply("1000")
    market.position().add_collateral("1")
    market.position().borrow("500")
    net.network.pass_time(30 * 86_400)
    credit, block = desk.chain.credit, desk.chain.block_number()
    (view,) = credit.market_views([market.id], at=block)
    accrued = View("Credit", desk.chain.book.addresses["Credit"], "accrued", (tuple_of(params),))
    assert tuple_of(view.state) == desk.chain.look([accrued])[0]
    assert (view.rate_at_target, view.rate) == (None, charged)
    before = market.view.borrowed
    net.treasury.send(net.treasury.credit.accruing(params))
    assert market.view.borrowed == pytest.approx(before, rel=1e-5)


def telling_apart(selector, one, other):
    """Code of a contract that answers `one` to calls of `selector`, and `other` to all others."""
    answer = "5f5260205ff3"
    return bytes.fromhex(f"5f3560e01c63{selector}146035577f{other:064x}{answer}5b7f{one:064x}{answer}")


def test_markets_of_anybody_are_found_by_id_and_apart(net, borrower):
    params = create(net, min_debt=7)
    id_ = "0x" + market_id(params).hex()
    assert market_id(params) not in [market.id for market in borrower.markets()]
    assert market_id(params) in [market.id for market in borrower.markets(everybody=True)]
    assert borrower.market(id_[:12]).params == params
    assert borrower.market("ETH/TUSD").id != market_id(params)
    for unknown in ("0x" + "00" * 32, "0x0123456789"):
        with pytest.raises(BadInput, match="market"):
            borrower.market(unknown)
    many = [create(net, min_debt=number) for number in range(8, 19)]  # more than there are first digits
    alike = Counter(market_id(each).hex()[0] for each in [*many, *net.network.book.credit.markets.values()])
    with pytest.raises(BadInput, match="markets begin with"):
        borrower.market("0x" + alike.most_common(1)[0][0])


def test_a_token_that_is_not_listed_cannot_pass_for_one_that_is(net, borrower):
    (sent,) = net.treasury.send(
        Call("a token", None, artifact("TestToken").creation(("Test Dollar", "TUSD", 6)))
    )
    token = borrower.chain.tokens.of([sent.contract])[sent.contract]
    assert token.symbol == f"TUSD@{sent.contract[2:8]}"
    assert borrower.chain.tokens.named("TUSD").address == net.network.book.addresses["Dollar"]
    with pytest.raises(BadInput, match="no token 'DAI'"):
        borrower.chain.tokens.named("DAI")


def test_events_tell_who_borrowed(net, borrower):
    id_ = market_id(net.network.book.credit.markets["ETH/TUSD"])
    second = net.open_handed()
    position = second.market("ETH/TUSD").position()
    position.add_collateral("1")
    for _ in range(2):
        position.borrow("100")
    borrowed = borrower.chain.events("Borrowed", market=f"0x{id_.hex()}")
    assert [event.members["on_behalf"] for event in borrowed][-3:] == [
        borrower.address,
        *[second.address] * 2,
    ]
    assert borrower.chain.index.find("Borrowed", after=borrowed[-2].block) == borrowed[-1:]
    own = borrower.chain.index.find("Borrowed", "CollateralAdded", account=borrower.address)
    assert [event.name for event in own] == ["CollateralAdded", "Borrowed"]
    assert borrower.chain.index.find("Borrowed", market="0x" + "00" * 32) == []


def test_an_index_of_before_the_credit_side_starts_over(net, borrower, tmp_path):
    older = replace(net.network.book, credit=None)
    path = tmp_path / "index.db"
    before = Index(older, net.network.rpc, path)
    before.update()
    assert before.find("Borrowed") == []
    now = Index(net.network.book, net.network.rpc, path)
    now.update()
    assert [event.members["on_behalf"] for event in now.find("Borrowed")] == [borrower.address]
    before.update()  # a command that began with the older address book
    now.update()
    assert len(now.find("Borrowed")) == 1
    before.close()
    now.close()


def test_allowances_are_given_when_they_are_needed_and_once(net):
    desk = net.desk(TUSD="100")
    chain, dollar = desk.chain, desk.chain.tokens.named("TUSD")
    credit, router = (net.network.book.addresses[name] for name in ("Credit", "Router"))
    both = [Payment(dollar, 10, credit, "Credit"), Payment(dollar, 10, router, "Router")]
    calls = chain.tokens.allowing(both)
    assert [call.what for call in calls] == [
        "allowing Credit to take TUSD", "allowing Router to take TUSD",
    ]  # fmt: skip
    chain.send(*calls)
    assert chain.tokens.allowing(both) == []
    with pytest.raises(Underfunded, match="has 100 TUSD and needs 120 TUSD; get 20 TUSD more"):
        chain.tokens.allowing([replace(one, amount=60_000_000) for one in both])


def test_a_simulation_says_what_would_be_refused_and_the_gas_of_all(net):
    desk = net.desk(TUSD="100")
    chain, params = desk.chain, net.network.book.credit.markets["ETH/TUSD"]
    payment = Payment(chain.tokens.named("TUSD"), 10**6, chain.book.addresses["Credit"], "Credit")
    with pytest.raises(Reverted, match="supplying in ETH/TUSD was refused by the contract"):
        chain.simulate(chain.credit.supplying(params, 10**6))
    calls = (*chain.tokens.allowing([payment]), chain.credit.supplying(params, 10**6))
    net.still()
    foreseen = chain.simulate(*calls)
    assert foreseen == sum(sent.gas for sent in chain.send(*calls))


def test_a_margin_event_is_sent_and_found(net, borrower):
    params = net.network.book.credit.markets["ETH/TUSD"]
    net.price("ETH", "1300")
    assert borrower.market("ETH/TUSD").position().view.zone is Zone.MARGIN
    net.treasury.send(net.treasury.credit.poking(params, borrower.address))
    net.treasury.index.update()
    (event,) = net.treasury.index.find("Margin", account=borrower.address)
    assert event.members["liquidatable"] is False


def test_params_come_back_as_they_were_written(net):
    with Chain(replace(net.network.book, credit=replace(net.network.book.credit, markets={}))) as chain:
        for params in net.network.book.credit.markets.values():
            assert chain.credit.market_params([market_id(params)]) == [params]
