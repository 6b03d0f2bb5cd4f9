"""The committed gas figures: of the agreed form, consistent, and no new loss unseen."""

import json

from places import ROOT

FIGURES = json.loads((ROOT / "benchmarks" / "results" / "credit_gas.json").read_text())
ROWS = FIGURES["rows"]
COMPUTE = {
    row.pop("operation"): row
    for row in json.loads((ROOT / "benchmarks" / "results" / "compute_gas.json").read_text())["rows"]
}
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


# Compute


def test_no_operation_of_compute_is_above_its_target() -> None:
    with_target = {name: row for name, row in COMPUTE.items() if row["target"]}
    assert {row["target"] for row in with_target.values()} == {115_000, 60_000, 62_000, 120_000}
    assert all(row["gas"] <= row["target"] for row in with_target.values())
    assert all(row["gas"] <= row["most"] for row in COMPUTE.values())


def test_the_readme_quotes_the_figures_of_compute() -> None:
    readme = (ROOT / "README.md").read_text()
    quoted = (
        "open_lease (3 candidates, 2 draws)",
        "open_leases (4 at once), per lease",
        "settle, again in the epoch",
        "close with a new voucher, both signatures",
        "close_many (4 at once) with new vouchers, per lease",
        "close at what is settled, by the provider",
    )
    assert "| " + " | ".join(f"{COMPUTE[name]['gas']:,}" for name in quoted) + " |" in readme
    life = COMPUTE["a lease's whole life, opened and closed in fours"]["gas"]
    assert f"costs {life:,} gas for all its tasks:\n{life // 1000} a task at a thousand" in readme


def test_the_readme_quotes_the_figures_of_credit() -> None:
    """Each row of its table, and what a leveraged position costs."""
    readme = (ROOT / "README.md").read_text()
    table = readme.split("| operation | Surge |")[1].split("\n\n")[0].splitlines()[2:]
    rows = {
        "| {operation} | {surge:,} | {morpho:,} | {aave:,} | {ratio_morpho:.2f} | {ratio_aave:.2f} |".format(
            **{name: value or 0 for name, value in row.items()}
        )
        for row in ROWS
    }
    assert table
    assert set(table) <= rows
    leverage = json.loads((ROOT / "benchmarks" / "results" / "leverage_gas.json").read_text())["rows"]
    opened, closed = (row["leverage"] for row in leverage)
    assert f"opens for {opened:,} gas and closes for {closed:,}," in " ".join(readme.split())
