"""Warns where the sandbox's newer Python gives another answer than the one here."""

import ast
import sys

from surge.renter.ship import inside as sandbox
from surge.renter.ship.reach import Reach

COMPENSATED = (3, 12)
"""Since this version `sum` of floats carries what rounding drops."""


def look(reach: Reach, node: ast.AST, where: str) -> None:
    """Note what a shipped function does that differs between the two versions."""
    if sys.version_info >= COMPENSATED:
        return
    for inner in ast.walk(node):
        match inner:
            case ast.Call(func=ast.Name(id="sum"), args=[what, *_]) if not _counts(what):
                here = ".".join(map(str, sys.version_info[:2]))
                reach.warn(
                    f"{where}, line {inner.lineno}: sum() of floats loses less to rounding in the sandbox's "
                    f"Python {sandbox.VERSIONS['Python']} than in {here}; math.fsum gives the same in both"
                )
                return


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
