"""Warns of what the sandbox's newer Python does otherwise than the one here, or can't do."""

import ast
import sys
from collections.abc import Iterator

from surge.renter.ship import inside as sandbox
from surge.renter.ship.reach import Reach

COMPENSATED = (3, 12)
"""Since this version `sum` of floats carries what rounding drops."""
THREADS = frozenset(["Thread", "ThreadPool", "ThreadPoolExecutor", "ProcessPoolExecutor", "Timer"])
"""What starts threads or processes, by its name."""


def look(reach: Reach, node: ast.AST, where: str) -> None:
    """Note what a shipped function does that differs there."""
    for sentence in differences(node, where):
        reach.warn(sentence)


def differences(node: ast.AST, where: str) -> Iterator[str]:
    """A sentence for each kind of thing in the source that differs there, at its first place."""
    sums = threads = False
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id="sum"), args=[what, *_]) if not (sums or _counts(what)):
                if sys.version_info < COMPENSATED:
                    sums = True
                    here = ".".join(map(str, sys.version_info[:2]))
                    yield (
                        f"{where}, line {inner.lineno}: sum() of floats loses less to rounding in the "
                        f"sandbox's Python {sandbox.VERSIONS['Python']} than in {here}; math.fsum gives the "
                        "same in both"
                    )
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in THREADS:
                if not threads:
                    threads = True
                    yield (
                        f"{where}, line {inner.lineno}: {name} starts threads, and the sandbox has only one: "
                        "it will raise there; call the function itself, or map it over several tasks"
                    )


def _counts(what: ast.expr) -> bool:
    """sum(1 for …), sum(x > 0 for …), sum(len(x) for …): of whole numbers."""
    if not isinstance(what, ast.GeneratorExp | ast.ListComp):
        return False
    match what.elt:
        case ast.Constant(value=int()) | ast.Compare() | ast.BoolOp():
            return True
        case ast.Call(func=ast.Name(id="len" | "int" | "ord" | "bool")):
            return True
    return False
