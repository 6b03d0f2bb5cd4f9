"""`surge …` in this very interpreter, on a network that runs."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from surge.cli.main import run_command
from surge.local.network import LocalNetwork

Run = Callable[..., Any]


def commands(
    network: LocalNetwork, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """For a fixture to yield from: the document that a command prints, or its stdout and stderr (`words`)."""
    monkeypatch.setenv("SURGE_HOME", str(network.home.root))
    monkeypatch.delenv("SURGE_NETWORK", raising=False)
    with open("/dev/null") as nobody:  # noqa: PTH123 a device
        monkeypatch.setattr(sys, "stdin", nobody)

        def run(*arguments: str, code: int = 0, words: bool = False) -> Any:
            capsys.readouterr()
            ended = run_command([*arguments] if words else [*arguments, "--json"])
            said = capsys.readouterr()
            assert ended == code, said.err
            return (said.out, said.err) if words else json.loads(said.out)

        yield run


def refusal(surge: Run, *arguments: str, code: int = 2) -> str:
    """One sentence, the same in the document and on stderr."""
    message: str = surge(*arguments, code=code)["error"]["message"]
    out, err = surge(*arguments, code=code, words=True)
    assert out == ""
    assert err.splitlines()[-1].startswith("surge: ")
    return message
