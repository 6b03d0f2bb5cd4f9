"""K1: whoever moves a little, on purpose, between a keeper's look and its transaction stops nothing."""

import pytest

from network.keeper.hostile_code import LOOPS, answering, reverting, text
from network.keeper.keeping import ALTRUIST, KEEPER, borrower, dollars, keeper, say, wait_for
from network.keeper.stranger import become, with_stranger
from surge.chain.calls.tokens import Payment
from surge.chain.client import Chain
from surge.chain.network.artifacts import artifact
from surge.chain.node.sender import Call
from surge.credit.health import Zone
from surge.keeper import liquidator
from surge.keeper.exits import after, through
from surge.keeper.liquidating import Liquidate, Realise, Why
from surge.keeper.liquidator import Liquidator

set_answer = artifact("PriceFeed").function("set_answer", 1)


def sell_ether(net, amount):
    """By somebody else, in the pool that the keeper sells to."""
    desk = net.desk(ETH=amount)
    ether, dollar = (desk.chain.tokens.named(symbol) for symbol in ("ETH", "TUSD"))
    router = Payment(ether, 1, desk.chain.book.addresses["Router"], "Router")
    route = desk.chain.exchange.routes(ether, dollar)[0]
    swap = desk.chain.exchange.swapping(route, ether.parse(amount), 0, desk.chain.now() + 600)
    desk.chain.send(*desk.chain.tokens.allowing([router]), swap)


def meddle(net, position, how):
    """What costs next to nothing, in the block before the keeper's transaction."""
    if how == "collateral":
        position.add_collateral("0.000000000000000001")
    elif how == "repayment":
        position.repay("0.014")
    elif how == "price":
        say(net, "ETH", 1_700.017)
    elif how == "pool":
        sell_ether(net, "0.5")
    elif how == "interest":
        net.network.pass_time(60)
    elif how == "gift":
        token = net.treasury.tokens.named("ETH")
        batch = net.network.book.addresses["Batch"]
        net.desk(ETH="1").chain.tokens.transfer(token, batch, 1)


def before_the_first(monkeypatch, act):
    """Between the look and the first transaction that follows from it."""
    real, acted = liquidator.calls_of, []

    def meddled(chain, decision):
        calls = real(chain, decision)
        if not acted:
            acted.append(act(decision))
        return calls

    monkeypatch.setattr(liquidator, "calls_of", meddled)


@pytest.mark.parametrize("how", ["collateral", "repayment", "price", "pool", "interest", "gift", "nothing"])
def test_what_costs_next_to_nothing_stops_no_keeper(net, monkeypatch, how):
    """Between its look and its transaction; nothing is left behind, and it has what it needs at the least."""
    bot, position = keeper(net), borrower(net)
    net.price("ETH", "1700")
    before_the_first(monkeypatch, lambda _: meddle(net, position, how))
    stepped = bot.step()
    assert stepped.sent == 1
    assert position.view.zone is Zone.HEALTHY
    assert dollars(net, bot.chain.address) == pytest.approx(stepped.done[0].profit, rel=0.1)
    tokens = [bot.chain.tokens.named(symbol) for symbol in ("ETH", "TUSD")]
    assert bot.chain.tokens.balances(bot.chain.book.addresses["Batch"], tokens) == [0, 0]
    assert bot.chain.tokens.balances(bot.chain.address, tokens[:1]) == [0]


def test_a_pool_that_pays_less_than_the_gas_is_not_sold_to(net, monkeypatch):
    """What must be gained is fixed when it looks: a pool emptied since then makes it fail as a whole."""
    bot, position = keeper(net), borrower(net)
    net.price("ETH", "1700")
    before_the_first(monkeypatch, lambda _: sell_ether(net, "1000"))
    assert bot.step().sent == 0
    assert position.view.zone is Zone.LIQUIDATABLE


