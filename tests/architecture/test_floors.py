"""Rooms stay small enough to look around in: floors, no prefix that a folder says, no circle of imports, and
a map in CONTRIBUTING.md that is the tree."""

import ast
import re
from collections import Counter
from pathlib import Path

from places import ROOT, SRC

from .tree import files, name_of

MOST = 15
"""Files of code beside each other; `__init__.py` and `conftest.py` are the folder's own."""
FURNITURE = {"__init__.py", "__main__.py", "conftest.py"}
CODE = [p for suffix in (".py", ".vy") for p in files(suffix, "src", "contracts", "tests")]

Graph = dict[str, set[str]]


def rooms(paths: list[Path]) -> dict[str, int]:
    return Counter(name_of(path.parent) for path in paths if path.name not in FURNITURE)


def stutters(path: Path) -> bool:
    """`cli/credit/credit_view.py`, `unit/run/test_run_pool.py`: the folder has said it already."""
    return path.stem.removeprefix("test_").startswith(f"{path.parent.name}_")


def imports(root: Path, package: str) -> Graph:
    """Module → modules of the package that it imports: at its head, inside functions and for types alike."""
    paths = {
        ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path
        for path in (root / package).rglob("*.py")
    }
    graph: Graph = {}
    for name, path in paths.items():
        named: set[str] = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                named |= {one if one in paths else node.module for one in inner}
        graph[name] = (named & paths.keys()) - {name}
    return graph


def in_circles(graph: Graph) -> set[str]:
    """What is left when whatever imports nothing, or is imported by nobody, has been taken away again and
    again."""
    left = {name: set(needed) for name, needed in graph.items()}
    while True:
        ends = {name for name, needed in left.items() if not needed}
        ends |= left.keys() - set().union(*left.values()) if left else set()
        if not ends:
            return set(left)
        left = {name: needed - ends for name, needed in left.items() if name not in ends}


def packages(text: str) -> dict[str, list[str]]:
    """Room → its floors, of the map in CONTRIBUTING.md: lines such as `  cli/  terminal · credit`."""
    found = {}
    for line in text.split("```tree\n")[1].split("```", maxsplit=1)[0].splitlines():
        if room := re.fullmatch(r"  ([\w/]+)/(?:  +(.*))?", line):
            found[room[1]] = re.findall(r"([\w/]+)/(?= |$)", room[2] or "")
    return found


def test_no_room_is_crowded() -> None:
    assert {room: count for room, count in rooms(CODE).items() if count > MOST} == {}


def test_no_name_repeats_its_folder() -> None:
    assert [name_of(path) for path in CODE if stutters(path)] == []


def test_no_circle_of_imports() -> None:
    assert in_circles(imports(SRC, "surge")) == set()


def test_a_circle_is_seen(tmp_path: Path) -> None:
    room = tmp_path / "surge" / "desk"
    room.mkdir(parents=True)
    (room / "one.py").write_text("def f():\n    from surge.desk import two\n")
    (room / "two.py").write_text("if TYPE_CHECKING:\n    from surge.desk.three import C\n")
    (room / "three.py").write_text("import surge.desk.one\n")
    (room / "four.py").write_text("from surge.desk.one import f\n")
    graph = imports(tmp_path, "surge")
    assert in_circles(graph) == {"surge.desk.one", "surge.desk.two", "surge.desk.three"}
    assert stutters(Path("cli/credit/credit_view.py"))
    assert not stutters(Path("cli/credit/view.py"))


def test_the_map_is_the_tree() -> None:
    """Every folder of code under src/surge and contracts is in CONTRIBUTING.md, and nothing else is."""
    told = packages((ROOT / "CONTRIBUTING.md").read_text())
    there: dict[str, list[str]] = {}
    for path in {path.parent for path in CODE}:
        name = name_of(path).removeprefix("src/surge/")
        if name.startswith(("tests", "src")) or "/migrations" in name:
            continue
        top, _, floor = name.removeprefix("contracts/").partition("/")
        if name.startswith("contracts"):
            top = f"contracts/{top}"
        there.setdefault(top, [])
        if floor:
            there[top].append(floor)
    assert {room: sorted(floors) for room, floors in told.items()} == {
        room: sorted(floors) for room, floors in there.items()
    }
