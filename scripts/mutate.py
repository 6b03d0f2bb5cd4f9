"""Mutation test of a contract and its modules: do tests notice a wrong operator, rounding, constant, assert?

    python scripts/mutate.py contracts/credit/lending/Credit.vy            all mutants without a verdict yet
    python scripts/mutate.py contracts/credit/lending/Credit.vy --list     what would be tried
    python scripts/mutate.py contracts/credit/lending/Credit.vy --again    survivors again, after new tests
    python scripts/mutate.py contracts/credit/lending/Credit.vy --report   score and survivors
    ... --since COMMIT     only of lines that have changed since then

One mutant at a time, in a fork of this process, so that nothing is imported twice: compile, then run the
tests of TESTS on that bytecode (worlds/bare_evm.py reads it where CONTRACT_ARTIFACTS says) until one fails.
Verdicts are kept in .mutants/<Name>.jsonl by mutant and text of its line: a run resumes where it was stopped,
and the edit of a line repeats only that line's mutants. What doesn't compile, or compiles to the same
bytecode, is no mutant.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

import vyper  # noqa: E402
from vyper.compiler import compile_from_file_input  # noqa: E402
from vyper.compiler.input_bundle import CompilerInput, FilesystemInputBundle  # noqa: E402
from vyper.compiler.settings import OptimizationLevel, Settings  # noqa: E402
from vyper.exceptions import VyperException, VyperInternalException  # noqa: E402

from build_contracts import ARTIFACTS, CONTRACTS, EVM  # noqa: E402
from mutations import Mutant, mutants  # noqa: E402

# In the order in which they run: the fastest to notice first.
TESTS = {
    "Credit": (
        "tests/contracts/credit/test_edges.py",
        "tests/contracts/credit/test_interest.py",
        "tests/contracts/credit/test_callbacks.py",
        "tests/contracts/credit/test_liquidation_edges.py",
        "tests/contracts/credit/test_incidents.py",
        "tests/contracts/credit/test_hostile_tokens.py",
        "tests/contracts/credit/test_signatures.py",
        "tests/contracts/credit/test_last_units.py",
        "tests/property/credit/test_lending_stateful.py",
        "tests/contracts/credit/test_reentrancy.py",
    ),
    "Vault": (
        "tests/contracts/vault/test_allocation.py",
        "tests/contracts/vault/test_losses.py",
        "tests/contracts/vault/test_vault.py",
        "tests/contracts/vault/test_rules.py",
        "tests/contracts/vault/test_trouble.py",
        "tests/contracts/vault/test_removal.py",
        "tests/property/credit/test_vault_stateful.py",
        "tests/property/credit/test_vault_allocation.py",
        "tests/property/credit/test_composed_stateful.py",
    ),
}
SECONDS = 300
KILLED, SURVIVED, SAME, BROKEN = "killed", "survived", "same bytecode", "does not compile"


class Changed(NamedTuple):
    """A mutant and the file that it is in."""

    path: Path
    mutant: Mutant

    @property
    def id(self) -> str:
        return f"{self.path.stem}:{self.mutant.id}"

    def __str__(self) -> str:
        line = " ".join(self.mutant.was.split())
        return f"{self.path.name}:{self.mutant.line}: {line}: {self.mutant.does}"


def sources(contract: Path) -> list[Path]:
    """The contract and the modules beside it that it imports, directly or not."""
    found = [contract]
    for path in found:
        for base, name in re.findall(
            r"^(?:from (\.+[\w.]*) )?import (\w+)(?: as \w+)?$", path.read_text(), re.MULTILINE
        ):
            floor = path.parents[max(0, len(base) - len(base.lstrip(".")) - 1)]
            module = floor.joinpath(*base.lstrip(".").split("."), f"{name}.vy")
            if module.exists() and module not in found:
                found.append(module)
    return found


def changed_since(commit: str, paths: list[Path]) -> set[tuple[Path, int]]:
    """The lines that git sees as new or changed, by file and number."""
    found = set()
    for path in paths:
        command = ["git", "-C", str(ROOT), "diff", "-U0", commit, "--", str(path)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for start, count in re.findall(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", said, re.MULTILINE):
            found |= {(path, int(start) + more) for more in range(int(count or 1))}
    return found


def compiled(
    source: Path, path: Path, text: str, level: OptimizationLevel = OptimizationLevel.NONE
) -> dict[str, Any]:
    """ABI and bytecode of `source` as if `text` were in the file `path`. Optimising takes twice as
    long as all the rest, and changes no meaning."""

    class Bundle(FilesystemInputBundle):
        def _load_from_path(self, resolved_path: Path, asked: Path) -> CompilerInput:
            found = super()._load_from_path(resolved_path, asked)
            return replace(found, contents=text) if resolved_path == path else found

    # A source that says how it is to be optimised is compiled so.
    chosen = None if "# pragma optimize" in source.read_text() else level
    bundle = Bundle([Path(vyper.__file__).parent.parent, CONTRACTS])
    with bundle.search_path(source.parent):
        return dict(
            compile_from_file_input(
                bundle.load_file(source),
                input_bundle=bundle,
                settings=Settings(evm_version=EVM, optimize=chosen),
                output_formats=["abi", "bytecode"],
            )
        )


def verdict(source: Path, changed: Changed, plain: str) -> str:
    """In this process: what the tests say of the mutant. `plain` is the bytecode without it, optimised."""
    import pytest

    try:
        artifact = compiled(source, changed.path, changed.mutant.text)
    except (VyperException, VyperInternalException, SyntaxError, RecursionError, ArithmeticError):
        return BROKEN
    with tempfile.TemporaryDirectory() as folder:
        for other in ARTIFACTS.glob("*.json"):
            (Path(folder) / other.name).symlink_to(other)
        place = Path(folder) / f"{source.stem}.json"
        place.unlink(missing_ok=True)
        place.write_text(json.dumps(artifact))
        os.environ.update(CONTRACT_ARTIFACTS=folder, HYPOTHESIS_PROFILE="mutants")
        quiet = ("-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider")
        imported = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
        code = pytest.main([*quiet, *imported, *(str(ROOT / test) for test in TESTS[source.stem])])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise RuntimeError(f"pytest could not run the tests of {source}: exit code {code}")
    if code == pytest.ExitCode.TESTS_FAILED:
        return KILLED
    return SAME if optimised(source, changed.path, changed.mutant.text) == plain else SURVIVED


def optimised(source: Path, path: Path, text: str) -> str:
    return str(compiled(source, path, text, OptimizationLevel.GAS)["bytecode"])


def load_once() -> None:
    """What every fork needs."""
    import boa  # noqa: F401
    import hypothesis.stateful  # noqa: F401

    from contracts.worlds.bare_evm import mock

    for name in ("HostileToken", "SilentToken", "SettableOracle", "SettableIrm", "ContractAccount"):
        mock(name)


def in_a_fork(source: Path, changed: Changed, plain: str) -> str:
    """A mutant that hangs its tests is killed with them, and counts as noticed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        signal.alarm(SECONDS)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        try:
            os.write(writer, verdict(source, changed, plain).encode())
        except Exception:  # noqa: BLE001  # a fork must end here, whatever happened
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    _pid, status = os.waitpid(child, 0)
    if said:
        return said
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
        return KILLED
    raise SystemExit(f"the tests of mutant {changed.id} could not run; see above")