def test_a_pool_moved_before_the_sale_does_not_take_the_bonus(net, monkeypatch):
    """Somebody sells first so much that the rest would still pay the gas, to buy back behind it."""
    bot, position = keeper(net), borrower(net)
    net.price("ETH", "1700")

    def sandwich(decision):
        left = 0
        for ether in range(1, 1_000):
            pools = after(decision.exit, ether * 10**18)
            left = through(decision.exit, pools).proceeds(decision.seized) - decision.repaid
            if left < decision.gas_cost + decision.profit // 4:
                break
        assert left > decision.gas_cost
        sell_ether(net, str(ether))

    before_the_first(monkeypatch, sandwich)
    assert bot.step().sent == 0
    assert position.view.zone is Zone.LIQUIDATABLE


def test_the_least_follows_from_the_gas_that_is_measured(net, monkeypatch):
    bot, _ = keeper(net), borrower(net)
    net.price("ETH", "1700")
    sent, real = [], bot.chain.send
    monkeypatch.setattr(bot.chain, "send", lambda *calls: sent.extend(calls) or real(*calls))
    stepped = bot.step()
    (done,), (decided,) = stepped.done, stepped.decisions
    assert done.gas_cost != decided.gas_cost
    assert f"{done.least:064x}" in sent[-1].calldata
    assert f"{decided.least:064x}" not in sent[-1].calldata


def test_several_are_on_their_way_and_none_waits_for_another(net):
    """No block comes for a while: looks go on, nothing is sent twice, and all lands at once."""
    bot, positions = keeper(net, patience=0.0), [borrower(net, debt=debt) for debt in ("13990", "13900")]
    bitcoin = net.desk().market("BTC/TUSD").position()
    bitcoin.add_collateral("1")
    bitcoin.borrow(bitcoin.view.market.loan.show(bitcoin.view.max_borrow).split()[0].replace(",", ""))
    net.price("ETH", "1700")
    net.price("BTC", str(int(0.83 * 60_000)))
    net.network.rpc.call("evm_setAutomine", False)
    try:
        stepped = bot.step()
        assert (stepped.sent, [type(one) for one in stepped.decisions]) == (0, [Liquidate] * 3)
        pending = 3
        wait_for(lambda: int(net.network.rpc.call("txpool_status")["pending"], 16) == pending)
        again = bot.step()
        assert (again.sent, {one.why for one in again.decisions}) == (0, {Why.WAITING})
        assert "on its way" in again.decisions[0].reason
        net.network.rpc.call("evm_mine")
        landed = []
        wait_for(lambda: landed.extend(bot.step().done) or len(landed) == pending)
    finally:
        net.network.rpc.call("evm_setAutomine", True)
    assert all(each.view.zone is not Zone.LIQUIDATABLE for each in (*positions, bitcoin))
    sent = bot.metrics.registry.get_sample_value("surge_keeper_transactions_total", {"kind": "liquidate"})
    assert sent == pending


BLOCKS = 3
"""Within so many it must be done."""


class Attacker:
    """Of a network and a position: what costs him next to nothing, in each block before whoever pays less."""

    def __init__(self, net, position):
        self.rpc, self.feed = net.network.rpc, net.network.book.credit.feeds["ETH"]
        self.position, self.oracle = position, net.treasury.address
        self.chain = net.desk(TUSD="20000", ETH="10").chain
        self.ether, self.dollar = (self.chain.tokens.named(symbol) for symbol in ("ETH", "TUSD"))
        spenders = [(self.ether, "Credit"), (self.dollar, "Credit"), (self.ether, "Router")]
        addresses = net.network.book.addresses
        payments = [Payment(token, 1, addresses[name], name) for token, name in spenders]
        self.chain.send(*self.chain.tokens.allowing(payments))

    def meddle(self, turn):
        """Add a wei, repay a millionth, move the pool and the price a little; the transactions."""
        credit, exchange = self.chain.credit, self.chain.exchange
        params, account = self.position.market.params, self.position.account
        (route, *_), later = exchange.routes(self.ether, self.dollar), self.chain.now() + 600
        price = round(1_700 * 10**8 * (1 + (-1) ** turn / 10**5))
        return [
            self.hurry(self.chain.address, credit.adding_collateral(params, 1, on_behalf=account)),
            self.hurry(self.chain.address, credit.repaying(params, 14_000, on_behalf=account)),
            self.hurry(self.chain.address, exchange.swapping(route, 10**15, 0, later)),
            self.hurry(self.oracle, Call("a price", self.feed, set_answer.encode((price,)))),
        ]

    def hurry(self, sender, call, tip=10**11):
        self.rpc.call("anvil_impersonateAccount", sender)
        fees = {"maxPriorityFeePerGas": hex(tip), "maxFeePerGas": hex(2 * tip), "gas": hex(1_000_000)}
        sent = {"from": sender, "to": call.to, "data": call.calldata} | fees
        hash_ = self.rpc.call("eth_sendTransaction", sent)
        self.rpc.call("anvil_stopImpersonatingAccount", sender)
        return hash_


