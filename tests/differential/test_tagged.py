"""The renter's codec and its twin in the sandbox are each other's inverse, on every type they cover."""

import datetime as dt
import fractions
import math
import pathlib
import uuid
import zoneinfo
from collections import Counter, OrderedDict, deque
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from surge.model.errors import BadInput
from surge.model.tagged import codec as tagged
from surge.model.tagged import tags
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest
from surge.run.guest.tagged import reading

zones = st.none() | st.just(dt.UTC) | st.just(zoneinfo.ZoneInfo("Europe/Paris"))
keys = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.tuples(st.integers(), st.text())
)  # fmt: skip
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.binary()
    | st.text(st.characters()) | st.dates() | st.datetimes(timezones=zones) | st.times() | st.timedeltas()
    | st.decimals(allow_nan=False) | st.fractions() | st.uuids()
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner) | st.dictionaries(keys, inner) | st.sets(keys) | st.frozensets(keys)
        | st.tuples(inner, inner)
    ),
    max_leaves=30,
)  # fmt: skip
dtypes = st.sampled_from(
    [
        "?",
        "i1",
        "i2",
        "i4",
        "i8",
        "u1",
        "u2",
        "u4",
        "u8",
        "f2",
        "f4",
        "f8",
        "c8",
        "c16",
        "S3",
        "U2",
        "M8[us]",
        "m8[D]",
        ">i4",
        ">f8",
    ]
)


