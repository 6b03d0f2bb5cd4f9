"""What was put in place of a library's own is refused by name, and looking up by text is warned of."""

import collections
import math
import string
from typing import Any

import numpy as np
import pandas as pd
import pytest

from surge.model.errors import CannotShip
from surge.renter.ship.call import ship

UNION = int | None


class Named:
    pass


Named.__name__ = "Other"


@pytest.mark.parametrize(
    ("home", "name", "value", "function", "said"),
    [
        (np, "sum", np.mean, lambda: np.sum([1]), "numpy.sum, where numpy.mean was put"),
        (math, "pi", 3, lambda: math.pi, "math.pi, which was set to 3"),
        (math, "sqrt", math.cbrt, lambda: math.sqrt(2), "math.sqrt, where math.cbrt was put"),
        (string, "digits", "01", lambda: string.digits, "string.digits, which was set to '01'"),
        (pd.Series, "sum", lambda s: 1, lambda: pd.Series([1]).sum(), "Series, whose sum was replaced"),
        (
            collections.Counter,
            "total",
            lambda s: 1,
            lambda: collections.Counter("ab").total(),
            "whose total was replaced",
        ),
    ],
)
def test_replaced(
    monkeypatch: pytest.MonkeyPatch, home: Any, name: str, value: Any, function: Any, said: str
) -> None:
    ship(function)
    monkeypatch.setattr(home, name, value)
    with pytest.raises(CannotShip, match=said):
        ship(function)


def test_by_text() -> None:
    def found() -> Any:
        return globals().get("UNION")

    def run() -> Any:
        return eval("UNION")  # noqa: S307

    def inner() -> Any:
        return int.__subclasses__()

    for function in (found, run, inner):
        assert any("looks names up by text" in sentence for sentence in ship(function).warnings)


def test_a_union_and_a_renamed_class() -> None:
    ship(lambda: isinstance(3, UNION))
    with pytest.raises(CannotShip, match="was named Named when it was made, and 'Other' since"):
        ship(lambda: Named)