@pytest.mark.parametrize(
    "code", [answering(text(b"ETH")), LOOPS, reverting(b"")], ids=["odd", "loops", "reverts"]
)
def test_an_attacker_before_every_block(net, code):
    """And beside it a market of odd contracts. It is liquidated within a few blocks all the same."""
    book, hostile = with_stranger(net)
    position = borrower(net)
    attacker, rpc = Attacker(net, position), net.network.rpc
    net.price("ETH", "1700")
    become(net, code, code, code)
    with Chain(book, net.network.account().key) as chain:
        bot = Liquidator(chain, KEEPER, patience=0.0)
        rpc.call("evm_setAutomine", False)
        try:
            for turn in range(BLOCKS):
                stepped = bot.step()
                assert hostile in {one.view.market.id for one in stepped.decisions} or stepped.blind
                if turn == 0:
                    wait_for(lambda: int(rpc.call("txpool_status")["pending"], 16) == 1)
                meddled = attacker.meddle(turn)
                rpc.call("evm_mine")
                before = [rpc.call("eth_getTransactionReceipt", hash_) for hash_ in meddled]
                assert {receipt["status"] for receipt in before} == {"0x1"}
                if position.view.zone is not Zone.LIQUIDATABLE:
                    break
            wait_for(lambda: bot.step().done)
        finally:
            rpc.call("evm_setAutomine", True)
        (event,) = chain.events("Liquidated")
        assert event.members["borrower"] == position.account
        mined = rpc.call("eth_getTransactionReceipt", "0x" + event.transaction.hex())
        places = [int(one["transactionIndex"], 16) for one in (*before, mined)]
        assert places == sorted(places)
        assert {one["blockNumber"] for one in before} == {mined["blockNumber"]}
        assert dollars(net, chain.address) > 0


def test_more_bad_debt_than_the_pool_is_deep_for_is_taken_in_parts(net):
    """Each part pays for itself, and the pool recovers between them."""
    desk = net.desk(ETH="290")
    position = desk.market("ETH/TUSD").position()
    position.add_collateral("290")
    position.borrow("395000")
    net.price("ETH", "1300")
    bot, parts = keeper(net), 0
    while position.view.debt:
        (made,) = bot.step().done
        assert (made.bad_debt > 0, made.profit > 0) == (True, True)
        net.price("ETH", "1300")
        parts += 1
    assert (parts > 1, position.view.collateral) == (True, 0)
    assert len(bot.chain.events("BadDebt")) == parts


def test_an_altruist_keeps_its_balance_when_the_price_is_wrong(net):
    """Past repair by a price that nobody pays: it gives what the gas costs, once, and no more."""
    position, desk = borrower(net), net.desk(TUSD="20000")
    net.price("ETH", "300")
    say(net, "ETH", 1_400)
    bot = Liquidator(desk.chain, ALTRUIST)
    had = dollars(net, desk.chain.address)
    stepped = [bot.step() for _ in range(3)]
    assert [one.decisions[0].view.account for one in stepped] == [position.account] * 3
    (made,) = [one for each in stepped for one in each.done if isinstance(one, Realise)]
    assert not made.whole
    assert had - dollars(net, desk.chain.address) == made.repaid < had // 1_000
    assert stepped[-1].decisions[0].why is Why.NO_PROFIT
    (event,) = desk.chain.events("Liquidated")
    assert event.members["seized"] >= made.seized * 995 // 1_000
