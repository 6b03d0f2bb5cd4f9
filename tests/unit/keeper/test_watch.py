"""The loop around the liquidator, and its figures: what a node, a port and a clock do to them."""

import socket
import threading
import urllib.request
from types import SimpleNamespace

import pytest

import small_credit
from small_credit import TUSD, USD, market
from surge.keeper.exits import AtPrice
from surge.keeper.liquidating import Case, Rules, decide_all
from surge.keeper.liquidator import Stepped
from surge.keeper.metrics import Metrics
from surge.keeper.program import LONGEST_PAUSE_SECONDS, keep_on, liquidating
from surge.model.errors import BadInput, NoNetwork, Reverted


class Stop(threading.Event):
    """Set after so many pauses, which it keeps and doesn't wait for."""

    def __init__(self, most):
        super().__init__()
        self.most, self.pauses = most, []

    def wait(self, timeout=None):
        self.pauses.append(timeout)
        if len(self.pauses) == self.most:
            self.set()
        return self.is_set()


class Acts:
    """A liquidator whose steps, and the blocks that it sees, are a script."""

    def __init__(self, steps, blocks=None):
        self.steps, self.count = list(steps), 0
        self.blocks = iter(blocks or range(1_000))
        self.chain = SimpleNamespace(block_number=lambda: next(self.blocks))

    def step(self):
        self.count += 1
        outcome = self.steps.pop(0) if self.steps else 0
        if isinstance(outcome, Exception):
            raise outcome
        return Stepped((), (), outcome, {})


def test_it_outlives_a_node_and_pauses_longer_each_time():
    errors = [NoNetwork("down")] * 9 + [Reverted("a lost race")]
    acts, stop = Acts(errors), Stop(12)
    keep_on(liquidating(acts, 1.0), stop, 1.0)
    assert stop.pauses[:8] == [2, 4, 8, 16, 32, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, 60]
    assert stop.pauses[8:] == [60, 1.0, 1.0, 1.0]


def test_it_looks_again_at_once_after_it_has_acted():
    acts, stop = Acts([2, 1, 0]), Stop(4)
    keep_on(liquidating(acts, 1.0), stop, 1.0)
    assert stop.pauses == [0.0, 0.0, 1.0, 1.0]


def test_without_a_new_block_it_rests():
    acts = Acts([0], blocks=[7] * 5)
    keep_on(liquidating(acts, 0.01), Stop(5), 0.01)
    assert acts.count == 1


def test_the_local_chain_is_kept():
    kept = []
    local = SimpleNamespace(checkpoint=kept.append)
    keep_on(liquidating(Acts([0]), 0.01), Stop(2), 0.01, local)
    assert len(kept) == 2


def test_figures_are_served_on_this_machine_alone():
    metrics = Metrics()
    views = [
        small_credit.position(market(borrowed=700 * USD, usd=usd), debt=700 * USD) for usd in (2_500, 1_600)
    ]
    cases = [Case(view, [AtPrice(view.market.price)]) for view in views]
    decisions = decide_all(cases, Rules())
    metrics.saw(decisions, now=5, blind=1)
    metrics.liquidated(decisions[0])
    metrics.acted("liquidate", 300_000)
    port = metrics.serve(0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        figures = answer.read().decode()
    assert 'surge_keeper_positions{market="ETH/TUSD",state="healthy"} 1.0' in figures
    assert 'surge_keeper_positions{market="ETH/TUSD",state="liquidate"} 1.0' in figures
    profit = metrics.registry.get_sample_value("surge_keeper_profit_total", {"token": TUSD.symbol})
    assert profit == decisions[0].profit > 0
    assert 'surge_keeper_gas_total{kind="liquidate"} 300000.0' in figures
    assert "surge_keeper_blind_markets 1.0" in figures
    metrics.saw([], now=6, blind=0)
    assert (
        metrics.registry.get_sample_value(
            "surge_keeper_positions", {"market": "ETH/TUSD", "state": "healthy"}
        )
        is None
    )


def test_a_port_in_use_is_told():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(BadInput, match="choose another one"):
            Metrics().serve(taken.getsockname()[1])
