"""The tree of errors, as its document draws it."""

import re

import pytest

from surge.model import errors
from surge.model.errors import SurgeError, printable


def drawn() -> dict[str, str]:
    """Error → its parent, of the tree in the module's docstring."""
    parents, path = {}, []
    for line in errors.__doc__.splitlines():
        if found := re.match(r"([│├└─ ]*)([A-Z]\w+)", line):
            depth = len(found[1]) // 4
            path = [*path[:depth], found[2]]
            parents[found[2]] = path[-2] if depth else ""
    return {name: parent for name, parent in parents.items() if parent or name == "SurgeError"}


def test_the_tree_in_the_document_is_the_tree():
    def below(kind):
        for child in kind.__subclasses__():
            if child.__module__ == errors.__name__:
                yield child.__name__, kind.__name__
                yield from below(child)

    assert drawn() == {"SurgeError": "", **dict(below(SurgeError))}


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\x9b31m", "\x07", "\u202e", "\x00", "\ud800"])
def test_an_error_moves_no_cursor(hostile):
    said = str(SurgeError(f"provider said {hostile}: naïve – 数\nand went"))
    assert hostile[0] not in said
    assert said.endswith("naïve – 数\nand went")


def test_a_line_is_one_line():
    assert printable("a\nb\r\tc", keep="") == "a�b��c"
