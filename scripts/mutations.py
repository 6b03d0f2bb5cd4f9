"""Mutants of a Vyper source: the same text with one small mistake, found by its tokens."""

import io
import keyword
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from tokenize import NAME, NUMBER, OP, TokenInfo

SWAPS = {
    "+": ["-"],
    "-": ["+"],
    "*": ["//"],
    "//": ["*"],
    "%": ["*"],
    "**": ["*"],
    "<<": [">>"],
    ">>": ["<<"],
    "&": ["|"],
    "|": ["&"],
    "<": ["<=", ">="],
    "<=": ["<", ">"],
    ">": [">=", "<="],
    ">=": [">", "<"],
    "==": ["!="],
    "!=": ["=="],
    "+=": ["-="],
    "-=": ["+="],
    "and": ["or"],
    "or": ["and"],
    "True": ["False"],
    "False": ["True"],
    "min": ["max"],
    "max": ["min"],
}
# What has a size in brackets, and what declares: no arithmetic there.
SIZED = {"Bytes", "String", "DynArray", "HashMap", "indexed", "public", "constant", "immutable"}
DECLARES = ("event ", "struct ", "interface ", "import ", "from ", "flag ", "implements", "#", "@")
NEVER_DROPPED = ("return", "pass", "log ", "for ", "if ", "elif ", "else", "def ", "assert", "raise")


@dataclass(frozen=True)
class Mutant:
    line: int
    was: str
    does: str
    text: str

    @property
    def id(self) -> str:
        """The same as long as the line says the same, wherever it moves."""
        return sha256(f"{self.was}\n{self.does}".encode()).hexdigest()[:12]


def mutants(source: str) -> list[Mutant]:
    """In the order of the source, one of each id."""
    found: dict[str, Mutant] = {}
    seen: dict[str, int] = {}
    lines = source.splitlines(keepends=True)
    every = list(statements(source))
    for number, statement in enumerate(every):
        if overwritten(statement, every[number + 1 :]):
            continue
        first, last = statement[0].start[0], statement[-1].end[0]
        was = "".join(lines[first - 1 : last]).strip()
        # Two equal lines are told apart by their order.
        seen[was] = seen.get(was, 0) + 1
        label = was if seen[was] == 1 else f"{was}  # {seen[was]}"
        for start, end, new, does in changes(statement):
            text = replaced(lines, start, end, new)
            mutant = Mutant(start[0], label, does, text)
            found.setdefault(mutant.id, mutant)
    return list(found.values())


def statements(source: str) -> Iterator[list[TokenInfo]]:
    """Logical lines in bodies of functions, and of constants; comments and docstrings left out."""
    line: list[TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT):
            continue
        if token.type in (tokenize.NEWLINE, tokenize.ENDMARKER):
            if line and mutable(line):
                yield line
            line = []
            continue
        line.append(token)


def mutable(line: Sequence[TokenInfo]) -> bool:
    text = line[0].line.lstrip()
    if line[0].type == tokenize.STRING or text.startswith((*DECLARES, "def ")):
        return False
    top = line[0].start[1] == 0
    return not top or any(token.string == "=" for token in line)


def overwritten(line: Sequence[TokenInfo], rest: Sequence[Sequence[TokenInfo]]) -> bool:
    """`name: type = 0` that only declares: the first line that names it assigns it, under no condition."""
    if not (declares(line) and line[-2].string == "=" and line[0].start[1] > 0):
        return False
    name, column = line[0].string, line[0].start[1]
    for other in rest:
        names = [at for at, token in enumerate(other) if token.string == name and other[at - 1].string != "."]
        if other[0].start[1] < column:
            return False
        if names:
            equals = next((at for at, token in enumerate(other) if token.string == "="), -1)
            return other[0].start[1] == column and max(names) < equals and not declares(other)
    return False


Position = tuple[int, int]
Change = tuple[Position, Position, str, str]


def replaced(lines: Sequence[str], start: Position, end: Position, new: str) -> str:
    before = "".join(lines[: start[0] - 1]) + lines[start[0] - 1][: start[1]]
    after = lines[end[0] - 1][end[1] :] + "".join(lines[end[0] :])
    return before + new + after


