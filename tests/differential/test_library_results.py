"""Results of libraries come back as they were: what they can be asked, and the types of columns."""

import collections
from typing import Any

import pandas as pd
import pytest
import scipy.stats

from surge.model.errors import BadInput
from surge.model.tagged import codec
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest

assert entry.load  # it enters the packers of libraries


def back(value: object) -> Any:
    return codec.decode(guest.encode(value))


def test_results_of_tests_still_tell_their_intervals() -> None:
    first, second = [1.0, 2, 3, 5], [2.0, 3, 4, 9]
    for found in (
        scipy.stats.ttest_ind(first, second),
        scipy.stats.ttest_1samp(first, 2),
        scipy.stats.pearsonr(first, second),
    ):
        assert type(back(found)) is type(found)
        assert back(found).confidence_interval() == found.confidence_interval()


TYPES = [
    pd.Series(["a"]).dtype, pd.array(["a"], dtype="string").dtype, pd.array([1, None], dtype="UInt8").dtype,
    pd.array([True], dtype="boolean").dtype, pd.array([1.5], dtype="Float32").dtype,
    pd.Series(pd.date_range("2020", periods=2, tz="America/Argentina/Ushuaia")).dtype,
    pd.DatetimeTZDtype("us", "UTC"), pd.PeriodDtype("3M"), pd.interval_range(0, 3, closed="left").dtype,
    pd.CategoricalDtype(), pd.CategoricalDtype(["b", "a"], ordered=True),
]  # fmt: skip


@pytest.mark.parametrize("value", TYPES, ids=str)
def test_types_of_columns(value: Any) -> None:
    assert back(value) == value
    assert type(back(value)) is type(value)


def test_the_types_of_a_frame() -> None:
    frame = pd.DataFrame({"text": ["a"], "number": [1], "kind": pd.Categorical(["x"])})
    assert (back(frame.dtypes) == frame.dtypes).all()
    assert back(frame.dtypes)["text"] == "str"


def test_a_frame_with_flags_can_not_come_back() -> None:
    frame = pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False)
    with pytest.raises(TypeError, match="set_flags"):
        back(frame)


def test_attributes_of_collections_are_not_lost_without_a_word() -> None:
    for value in (collections.OrderedDict(a=1), collections.Counter("a")):
        vars(value)["note"] = 1
        with pytest.raises(TypeError, match="attributes"):
            guest.encode(value)
        with pytest.raises(BadInput, match="attributes"):
            codec.encode(value)