def same(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return math.copysign(1, left) == math.copysign(1, right) and (left == right or math.isnan(left))
    if isinstance(left, complex):
        return same(left.real, right.real) and same(left.imag, right.imag)
    if isinstance(left, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return same(list(left.items()), list(right.items()))
    if isinstance(left, dt.datetime | dt.time):
        return bool(left == right) and left.fold == right.fold and left.tzinfo == right.tzinfo
    return bool(left == right)


def there(value: object) -> Any:
    """What the guest reads when the renter writes."""
    assert entry.RETURNED == "returned"
    return reading.decode(tagged.encode(value))


def back(value: object) -> Any:
    """What the renter reads when the guest writes."""
    return tagged.decode(guest.encode(value))


@given(values)
def test_values(value: object) -> None:
    assert same(there(value), value)
    assert same(back(value), value)


@given(st.lists(st.integers(), min_size=30) | st.lists(st.floats(), min_size=30))
def test_packed_lists(value: list[Any]) -> None:
    assert same(there(value), value)
    assert same(back(value), value)


@given(npst.arrays(dtypes, npst.array_shapes(min_dims=0, min_side=0), fill=st.nothing()), st.booleans())
def test_arrays(array: "np.ndarray[Any, Any]", by_column: bool) -> None:
    given_array = np.asfortranarray(array) if by_column else array
    for found in (there(given_array), back(given_array)):
        assert found.dtype == given_array.dtype
        assert found.shape == given_array.shape
        assert found.tobytes() == given_array.tobytes()
        assert found.flags.writeable


VALUES = [
    range(1, 9, 2), slice(None, 3), ..., NotImplemented, bytearray(b"ab"), deque([1], 3),
    OrderedDict(b=1, a=2), Counter("aab"), uuid.UUID(int=5), pathlib.Path("/a/b"), pathlib.PurePosixPath("c"),
    fractions.Fraction(1, 3), np.float32(1.5), np.int64(2**40), np.datetime64("2020-01-01T00:00:00"),
    np.array([1, "a", None], object), np.dtype("<f4"), np.zeros(2, [("a", "<i4"), ("b", "<f8", (2,))]),
    np.ones(2, np.dtype([("a", "u1"), ("b", "<f8")], align=True)),
    dt.timezone(dt.timedelta(hours=2), "here"), -(2**63), 2**63, 2**64, -(2**63) - 1,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_single_values(value: Any) -> None:
    for found in (there(value), back(value)):
        assert type(found) is type(value)
        assert np.array_equal(found, value) if isinstance(value, np.ndarray) else found == value
        assert getattr(found, "dtype", None) == getattr(value, "dtype", None)


def test_exceptions_keep_arguments_and_notes() -> None:
    error = ValueError("x", 1)
    error.add_note("why")
    for found in (there(error), back(error)):
        assert type(found) is ValueError
        assert found.args == ("x", 1)
        assert found.__notes__ == ["why"]


def test_both_sides_stop_at_the_same_depth() -> None:
    assert tagged.Building.build.__globals__["MAX_DEPTH"] == guest.MAX_DEPTH


def test_default_integers_of_the_sandbox_come_back_wide() -> None:
    narrow = b"\x95\xd4\x1c\x00\xa2l4\x91\x01\xa1C\xc4\x04\x05\x00\x00\x00"
    assert tagged.decode(narrow).dtype == np.int64


def test_deep_tuples_are_refused() -> None:
    deep: Any = ()
    for _ in range(101):
        deep = (deep,)
    with pytest.raises(BadInput, match="deeper than 100 levels"):
        tagged.encode(deep)
    with pytest.raises(ValueError, match="deeper than 100 levels"):
        guest.encode(deep)


def test_the_deepest_tree_may_have_prints() -> None:
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    printed = b"\x93" + guest.MARK[tags.PRINTED] + guest.encode(deep) + b"\x90"
    assert same(tagged.decode(printed).value, deep)


def test_what_has_no_form_is_named() -> None:
    with pytest.raises(BadInput, match="can't travel as data"):
        tagged.encode(object())
    with pytest.raises(BadInput, match="can't travel"):
        tagged.encode(np.longdouble(1))


def frames() -> dict[str, Any]:
    days = pd.date_range("2020-01-01", periods=3, freq="D")
    pairs = pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["k", "n"])
    return {
        "frame": pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", None]}),
        "frame, dates": pd.DataFrame({"a": [1, 2, 3]}, index=days),
        "frame, two levels": pd.DataFrame({("x", 1): range(4), ("x", 2): range(4)}, index=pairs),
        "frame, no columns": pd.DataFrame(index=[1, 2]),
        "frame, same name twice": pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
        "frame, objects": pd.DataFrame({"o": [1, "a", None]}, dtype=object),
        "series": pd.Series([1.5, 2], name="s", index=["p", "q"]),
        "series, zoned": pd.Series(days.tz_localize("Europe/Paris")),
        "series, nullable": pd.Series([1, None], dtype="Int64"),
        "series, nullable text": pd.Series(["a", None], dtype="string"),
        "series, nullable truth": pd.Series([True, None], dtype="boolean"),
        "series, categories": pd.Series(pd.Categorical(["b", None], ["b", "a"], ordered=True)),
        "series, spans": pd.Series(pd.to_timedelta([1, 2], unit="s")),
        "index": pd.Index([1, 2, 3], name="i"),
        "index, text": pd.Index(["a", "b"]),
        "index, range": pd.RangeIndex(1, 9, 2, name="r"),
        "index, dates": days,
        "index, two levels": pairs,
    }


@pytest.mark.parametrize("name", frames())
def test_frames(name: str) -> None:
    value = frames()[name]
    check = {"f": pd.testing.assert_frame_equal, "s": pd.testing.assert_series_equal}
    for found in (there(value), back(value)):
        assert type(found) is type(value)
        check.get(name[0], pd.testing.assert_index_equal)(found, value)
        if name == "index, dates":
            assert found.freq == value.freq


@pytest.mark.parametrize(
    "value", [pd.NaT, pd.NA, pd.Timestamp("2020-01-01 12:00"), pd.Timedelta("1D"),
              pd.Timestamp("2020-07-01 12:00", tz="Europe/Paris")], ids=repr
)  # fmt: skip
def test_moments(value: Any) -> None:
    for found in (there(value), back(value)):
        assert type(found) is type(value)
        assert repr(found) == repr(value)


def test_nothing_stands_between_the_fields_of_records() -> None:
    """Old memory would: another task's, or what the renter never meant to send."""
    inner = np.dtype({"names": ["x", "y"], "formats": ["i1", "f8"], "offsets": [0, 8], "itemsize": 16})
    dtype = np.dtype({"names": ["a", "b"], "formats": ["i1", inner], "offsets": [0, 8], "itemsize": 32})
    records = np.frombuffer(b"\xff" * 96, dtype)
    for value in (records, records[0], records[1:], np.asfortranarray(np.broadcast_to(records, (2, 3)))):
        for write in (tagged.encode, guest.encode):
            content = write(value)
            assert content.count(b"\xff") == value.size * 10, write
            assert tagged.decode(content)["b"]["x"].tolist() == value["b"]["x"].tolist()
