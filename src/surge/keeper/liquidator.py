"""One look at every position, and what follows from it: decided, simulated, sent, counted."""

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from surge.chain.client import Chain
from surge.chain.node.sender import Call
from surge.keeper.backoff import Backoff
from surge.keeper.calls import calls_of
from surge.keeper.liquidating import (
    LIQUIDATION_GAS,
    Case,
    Decision,
    Leave,
    Liquidate,
    Poke,
    Realise,
    Rules,
    Why,
    decide_all,
)
from surge.keeper.metrics import Metrics, state_of
from surge.keeper.positions import COIN, PositionReader
from surge.keeper.upkeep import Upkeep
from surge.model.errors import SurgeError, Unavailable
from surge.model.units import Seconds

_log = structlog.get_logger("keeper")


@dataclass(frozen=True, slots=True)
class Stepped:
    """decisions: about every position with debt. done: those that were carried out. sent: how much was done
    in all; then everything must be looked at again. blind: markets that can't be read, and why."""

    decisions: tuple[Decision, ...]
    done: tuple[Decision, ...]
    sent: int
    blind: dict[str, str]


class Liquidator:
    """clock: seconds, for pauses after failures."""

    def __init__(
        self,
        chain: Chain,
        rules: Rules,
        metrics: Metrics | None = None,
        coin: str = COIN,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.chain, self.rules, self.metrics = chain, rules, metrics or Metrics()
        self._reader, self._upkeep = PositionReader(chain, rules, coin), Upkeep(chain)
        self._backoff, self._clock = Backoff(), clock
        self._gas = LIQUIDATION_GAS
        self._poked: set[Hashable] = set()
        self._told: dict[Hashable, str] = {}

    def step(self) -> Stepped:
        """Look once, and act. Raises Unavailable; every other failure is noted and left for later."""
        look = self._reader.look()
        cases = [replace(case, gas=self._gas, poked=_key(case) in self._poked) for case in look.cases]
        decisions = decide_all([case for case in cases if not self._waits(case)], self.rules)
        decisions += [self._waiting(case) for case in cases if self._waits(case)]
        self._tell(decisions, look.blind)
        self.metrics.saw(decisions, look.now, len(look.blind))
        done: list[Decision] = []
        for decision in decisions:
            if isinstance(decision, Leave):
                continue
            if self._attempt(_key(decision), state_of(decision), partial(self._act, decision)):
                done.append(decision)
                if isinstance(decision, Liquidate):
                    break  # the pools have moved: what else pays is another question
        upkept = 0
        if self.rules.altruist and not self._remaining("upkeep"):
            upkept = self._upkept(look.now)
        return Stepped(tuple(decisions), tuple(done), len(done) + upkept, look.blind)

    # Acting

    def _act(self, decision: Liquidate | Realise | Poke) -> None:
        calls = calls_of(self.chain, decision)
        gas = self.chain.simulate(*calls)
        if isinstance(decision, Liquidate) and gas is not None:
            decision = self._measured(decision, gas)
            if decision.profit <= 0:
                raise _Unprofitable(f"it takes {gas} gas, and then nothing is gained")
        sent = self.chain.send(*calls)
        used = sum(each.gas for each in sent)
        self.metrics.acted(state_of(decision), used)
        self._note(decision)
        _log.info(state_of(decision), **_said(decision), gas=used, transaction="0x" + sent[-1].hash.hex())

    def _measured(self, decision: Liquidate, gas: int) -> Liquidate:
        """With the gas that it takes, which the next decisions go by too."""
        cost = -(-decision.gas_cost * gas // self._gas)
        self._gas = gas
        return replace(decision, gas_cost=cost)

    def _note(self, decision: Liquidate | Realise | Poke) -> None:
        if isinstance(decision, Liquidate):
            self.metrics.liquidated(decision)
        elif isinstance(decision, Realise):
            self.metrics.bad_debt.labels(decision.view.market.loan.symbol).inc(decision.bad_debt)
        else:
            self._poked.add(_key(decision))

    def _upkept(self, now: Seconds) -> int:
        """How many of the chores that are due were done."""
        due: list[tuple[str, Call]] = []
        self._attempt("upkeep", "upkeep", lambda: due.extend(self._upkeep.due(now)))
        return sum(
            self._attempt(call.what, kind, partial(self._keep_up, kind, call))
            for kind, call in due
            if not self._remaining(call.what)
        )

    def _keep_up(self, kind: str, call: Call) -> None:
        self.chain.simulate(call)
        (sent,) = self.chain.send(call)
        self.metrics.acted(kind, sent.gas)
        _log.info(call.what, gas=sent.gas)

    def _attempt(self, key: Hashable, kind: str, act: Callable[[], None]) -> bool:
        """Send one transaction, and say whether it went well. Raises Unavailable."""
        try:
            act()
        except Unavailable:
            raise
        except SurgeError as error:
            self._failed(key, kind, str(error))
        except Exception as error:  # noqa: BLE001 - a defect of ours in one case: the others go on
            _log.exception("a defect", kind=kind)
            self._failed(key, kind, repr(error))
        else:
            self._backoff.succeeded(key)
            return True
        return False

    def _failed(self, key: Hashable, kind: str, reason: str) -> None:
        pause = self._backoff.failed(key, self._clock())
        self.metrics.failures.labels(kind).inc()
        _log.warning("failed", kind=kind, reason=reason, again_in=pause)

    # Waiting

    def _remaining(self, key: Hashable) -> float:
        return self._backoff.remaining(key, self._clock())

    def _waits(self, case: Case) -> bool:
        return self._remaining(_key(case)) > 0

    def _waiting(self, case: Case) -> Leave:
        key = _key(case)
        said = f"it failed {self._backoff.failures(key)} times, and is due in {self._remaining(key):.0f} s"
        return Leave(case.view, Why.WAITING, said)

    def _tell(self, decisions: Sequence[Decision], blind: dict[str, str]) -> None:
        """Log what has changed since the last look, and forget whom nothing concerns any more."""
        told: dict[Hashable, str] = dict.fromkeys(blind, "blind")
        for market, reason in blind.items():
            if self._told.get(market) != "blind":
                _log.warning("a market can't be read", market=market, reason=reason)
        for decision in decisions:
            key, state = _key(decision), state_of(decision)
            told[key] = state
            if isinstance(decision, Leave) and self._told.get(key) != state:
                _log.info("left alone", why=state, reason=decision.reason, **_name(decision))
            if state not in (Why.MARGIN, Why.WAITING):
                self._poked.discard(key)
        self._told = told


class _Unprofitable(SurgeError):
    """What paid by the decision does not pay by the simulation."""


def _key(of: Case | Decision) -> tuple[bytes, str]:
    return of.view.market.id, of.view.account


def _name(of: Decision) -> dict[str, str]:
    return {"market": of.view.market.name, "account": of.view.account}


def _said(decision: Liquidate | Realise | Poke) -> dict[str, str]:
    loan, collateral = decision.view.market.loan, decision.view.market.collateral
    said = _name(decision)
    if isinstance(decision, Poke):
        return said
    said |= {"repaid": loan.show(decision.repaid), "bad_debt": loan.show(decision.bad_debt)}
    if isinstance(decision, Liquidate):
        said |= {"seized": collateral.show(decision.seized), "profit": loan.show(decision.profit)}
    return said
