import io
import json

import pytest
from rich.console import Console

from surge.cli.output import Column, Listing, answer, facts

ADDRESS = "0xE72E0C4A5b528758BEf5BFB343F4e288de9eeE34"


def drawn(listing: Listing, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), markup=False, highlight=False)
    console.print(listing.fitted(console))
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


def test_an_answer_as_json_is_one_document(capsys):
    answer({"jobs": []}, True, lambda _: pytest.fail("nobody is shown a table"))
    assert json.loads(capsys.readouterr().out) == {"jobs": []}


def test_an_answer_in_words_goes_to_stdout(capsys):
    answer({"x": 1}, False, lambda document: [f"x is {document['x']}", facts([("address", ADDRESS)])])
    assert capsys.readouterr().out.split() == ["x", "is", "1", "address", ADDRESS]


def test_brackets_are_no_markup(capsys):
    answer({}, False, lambda _: ["[bold] stays"])
    assert "[bold] stays" in capsys.readouterr().out
