"""Hundreds of expressions give in the sandbox what they give here: equal values, equal types.

What differs is listed with its reason, and docs/sandbox.md tells of each. Floating-point numbers may differ
in their last digits, as mathematical libraries do; integers may not.
"""

import math
from pathlib import Path
from typing import Any

import pytest

from described import evaluate
from sandboxes import Slots

HERE = Path(__file__).parent
REFUSED = {
    "len_range": "len of a range beyond 2**31: OverflowError",
    "rs_poisson_big": "RandomState's C long has 32 bits: ValueError",
    "n120": "RandomState.tomaxint: OverflowError",
}
"""name → what is raised there, with words, instead of another integer."""
UNSPECIFIED = {
    "np_sort_ties": "unstable sorts order equal items by the processor's vector width",
    "np_sort_ties_f": "the same",
    "np_argpartition": "the same",
    "set_order": "the order of a set",
    "set_order_small": "the order of a set",
    "s12": "pairs in any order",
    "getsizeof": "bytes that an object takes there",
    "pickle_len": "bytes of a pickle",
    "li_eigh": "the sign of an eigenvector",
    "op_minimize": "steps until a minimum, over rounding",
    "datetime_now_year": "the virtual clock",
    "date_today": "the virtual clock",
    "dt_strftime_y": "the C library's format of years before 1000",
}
"""name → why two machines may differ, too."""
NEWER_PYTHON = {"sum_mixed", "cmath_inf", "unicode_ver", "locals_exec"}
"""What changed between Python 3.11 and the sandbox's 3.15, so that it may differ here."""
LISTED = REFUSED.keys() | UNSPECIFIED.keys() | NEWER_PYTHON
CHUNK = 40
CLOSE = 1e-8
SINGLE = 1e-5
"""Relative differences that rounding makes, in double and in single precision."""


def lines_of(name: str) -> list[list[str]]:
    rows = [line.split("|", 1) for line in (HERE / name).read_text().splitlines() if "|" in line]
    return [[row[0].strip(), row[1].strip()] for row in rows if not row[0].startswith("#")]


def alike(here: Any, there: Any, close: float = CLOSE) -> bool:
    if isinstance(here, list) and isinstance(there, list):
        if here[:1] == ["float"] == there[:1]:
            return _close(here[1], there[1], close)
        if here[:1] in (["array"], ["scalar"]) and here[1] in ("float32", "complex64", "float16"):
            close = SINGLE
        return len(here) == len(there) and all(alike(a, b, close) for a, b in zip(here, there, strict=True))
    return bool(here == there)


def _close(here: str, there: str, close: float) -> bool:
    if here == there:
        return True
    if "n" in here or "n" in there:  # nan, inf
        return False
    return math.isclose(float.fromhex(here), float.fromhex(there), rel_tol=close, abs_tol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["first_day.txt", "libraries.txt"])
def test_expressions(box: Slots, name: str) -> None:
    lines = lines_of(name)
    chunks = [lines[at : at + CHUNK] for at in range(0, len(lines), CHUNK)]
    _, answers = box.chunk(evaluate, *chunks, wall_seconds=300)
    there = [one for answer in answers for one in answer]
    here = evaluate(lines)
    assert len(there) == len(here) == len(lines)
    different = {
        line[0]: (line[1], a, b) for line, a, b in zip(lines, here, there, strict=True) if not alike(a, b)
    }
    assert {n: d for n, d in different.items() if n not in LISTED} == {}
    for refused in REFUSED.keys() & {line[0] for line in lines}:
        assert different[refused][2][0] == "raised", refused


def test_what_is_listed_is_there() -> None:
    known = {line[0] for name in ("first_day.txt", "libraries.txt") for line in lines_of(name)}
    assert known >= REFUSED.keys() | UNSPECIFIED.keys()
    assert len(LISTED) <= 30  # a list that grows is a sandbox that drifts


def test_alike_tells_integers_apart() -> None:
    assert alike(["float", "0x1.0p+0"], ["float", "0x1.0000000000001p+0"])
    assert not alike(["scalar", "int64", ["int", "5"]], ["scalar", "int32", ["int", "5"]])
    assert not alike(["int", "10000000000"], ["int", "1410065408"])
