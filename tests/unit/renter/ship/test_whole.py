"""A module that travels whole is there as it is here, or is refused by the name of what can't be sent."""

import datetime
import decimal
import functools
import importlib
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from guests import Guest, remote
from surge.model.errors import CannotShip
from surge.renter.ship.call import ship


def plus(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def more(*args: Any) -> Any:
        return function(*args) + 100

    return more


MODULE = """
import datetime, decimal, threading, functools
from collections import OrderedDict
RATE = decimal.Decimal("0.1")
DAY = datetime.date(2020, 1, 1)
REG = {}
ITEMS = OrderedDict(a=1)
MISSING = object()
LOCK = threading.Lock()
class C:
    k = 1
    def told(self): return "old"
def aide(): return "old"
def given(a=1, *, b=2): return a, b
def put(key, reg=REG): reg[key] = 1; return sorted(REG)
def missing(x=MISSING): return x is MISSING
def locked():
    with LOCK: return True
@functools.cache
def cached(): return aide()
def unused(): return HANDLE
HANDLE = None
def everything():
    return [str(RATE), str(DAY), C.k, C().told(), aide(), given(), cached(), list(ITEMS), missing(),
            locked(), getattr(given, "mark", None)]
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    (tmp_path / "changing_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("changing_module")
    del sys.modules["changing_module"]


def test_a_whole_module_is_as_it_is_now(guest: Guest, own: types.ModuleType) -> None:
    def everything() -> Any:
        return own.everything(), own.put("x")

    assert remote(guest, everything) == ([*own.everything()], ["x"])
    own.RATE, own.DAY = decimal.Decimal("0.5"), datetime.date(2024, 5, 5)
    own.C.k, own.C.told = 7, lambda self: "new"
    own.aide = plus(lambda: 1)
    own.given.__defaults__, own.given.__kwdefaults__ = (5,), {"b": 6}
    own.given.mark = "m"
    own.ITEMS["b"] = np.float64(2)
    own.cached.cache_clear()
    own.REG["y"] = 2
    found, keys = remote(guest, everything)
    assert found == own.everything()
    assert found[:6] == ["0.5", "2024-05-05", 7, "new", 101, (5, 6)]
    assert keys == ["x", "y"]


def test_what_a_module_holds_and_cannot_be_sent(guest: Guest, own: types.ModuleType, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        own.HANDLE = file
        assert remote(guest, lambda: own.given(1)) == (1, 2)
        with pytest.raises(CannotShip, match="changing_module → HANDLE is an open file"):
            ship(lambda: [own.unused()])


def test_a_file_that_says_something_else_by_now(own: types.ModuleType, tmp_path: Path) -> None:
    held = own.aide
    (tmp_path / "changing_module.py").write_text(
        MODULE.replace('def aide(): return "old"', 'def aide(): return "edited"')
    )
    with pytest.raises(CannotShip, match="the file has changed since: import it again"):
        ship(held)
    (tmp_path / "changing_module.py").write_text(MODULE.replace('"old"', '"new"'))
    with pytest.raises(CannotShip, match="the file has changed since: import it again"):
        ship(lambda: [own.aide()])
