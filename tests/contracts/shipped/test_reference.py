"""docs/contracts: what the sources say, all that the ABI has, and nothing that they don't."""

import json
import runpy
from pathlib import Path

import pytest

from places import SCRIPTS
from surge.chain.network.artifacts import artifact

SCRIPT = runpy.run_path(str(SCRIPTS / "contract_reference.py"))
PAGES = SCRIPT["pages"]()
ARTIFACTS = SCRIPT["BUILD"]["ARTIFACTS"]
NAMES = sorted(path.stem for path in ARTIFACTS.glob("*.json"))


def test_the_committed_pages_are_those_of_the_sources() -> None:
    assert SCRIPT["outdated"](PAGES) == [], "run `make contracts`"


def test_a_changed_and_a_forgotten_page_are_seen() -> None:
    changed = {**PAGES, "Credit.md": PAGES["Credit.md"] + "more\n", "New.md": ""}
    del changed["Vault.md"]
    assert SCRIPT["outdated"](changed) == ["Credit.md", "New.md", "Vault.md"]


@pytest.mark.parametrize("name", NAMES)
def test_every_function_and_event_has_its_place(name: str) -> None:
    page = PAGES[f"{name}.md"]
    for function in artifact(name).functions.values():
        assert f"`{function.name}({','.join(function.inputs)})` `0x{function.selector.hex()}`" in page
    for topic, event in artifact(name).events.items():
        # A library's event that nothing here logs is in the ABI, and would only mislead.
        assert (topic in page) == (f"### {event.name} (event)" in page)
    assert f"[{name}]({name}.md)" in PAGES["README.md"]


def test_what_modules_lend_is_told_as_what_is_its_own() -> None:
    """Notices, reasons and events come from where the code is: authorize is credit_authority's."""
    section = PAGES["Credit.md"].partition("### authorize_with_signature\n")[2].partition("\n###")[0]
    assert "for whoever signed Authorization (EIP-712)" in section
    assert "- logs: `Authorized`" in section
    assert "  - `Credit: signature has expired`" in section
    assert "  - `Vault: only the owner`" in PAGES["Vault.md"].partition("### submit_cap\n")[2]


def test_reasons_are_those_of_the_sources() -> None:
    """Each that is told can be found in a source, so that it can be looked for."""
    contracts = "".join(path.read_text() for path in SCRIPT["BUILD"]["CONTRACTS"].rglob("*.vy"))
    for name, page in PAGES.items():
        for line in page.splitlines():
            if line.startswith(f"  - `{Path(name).stem}: "):
                assert json.dumps(line[5:-1], ensure_ascii=False) in contracts


@pytest.mark.parametrize(
    ("docstring", "found"),
    [
        (None, {}),
        ("\n    Just words.\n    ", {"notice": "Just words."}),
        (
            "\n    @notice One\n            and two.\n    @param a Of it. See b.\n    @return What.\n    ",
            {"notice": "One\nand two.", "param a": "Of it. See b.", "return": "What."},
        ),
    ],
)
def test_docstrings_are_read_by_their_tags(docstring: str | None, found: dict[str, str]) -> None:
    assert SCRIPT["tags"](docstring) == found


def test_drawings_stand_as_they_are() -> None:
    assert list(SCRIPT["prose"]("Words\nthat flow.\n\na -> b     c -> d")) == [
        "Words that flow.",
        "```text\na -> b     c -> d\n```",
    ]
