"""The committed gas figures of Credit: of the agreed form, consistent, and no new loss unseen."""

import json

from places import ROOT

FIGURES = json.loads((ROOT / "benchmarks" / "results" / "credit_gas.json").read_text())
ROWS = FIGURES["rows"]
KNOWN_LOSSES = {
    # Twice the fixed price of a new slot in each protocol; ours hashes four more words of parameters.
    ("add collateral, first of the market", "morpho"),
    ("add collateral, first of a borrower", "morpho"),
    # A token's transfer and the rate model are two fifths of it, whatever the lender.
    ("supply, again", "aave"),
}


def test_rows_have_the_agreed_keys() -> None:
    assert {tuple(row) for row in ROWS} == {
        ("operation", "surge", "morpho", "aave", "ratio_morpho", "ratio_aave")
    }
    assert {"machine", "rows"} <= FIGURES.keys()


def test_ratios_are_those_of_the_figures() -> None:
    for row in ROWS:
        assert row["ratio_morpho"] == round(row["surge"] / row["morpho"], 3)
        assert row["ratio_aave"] == (row["aave"] and round(row["surge"] / row["aave"], 3))


def test_what_is_above_an_aim_is_known() -> None:
    plain = ("add collateral", "flash loan")
    above = set()
    for row in ROWS:
        aim = 0.98 if row["operation"].startswith(plain) else 0.92
        above |= {(row["operation"], "morpho")} if row["ratio_morpho"] > aim else set()
        above |= {(row["operation"], "aave")} if (row["ratio_aave"] or 0) > 0.45 else set()
    assert above == KNOWN_LOSSES
