"""Gas of Credit against Morpho Blue and Aave v3: whole transactions, as anvil's receipts tell it (Prague).

    python benchmarks/credit_gas.py        writes benchmarks/results/credit_gas.json

One process, one chain: each protocol starts from the same snapshot, with the same tokens (Morpho's own mock),
the same oracle and, for Surge and Morpho, the same rate model, and goes through the same sequence, in which
an hour passes before each measured transaction, so that interest accrues. Surge has everything on; Morpho
has no fee, as in practice; Aave has its own rate strategy. `adaptive` repeats Surge's rows with its adaptive
rate model. Needs npm and node for the peers (see credit_packages.py).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credit_bench import (
    BORROWER,
    HARDFORK,
    LENDER,
    LIQUIDATOR,
    PRICE,
    SECOND_BORROWER,
    SECOND_LENDER,
    World,
    chain,
    compiler,
)
from credit_packages import AAVE, MORPHO, SOLC, morpho_contracts
from credit_peers import Aave, Call, Morpho, Peer, Surge
from machine import describe

from surge.chain.anvil.package import VERSION as ANVIL
from surge.chain.network.artifacts import parse_artifact
from surge.model.units import Address

RESULT = Path(__file__).parent / "results" / "credit_gas.json"
HOUR = 3_600
USD = 10**6
ETHER = 10**18


@dataclass(frozen=True)
class Step:
    """One measured transaction. aim: the most that Surge may take of Morpho's gas."""

    operation: str
    sender: Address
    call: Callable[[Peer], Call | None]
    aim: float | None = None
    price: int | None = None
    """The price is moved there before."""


ACCRUING, PLAIN = 0.92, 0.98
SEQUENCE = (
    Step("supply, first of the market", LENDER, lambda p: p.supply(LENDER, 1_000_000 * USD), ACCRUING),
    Step(
        "add collateral, first of the market",
        BORROWER,
        lambda p: p.add_collateral(BORROWER, 10 * ETHER),
        PLAIN,
    ),
    Step("borrow, first of the market", BORROWER, lambda p: p.borrow(BORROWER, 5_000 * USD), ACCRUING),
    Step(
        "supply, first of a lender", SECOND_LENDER, lambda p: p.supply(SECOND_LENDER, 100_000 * USD), ACCRUING
    ),
    Step("supply, again", LENDER, lambda p: p.supply(LENDER, 10_000 * USD), ACCRUING),
    Step(
        "add collateral, first of a borrower",
        SECOND_BORROWER,
        lambda p: p.add_collateral(SECOND_BORROWER, 100 * ETHER),
        PLAIN,
    ),
    Step("add collateral, again", BORROWER, lambda p: p.add_collateral(BORROWER, 5 * ETHER), PLAIN),
    Step(
        "borrow, first of a borrower",
        SECOND_BORROWER,
        lambda p: p.borrow(SECOND_BORROWER, 120_000 * USD),
        ACCRUING,
    ),
    Step("borrow, again", BORROWER, lambda p: p.borrow(BORROWER, 1_000 * USD), ACCRUING),
    Step("repay, partial", BORROWER, lambda p: p.repay(BORROWER, 2_000 * USD), ACCRUING),
    Step("withdraw", LENDER, lambda p: p.withdraw(LENDER, 20_000 * USD), ACCRUING),
    Step(
        "remove collateral with debt",
        BORROWER,
        lambda p: p.remove_collateral(BORROWER, 5 * ETHER),
        ACCRUING,
    ),
    Step("flash loan", BORROWER, lambda p: p.flash_loan(100_000 * USD), PLAIN),
    Step("repay, full", BORROWER, lambda p: p.repay_all(BORROWER), ACCRUING),
    Step(
        "remove collateral without debt",
        BORROWER,
        lambda p: p.remove_collateral(BORROWER, 10 * ETHER),
        ACCRUING,
    ),
    Step("withdraw, all", SECOND_LENDER, lambda p: p.withdraw_all(SECOND_LENDER), ACCRUING),
    Step(
        "liquidate, partial",
        LIQUIDATOR,
        lambda p: p.liquidate(SECOND_BORROWER, 20_000 * USD),
        ACCRUING,
        price=PRICE * 73 // 100,
    ),
    Step(
        "liquidate, whole with bad debt",
        LIQUIDATOR,
        lambda p: p.liquidate_insolvent(SECOND_BORROWER, 100 * ETHER),
        ACCRUING,
        price=PRICE * 40 // 100,
    ),
)
AAVE_AIM = 0.45


