"""What tasks return that is more than plain data: it comes back as it was."""

import collections
import datetime as dt
import decimal
import enum
import sqlite3
import statistics
import zoneinfo
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as Xml

import numpy as np
import pandas as pd
import pytest
import scipy.optimize
import scipy.sparse as sp
import scipy.stats

from surge.model.errors import Distrusted
from surge.model.tagged import codec
from surge.model.tagged.core import Packing
from surge.model.tagged.instances import pack_instance, pack_member
from surge.model.tagged.opaque import Opaque
from surge.run.guest import entry
from surge.run.guest.tagged import core as guest
from surge.run.guest.tagged import kinds, reading

assert entry.RETURNED  # the guest's packers


class Ordered(collections.OrderedDict):  # type: ignore[type-arg]
    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)


class Queue(collections.deque):  # type: ignore[type-arg]
    pass


class Groups(collections.defaultdict):  # type: ignore[type-arg]
    pass


class Tally(collections.Counter):  # type: ignore[type-arg]
    pass


class Moment(dt.datetime):
    pass


class Day(dt.date):
    pass


class Hour(dt.time):
    pass


class Span(dt.timedelta):
    pass


class Price(decimal.Decimal):
    pass


class Phase(complex):
    pass


class _Secret:
    __slots__ = ("__code", "open")

    def __init__(self, code: Any) -> None:
        self.__code = code
        self.open = 1

    def code(self) -> Any:
        return self.__code


class Deeper(_Secret):
    __slots__ = ("__code",)

    def __init__(self, code: Any) -> None:
        super().__init__(code)
        self.__code = [code]

    def inner(self) -> Any:
        return self.__code


class Missing(FileNotFoundError):
    def __init__(self, *args: Any, hint: str = "") -> None:
        super().__init__(*args)
        self.hint = hint


class NoModule(ImportError):
    pass


class Wide(enum.Flag):
    A = 1
    B = 1 << 90


