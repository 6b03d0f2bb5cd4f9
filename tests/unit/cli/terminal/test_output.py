import io
import json

import pytest
from rich.console import Console

from surge.cli.terminal.output import Column, Listing, answer, facts, tell

ADDRESS = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"


def drawn(listing: Listing, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False)
    console.print(listing)
    return console.file.getvalue()


@pytest.fixture
def listing():
    columns = [Column("provider", address=True), Column("USD", right=True), Column("hash")]
    return Listing(columns, [[ADDRESS, "0.000002", "0x" + "ab" * 32]])


def test_addresses_are_whole_where_they_fit(listing):
    assert ADDRESS in drawn(listing, 140)


def test_addresses_alone_give_way(listing):
    text = drawn(listing, 100)
    assert ADDRESS not in text
    assert "0xE72E0C…eE34" in text
    assert "0x" + "ab" * 32 in text


def test_nothing_else_is_ever_cut(listing):
    text = drawn(listing, 40)
    assert "…" not in text.replace("0xE72E0C…eE34", "")
    assert text.replace("\n", "").replace(" ", "").count("ab") >= 32


def test_figures_are_never_broken_whatever_the_width():
    columns = [Column("market"), Column("debt", right=True), Column("LTV", right=True, spare=True)]
    listing = Listing(columns, [["SURGE/TUSD", "12,345,678.90 TUSD", "61.87%"], ["ETH/TUSD", "0", "0%"]])
    for width in range(26, 60):
        text = drawn(listing, width)
        assert "12,345,678.90 TUSD" in text
        assert "SURGE/TUSD" in text
    assert "61.87%" not in drawn(listing, 32), "the spare column goes first"
    told = drawn(listing, 29).splitlines()
    assert [line.split() for line in told[:3]] == [
        ["market", "SURGE/TUSD"], ["debt", "12,345,678.90", "TUSD"], ["LTV", "61.87%"]
    ]  # fmt: skip


def test_words_are_wrapped_before_a_table_is_given_up():
    columns = [Column("debt", right=True), Column("what")]
    text = drawn(Listing(columns, [["3,711.70 TUSD", "left alone because it would not pay"]]), 30)
    assert text.splitlines()[0].split() == ["debt", "what"]
    assert "3,711.70 TUSD" in text


def test_an_answer_as_json_is_one_document(capsys):
    answer({"jobs": []}, True, lambda _: pytest.fail("nobody is shown a table"))
    assert json.loads(capsys.readouterr().out) == {"jobs": []}


def test_an_answer_in_words_goes_to_stdout(capsys):
    answer({"x": 1}, False, lambda document: [f"x is {document['x']}", facts([("address", ADDRESS)])])
    assert capsys.readouterr().out.split() == ["x", "is", "1", "address", ADDRESS]


def test_brackets_are_no_markup(capsys):
    answer({}, False, lambda _: ["[bold] stays"])
    assert "[bold] stays" in capsys.readouterr().out


def test_what_is_told_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    tell("it wrote \x1b]0;a title\x07.txt\n\tand café")
    assert capsys.readouterr().err == "surge: it wrote �]0;a title�.txt\n\tand café\n"
