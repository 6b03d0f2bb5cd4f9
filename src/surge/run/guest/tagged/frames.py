# mypy: ignore-errors
"""Tagged forms of pandas' frames, series, indexes and moments, in the sandbox.

Twin of model/tagged/frames.py.
"""

import re

from surge.model.tagged import tags as tag
from surge.run.guest.tagged.arrays import unlocked
from surge.run.guest.tagged.core import mark, sealed
from surge.run.guest.tagged.reading import BUILDERS

_MASKED = re.compile(r"(U?Int(8|16|32|64)|Float(32|64)|boolean)")
MAX_RANGE = 1 << 16
_UNITS = ("s", "ms", "us", "ns")
_FREQUENCY = re.compile(r"-?[0-9]{0,4}[A-Za-z]{1,4}(-[A-Za-z]{3})?")


def words_of(value, pandas):
    """(tag, items) of a pandas value; None where it has no tagged form."""
    if isinstance(value, pandas.DataFrame | pandas.Series) and value.attrs:
        plain = value.copy(deep=False)
        plain.attrs = {}
        return tag.LIBRARY, ["attrs", plain, dict(value.attrs)]
    if isinstance(value, pandas.DataFrame | pandas.Series) and not value.flags.allows_duplicate_labels:
        raise TypeError("flags of a frame can't travel; set_flags(allows_duplicate_labels=True) first")
    if isinstance(value, pandas.DataFrame):
        columns = [value.iloc[:, at].array for at in range(value.shape[1])]
        return tag.FRAME, [value.columns, value.index, *map(column_of, columns)]
    if isinstance(value, pandas.Series):
        return tag.SERIES, [value.index, column_of(value.array), value.name]
    if isinstance(value, pandas.MultiIndex):
        codes = [numpy_of(c, "int64") for c in value.codes]
        return tag.INDEX, ["multi", [level_of(x, pandas) for x in value.levels], codes, list(value.names)]
    if isinstance(value, pandas.RangeIndex):
        return tag.INDEX, ["range", int(value.start), int(value.stop), int(value.step), value.name]
    if isinstance(value, pandas.Index):
        return tag.INDEX, ["plain", column_of(value.array), value.name, getattr(value, "freqstr", None)]
    if value is pandas.NaT or value is pandas.NA:
        return tag.MOMENT, ["NaT" if value is pandas.NaT else "NA"]
    if isinstance(value, pandas.Timestamp):
        return tag.MOMENT, ["stamp", numpy_of(value.asm8, None), zone_of(value.tz)]
    if isinstance(value, pandas.Timedelta):
        return tag.MOMENT, ["span", numpy_of(value.asm8, None)]
    if hasattr(value, "dtype") and hasattr(value, "_from_sequence"):
        column = column_of(value)
        return (tag.COLUMN, column.items) if isinstance(column, Column) else None
    return None


def level_of(index, pandas):
    """A level of an index, a long range as its numbers."""
    long = isinstance(index, pandas.RangeIndex) and len(index) > MAX_RANGE
    return pandas.Index(index.to_numpy(), name=index.name) if long else index


class Column:
    """A column that is more than a numpy array: its kind, and what it is made from."""

    def __init__(self, *items):
        self.items = list(items)


def numpy_of(value, dtype):
    import numpy

    return numpy.asarray(value, dtype) if dtype else value


def zone_of(zone):
    """A time zone that has a tagged form; others by their name."""
    return None if zone is None else str(zone) if hasattr(zone, "key") else zone


def column_of(array):
    """A pandas array as a numpy array or a Column."""
    name = str(array.dtype)
    kind = type(array).__name__
    if kind == "Categorical":
        import pandas

        categories = level_of(array.categories, pandas)
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
    raise TypeError(f"a pandas column of {name} can't travel; convert it with astype(str) or astype(object)")