def changes(line: list[TokenInfo]) -> Iterator[Change]:
    yield from dropped(line)
    declared = line[0].start[1] == 0
    begin = 1 + next((i for i, t in enumerate(line) if t.string == "=" and declared), -1)
    sized = inside_sizes(line)
    for at, token in enumerate(line):
        if at < begin or at in sized:
            continue
        where = f"{token.string!r} at {token.start[1]}+{token.start[0] - line[0].start[0]}"
        unary = token.string == "-" and (at == 0 or line[at - 1].string in "(=,[")
        if token.type in (OP, NAME) and not unary:
            for new in SWAPS.get(token.string, ()):
                yield token.start, token.end, new, f"{where} becomes {new!r}"
        if token.type == NUMBER and token.string.replace("_", "").isdigit():
            for step in (1, -1):
                new = str(int(token.string.replace("_", "")) + step)
                yield token.start, token.end, new, f"{where} becomes {new}"
        if token.type == NAME:
            yield from rounded(token, where)
        if token.string == "not" and line[at + 1].string != "in":
            yield token.start, line[at + 1].start, "", f"{where} dropped"
        if token.string == "(" and at and calls(line[at - 1]):
            yield from swapped(line, at, where)
    if line[0].string in ("if", "elif"):
        last = max(i for i, t in enumerate(line) if t.string == ":")
        condition = text_between(line, 1, last)
        yield line[1].start, line[last].start, f"not ({condition})", "condition negated"


def dropped(line: list[TokenInfo]) -> Iterator[Change]:
    """Without an assert; without a statement that changes something."""
    text = line[0].line.lstrip()
    if line[0].start[1] == 0:
        return
    if line[0].string == "assert":
        yield line[0].start, line[-1].end, "pass", "assert dropped"
    elif line[0].string == "log":
        yield line[0].start, line[-1].end, "pass", "event dropped"
    elif not text.startswith(NEVER_DROPPED) and not declares(line):
        yield line[0].start, line[-1].end, "pass", "statement dropped"


def declares(line: Sequence[TokenInfo]) -> bool:
    return len(line) > 1 and line[0].type == NAME and line[1].string == ":"


def calls(token: TokenInfo) -> bool:
    return token.type == NAME and not keyword.iskeyword(token.string)


def rounded(token: TokenInfo, where: str) -> Iterator[Change]:
    for one, other in (("_up", "_down"), ("_down", "_up")):
        if token.string.endswith(one):
            new = token.string.removesuffix(one) + other
            yield token.start, token.end, new, f"{where} becomes {new}"


def inside_sizes(line: Sequence[TokenInfo]) -> set[int]:
    """Places of tokens between the brackets of a sized type."""
    inside: set[int] = set()
    for at, token in enumerate(line[:-1]):
        if token.string in SIZED and line[at + 1].string in "([":
            inside |= set(range(at, closing(line, at + 1) + 1))
    return inside


def closing(line: Sequence[TokenInfo], at: int) -> int:
    depth = 0
    for place in range(at, len(line)):
        depth += line[place].string in ("(", "[", "{")
        depth -= line[place].string in (")", "]", "}")
        if depth == 0:
            return place
    return len(line) - 1


def swapped(line: list[TokenInfo], at: int, where: str) -> Iterator[Change]:
    """Each two neighbours among the arguments of a call."""
    if line[at - 1].string in ("min", "max", "unsafe_add", "unsafe_mul", "convert"):
        return
    end = closing(line, at)
    cuts, depth = [at], 0
    for place in range(at + 1, end):
        depth += line[place].string in ("(", "[", "{")
        depth -= line[place].string in (")", "]", "}")
        if line[place].string == "," and depth == 0:
            cuts.append(place)
    cuts.append(end)
    spans = [(first + 1, last) for first, last in pairwise(cuts) if last > first + 1]
    for (a, b), (c, d) in pairwise(spans):
        one, other = text_between(line, a, b), text_between(line, c, d)
        if one == other or "=" in (line[a + 1].string, line[c + 1].string):
            continue
        new = f"{other}, {one}"
        yield line[a].start, line[d - 1].end, new, f"{where} arguments {one!r} and {other!r} swapped"


def text_between(line: Sequence[TokenInfo], first: int, last: int) -> str:
    return " ".join(token.string for token in line[first:last])
