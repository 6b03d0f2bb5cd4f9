"""`surge demo`: a real job on a local network, paid, verified and compared with runs that need no network."""

import asyncio
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from surge.cli.demo.search_view import show_demo
from surge.cli.terminal.output import answer, tell
from surge.local.network import LocalNetwork
from surge.model.command import CommandInput, CommandOutput
from surge.model.errors import BadInput, Unavailable
from surge.model.task import ImageSpec, Limits, Outcome, task_seed
from surge.renter.ship.call import Shipped, decode_outcome, encode_call, ship
from surge.run.sandbox.suite import python_spec, wasm_spec
from surge.run.slots.pool import Job, Pool
from surge.store.home import LOCAL, Home

if TYPE_CHECKING:
    from surge.chain.client import Chain
    from surge.renter.executor import Executor

SEED = 0
PROVIDERS = 3
BUDGET = "1.50"
TOLERANCE = 0.02
"""How far an accuracy may lie from native scikit-learn's: another version, compiler and math library."""
AUCTION_PATIENCE = 60.0
LOCAL_CHUNK = 15

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fit:
    """One row of the ranking."""

    dataset: str
    model: str
    parameters: dict[str, Any]
    hits: int
    rows: int

    @property
    def accuracy(self) -> float:
        return self.hits / self.rows


def demo(as_json: bool, network: str | None) -> int:
    """Run it and print what it found; 1 if anything did not hold."""
    if network not in (None, LOCAL):
        raise BadInput(f"the demo spends test dollars on the local network; leave out --network {network}")
    document = Demo(tell, Home.default()).run()
    answer(document, as_json, show_demo)
    return 0 if document["ok"] else 1


