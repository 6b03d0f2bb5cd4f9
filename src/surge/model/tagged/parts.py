"""What the checks of estimators' fields share, and those of all that takes long to build."""

from typing import Any

from surge.model.errors import LimitExceeded
from surge.model.tagged.arrays import need
from surge.model.tagged.core import MAX_VALUES, Building
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
    require(set(map(int, places.values())) == set(range(len(places))))
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
