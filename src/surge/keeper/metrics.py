"""What the keeper does, in numbers, for Prometheus: http://127.0.0.1:PORT/metrics"""

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from surge.keeper.liquidating import Decision, Leave, Liquidate
from surge.model.errors import BadInput

LOOPBACK = "127.0.0.1"


class Metrics:
    """Amounts are smallest units of the token that the label names."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.positions = self._gauge("positions", "Positions with debt, by what is done", "market", "state")
        self.looks = self._counter("looks", "Complete looks at all markets")
        self.looked = self._gauge("looked_seconds", "Chain time of the last complete look")
        self.blind = self._gauge("blind_markets", "Markets that could not be read at the last look")
        self.sent = self._counter("transactions", "Transactions that succeeded", "kind")
        self.gas = self._counter("gas", "Gas of transactions that succeeded", "kind")
        self.failures = self._counter("failures", "Attempts that failed", "kind")
        self.repaid = self._counter("repaid", "Debt repaid for borrowers", "token")
        self.profit = self._counter("profit", "Expected profit of what was sent, gas paid", "token")
        self.bad_debt = self._counter("bad_debt", "Bad debt realised", "token")

    def saw(self, decisions: Iterable[Decision], now: int, blind: int) -> None:
        """After a look at everything, at chain second `now`."""
        tally = Tally((each.view.market.name, state_of(each)) for each in decisions)
        self.positions.clear()
        for (market, state), count in tally.items():
            self.positions.labels(market, state).set(count)
        self.looks.inc()
        self.looked.set(now)
        self.blind.set(blind)

    def acted(self, kind: str, gas: int) -> None:
        self.sent.labels(kind).inc()
        self.gas.labels(kind).inc(gas)

    def liquidated(self, decision: Liquidate) -> None:
        token = decision.view.market.loan.symbol
        self.repaid.labels(token).inc(decision.repaid)
        self.profit.labels(token).inc(decision.profit)
        self.bad_debt.labels(token).inc(decision.bad_debt)

    def serve(self, port: int) -> int:
        """On the loopback address alone; 0 takes any free port. Its number; BadInput when it is taken."""
        try:
            server, _ = start_http_server(port, addr=LOOPBACK, registry=self.registry)
        except OSError as error:
            reason = error.strerror or "it is not free"
            raise BadInput(f"the port {port} can't serve metrics ({reason}); choose another one") from error
        return int(server.server_port)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"surge_keeper_{name}", what, labels, registry=self.registry)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"surge_keeper_{name}", what, labels, registry=self.registry)


def state_of(decision: Decision) -> str:
    """A decision in a word: what is done, or why nothing is."""
    return str(decision.why) if isinstance(decision, Leave) else type(decision).__name__.lower()
