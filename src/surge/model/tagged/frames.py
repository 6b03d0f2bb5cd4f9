"""Tagged forms of pandas' frames, series, indexes and moments. pandas is loaded only when a value needs it.

A frame travels as its columns: numpy arrays where it can, else what the column is made from.
"""

import re
from typing import Any

from surge.model.errors import BadInput, SurgeError
from surge.model.tagged.arrays import need, unlocked
from surge.model.tagged.core import BUILDERS, CHANGING, SEALED, Build, Building, Pack, Packing, Tree
from surge.model.tagged.parts import known_distinct, range_room, weigh
from surge.model.tagged.standard import make_zone
from surge.model.tagged.tags import COLUMN, FRAME, INDEX, LIBRARY, MOMENT, SERIES

_MASKED = re.compile(r"(U?Int(8|16|32|64)|Float(32|64)|boolean)")
MAX_RANGE = 1 << 16
"""Items that a range stands for among categories and the levels of an index: pandas makes a table of them."""
_UNITS = ("s", "ms", "us", "ns")
_FREQUENCY = re.compile(r"-?[0-9]{0,4}[A-Za-z]{1,4}(-[A-Za-z]{3})?")
_EVEN = re.compile(r"-?[0-9]{0,4}(D|h|min|s|ms|us|ns)")


def words_of(value: Any, pandas: Any) -> tuple[int, list[Any]] | None:
    """(tag, items) of a pandas value; None where it has no tagged form."""
    if isinstance(value, pandas.DataFrame | pandas.Series) and value.attrs:
        plain = value.copy(deep=False)
        plain.attrs = {}
        return LIBRARY, ["attrs", plain, dict(value.attrs)]
    if isinstance(value, pandas.DataFrame | pandas.Series) and not value.flags.allows_duplicate_labels:
        raise BadInput("flags of a frame can't travel; set_flags(allows_duplicate_labels=True) first")
    if isinstance(value, pandas.DataFrame):
        columns = [value.iloc[:, at].array for at in range(value.shape[1])]
        return FRAME, [value.columns, value.index, *map(column_of, columns)]
    if isinstance(value, pandas.Series):
        return SERIES, [value.index, column_of(value.array), value.name]
    if isinstance(value, pandas.MultiIndex):
        codes = [numpy_of(c, "int64") for c in value.codes]
        return INDEX, ["multi", [level_of(x, pandas) for x in value.levels], codes, list(value.names)]
    if isinstance(value, pandas.RangeIndex):
        return INDEX, ["range", int(value.start), int(value.stop), int(value.step), value.name]
    if isinstance(value, pandas.Index):
        return INDEX, ["plain", column_of(value.array), value.name, getattr(value, "freqstr", None)]
    if value is pandas.NaT or value is pandas.NA:
        return MOMENT, ["NaT" if value is pandas.NaT else "NA"]
    if isinstance(value, pandas.Timestamp):
        return MOMENT, ["stamp", numpy_of(value.asm8, None), zone_of(value.tz)]
    if isinstance(value, pandas.Timedelta):
        return MOMENT, ["span", numpy_of(value.asm8, None)]
    if hasattr(value, "dtype") and hasattr(value, "_from_sequence"):
        column = column_of(value)
        return (COLUMN, column.items) if isinstance(column, Column) else None
    return None


def level_of(index: Any, pandas: Any) -> Any:
    """A level of an index, a long range as its numbers."""
    long = isinstance(index, pandas.RangeIndex) and len(index) > MAX_RANGE
    return pandas.Index(index.to_numpy(), name=index.name) if long else index


class Column:
    """A column that is more than a numpy array: its kind, and what it is made from."""

    def __init__(self, *items: Any) -> None:
        self.items = list(items)


def numpy_of(value: Any, dtype: Any) -> Any:
    import numpy

    return numpy.asarray(value, dtype) if dtype else value


def zone_of(zone: Any) -> Any:
    """A time zone that has a tagged form; others by their name."""
    return None if zone is None else str(zone) if hasattr(zone, "key") else zone


def column_of(array: Any) -> Any:
    """A pandas array as a numpy array or a Column."""
    name = str(array.dtype)
    kind = type(array).__name__
    if kind == "Categorical":
        categories = level_of(array.categories, need("pandas"))
        return Column("categories", categories, numpy_of(array.codes, "int64"), bool(array.ordered))
    if kind == "DatetimeArray" and array.tz is not None:
        return Column("zoned", array.asi8, array.unit, zone_of(array.tz))
    if _MASKED.fullmatch(name):
        return Column("masked", name, array._data, array._mask)
    if kind == "PeriodArray":
        return Column("periods", array.asi8, array.freqstr)
    if kind == "IntervalArray":
        ends = [numpy_of(end, None) for end in (array.left, array.right)]
        return Column("intervals", *(column_of(end.array) for end in ends), array.closed)
    if name in ("str", "string"):
        return Column("text", name, [x if isinstance(x, str) else None for x in array])
    if kind in ("NumpyExtensionArray", "PandasArray", "DatetimeArray", "TimedeltaArray"):
        return array.to_numpy()
    raise BadInput(f"a pandas column of {name} can't travel; convert it with astype(str) or astype(object)")


def _arrays(values: Any, pandas: Any) -> Any:
    """The values, if all are arrays: a range among them would become one, of any length."""
    import numpy

    for value in values:
        if not isinstance(value, pandas.api.extensions.ExtensionArray) and not (
            type(value) is numpy.ndarray and value.ndim == 1
        ):
            raise TypeError("a column that is no array")
    return values


def _index(value: Any, pandas: Any) -> Any:
    if not isinstance(value, pandas.Index):
        raise TypeError("no index")
    return value