def make_column(items, pandas):
    kind, *rest = items
    if kind == "categories":
        categories, codes, ordered = rest
        return pandas.Categorical.from_codes(codes, categories=categories, ordered=ordered)
    if kind == "zoned":
        stamps, unit, zone = rest
        if unit not in _UNITS:
            raise ValueError("no unit of time")
        return pandas.Series(stamps.view(f"M8[{unit}]")).dt.tz_localize("UTC").dt.tz_convert(zone).array
    if kind == "masked":
        name, content, mask = rest
        if not _MASKED.fullmatch(name):
            raise ValueError("no nullable type")
        family = {"I": "IntegerArray", "U": "IntegerArray", "F": "FloatingArray", "b": "BooleanArray"}
        return getattr(pandas.arrays, family[name[0]])(content, mask)
    if kind == "periods":
        ordinals, frequency = rest
        if not _FREQUENCY.fullmatch(frequency):
            raise ValueError("no frequency")
        return pandas.arrays.PeriodArray(ordinals, dtype=pandas.PeriodDtype(frequency))
    if kind == "intervals":
        left, right, closed = rest
        return pandas.arrays.IntervalArray.from_arrays(left, right, closed=closed)
    if kind == "text":
        name, texts = rest
        if name not in ("str", "string"):
            raise ValueError("no type of text")
        return pandas.array(texts, dtype=name)
    raise ValueError("no kind of column")


def make_index(items, pandas):
    kind, *rest = items
    if kind == "range":
        start, stop, step, name = rest
        return pandas.RangeIndex(start, stop, step, name=name)
    if kind == "multi":
        levels, codes, names = rest
        return pandas.MultiIndex(levels=levels, codes=codes, names=names)
    column, name, frequency = rest
    index = pandas.Index(column, name=name, dtype=column.dtype)
    if frequency is not None and not isinstance(index, pandas.PeriodIndex):
        if not _FREQUENCY.fullmatch(frequency):
            raise ValueError("no frequency")
        index.freq = frequency
    return index


def make_frame(items, pandas):
    columns, index, *arrays = items
    if not len(columns) == len(arrays) or not all(len(a) == len(index) for a in arrays):
        raise ValueError("a frame whose columns don't fit")
    frame = pandas.DataFrame(dict(enumerate(arrays)), index=index)
    frame.columns = columns
    return frame


def make_series(items, pandas):
    index, column, name = items
    if len(index) != len(column):
        raise ValueError("a series whose index doesn't fit")
    return pandas.Series(column, index=index, name=name, dtype=column.dtype)


def make_moment(items, pandas):
    kind, *rest = items
    if kind in ("NaT", "NA"):
        return getattr(pandas, kind)
    if kind == "span":
        return pandas.Timedelta(rest[0])
    stamp, zone = rest
    moment = pandas.Timestamp(stamp)
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zone)


def find(kind):
    if kind is Column:
        return lambda value, put, depth: mark(tag.COLUMN, value.items, put, depth)
    if kind.__module__.partition(".")[0] != "pandas":
        return None
    import pandas

    kinds = (pandas.DataFrame, pandas.Series, pandas.Index, pandas.Timestamp, pandas.Timedelta)
    kinds += (type(pandas.NaT), type(pandas.NA), pandas.api.extensions.ExtensionArray)
    if not issubclass(kind, kinds):
        return None
    return sealed(_pack) if issubclass(kind, kinds[:2]) else _pack


def _pack(value, put, depth):
    import pandas

    words = words_of(value, pandas)
    if words is None:
        raise TypeError(f"a pandas {type(value).__name__} can't travel: return a series or a frame")
    mark(words[0], words[1], put, depth)


def _made_by(make):
    def build(items):
        import pandas

        return make([unlocked(item) for item in items], pandas)

    return build


BUILDERS.update(
    {
        tag.FRAME: _made_by(make_frame),
        tag.SERIES: _made_by(make_series),
        tag.INDEX: _made_by(make_index),
        tag.COLUMN: _made_by(make_column),
        tag.MOMENT: _made_by(make_moment),
    }
)
