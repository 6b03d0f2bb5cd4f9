"""`surge abi`: the interfaces that ship, by name, without a network."""

import json

import pytest

from surge.chain.network.artifacts import artifact, artifact_names
from surge.cli.main import run_command


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    monkeypatch.setenv("SURGE_HOME", str(tmp_path / "none"))


@pytest.mark.parametrize("name", artifact_names())
def test_every_contract_has_its_whole_interface(name, capsys):
    assert run_command(["abi", name]) == 0
    entries = json.loads(capsys.readouterr().out)
    functions = {(one["name"], len(one["inputs"])) for one in entries if one["type"] == "function"}
    assert functions == artifact(name).functions.keys()
    assert {one["name"] for one in entries if one["type"] == "event"} == {
        kind.name for kind in artifact(name).events.values()
    }


@pytest.mark.parametrize(("given", "meant"), [("credit", "Credit"), ("Dollar", "TestDollar")])
def test_a_name_is_taken_as_people_write_it(given, meant, capsys):
    run_command(["abi", given])
    said = capsys.readouterr().out
    run_command(["abi", meant])
    assert said == capsys.readouterr().out != ""


def test_all_are_listed(capsys):
    assert run_command(["abi", "--list"]) == 0
    assert capsys.readouterr().out.split() == artifact_names()
    assert run_command(["abi", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"contracts": artifact_names()}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["Credti"], "did you mean Credit? there are AdaptiveCurveIrm, "),
        (["../../book"], "there is no contract '../../book'; there are AdaptiveCurveIrm, "),
        (["\x1b[2J"], "there is no contract"),
        ([], "name a contract, such as `surge abi Credit`; there are AdaptiveCurveIrm, "),
    ],
)
def test_a_typo_names_what_there_is(given, said, capsys):
    assert run_command(["abi", *given]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Vault" in err
    assert len(err.splitlines()) == 1
