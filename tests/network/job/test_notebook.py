"""A real notebook: what its cells define is shipped as it is now; prints appear under the cell that asked."""

import nbformat
import pytest
from nbclient import NotebookClient

import surge

pytestmark = pytest.mark.slow

CELLS = {
    "start": """
import surge

ex = surge.Executor(1, "0.50", progress=False)
print(ex.submit(len, "abc").result())
""",
    "class": """
class A:
    def __init__(self, n): self.n = n
    def run(self, x): return x + self.n

def use(a): return a.run(1)
print(ex.submit(use, A(5)).result())
""",
    "dataclass": """
from dataclasses import dataclass

@dataclass
class Point:
    x: int
    y: int = 2

def moved(p): return Point(p.x + 1, p.y)
print(ex.submit(moved, Point(1)).result())
""",
    "enum": """
import enum

class Colour(enum.Enum):
    RED = 1

def other(c): return c
print(ex.submit(other, Colour.RED).result() is Colour.RED)
""",
    "prints": "def shows(x): print('inside', x); return x\nprint(ex.submit(shows, 5).result())",
    "timed": "%%time\ndef timed(x): return x * 3\nprint(ex.submit(timed, 5).result())",
    "timed again": "%%time\ndef timed(x): return x * 4\nprint(ex.submit(timed, 5).result())",
    "magic": "%matplotlib --list\ndef plain(x): return x - 1\nprint(ex.submit(plain, 5).result())",
    "global": """
K = 1
def adds(x): return x + K
print(ex.submit(adds, 1).result())
K = 100
print(ex.submit(adds, 1).result())
""",
    "class again": """
class A:
    def __init__(self, n): self.n = n
    def run(self, x): return x * self.n

print(ex.submit(use, A(5)).result())
""",
    "map": "print(list(ex.map(lambda v: v ** 2, range(4))))",
    "end": "ex.shutdown()\nprint('closed')",
}  # fmt: skip


def test_a_notebook(tmp_path, monkeypatch):
    with surge.LocalNetwork(providers=1, home=tmp_path) as network:
        monkeypatch.setenv("SURGE_HOME", str(network.home.root))
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(text) for text in CELLS.values()]
        )
        NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = {
        name: "".join(o["text"] for o in cell.outputs if o.get("name") == "stdout")
        for name, cell in zip(CELLS, notebook.cells, strict=True)
    }
    said = {
        name: "".join(o["text"] for o in cell.outputs if o.get("name") == "stderr")
        for name, cell in zip(CELLS, notebook.cells, strict=True)
    }
    assert shown["start"] == "3\n"
    assert shown["class"] == "6\n"
    assert shown["dataclass"] == "Point(x=2, y=2)\n"
    assert shown["enum"] == "True\n"
    assert shown["prints"] == "inside 5\n5\n"
    assert shown["timed"].startswith("15\n")
    assert shown["timed again"].startswith("20\n")
    assert shown["magic"].endswith("4\n")
    assert shown["global"] == "2\n101\n"
    assert shown["class again"] == "5\n"
    assert shown["map"] == "[0, 1, 4, 9]\n"
    assert shown["end"] == "closed\n"
    assert "Traceback" not in "".join(said.values())
