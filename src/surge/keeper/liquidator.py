"""One look at every position, and what follows from it: decided, simulated, sent, counted."""

import time
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial

import structlog

from surge.chain.client import Chain
from surge.chain.node.sender import Call, Sent
from surge.keeper.backoff import Backoff, Figures
from surge.keeper.calls import calls_of
from surge.keeper.flights import Flights
from surge.keeper.liquidating import (
    LIQUIDATION_GAS,
    Act,
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
from surge.model.credit import MarketId
from surge.model.errors import Refused, SurgeError
from surge.model.units import Seconds, divide_up

_log = structlog.get_logger("keeper")

_UPKEEP = "upkeep"
PATIENCE_SECONDS = 4.0
"""So long a look waits for the receipts of what it sent; then others go on, and it lands when it lands."""
MOST_FLIGHTS = 32
"""Transactions on their way at once: an account's are mined in order, and one may be stuck."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """decisions: about every position with debt. done: those that were carried out. sent: how much was done
    in all; then everything must be looked at again. blind: markets that can't be read, and why."""

    decisions: tuple[Decision, ...]
    done: tuple[Decision, ...]
    sent: int
    blind: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Errand:
    """Transactions for one thing. decision: about a position; None for a chore. figures: see `Backoff`.
    foreseen: the gas that was reckoned with."""

    key: Hashable
    kind: str
    calls: Sequence[Call]
    decision: Act | None = None
    figures: Figures = ()
    foreseen: int = LIQUIDATION_GAS


class Liquidator:
    """clock: seconds, for pauses after failures. patience: seconds, for the receipts of one look."""

    def __init__(
        self,
        chain: Chain,
        rules: Rules,
        metrics: Metrics | None = None,
        coin: str = COIN,
        clock: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self.chain, self.rules, self.metrics = chain, rules, metrics or Metrics()
        self._reader, self._upkeep = PositionReader(chain, rules, coin), Upkeep(chain)
        self._backoff, self._clock, self._patience = Backoff(), clock, patience
        self._flights = Flights[list[Sent]]()
        self._sent: dict[Hashable, _Errand] = {}
        self._gas: dict[MarketId, int] = {}
        self._poked: set[Hashable] = set()
        self._given: dict[Hashable, int] = {}
        self._told: dict[Hashable, str] = {}

    def step(self) -> Stepped:
        """Look once, and act. Raises Unavailable; every other failure is noted and left for later."""
        done = self._landed(0)
        look = self._reader.look()
        cases = {_key(case): self._known(case) for case in look.cases}
        waiting = {key: said for key, case in cases.items() if (said := self._waits(key, case))}
        decisions = decide_all(
            [case for key, case in cases.items() if key not in waiting],
            self.rules,
            failures=lambda case: self._backoff.failures(_key(case)),
        )
        decisions += [Leave(cases[key].view, Why.WAITING, said) for key, said in waiting.items()]
        self._tell(decisions, look.blind)
        self.metrics.saw(decisions, look.now, len(look.blind))
        room = max(0, MOST_FLIGHTS - len(self._flights))
        acts = [decision for decision in decisions if not isinstance(decision, Leave)][:room]
        errands = [one for decision in acts if (one := self._errand(decision, cases[_key(decision)]))]
        self._send(errands + self._chores(look.now))
        done += self._landed(self._patience)
        carried_out = tuple(one.decision for one in done if one.decision)
        return Stepped(tuple(decisions), carried_out, len(done), look.blind)

    # Acting

    def _errand(self, decision: Act, case: Case) -> _Errand | None:
        key, kind, figures = _key(decision), state_of(decision), _figures(case)
        calls: list[Call] = []
        prepared = self._attempt(
            key, kind, lambda: calls.extend(calls_of(self.chain, decision)), figures=figures
        )
        return _Errand(key, kind, calls, decision, figures, case.gas) if prepared else None

    def _chores(self, now: Seconds) -> list[_Errand]:
        due: list[tuple[str, Call]] = []
        if not self.rules.altruist or self._remaining(_UPKEEP):
            return []
        if self._attempt(_UPKEEP, _UPKEEP, lambda: due.extend(self._upkeep.due(now))):
            self._backoff.succeeded(_UPKEEP)
        return [
            _Errand(call.what, kind, [call])
            for kind, call in due
            if call.what not in self._flights and not self._remaining(call.what)
        ]

    def _send(self, errands: Sequence[_Errand]) -> None:
        """Try all of them, one after the other as they are to be sent, behind what is on its way; those that
        go well are sent."""
        if not errands:
            return
        before = [errand.calls for errand in self._sent.values()]
        tried = self.chain.simulate_each(before + [errand.calls for errand in errands])
        for planned, outcomes in zip(errands, tried[len(before) :], strict=True):
            errand = planned
            refused = next((one for one in outcomes if isinstance(one, Refused)), None)
            gas = [one for one in outcomes if isinstance(one, int)]
            if refused is None and len(gas) == len(outcomes):
                errand, refused = self._measured(errand, sum(gas))
            if refused is not None:
                self._failed(errand, str(refused))
                continue
            self._sent[errand.key] = errand
            self._flights.launch(errand.key, partial(self.chain.send, *errand.calls))

    def _measured(self, errand: _Errand, gas: int) -> tuple[_Errand, "_Unprofitable | None"]:
        """With the gas that it takes, which the next decisions about its market go by too; a sale must bring
        what follows from it."""
        decision = errand.decision
        if not isinstance(decision, Liquidate):
            return errand, None
        measured = replace(decision, gas_cost=divide_up(decision.gas_cost * gas, errand.foreseen))
        if measured.profit <= 0:
            return errand, _Unprofitable(f"it takes {gas} gas, and then nothing is gained")
        self._gas[decision.view.market.id] = gas
        if decision.exit is None:
            return replace(errand, decision=measured), None
        return replace(errand, decision=measured, calls=calls_of(self.chain, measured)), None

    def _landed(self, patience: float) -> list[_Errand]:
        """Those of what was sent that went well."""
        done = []
        for key, flight in self._flights.landed(patience):
            errand = self._sent.pop(key)
            if self._attempt(key, errand.kind, partial(self._note, errand, flight), figures=errand.figures):
                self._backoff.succeeded(key)
                done.append(errand)
        return done

    def _note(self, errand: _Errand, flight: Future[list[Sent]]) -> None:
        sent, decision = flight.result(), errand.decision
        used = sum(each.gas for each in sent)
        self.metrics.acted(errand.kind, used)
        if decision is None:
            _log.info(errand.calls[-1].what, gas=used)
            return
        if isinstance(decision, Liquidate):
            self.metrics.liquidated(decision)
        elif isinstance(decision, Realise):
            self._given[errand.key] = self._given.get(errand.key, 0) + decision.repaid
            self.metrics.bad_debt.labels(decision.view.market.loan.symbol).inc(decision.bad_debt)
        else:
            self._poked.add(errand.key)
        _log.info(errand.kind, **_said(decision), gas=used, transaction="0x" + sent[-1].hash.hex())

    def _attempt(self, key: Hashable, kind: str, act: Callable[[], None], figures: Figures = ()) -> bool:
        """Say whether it went well. What didn't is due again later; the others go on."""
        errand = _Errand(key, kind, (), figures=figures)
        try:
            act()
        except SurgeError as error:
            self._failed(errand, str(error))
        except Exception as error:  # noqa: BLE001 - a defect of ours in one case: the others go on
            _log.exception("a defect", kind=kind)
            self._failed(errand, repr(error))
        else:
            return True
        return False

    def _failed(self, errand: _Errand, reason: str) -> None:
        pause = self._backoff.failed(errand.key, self._clock(), errand.figures)
        self.metrics.failures.labels(errand.kind).inc()
        _log.warning("failed", kind=errand.kind, reason=reason, again_in=pause)

    # Waiting

    def _known(self, case: Case) -> Case:
        """With what is known here: the gas of the last one in its market, whether it was told, and what was
        given for it. The last is kept until the program ends: nobody makes it give twice."""
        key, gas = _key(case), self._gas.get(case.view.market.id, LIQUIDATION_GAS)
        return replace(case, gas=gas, poked=key in self._poked, given=self._given.get(key, 0))

    def _remaining(self, key: Hashable, figures: Figures = ()) -> float:
        return self._backoff.remaining(key, self._clock(), figures)

    def _waits(self, key: Hashable, case: Case) -> str | None:
        """For what, in words; None when it need not."""
        if key in self._flights:
            return "its transaction is on its way"
        if not (pause := self._remaining(key, _figures(case))):
            return None
        return f"it failed {self._backoff.failures(key)} times, and is due in {pause:.0f} s"

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
        for gone in self._told.keys() - told.keys():
            self._backoff.succeeded(gone)
            self._poked.discard(gone)
        self._told = told


class _Unprofitable(Refused):
    """What paid by the decision does not pay by the simulation."""


def _key(of: Case | Decision) -> tuple[bytes, str]:
    return of.view.market.id, of.view.account


def _figures(case: Case) -> Figures:
    """What the chances of a liquidation hang on."""
    position, market = case.view.position, case.view.market
    brings = max((exit.proceeds(position.collateral) for exit in case.exits), default=0)
    return position.collateral, position.borrow_shares, market.price or 0, brings


def _name(of: Decision) -> dict[str, str]:
    return {"market": of.view.market.name, "account": of.view.account}


def _said(decision: Act) -> dict[str, str]:
    loan, collateral = decision.view.market.loan, decision.view.market.collateral
    said = _name(decision)
    if isinstance(decision, Poke):
        return said
    said |= {"repaid": loan.show(decision.repaid), "bad_debt": loan.show(decision.bad_debt)}
    if isinstance(decision, Liquidate):
        said |= {"seized": collateral.show(decision.seized), "profit": loan.show(decision.profit)}
    return said