def run(peer: Peer, world: World) -> list[int | None]:
    """The gas of each step, in order."""
    peer.deploy(world)
    gas: list[int | None] = []
    for step in SEQUENCE:
        if step.price:
            world.set_price(step.price)
        call = step.call(peer)
        gas.append(world.bench.send(step.sender, *call, later=HOUR).gas if call else None)
    return gas


def measure() -> dict[str, list[int | None]]:
    """By protocol; each begins at the same snapshot of the chain."""
    token = parse_artifact("ERC20Mock", morpho_contracts()["ERC20Mock"])
    gas = {}
    with chain() as bench:
        world = World.make(bench, token)
        for name, peer in (
            ("surge", Surge()),
            ("morpho", Morpho()),
            ("aave", Aave()),
            ("adaptive", Surge(irm="AdaptiveCurveIrm")),
        ):
            snapshot = bench.rpc.call("evm_snapshot")
            gas[name] = run(peer, world)
            bench.rpc.call("evm_revert", snapshot)
    return gas


def _ratio(ours: int | None, theirs: int | None) -> float | None:
    return round(ours / theirs, 3) if ours and theirs else None


def rows(gas: dict[str, list[int | None]]) -> list[dict[str, Any]]:
    return [
        {
            "operation": step.operation,
            "surge": ours,
            "morpho": morpho,
            "aave": aave,
            "ratio_morpho": _ratio(ours, morpho),
            "ratio_aave": _ratio(ours, aave),
        }
        for step, ours, morpho, aave in zip(SEQUENCE, gas["surge"], gas["morpho"], gas["aave"], strict=True)
    ]


def missed(found: list[dict[str, Any]]) -> list[str]:
    """The rows that are above an aim, in words."""
    words = []
    for step, row in zip(SEQUENCE, found, strict=True):
        for peer, aim in (("morpho", step.aim), ("aave", AAVE_AIM)):
            ratio = row[f"ratio_{peer}"]
            if ratio and aim and ratio > aim:
                words.append(f"{step.operation}: {ratio:.3f} of {peer}, aim {aim:.2f}")
    return words


def show(found: list[dict[str, Any]], adaptive: list[int | None]) -> None:
    heads = ("surge", "morpho", "aave", "/morpho", "/aave", "adaptive")
    print(f"{'operation':38}" + "".join(f"{head:>10}" for head in heads))
    for row, more in zip(found, adaptive, strict=True):
        cells = [row["surge"], row["morpho"], row["aave"], row["ratio_morpho"], row["ratio_aave"], more]
        print(f"{row['operation']:38}" + "".join(f"{cell or '-':>10}" for cell in cells))


def main() -> None:
    gas = measure()
    found = rows(gas)
    result = {
        "machine": describe(),
        "command": "python benchmarks/credit_gas.py",
        "versions": {
            "anvil": f"{ANVIL}, {HARDFORK}",
            "surge": compiler(),
            "morpho": f"{MORPHO.spec}, {SOLC.spec}, via-IR, 999,999 runs, paris",
            "aave": f"{AAVE.spec}, its own artefacts",
        },
        "sequence": "in the order of the rows; one hour before each; interest accrues",
        "null": "no equal operation there: this Aave has no call that realises bad debt",
        "rows": found,
        "adaptive": [
            {"operation": step.operation, "surge": more}
            for step, more in zip(SEQUENCE, gas["adaptive"], strict=True)
        ],
        "above_aim": missed(found),
    }
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    show(found, gas["adaptive"])
    for words in missed(found):
        print(f"above its aim: {words}")


if __name__ == "__main__":
    main()
