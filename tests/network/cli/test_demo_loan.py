"""`surge demo credit`, as a person runs it: real chain, contracts, and a keeper in a process of its own."""

import json

import pytest

from network.cli.shell import Shell

pytestmark = pytest.mark.slow

STEPS = [
    "deposit", "borrow", "price falls", "margin zone", "partial liquidation", "recovery",
    "leverage open", "leverage close", "flash loan pays", "flash loan fails",
]  # fmt: skip


def test_the_whole_story(tmp_path):
    shell = Shell(tmp_path / "home", tmp_path / "work")
    done = shell.run("demo", "credit", "--json")
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    steps = {step["name"]: step for step in told["steps"]}
    assert list(steps) == STEPS
    assert told["ok"] is True
    assert all(step["ok"] and step["before"] and step["after"] for step in told["steps"])
    assert not (tmp_path / "home").exists()  # nothing of it stays

    borrowed = steps["borrow"]["after"]
    assert (borrowed["debt"], borrowed["ltv"], borrowed["zone"]) == ("700", "0.7", "healthy")
    assert steps["price falls"]["after"]["zone"] == "margin"
    assert "margin zone" in steps["margin zone"]["refused"]
    sold = steps["partial liquidation"]
    assert float(sold["before"]["health"]) < 1 < float(sold["after"]["health"]) < 1.1501
    assert 0 < float(sold["after"]["debt"]) < 700
    assert steps["leverage open"]["after"]["collateral"] == "3"
    assert steps["leverage close"]["after"]["collateral"] == "0"
    pays, fails = steps["flash loan pays"], steps["flash loan fails"]
    assert float(pays["after"]["balance"]) > float(pays["before"]["balance"])
    assert fails["after"] == fails["before"]
    free = {"price falls", "margin zone"}
    assert {name for name, step in steps.items() if step["gas"] == 0} == free
