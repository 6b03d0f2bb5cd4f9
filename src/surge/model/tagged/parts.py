"""What the checks of estimators' fields share, and those of all that takes long to build."""

from typing import Any

from surge.model.errors import LimitExceeded
from surge.model.tagged.arrays import need
from surge.model.tagged.core import MAX_VALUES, Building
from surge.model.tagged.keys import hashable
from surge.model.tagged.names import NUMBERS

LARGEST = (1 << 31) - 1
Fields = dict[str, Any]


def require(fits: Any) -> None:
    if not fits:
        raise ValueError("an estimator whose parts don't fit together")


def count(fields: Fields, name: str = "n_features_in_", most: int = LARGEST) -> int:
    number = fields[name]
    require(type(number) is int and 1 <= number <= most)
    return int(number)


def array(value: Any, kinds: str, *shape: int | None) -> Any:
    """A plain array whose dtype is of one of `kinds`, and of this shape (None: any length)."""
    if type(value) is not need("numpy").ndarray or value.dtype.kind not in kinds:
        raise TypeError("no plain array")
    require(len(value.shape) == len(shape))
    require(all(n is None or n == m for n, m in zip(shape, value.shape, strict=True)))
    return value


def whole_number(value: Any) -> bool:
    return type(value) is int or isinstance(value, need("numpy").integer)


def bijection(places: Any) -> int:
    """The number of a table's names, each of which has a place of its own from 0 on."""
    require(type(places) is dict and all(map(whole_number, places.values())))
    require(sorted(map(int, places.values())) == list(range(len(places))))  # no table of chosen numbers
    return len(places)


def of_numbers(dtype: Any) -> bool:
    """Whether a matrix of it is one of numbers."""
    numpy = need("numpy")
    if type(dtype) is str:
        return dtype in NUMBERS
    plain = dtype is None or isinstance(dtype, type | numpy.dtype)
    return plain and numpy.dtype(dtype).kind in "biuf"


def weigh(building: Building, values: int) -> None:
    """Count what takes as long to build as so many values that are encoded one by one."""
    building.weight += values
    if building.weight > MAX_VALUES:
        raise LimitExceeded(
            "a result of so many frames, matrices, models or moments is not read; return fewer and larger "
            "ones, as one DataFrame or array"
        )


def range_room(index: Any) -> int:
    """Bytes that an index may take as a table, where it was sent as a range."""
    ranged = index is not None and isinstance(index, need("pandas").RangeIndex)
    return 8 * len(index) if ranged else 0


def known_distinct(index: Any) -> None:
    """Of categories, and of levels of an index. Raises ValueError where a value stands there twice,
    Distrusted where they were chosen to collide.

    pandas finds that out with hash tables whose hashes are known to everybody, so that chosen values could
    make it take quadratic time. Here it is found out in order, and pandas is told."""
    numpy, pandas = need("numpy"), need("pandas")
    if isinstance(index, pandas.RangeIndex):
        return
    held = index.array
    held = getattr(held, "asi8", held)
    if not isinstance(held, numpy.ndarray):
        held = getattr(held, "_ndarray", held) if isinstance(index.dtype, numpy.dtype) else held
    if isinstance(held, numpy.ndarray) and held.dtype.kind in "biufcmM":
        ordered = numpy.sort(held)
        twice = (ordered[1:] == ordered[:-1]).any()
    else:
        values = hashable(list(held), True)
        twice = len(set(values)) < len(values)
    if twice:
        raise ValueError("a value that stands there twice")
    index._cache["is_unique"] = True