def report(name: str, verdicts: dict[str, str], tried: list[Changed]) -> str:
    counts = Counter(verdicts[changed.id] for changed in tried if changed.id in verdicts)
    real = counts[KILLED] + counts[SURVIVED]
    lines = [
        f"{name}: {counts[KILLED]} of {real} mutants killed ({counts[KILLED] / max(real, 1):.1%}); "
        f"{counts[SAME]} compile to the same bytecode, {counts[BROKEN]} do not compile, "
        f"{len(tried) - sum(counts.values())} not tried yet"
    ]
    lines += [f"  {changed}" for changed in tried if verdicts.get(changed.id) == SURVIVED]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="Mutation test of a Vyper contract and its modules.")
    parser.add_argument("source", type=Path)
    parser.add_argument("--list", action="store_true", help="print the mutants and try none")
    parser.add_argument("--again", action="store_true", help="try the survivors once more")
    parser.add_argument("--report", action="store_true", help="print score and survivors, try none")
    parser.add_argument("--since", metavar="COMMIT", help="only of lines that have changed since then")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="a sample: each Nth mutant")
    asked = parser.parse_args()
    source = asked.source.resolve()
    every = [Changed(path, one) for path in sources(source) for one in mutants(path.read_text())]
    if asked.since:
        lines = changed_since(asked.since, sources(source))
        every = [changed for changed in every if (changed.path, changed.mutant.line) in lines]
    tried = every[:: asked.every]
    if asked.list:
        print("\n".join(map(str, tried)))
        return 0
    kept = ROOT / ".mutants" / f"{source.stem}.jsonl"
    kept.parent.mkdir(exist_ok=True)
    kept.touch()
    verdicts = {entry["id"]: entry["verdict"] for entry in map(json.loads, kept.read_text().splitlines())}
    if asked.report:
        print(report(source.stem, verdicts, tried))
        return 0
    load_once()
    plain = optimised(source, source, source.read_text())
    shipped = json.loads((ARTIFACTS / f"{source.stem}.json").read_text())["bytecode"]
    if plain != shipped:
        raise SystemExit(f"{source.stem}'s artefact is out of date: run scripts/build_contracts.py first")
    with kept.open("a") as log:
        for changed in tried:
            known = verdicts.get(changed.id)
            if known and not (asked.again and known == SURVIVED):
                continue
            started = time.monotonic()
            verdicts[changed.id] = said = in_a_fork(source, changed, plain)
            seconds = round(time.monotonic() - started, 1)
            log.write(json.dumps({"id": changed.id, "verdict": said, "what": str(changed)}) + "\n")
            log.flush()
            print(f"{said} in {seconds} s: {changed}", flush=True)
    print(report(source.stem, verdicts, tried))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