KINDS = [
    Ordered,
    Queue,
    Groups,
    Tally,
    Moment,
    Day,
    Hour,
    Span,
    Price,
    Phase,
    _Secret,
    Deeper,
    Missing,
    NoModule,
]
KEYS: dict[str, type] = {f"m:{kind.__name__}": kind for kind in (*KINDS, Wide)}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The classes above were sent."""
    classes = kinds.Classes()
    for key, kind in KEYS.items():
        classes.add(key, kind)
    before = dict(guest.TABLE)
    monkeypatch.setattr(kinds, "known", classes)
    yield
    guest.TABLE.clear()
    guest.TABLE.update(before)


def fallback(value: object, packing: Packing) -> Any:
    key = next(key for key, kind in KEYS.items() if kind is type(value))
    return pack_member(value, key) if isinstance(value, enum.Enum) else pack_instance(value, key, packing)


def back(value: object) -> Any:
    return codec.decode(guest.encode(value), KEYS)


def both(value: object) -> list[Any]:
    """As it comes back, and as it arrives there."""
    return [back(value), reading.decode(codec.encode(value, fallback))]


def test_ordered_dicts_keep_their_order_and_work() -> None:
    value = Ordered(a=1, b=2, c=3)
    value.move_to_end("a")
    value.note = "mine"
    for found in both(value):
        assert type(found) is Ordered
        assert list(found) == ["b", "c", "a"] == list(reversed(list(reversed(found))))
        assert found.note == "mine"
        assert found.popitem() == ("a", 1)
        found.move_to_end("b")
        found["d"] = 4
        assert list(found.items()) == [("c", 3), ("b", 2), ("d", 4)]


def test_deques_and_tables_with_a_default() -> None:
    for found in both(Queue([1, 2, 3], 3)):
        assert type(found) is Queue
        found.append(4)
        assert list(found) == [2, 3, 4]
        assert found.maxlen == 3
    for factory in (list, None):
        groups = Groups(factory, a=[1])
        groups.note = 1  # type: ignore[attr-defined]
        for found in both(groups):
            assert type(found) is Groups
            assert found == {"a": [1]}
            assert found.default_factory is factory
            assert vars(found) == {"note": 1}
    for found in both(Tally("aab")):
        assert found.most_common(1) == [("a", 2)]


def test_those_in_a_circle() -> None:
    value = Ordered(a=1)
    value["queue"] = Queue([value])
    value["groups"] = Groups(list, me=value["queue"])
    for found in both(value):
        assert found["queue"][0] is found
        assert found["groups"]["me"] is found["queue"]
        assert list(found) == ["a", "queue", "groups"]
        found.move_to_end("a")
        assert list(found) == ["queue", "groups", "a"]


PARIS = zoneinfo.ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    "value",
    [
        Moment(2024, 10, 27, 2, 30, 1, 5, PARIS, fold=1), Moment(2020, 1, 1), Day(2020, 2, 29),
        Hour(1, 2, 3, 4, dt.UTC, fold=1), Span(1, 2, 3), Price("1.50"), Phase(1, -0.0),
    ],
    ids=repr,
)  # fmt: skip
def test_moments_and_numbers(value: Any) -> None:
    for found in both(value):
        assert type(found) is type(value)
        assert found == value
        assert repr(found) == repr(value)
        assert getattr(found, "fold", 0) == getattr(value, "fold", 0)


def test_private_slots() -> None:
    for found in both(Deeper(5)):
        assert type(found) is Deeper
        assert (found.code(), found.inner(), found.open) == (5, [5], 1)
    empty = _Secret(3)
    del empty.open
    for found in both(empty):
        assert found.code() == 3
        assert not hasattr(found, "open")


def test_errors_of_files() -> None:
    value = Missing(2, "not there", "f.txt", hint="look")
    for found in both(value):
        assert type(found) is Missing
        assert str(found) == str(value) == "[Errno 2] not there: 'f.txt'"
        assert (found.errno, found.filename, found.hint, found.args) == (2, "f.txt", "look", (2, "not there"))
    for found in both(NoModule("x", name="n", path="p")):
        assert (str(found), found.name, found.path) == ("x", "n", "p")


def test_flags_and_no_more() -> None:
    assert back(Wide.A | Wide.B) == Wide.A | Wide.B
    huge = b"\x93\xd4\x15\x00\xa6m:Wide" + guest.encode(1 << 100_000)
    with pytest.raises(Distrusted):
        codec.decode(huge, KEYS)


def orders() -> dict[str, Any]:
    cube = np.arange(24).reshape(2, 3, 4)
    locked = np.arange(3)
    locked.flags.writeable = False
    return {
        "C": cube, "F": np.asfortranarray(cube), "turned": cube.transpose(2, 0, 1),
        "swapped": cube.swapaxes(0, 1), "steps": cube[:, ::2], "backwards": cube[::-1], "locked": locked,
        "empty": np.zeros((0, 3), order="F"), "none": np.array(5),
        "spread": np.broadcast_to(np.arange(3), (2, 3)),
        "locked, turned": np.broadcast_to(cube, cube.shape).transpose(1, 0, 2),
    }  # fmt: skip


@pytest.mark.parametrize("name", orders())
def test_arrays_keep_their_order_and_their_lock(name: str) -> None:
    value = orders()[name]
    copy = value.copy(order="K")
    for found in both(value):
        assert (found == value).all()
        assert found.dtype == value.dtype
        assert found.flags.writeable == value.flags.writeable
        assert found.flags.f_contiguous == value.flags.f_contiguous or name in (
            "spread",
            "backwards",
            "steps",
        )
        if name not in ("spread", "backwards", "steps"):
            assert found.strides == copy.strides


def test_frames_can_be_written_to() -> None:
    frame = pd.DataFrame({"a": [1, 2], "c": pd.Categorical(["x", "y"]), "n": pd.array([1, None], "Int64")})
    for found in [*both(frame), *both(frame["a"]), *both(frame.n.array)]:
        found[:] = found[:]
        if isinstance(found, pd.DataFrame):
            found.loc[0, "a"] = 7
            found.loc[0, "n"] = 8
            found.loc[0, "c"] = "y"
            assert found.iloc[0].tolist() == [7, "y", 8]


def test_masked_arrays() -> None:
    assert back(np.ma.masked) is np.ma.masked
    pairs = np.zeros(2, [("a", "i4"), ("b", "f8")])
    for value in (
        np.ma.array([1, 2], mask=[0, 1], fill_value=7, hard_mask=True),
        np.ma.array([1.5, 2]),
        np.ma.array(pairs, mask=[(0, 1), (1, 0)]),
        np.ma.array(["a", "b"], mask=[1, 0]),
        np.ma.array([np.datetime64("2020-01-01")], mask=[0]),
    ):
        found = back(value)
        assert type(found) is np.ma.MaskedArray
        assert repr(found) == repr(value)
        assert found.hardmask == value.hardmask
        assert (found.mask is np.ma.nomask) == (value.mask is np.ma.nomask)
        assert repr(found.fill_value) == repr(value.fill_value)


def test_a_number_that_was_drawn_ahead() -> None:
    source = np.random.RandomState(3)
    source.normal()
    found = back(source)
    assert found.normal() == source.normal()
    assert found.random_sample() == source.random_sample()


@pytest.mark.parametrize("kind", ["csr", "csc", "bsr", "coo", "dia", "lil", "dok"])
@pytest.mark.parametrize("family", ["array", "matrix"])
def test_sparse_matrices(kind: str, family: str) -> None:
    for whole in (np.eye(4)[:3], np.zeros((3, 0)), np.zeros((2, 2), bool)):
        value = getattr(sp, f"{kind}_{family}")(whole)
        found = back(value)
        assert type(found) is type(value)
        assert found.dtype == value.dtype
        assert (found.toarray() == whole).all()


def test_results_of_libraries() -> None:
    root = scipy.optimize.root_scalar(lambda x: x - 1, bracket=(0, 3))
    assert type(back(root)) is type(root)
    assert back(root).root == root.root
    barnard = scipy.stats.barnard_exact([[1, 2], [3, 4]])
    assert type(back(barnard)) is type(barnard)
    assert back(barnard).pvalue == barnard.pvalue
    line = scipy.stats.linregress([1, 2, 3], [1, 2, 4])
    assert type(back(line)) is type(line)
    assert back(line).intercept_stderr == line.intercept_stderr


def errors() -> list[Exception]:
    found: list[Exception] = [
        statistics.StatisticsError("x"),
        np.exceptions.AxisError(3, 2),
        decimal.Overflow("x"),
    ]
    for act in (
        lambda: Xml.fromstring("<a"),  # noqa: S314
        lambda: sqlite3.connect(":memory:").execute("no sql"),
        lambda: pd.to_datetime("1500-99-01"),
        lambda: pd.Timestamp(10**30, unit="s"),
        lambda: np.linalg.inv(np.zeros((2, 2))),
    ):
        try:
            act()
        except Exception as error:  # noqa: BLE001 whichever it is
            found.append(error)
    found[0].add_note("why")
    return found


@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
@pytest.mark.parametrize("which", range(8))
def test_errors_of_libraries(which: int) -> None:
    value = errors()[which]
    found = back(value)
    assert type(found) is type(value)
    assert str(found) == str(value)
    assert found.args == value.args
    assert getattr(found, "__notes__", None) == getattr(value, "__notes__", None)


class Unlisted(np.linalg.LinAlgError):
    pass


def test_what_is_not_listed_comes_closed() -> None:
    assert isinstance(back(Unlisted("x")), Opaque)
    assert isinstance(back(np.memmap), Opaque)
