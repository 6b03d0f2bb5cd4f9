"""Names come from the field: words that could mean anything name nothing here."""

import ast
import re

import pytest

from .tree import files, name_of

BANNED = {"user", "data", "process", "manager", "utils", "util", "helper", "helpers", "misc"}
STANDARD = {"latestRoundData", "getRoundData"}
"""Names that an interface of others fixes: Chainlink's AggregatorV3."""
PEOPLE = {"alice", "bob", "carol", "charlie", "dave", "eve", "mallory", "trent"}

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_VYPER_NAME = re.compile(r"^(?:def|struct|event|interface|flag)\s+(\w+)|^(\w+)\s*:", re.MULTILINE)
_VYPER_LOCAL = re.compile(r"(?:^\s+|[(,]\s*)(\w+)\s*:", re.MULTILINE)

PYTHON = files(".py", "src", "tests", "scripts", "benchmarks", "examples")
VYPER = files(".vy", "contracts")


def words(name: str) -> set[str]:
    """`LeaseSession`, `lease_session` → {"lease", "session"}."""
    return {word.lower() for word in _WORD.findall(name)}


def defined_names(source: str) -> tuple[set[str], set[str]]:
    """Names of the classes and functions that a module defines, and of its arguments and variables."""
    defined, bound = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            bound.add(node.attr)
    return defined, bound


def vague(source: str) -> set[str]:
    """Definitions with a banned word anywhere in them; variables that are a banned word.

    A test's name is a sentence, in which an operating-system process may be called one.
    """
    defined, bound = defined_names(source)
    nouns = {name for name in defined if not name.startswith("test_")}
    return {name for name in nouns if words(name) & BANNED} | (bound & BANNED)


def vague_in_vyper(source: str) -> set[str]:
    """The same of a contract: its definitions and state; its arguments, members and variables."""
    defined = {first or second for first, second in _VYPER_NAME.findall(source)} - STANDARD
    bound = set(_VYPER_LOCAL.findall(source))
    return {name for name in defined if words(name) & BANNED} | (bound & BANNED)


@pytest.mark.parametrize("path", PYTHON + VYPER, ids=name_of)
def test_files_and_folders_have_names_of_the_field(path):
    assert not {word for part in name_of(path).split("/") for word in words(part.partition(".")[0])} & BANNED


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_python_names_are_of_the_field(path):
    assert not vague(path.read_text())


@pytest.mark.parametrize("path", VYPER, ids=name_of)
def test_vyper_names_are_of_the_field(path):
    assert not vague_in_vyper(path.read_text())


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_actors_are_roles(path):
    defined, bound = defined_names(path.read_text())
    assert not {name for name in defined | bound if words(name) & PEOPLE}


def test_a_vague_name_is_seen():
    assert vague("class LeaseManager: ...") == {"LeaseManager"}
    assert vague("def process_chunk(): ...") == {"process_chunk"}
    assert vague("def f(data): user = data; return user") == {"data", "user"}
    assert vague_in_vyper("def utils(a: uint256, data: Bytes[4]):\n    user: address = a\n") == {
        "utils",
        "data",
        "user",
    }
    assert vague("database = calldata = processor = 1") == set()
