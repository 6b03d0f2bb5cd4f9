# ruff: noqa: E401, S307 — what is evaluated is ours
"""Evaluates expressions and describes what they give, type by type: the same code here and in the sandbox."""

import array, csv, decimal, enum, gzip, hashlib, io, json, math, pickle, re, statistics  # noqa: I001
import struct, sys, textwrap, unicodedata, uuid, warnings, zlib, zoneinfo
import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
import scipy.special as sc
import scipy.stats as st

DEEP = 7


def evaluate(lines: list[list[str]]) -> list[Any]:
    """What each [name, expression] gives, described; a raised exception is described too."""
    modules = (
        array, csv, decimal, enum, gzip, hashlib, io, json, math, pickle, re, statistics, struct, sys,
        textwrap, unicodedata, uuid, zlib, zoneinfo,
    )  # fmt: skip
    names = {m.__name__: m for m in modules} | {"dt": dt, "np": np, "pd": pd, "sc": sc, "sp": sp, "st": st}
    found: list[Any] = []
    with warnings.catch_warnings(), decimal.localcontext(decimal.Context(prec=28)):
        warnings.simplefilter("ignore")
        for _, text in lines:
            try:
                found.append(describe(eval(text, dict(names))))
            except Exception as error:  # noqa: BLE001 any is an answer
                found.append(["raised", type(error).__name__, str(error)])
    return found


def described_type(kind: "np.dtype[Any]") -> str:
    """A dtype's name as the renter's side shows it: an index is int64."""
    if kind.names:
        return "struct " + " ".join(f"{n} {described_type(kind[n])}" for n in kind.names)
    if kind.char in "lL" and kind.itemsize == 4:
        return "int64" if kind.char == "l" else "uint64"
    return str(kind) if kind.isnative else kind.str


def describe(value: Any, depth: int = 0) -> Any:
    """Nested lists of text: types, shapes, and values exactly (floats in hexadecimal)."""
    if depth > DEEP:
        return ["deep"]

    def inner(part: Any) -> Any:
        return describe(part, depth + 1)

    if isinstance(value, np.ma.MaskedArray):
        return ["masked", inner(value.filled(0)), inner(np.ma.getmaskarray(value))]
    if isinstance(value, np.ndarray):
        return [
            "array",
            described_type(value.dtype),
            list(value.shape),
            [inner(x) for x in value.ravel().tolist()],
        ]
    if isinstance(value, np.longdouble):
        return ["scalar", "longdouble", inner(float(value))]
    if isinstance(value, np.generic):
        return ["scalar", described_type(value.dtype), inner(value.item())]
    if isinstance(value, float):
        return ["float", value.hex() if math.isfinite(value) else repr(value)]
    if isinstance(value, complex):
        return ["complex", inner(value.real), inner(value.imag)]
    if isinstance(value, list | tuple):
        return [type(value).__name__, *map(inner, value)]
    if isinstance(value, dict):
        return ["dict", *([inner(k), inner(v)] for k, v in value.items())]
    if isinstance(value, pd.DataFrame):
        return ["frame", *([str(name), inner(value[name])] for name in value.columns)]
    if isinstance(value, pd.Series | pd.Index):
        plain = np.asarray(value.array) if not hasattr(value.array, "codes") else str(value)
        return [type(value).__name__, inner(plain)]
    if sp.issparse(value):
        return ["sparse", described_type(value.dtype), inner(value.toarray())]
    if isinstance(value, np.dtype):
        return ["dtype", described_type(value)]
    if isinstance(value, type):
        return ["type", value.__name__]
    return [type(value).__name__, re.sub(r"0x[0-9a-f]+", "0x", str(value))]
