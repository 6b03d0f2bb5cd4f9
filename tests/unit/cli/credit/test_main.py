"""`surge demo` alone and `surge demo credit`; the credit commands and what their help imports."""

import subprocess
import sys

import pytest

from surge.cli import main
from surge.cli.demo import loan as demo_credit
from surge.cli.demo import search as demo
from surge.cli.main import run_command

COMMANDS = (
    "markets", "market", "position", "supply", "withdraw", "borrow", "repay", "collateral", "leverage",
    "flash", "vaults", "vault", "liquidate", "swap", "pools", "pool", "authorize", "revoke",
)  # fmt: skip


@pytest.fixture
def performed(monkeypatch):
    calls = []

    def record(name, code):
        return lambda *given: calls.append((name, *given)) or code

    monkeypatch.setattr(demo, "demo", record("grid search", 1))
    monkeypatch.setattr(demo_credit, "demo_credit", record("credit", 3))
    return calls


@pytest.mark.parametrize(
    ("arguments", "code", "call"),
    [
        (["demo"], 1, ("grid search", False, None)),
        (["demo", "--json", "--network", "local"], 1, ("grid search", True, "local")),
        (["demo", "credit"], 3, ("credit", False)),
        (["demo", "credit", "--json"], 3, ("credit", True)),
    ],
)
def test_each_demo_is_one_command(performed, arguments, code, call):
    assert run_command(arguments) == code
    assert performed == [call]


def test_no_other_demo(performed, capsys):
    assert run_command(["demo", "compute"]) == 2
    assert performed == []
    assert "surge demo --help" in capsys.readouterr().err


def test_help_of_the_credit_side_imports_nothing_heavy():
    heavy = {"surge.desk", "surge.chain.client", "msgspec", "sqlalchemy", "rich.table", "coincurve"}
    script = (
        "import sys; from surge.cli.main import run_command; run_command(['credit', '--help']); "
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_tells_of_both_demos(capsys):
    run_command(["--help"])
    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  demo ")]
    assert "grid search" in line
    assert "demo credit" in line


def test_the_commands_are_those_that_are_promised():
    from surge.cli.credit.commands import credit

    names = {one.name or one.callback.__name__ for one in credit.registered_commands}
    assert names | {group.name for group in credit.registered_groups} == set(COMMANDS)
    assert main.app.registered_groups
