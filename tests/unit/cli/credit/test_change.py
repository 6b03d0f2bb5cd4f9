"""A change: what is shown and asked, what is bounded, and when nothing is sent."""

import json
from types import SimpleNamespace

import pytest
import typer

from small_credit import ETHER, USD, market, position
from surge.cli.credit.change import Consent, perform
from surge.model.errors import BadInput
from surge.model.units import parse_decimal
from unit.cli.credit.documents import CHANGE


class Desk:
    """Counts what is sent; `prices` are those of the previews, one after the other. The debt grows by `more`,
    the collateral by `locked`."""

    def __init__(self, debt=700 * USD, prices=(2_000,), more=USD, locked=0):
        self.sent = 0
        self.debt, self.more, self.locked = debt, more, locked
        self.prices = list(prices)

    def preview(self):
        usd = self.prices.pop(0) if len(self.prices) > 1 else self.prices[0]
        owed, held = self.debt - self.more, ETHER // 2 - self.locked
        before = position(market(borrowed=owed, usd=usd), held, owed)
        after = position(market(borrowed=self.debt, usd=usd), debt=self.debt)
        return SimpleNamespace(before=before, after=after, transaction=None)

    def send(self):
        self.sent += 1
        return SimpleNamespace(transaction=b"\xcd" * 32)


def document(done):
    sent = done.transaction is not None
    return {**CHANGE, "sent": sent, "transaction": "0x" + done.transaction.hex() if sent else None}


def change(desk, answer=None, monkeypatch=None, **options):
    """Perform; with `answer` as if a person gave it at a terminal."""
    chosen = {"yes": False, "dry_run": False, "as_json": False, "max_slippage": "1%", "min_health": None}
    if answer is not None:
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr(typer, "confirm", lambda *_, **__: answer)
    perform(desk.preview, desk.send, document, Consent.read(**chosen | options))


def test_a_dry_run_shows_and_sends_nothing(capsys):
    desk = Desk()
    change(desk, dry_run=True)
    assert desk.sent == 0
    assert "nothing is sent" in capsys.readouterr().out


def test_a_dry_run_sends_nothing_even_with_yes(capsys):
    desk = Desk()
    change(desk, dry_run=True, yes=True, as_json=True)
    assert desk.sent == 0
    assert json.loads(capsys.readouterr().out)["transaction"] is None


def test_yes_sends_and_answers_once(capsys):
    desk = Desk()
    change(desk, yes=True, as_json=True)
    said = capsys.readouterr()
    assert desk.sent == 1
    assert json.loads(said.out)["sent"] is True
    assert said.err == ""


def test_nobody_to_ask_sends_nothing(capsys):
    desk = Desk()
    with pytest.raises(BadInput, match="--yes"):
        change(desk)
    assert desk.sent == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "health factor" in said.err


def test_a_no_sends_nothing(monkeypatch, capsys):
    desk = Desk()
    with pytest.raises(BadInput, match="nothing was sent"):
        change(desk, answer=False, monkeypatch=monkeypatch)
    assert desk.sent == 0
    assert capsys.readouterr().out == ""


def test_a_yes_sends_what_was_shown(monkeypatch, capsys):
    desk = Desk()
    change(desk, answer=True, monkeypatch=monkeypatch)
    said = capsys.readouterr()
    assert desk.sent == 1
    assert "liquidation price" in said.err
    assert "done" in said.out
    assert "liquidation price" not in said.out


def test_a_price_that_moved_while_a_person_looked_stops_it(monkeypatch):
    desk = Desk(prices=(2_000, 1_979))
    with pytest.raises(BadInput, match=r"moved by 1\.05% .* --max-slippage 1%"):
        change(desk, answer=True, monkeypatch=monkeypatch)
    assert desk.sent == 0
    for usd in (1_980, 3_000):
        desk = Desk(prices=(2_000, usd))
        change(desk, answer=True, monkeypatch=monkeypatch)
        assert desk.sent == 1


def test_what_trades_is_stopped_by_a_price_that_moved_either_way(monkeypatch):
    for usd in (1_979, 2_021):
        desk = Desk(prices=(2_000, usd), more=USD, locked=1)
        with pytest.raises(BadInput, match="--max-slippage 1%"):
            change(desk, answer=True, monkeypatch=monkeypatch)
        assert desk.sent == 0


def test_what_has_no_price_has_no_bound_on_it(monkeypatch):
    desk = Desk(prices=(2_000, 1_000))
    change(desk, answer=True, monkeypatch=monkeypatch, max_slippage=None)
    assert desk.sent == 1


@pytest.mark.parametrize(("more", "locked"), [(-USD, 0), (0, 1), (0, 0)])
@pytest.mark.parametrize("usd", [1_000, 4_000])
def test_no_price_stops_who_repays_or_adds_collateral(monkeypatch, more, locked, usd):
    """C7, at the terminal too: the price falls while a position is being saved."""
    desk = Desk(prices=(2_000, usd), more=more, locked=locked)
    change(desk, answer=True, monkeypatch=monkeypatch)
    assert desk.sent == 1


def test_a_health_factor_below_the_bound_stops_it():
    desk = Desk(debt=667 * USD)
    with pytest.raises(BadInput, match=r"factor of 1\.19 with a debt of 667 TUSD, .* --min-health 1\.20"):
        change(desk, yes=True, min_health="1.2")
    assert desk.sent == 0
    change(desk, yes=True, min_health="1.199")
    assert desk.sent == 1


def test_what_raises_health_is_never_too_little_of_it():
    for more, locked in ((-USD, 0), (0, 1)):
        desk = Desk(more=more, locked=locked)
        change(desk, yes=True, min_health="5")
        assert desk.sent == 1


def test_no_debt_is_healthy_enough():
    desk = Desk(debt=0, more=0)
    change(desk, yes=True, min_health="5")
    assert desk.sent == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_slippage": "100%"},
        {"max_slippage": "-1%"},
        {"max_slippage": "0.5"},
        {"max_slippage": "a lot"},
        {"min_health": "0.99"},
        {"min_health": "1e1"},
    ],
)
def test_bounds_that_bound_nothing_are_refused(wrong):
    desk = Desk()
    with pytest.raises(BadInput):
        change(desk, yes=True, **wrong)
    assert desk.sent == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("1,000", "without commas: 1000"),
        ("1,50", "write 1.50"),
        ("9" * 20, "too large"),
        ("1e3", "write 1.50"),
    ],
)
def test_a_wrong_amount_is_never_mended_into_another(typed, said):
    """A decimal comma is no thousand."""
    with pytest.raises(BadInput, match=said):
        parse_decimal(typed, 6, "amount")
