"""The bounds that a person names are those that hold while they look, and those that are sent."""

from contextlib import contextmanager
from unittest.mock import MagicMock

import pytest

from surge.cli.credit import change
from surge.cli.credit import desk as desks
from surge.cli.main import run_command

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
def performed(monkeypatch):
    """The consents and sendings of commands, on a desk that takes everything."""
    desk, consents = MagicMock(), []
    desk.market.return_value.name = "ETH/TUSD"

    @contextmanager
    def acting(_network):
        yield desk

    def perform(preview, send, document, consent, *_shows):
        consents.append(consent)
        preview()
        send()

    monkeypatch.setattr(desks, "acting", acting)
    monkeypatch.setattr(change, "perform", perform)
    return desk, consents


@pytest.mark.parametrize(
    "arguments",
    [
        ["swap", "1", "TUSD", "ETH"],
        ["pool", "add", "ETH/TUSD", "1"],
        ["pool", "remove", "ETH/TUSD"],
        ["liquidate", ADDRESS, "ETH/TUSD"],
        ["repay", "ETH/TUSD", "1"],
        ["leverage", "repay", "ETH/TUSD", "1"],
        ["leverage", "adjust", "ETH/TUSD", "2"],
    ],
)
def test_the_slippage_that_is_given_holds_while_a_person_looks(performed, arguments):
    _, consents = performed
    assert run_command(["credit", *arguments, "--max-slippage", "0.3%"]) == 0
    assert run_command(["credit", *arguments]) == 0
    assert [consent.max_slippage for consent in consents] == [30, 100]


def test_the_bounds_of_a_repayment_from_collateral_are_sent(performed):
    desk, consents = performed
    given = ["--max-impact", "7%", "--max-slippage", "2%", "--min-health", "1.3"]
    assert run_command(["credit", "leverage", "repay", "ETH/TUSD", "100", *given]) == 0
    (args, named), looked = desk.leverage.repay.call_args, desk.leverage.repay.preview.call_args
    assert args == looked.args == ("ETH/TUSD", "100")
    assert named == {"max_slippage": "2%", "max_impact": "7%", "min_health": "1.3"}
    assert looked.kwargs == {"max_slippage": "2%", "max_impact": "7%"}
    assert consents[0].min_health == 13 * 10**17


def test_the_bounds_of_a_liquidation_are_sent(performed):
    desk, _ = performed
    given = ["--repay", "5", "--min-seized", "0.1", "--max-slippage", "2%"]
    assert run_command(["credit", "liquidate", ADDRESS, "ETH/TUSD", *given]) == 0
    desk.market.return_value.position.assert_called_with(ADDRESS)
    operation = desk.market.return_value.position.return_value.liquidate
    assert operation.call_args == operation.preview.call_args
    assert operation.call_args.args == ("5",)
    assert operation.call_args.kwargs == {"min_seized": "0.1", "max_slippage": "2%"}
