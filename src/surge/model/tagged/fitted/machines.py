"""Checks of the support vector machines that are libsvm's: it trusts each length that it is given.

What is used are the private copies (`_dual_coef_`, `_intercept_`, …); the public ones must fit as well.
"""

import math
from collections.abc import Callable
from typing import Any

from surge.model.tagged.arrays import need
from surge.model.tagged.names import KERNELS
from surge.model.tagged.parts import LARGEST, Fields, array, count, require, whole_number


def _exactly(value: Any, dtype: str, *shape: int | None) -> Any:
    """An array as compiled code takes it."""
    array(value, "fi", *shape)
    require(value.dtype == need("numpy").dtype(dtype) and value.flags.c_contiguous)
    return value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and type(value) is not bool and math.isfinite(value)


def _check(fields: Fields, classes: int) -> None:
    """Of a machine for so many classes (0: it gives numbers)."""
    columns, pairs = count(fields), classes * (classes - 1) // 2 or 1
    rows, wide = fields["shape_fit_"]
    require(whole_number(rows) and rows >= 1 and whole_number(wide) and wide == columns)
    places = _exactly(fields["support_"], "int32", None)
    held = len(places)
    require(((places >= 0) & (places < rows)).all())
    require(type(fields["_sparse"]) is bool)
    vectors = fields["support_vectors_"]
    if fields["_sparse"]:
        _of_rows(vectors, held, columns)
    else:
        _exactly(vectors, "float64", held, columns)
    for name in ("dual_coef_", "_dual_coef_"):
        if fields["_sparse"]:
            _filled(fields[name], max(classes - 1, 1), held)
        else:
            _exactly(fields[name], "float64", max(classes - 1, 1), held)
    for name in ("intercept_", "_intercept_"):
        _exactly(fields[name], "float64", pairs)
    _check_counts(_exactly(fields["_n_support"], "int32", classes or 2), held, classes, fields["_sparse"])
    likely = fields["_effective_probability"]
    require(type(likely) is bool and not (likely and not classes))
    for name in ("_probA", "_probB"):
        _exactly(fields[name], "float64", pairs if likely else 0)
    if "class_weight_" in fields:
        _exactly(fields["class_weight_"], "float64", classes or None)


def _check_counts(each: Any, held: int, classes: int, sparse: bool) -> None:
    if classes:
        require(held and (each >= 0).all() and int(each.sum(dtype="int64")) == held)
    elif not sparse:  # else they are never set
        require((each == held).all())


def _of_rows(matrix: Any, rows: int, columns: int) -> None:
    """Of a sparse matrix, whose indices have been looked at when it was built."""
    sparse = need("scipy.sparse")
    require(type(matrix) in (sparse.csr_matrix, sparse.csr_array) and matrix.shape == (rows, columns))
    _exactly(matrix.data, "float64", len(matrix.indices))
    _exactly(matrix.indices, "int32", int(matrix.indptr[-1]))
    _exactly(matrix.indptr, "int32", rows + 1)


def _filled(matrix: Any, rows: int, columns: int) -> None:
    """A sparse matrix without a gap: its values are taken as they follow each other."""
    _of_rows(matrix, rows, columns)
    numpy = need("numpy")
    require((matrix.indptr == numpy.arange(rows + 1) * columns).all())
    require((matrix.indices == numpy.tile(numpy.arange(columns), rows)).all())


def _settings(fields: Fields) -> None:
    require("_impl" not in fields)  # the class's own; another one has other lengths
    require(type(fields["kernel"]) is str and fields["kernel"] in KERNELS)
    require(whole_number(fields["degree"]) and 0 <= fields["degree"] <= LARGEST)
    require(_number(fields["coef0"]))
    if "_gamma" in fields:
        require(_number(fields["_gamma"]))


FITTED = frozenset(["support_", "support_vectors_", "_n_support", "_dual_coef_", "_intercept_", "shape_fit_"])


def _check_classifier(fields: Fields) -> None:
    _settings(fields)
    if fields.keys() & FITTED:
        require("_gamma" in fields)
        classes = len(array(fields["classes_"], "biufOUS", None))
        require(classes >= 2)
        _check(fields, classes)


def _check_other(fields: Fields) -> None:
    _settings(fields)
    if fields.keys() & FITTED:
        require("_gamma" in fields and "classes_" not in fields)
        _check(fields, 0)


CHECKS: dict[str, Callable[[Fields], None]] = {
    **dict.fromkeys(("SVC", "NuSVC"), _check_classifier),
    **dict.fromkeys(("SVR", "NuSVR", "OneClassSVM"), _check_other),
}