def workload(home: Home) -> ModuleType:
    """The grid search as a file of the renter's own, SURGE_HOME/demo/grid_search.py, for anybody to read."""
    source = Path(__file__).with_name("grid_search.py").read_text()
    path = home.root / "demo" / "grid_search.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("grid_search", path)
    if spec is None or spec.loader is None:
        raise Unavailable(f"{path} can't be loaded; check that the folder is readable")
    module = sys.modules["grid_search"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ranking(grid: list[tuple[str, str, dict[str, Any]]], found: list[tuple[int, int]]) -> list[Fit]:
    """Best first; equal hits keep the order of the grid."""
    fits = [Fit(*entry, *result) for entry, result in zip(grid, found, strict=True)]
    return sorted(fits, key=lambda fit: (fit.dataset, -fit.hits))


def kernel() -> bytes:
    """The nearest-neighbour kernel, compiled from run/kernels/knn.c."""
    from surge.run import kernels

    return Path(kernels.__file__).with_name("knn.wasm").read_bytes()


class Demo:
    """Run it with `run`; what it found is in the returned document."""

    def __init__(self, tell: Tell, home: Home) -> None:
        self.tell = tell
        self.home = home
        self.work = workload(home)

    def run(self) -> dict[str, Any]:
        """Bring the local network up (unless it runs already), do the work, check it, tell the figures."""
        began = time.monotonic()
        network = LocalNetwork(PROVIDERS, home=self.home, tell=self.tell)
        was_up = network.running
        try:
            network.start()
            return self._on(network, began)
        finally:
            if not was_up:
                self.tell("stopping the local network; its state is kept")
                network.stop()

    def _on(self, network: LocalNetwork, began: float) -> dict[str, Any]:
        from surge.renter.access import Access
        from surge.renter.report import report
        from surge.renter.verify import verify

        self.tell(f"leasing {PROVIDERS} providers for {len(self.work.GRID)} fits, budget {BUDGET} USD")
        with network.executor(PROVIDERS, BUDGET, name="demo", seed=SEED) as executor:
            found = list(executor.map(self.work.fit, *zip(*self.work.GRID, strict=True)))
            csvs = list(executor.map(self.work.as_csv, (self.work.DIGITS, self.work.CANCER)))
            self.tell("running the wasm kernel over the same data")
            kernels = [_kernel(executor, csv, self.work.NEIGHBOURS) for csv in csvs]
            nearest = [future.result() for future in kernels]
        job = executor.job or ""
        access = Access(self.home, "local")
        chain = access.chain()
        # The auction takes its time on the chain: meanwhile the same work is done twice more here.
        with ThreadPoolExecutor(2) as aside:
            selling = aside.submit(self._sell_fees, network, chain)
            self.tell("running the same tasks in a sandbox of this machine, and with native scikit-learn")
            comparing = aside.submit(self._native_gap, found, csvs, nearest)
            local, local_nearest = asyncio.run(self._locally(csvs))
            native_gap = comparing.result()
            sold = selling.result()
        ranked, local_ranked = ranking(self.work.GRID, found), ranking(self.work.GRID, local)
        self.tell("checking the bill")
        store = access.store()
        try:
            checks = verify(job, store, chain)
            row = next(row for row, _ in store.jobs() if row.id == job)
            figures = report(row, store, chain)
        finally:
            store.close()
            chain.disconnect()
        results_match = (ranked, nearest) == (local_ranked, local_nearest)
        native_match = native_gap is not None and native_gap <= TOLERANCE
        verified = all(check.ok for check in checks)
        return {
            "ok": results_match and native_match and verified and sold,
            "workload": f"{len(found)} fits on digits and breast cancer, and a C kernel over both",
            "job": job,
            "result": _document(ranked, nearest),
            "local_result": _document(local_ranked, local_nearest),
            "results_match": results_match,
            "native_match": native_match,
            "native_gap": native_gap,
            "native_tolerance": TOLERANCE,
            "providers": figures.providers,
            "leases": figures.leases,
            "tasks": figures.tasks,
            "paid": figures.paid,
            "payments": figures.payments,
            "fee": figures.fee,
            "reservation": figures.reservation,
            "burned": figures.burned,
            "rewards": figures.rewards,
            "fuel": figures.fuel,
            "joules": figures.joules,
            "joules_kind": figures.joules_kind,
            "transactions": figures.transactions,
            "gas": figures.gas,
            "gas_per_task": figures.gas_per_task,
            "verified": verified,
            "checks": len(checks),
            "failed_checks": [f"{check.place}: {check.said}" for check in checks if not check.ok],
            "seconds": round(time.monotonic() - began, 1),
        }

    async def _locally(self, csvs: list[str]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The same tasks, with the same seeds, in this machine's own sandboxes."""
        pool = Pool(2)
        await pool.start()
        try:
            shipped = ship(self.work.fit)
            spec = python_spec(shipped.modules)
            await pool.image(spec)
            grid = list(enumerate(self.work.GRID))
            parts = [grid[at : at + LOCAL_CHUNK] for at in range(0, len(grid), LOCAL_CHUNK)]
            done = await asyncio.gather(*(_run(pool, shipped, spec, part) for part in parts))
            fits = [hits for part in done for hits in part]
            module = wasm_spec(kernel())
            await pool.image(module, kernel())
            nearest = []
            for csv in csvs:
                given = CommandInput((str(self.work.NEIGHBOURS),), csv.encode()).encode()
                task = [(bytes(32), given, 0)]
                result = await pool.run(Job(module, b"", task, Limits()))
                nearest.append(_hits(result.outcomes[0]))
            return fits, nearest
        finally:
            await pool.stop()

    def _native_gap(
        self, found: list[tuple[int, int]], csvs: list[str], nearest: list[tuple[int, int]]
    ) -> float | None:
        """The largest difference of accuracy from native scikit-learn; None where that is not installed."""
        if importlib.util.find_spec("sklearn") is None:
            self.tell("scikit-learn is not installed here: nothing native to compare with (extra: demo)")
            return None
        from threadpoolctl import threadpool_limits  # comes with scikit-learn

        with threadpool_limits(1):  # as in the sandbox; small fits only lose by threads
            native = [self.work.fit(*entry) for entry in self.work.GRID]
            natively_near = [self.work.nearest_natively(csv, self.work.NEIGHBOURS) for csv in csvs]
        pairs = zip([*found, *nearest], [*native, *natively_near], strict=True)
        gaps = [abs(ours[0] / ours[1] - theirs[0] / theirs[1]) for ours, theirs in pairs]
        return float(max(gaps))

    def _sell_fees(self, network: LocalNetwork, chain: "Chain") -> bool:
        """Move the local chain's clock on until the bidder has bought the fee pot and rewards are claimed."""
        self.tell(
            "moving the local chain's clock on, so that the fee pot is auctioned and rewards are minted"
        )
        before = len(chain.rewards.sales())
        network.advance(int(chain.rewards.next_auction() - chain.now()) + 1)
        end = time.monotonic() + AUCTION_PATIENCE
        providers = [offer.provider for offer in chain.asks.offers()]
        while time.monotonic() < end:
            if len(chain.rewards.sales()) > before:
                if not any(chain.rewards.unclaimed(provider) for provider in providers):
                    return True
            elif chain.rewards.auction() is not None:
                network.advance(chain.book.parameters.step_seconds // 4)
            time.sleep(0.2)
        return False


async def _run(
    pool: Pool, shipped: Shipped, spec: ImageSpec, part: list[tuple[int, Any]]
) -> list[tuple[int, int]]:
    tasks = [
        (number.to_bytes(32), encode_call(entry, {}, shipped), task_seed(SEED, number))
        for number, entry in part
    ]
    result = await pool.run(Job(spec, shipped.code, tasks, Limits()))
    return [decode_outcome(outcome.status, outcome.output, shipped) for outcome in result.outcomes]


def _kernel(executor: "Executor", csv: str, neighbours: int) -> Any:
    module = kernel()
    given = CommandInput((str(neighbours),), csv.encode()).encode()
    return executor.enter(wasm_spec(module), module, given, _hits)


def _hits(outcome: Outcome) -> tuple[int, int]:
    """The kernel prints a JSON object with `right` and `rows`."""
    output = CommandOutput.decode(outcome.output)
    if output.exit_code:
        raise Unavailable(
            f"the kernel ended with {output.exit_code}: {output.stderr.decode(errors='replace')}"
        )
    printed = json.loads(output.stdout)
    return int(printed["right"]), int(printed["rows"])


def _document(ranked: list[Fit], nearest: list[tuple[int, int]]) -> list[dict[str, Any]]:
    rows = [
        {
            "dataset": fit.dataset,
            "model": fit.model,
            "parameters": fit.parameters,
            "hits": fit.hits,
            "rows": fit.rows,
        }
        for fit in ranked
    ]
    names = ("digits", "breast_cancer")
    return rows + [
        {"dataset": name, "model": "knn.wasm", "parameters": {"k": 3}, "hits": hits, "rows": count}
        for name, (hits, count) in zip(names, nearest, strict=True)
    ]
