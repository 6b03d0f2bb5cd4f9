"""Every command there is explains itself and answers in JSON when it is asked to."""

import json

import pytest
import typer

from surge.cli.main import app, run_command


def tree(command, path=()):
    """Every group and command, by its words behind `surge`."""
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from tree(child, (*path, name))


COMMANDS = dict(tree(typer.main.get_command(app)))
GROUPS = [path for path, command in COMMANDS.items() if getattr(command, "commands", None)]
ACTING = [
    path
    for path, command in COMMANDS.items()
    if path not in GROUPS or (path and command.invoke_without_command)
]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_it_explains_itself(path, capsys):
    assert run_command([*path, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.split()[: len(path) + 2] == ["Usage:", "surge", *path]
    assert all(len(line) <= 80 for line in said.splitlines())


@pytest.mark.parametrize("path", ACTING, ids=" ".join)
def test_it_takes_json(path):
    assert "--json" in {name for option in COMMANDS[path].params for name in option.opts}


@pytest.mark.parametrize("path", GROUPS, ids=" ".join)
def test_no_summary_of_it_is_cut(path, capsys):
    assert run_command([*path, "--help"]) == 0
    assert "..." not in capsys.readouterr().out.partition("Commands:")[2]


@pytest.mark.parametrize("arguments", [["book", "schema"], ["abi", "Credit"]])
def test_what_is_json_anyway_is_the_same_when_it_is_asked_for(arguments, capsys):
    assert run_command(arguments) == 0
    said = capsys.readouterr().out
    assert run_command([*arguments, "--json"]) == 0
    assert capsys.readouterr().out == said
    json.loads(said)
