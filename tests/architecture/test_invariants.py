"""docs/invariants.md, the tests and the contracts speak of the same invariants."""

import io
import re
import tokenize

import pytest

from .tree import ROOT, files, name_of

CATALOGUE = ROOT / "docs" / "invariants.md"
HELD = "## Held by this version"

_ENTRY = re.compile(r"^\* \*\*(?P<id>[A-Z]\d+)\*\* ", re.MULTILINE)
_SILENCED = re.compile(r"#\s*(?:noqa|type:\s*ignore).*")


def catalogue() -> tuple[set[str], set[str]]:
    """Ids that this version claims to hold, and all ids."""
    text = CATALOGUE.read_text()
    assert text.count(HELD) == 1
    held = re.split(r"^## ", text.split(HELD)[1], maxsplit=1, flags=re.MULTILINE)[0]
    ids = _ENTRY.findall(text)
    assert len(ids) == len(set(ids)), "an id names two invariants"
    return set(_ENTRY.findall(held)), set(ids)


def cited(text: str) -> set[str]:
    """Ids of the catalogue's families in `text`: one letter of a family and a number."""
    families = "".join(sorted({name[0] for name in catalogue()[1]}))
    return set(re.findall(rf"\b[{families}][1-9]\d?\b(?!\[)", text))


def spoken(source: str) -> str:
    """Comments and strings of a Python module, where invariants are cited; linter marks left out."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    kinds = {tokenize.COMMENT, tokenize.STRING}
    return "\n".join(_SILENCED.sub("", token.string) for token in tokens if token.type in kinds)


def remarks(source: str) -> str:
    """Comments and docstrings of a contract."""
    return "\n".join(re.findall(r'""".*?"""', source, re.DOTALL) + re.findall(r"#.*", source))


TESTS = [p for p in files(".py", "tests") if not p.is_relative_to(ROOT / "tests" / "architecture")]


def cited_by_tests() -> dict[str, set[str]]:
    citations = {name_of(path): cited(spoken(path.read_text())) for path in TESTS}
    return {name: ids for name, ids in citations.items() if ids}


def test_every_held_invariant_has_a_test():
    held, _ = catalogue()
    tested = set().union(*cited_by_tests().values())
    assert sorted(held - tested) == []


def test_tests_cite_only_known_invariants():
    known = catalogue()[1]
    assert {name: ids - known for name, ids in cited_by_tests().items() if ids - known} == {}


@pytest.mark.parametrize("path", files(".vy", "contracts"), ids=name_of)
def test_contracts_cite_only_known_invariants(path):
    assert cited(remarks(path.read_text())) - catalogue()[1] == set()


def test_a_citation_is_seen():
    assert remarks('"""\nHolds M1.\n"""\nR2: uint256  # and C3\n').count("R2") == 0
    assert cited(remarks('"""\nHolds M1.\n"""\nR2: uint256  # and C3\n')) == {"M1", "C3"}
    assert cited("holds M1 and (R2), C10 too, not 0xC1") == {"M1", "R2", "C10"}
    assert spoken("x = 1  # noqa: C4\ny = 'M1'\n").split() == ["'M1'"]
