"""Every link of the documents leads somewhere, and every arrow of the story leads to its file."""

import re
from pathlib import Path

import pytest

from .tree import ROOT, files, name_of

STORY = ROOT / "docs" / "story.md"

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_CLICK = re.compile(r"^\s*click\s+\w+\s+(?:href\s+)?\"(?P<target>[^\"]+)\"", re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*$", re.MULTILINE)
_ARROW = re.compile(
    r"^\s*\w+\s*(?:-->>|->>|-->|-\)|==>|-\.->)\s*(?:[+-]?\w+\s*:\s*(?P<message>.+)|\|(?P<label>[^|]+)\|.*)$",
    re.MULTILINE,
)
_PLACE = re.compile(r"(?P<names>`[^`]+`(?:, `[^`]+`)*) in \[(?P<text>[^]]+)\]\((?P<target>[^)]+)\)")
_ROW = re.compile(r"^\|\s*(?P<number>\d+)\s*\|(?P<step>[^|]*)\|(?P<where>[^|]*)\|\s*$", re.MULTILINE)


def documents() -> list[Path]:
    return files(".md", "docs") + [p for p in files(".md") if p.parent == ROOT]


def diagrams(text: str) -> list[str]:
    return [fence["body"] for fence in _FENCE.finditer(text) if fence["language"] == "mermaid"]


def prose(text: str) -> str:
    """The document without its fenced blocks and inline code."""
    return re.sub(r"`[^`\n]*`", "", _FENCE.sub("", text))


def slugs(text: str) -> set[str]:
    """Anchors of the headings, as code hosts make them."""
    titles = (re.sub(r"[`*\[\]]", "", h["title"]) for h in _HEADING.finditer(_FENCE.sub("", text)))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def targets(text: str) -> list[str]:
    clicked = [click["target"] for body in diagrams(text) for click in _CLICK.finditer(body)]
    return clicked + [link["target"] for link in _LINK.finditer(prose(text))]


def broken(text: str, folder: Path) -> list[str]:
    """Targets that lead nowhere. Addresses with a scheme are not looked up: the tests stay offline."""
    lost = []
    for target in targets(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (folder / path).resolve() if path else None
        if place is not None and not (place.is_relative_to(ROOT) and place.exists()):
            lost.append(target)
            continue
        read = text if place is None else place.read_text() if place.suffix == ".md" else None
        if anchor and read is not None and anchor not in slugs(read):
            lost.append(target)
    return lost


def arrows(diagram: str) -> list[str]:
    """What is written on each arrow, in order."""
    drawn = len(re.findall(r"--?>>?|--?\)|==>|-\.->", diagram))
    labelled = _ARROW.findall(diagram)
    assert drawn == len(labelled), "an arrow carries no words, or two stand in one line"
    return [(arrow["message"] or arrow["label"]).strip() for arrow in _ARROW.finditer(diagram)]


def rows_after(text: str, diagram: str) -> list[re.Match[str]]:
    """Rows of the first numbered table behind `diagram`, up to the next heading."""
    rest = text[text.index(diagram) + len(diagram) :]
    return list(_ROW.finditer(re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]))


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_links_lead_somewhere(document):
    assert not broken(document.read_text(), document.parent)


def test_every_arrow_of_the_story_is_linked_to_its_file():
    text = STORY.read_text()
    assert diagrams(text), "docs/story.md has no diagram"
    for diagram in diagrams(text):
        drawn = arrows(diagram)
        told = rows_after(text, diagram)
        assert len(drawn) > 3
        assert [int(row["number"]) for row in told] == list(range(1, len(drawn) + 1))
        assert [row["step"].strip() for row in told] == drawn
        for row in told:
            linked = [link["target"] for link in _LINK.finditer(row["where"])]
            assert linked, f"arrow {row['number']} ({row['step'].strip()}) has no file"


def defined(name: str, source: str) -> bool:
    """Whether a Python or Vyper file defines this name, or hands a module's function on as its own."""
    kinds = rf"(?:async def|def|class|event|struct|interface) {name}\b"
    return bool(re.search(rf"^\s*(?:{kinds}|\w+\.{name},|{name}\b[^=\n]* = )", source, re.MULTILINE))


def misplaced(text: str) -> list[str]:
    """Names of the story that aren't defined in the file beside them, and links that name another file."""
    lost = []
    for place in _PLACE.finditer(text):
        path = (STORY.parent / place["target"]).resolve()
        if not str(path).endswith(f"/{place['text']}"):
            lost.append(f"[{place['text']}] leads to {place['target']}")
        source = path.read_text() if path.is_file() else ""
        names = re.findall(r"`([^`]+)`", place["names"])
        lost += [f"{name} in {place['text']}" for name in names if not defined(name, source)]
    return lost


def test_every_name_of_the_story_is_defined_where_it_says():
    assert misplaced(STORY.read_text()) == []


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_a_link_that_shows_a_path_leads_there(document):
    shown = re.findall(r"\[(?P<text>[\w/]+\.(?:py|vy))\]\((?P<target>[^)#]+)\)", document.read_text())
    assert [(text, target) for text, target in shown if not f"/{target}".endswith(f"/{text}")] == []


def test_every_row_of_the_story_names_a_function():
    rows = [row for diagram in diagrams(STORY.read_text()) for row in rows_after(STORY.read_text(), diagram)]
    assert len(rows) > 40
    assert [row["step"].strip() for row in rows if not _PLACE.search(row["where"])] == []


def test_a_name_that_went_elsewhere_is_seen():
    there = "../src/surge/settle/fees.py"
    assert misplaced(f"`split`, `Split` in [settle/fees.py]({there})") == []
    assert misplaced(f"`gone` in [settle/fees.py]({there})") == ["gone in settle/fees.py"]
    assert misplaced(f"`split` in [fees/settle.py]({there})") == [f"[fees/settle.py] leads to {there}"]


def test_an_arrow_without_words_is_seen():
    assert arrows("sequenceDiagram\n    A->>B: open\n    B-->>A: done\n") == ["open", "done"]
    assert arrows("flowchart LR\n    a -->|pays| b[c]\n") == ["pays"]
    with pytest.raises(AssertionError, match="no words"):
        arrows("flowchart LR\n    a --> b\n")


def test_a_broken_link_is_seen():
    text = "# Here\n[gone](no/such/file.py) [nowhere](#there) [fine](#here)\n"
    assert broken(text, ROOT) == ["no/such/file.py", "#there"]
    assert broken('```mermaid\nflowchart LR\nclick A "gone.py"\n```\n', ROOT) == ["gone.py"]