def _zone(value: Any) -> Any:
    """Of a name only what Python's own zones may be called: pandas would open a file for "dateutil/…"."""
    return make_zone(value) and value if type(value) is str else value


def make_column(items: Any, pandas: Any, building: Building) -> Any:
    kind, *rest = items
    if kind == "categories":
        categories, codes, ordered = rest
        _arrays([codes], pandas)
        if not isinstance(categories, pandas.Index):
            _arrays([categories], pandas)
            categories = pandas.Index(categories)
        building.take(range_room(categories))
        known_distinct(categories)
        return pandas.Categorical.from_codes(codes, categories=categories, ordered=ordered)
    if kind == "zoned":
        stamps, unit, zone = rest
        if unit not in _UNITS:
            raise ValueError("no unit of time")
        _arrays([stamps], pandas)
        zone = _zone(zone)
        return pandas.Series(stamps.view(f"M8[{unit}]")).dt.tz_localize("UTC").dt.tz_convert(zone).array
    if kind == "masked":
        name, content, mask = rest
        if not _MASKED.fullmatch(name):
            raise ValueError("no nullable type")
        _arrays([content, mask], pandas)
        family = {"I": "IntegerArray", "U": "IntegerArray", "F": "FloatingArray", "b": "BooleanArray"}
        return getattr(pandas.arrays, family[name[0]])(content, mask)
    if kind == "periods":
        ordinals, frequency = rest
        if not _FREQUENCY.fullmatch(frequency):
            raise ValueError("no frequency")
        _arrays([ordinals], pandas)
        return pandas.arrays.PeriodArray(ordinals, dtype=pandas.PeriodDtype(frequency))
    if kind == "intervals":
        left, right, closed = rest
        _arrays([left, right], pandas)
        return pandas.arrays.IntervalArray.from_arrays(left, right, closed=closed)
    if kind == "text":
        name, texts = rest
        if name not in ("str", "string") or type(texts) is not list:
            raise ValueError("no type of text")
        return pandas.array(texts, dtype=name)
    raise ValueError("no kind of column")


def make_index(items: Any, pandas: Any, building: Building) -> Any:
    kind, *rest = items
    if kind == "range":
        start, stop, step, name = rest
        return pandas.RangeIndex(start, stop, step, name=name)
    if kind == "multi":
        levels, codes, names = rest
        for level in levels:
            building.take(range_room(_index(level, pandas)))
            known_distinct(level)
        _arrays(codes, pandas)
        return pandas.MultiIndex(levels=levels, codes=codes, names=names)
    column, name, frequency = rest
    _arrays([column], pandas)
    index = pandas.Index(column, name=name, dtype=column.dtype)
    if frequency is not None and not isinstance(index, pandas.PeriodIndex):
        if not _FREQUENCY.fullmatch(frequency):
            raise ValueError("no frequency")
        if not _EVEN.fullmatch(frequency):
            weigh(building, 5 * len(index))  # one after the other, to compare
        index.freq = frequency
    return index


def make_frame(items: Any, pandas: Any, building: Building) -> Any:
    columns, index, *arrays = items
    _index(columns, pandas), _index(index, pandas), _arrays(arrays, pandas)
    if not len(columns) == len(arrays) or not all(len(a) == len(index) for a in arrays):
        raise ValueError("a frame whose columns don't fit")
    frame = pandas.DataFrame(dict(enumerate(arrays)), index=index)
    frame.columns = columns
    return frame


def make_series(items: Any, pandas: Any, building: Building) -> Any:
    index, column, name = items
    _index(index, pandas), _arrays([column], pandas)
    if len(index) != len(column):
        raise ValueError("a series whose index doesn't fit")
    return pandas.Series(column, index=index, name=name, dtype=column.dtype)


def make_moment(items: Any, pandas: Any, building: Building) -> Any:
    import numpy

    kind, *rest = items
    if kind in ("NaT", "NA"):
        return getattr(pandas, kind)
    if type(rest[0]) is not (numpy.timedelta64 if kind == "span" else numpy.datetime64):
        raise TypeError("no moment")
    if kind == "span":
        return pandas.Timedelta(rest[0])
    stamp, zone = rest
    moment = pandas.Timestamp(stamp)
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(_zone(zone))


def packer(kind: type) -> Pack | None:
    if kind is Column:
        return lambda value, packing: packing.mark(COLUMN, *value.items)
    if kind.__module__.partition(".")[0] == "pandas":
        pandas = need("pandas")
        if kind in (pandas.DataFrame, pandas.Series):
            CHANGING.add(kind)
            SEALED.add(kind)
        return _pack
    return None


def _pack(value: Any, packing: Packing) -> Tree:
    words = words_of(value, need("pandas"))
    if words is None:
        if packing.fallback is not None:
            return packing.fallback(value, packing)
        raise BadInput(f"a pandas {type(value).__name__} can't travel; pass a frame or a series")
    code, items = words
    return packing.unnoted(code, *items)


def _made_by(make: Any, weight: int) -> Build:
    def build(items: list[Any], building: Building) -> Any:
        weigh(building, weight)
        pandas = need("pandas")
        built = [unlocked(x) for x in building.apart(items)]
        try:
            return make(built, pandas, building)
        except SurgeError:
            raise
        except Exception as error:  # pandas raises errors of its own for what doesn't fit together
            raise ValueError(f"no pandas value ({type(error).__name__})") from error

    return build


BUILDERS.update(
    {
        FRAME: _made_by(make_frame, 100),
        SERIES: _made_by(make_series, 50),
        INDEX: _made_by(make_index, 40),
        COLUMN: _made_by(make_column, 50),
        MOMENT: _made_by(make_moment, 10),
    }
)
