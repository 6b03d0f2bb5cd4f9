# mypy: ignore-errors
"""Which estimators of listed classes stay closed: those that the renter's side couldn't check.

As model/tagged/fitted/encoders.py and machines.py have it; a test asks both about the same estimators.
"""

import re
import sys

from surge.model.tagged.names import ENCODINGS, KERNELS, MAX_THREADS, NUMBERS


def stays_closed(name, fields):
    """Of a class of this name. Whatever is no estimator of the names below may stand open."""
    jobs = fields.get("n_jobs")
    few = jobs is None or (type(jobs) is int and abs(jobs) <= MAX_THREADS)
    if fields.get("memory") is not None or not few:
        return True
    try:
        return name in CHECKED and CHECKED[name](fields)
    except LookupError:
        return True  # a field is missing that the renter's side asks for


def _histogram(fields):
    return fields.get("_preprocessor") is not None


def _boosting(fields):
    return type(fields.get("init_")).__name__ not in ("str", "NoneType", "DummyClassifier", "DummyRegressor")


def _one_against_rest(fields):
    return "estimators_" in fields and fields["label_binarizer_"].y_type_ != "multiclass"


def _whole_number(value):
    return type(value) is int or isinstance(value, sys.modules["numpy"].integer)


def _of_numbers(dtype):
    numpy = sys.modules["numpy"]
    if type(dtype) is str:
        return dtype in NUMBERS
    if isinstance(dtype, type):
        return dtype in (bool, int, float) or (issubclass(dtype, numpy.generic) and dtype.__name__ in NUMBERS)
    return dtype is None or (isinstance(dtype, numpy.dtype) and dtype.kind in "biuf")


def _ordinal(fields):
    if not isinstance(fields["dtype"], type) and not _of_numbers(fields["dtype"]):
        return True
    return fields.get("_infrequent_enabled", False) or any(
        one.dtype.kind not in "biufOUS" for one in fields.get("categories_", ())
    )


def _one_hot(fields):
    return _ordinal(fields) or not _of_numbers(fields["dtype"])


def _numberless(fields):
    return not _of_numbers(fields["dtype"])


def is_quick(pattern):
    if pattern is None:
        return True
    if type(pattern) is not str or len(pattern) > 100 or pattern.count("|") > 4:
        return False
    bare = re.sub(r"(?<!\\)\(\?(:|u\)|i\)|=|!|<=|<!)", "(", pattern)
    return len(re.findall(r"[*+?{]", bare)) <= 1 and not re.search(r"\(\?|\)[*+?{]", bare)


def _texts(fields):
    grams, stops = fields["ngram_range"], fields["stop_words"]
    usual = fields["input"] == "content" and fields["encoding"] in ENCODINGS
    usual = usual and fields["tokenizer"] is None and fields["preprocessor"] is None
    usual = usual and fields["analyzer"] in ("word", "char", "char_wb")
    usual = usual and fields["strip_accents"] in (None, "ascii", "unicode")
    usual = usual and type(grams) is tuple and len(grams) == 2 and all(type(n) is int for n in grams)
    usual = usual and 1 <= grams[0] <= grams[1] <= 32 and is_quick(fields["token_pattern"])
    words = stops is None or (type(stops) in (str, list) and all(type(word) is str for word in stops))
    return not (usual and words and _of_numbers(fields["dtype"]))


def _is_bijection(places):
    return all(map(_whole_number, places.values())) and set(places.values()) == set(range(len(places)))


def _counts(fields):
    given = fields["vocabulary"]
    if not (given is None or type(given) in (dict, list, tuple, set, frozenset)):
        return True
    found = [x for x in (given, fields.get("vocabulary_")) if type(x) is dict]
    words = all(type(word) is str for x in found for word in x)
    return _texts(fields) or not words or not all(map(_is_bijection, found))


def _hashes(fields):
    plain = type(fields["n_features"]) is int and type(fields["alternate_sign"]) is bool
    return not plain or fields["n_features"] < 1 or _numberless(fields)


def _hashed_texts(fields):
    return _texts(fields) or _hashes(fields)


def _machine(fields):
    if type(fields["kernel"]) is not str or fields["kernel"] not in KERNELS or "_impl" in fields:
        return True
    numbers = [fields["coef0"], fields.get("_gamma", 0.0)]
    if not _whole_number(fields["degree"]) or not all(isinstance(n, int | float) for n in numbers):
        return True
    return type(fields.get("_effective_probability", False)) is not bool


CHECKED = {
    "CountVectorizer": _counts,
    "DictVectorizer": _numberless,
    "FeatureHasher": _hashes,
    "GradientBoostingClassifier": _boosting,
    "GradientBoostingRegressor": _boosting,
    "HashingVectorizer": _hashed_texts,
    "HistGradientBoostingClassifier": _histogram,
    "HistGradientBoostingRegressor": _histogram,
    "KBinsDiscretizer": _numberless,
    "OneHotEncoder": _one_hot,
    "OneVsRestClassifier": _one_against_rest,
    "OrdinalEncoder": _ordinal,
    "TfidfVectorizer": _counts,
    **dict.fromkeys(("SVC", "NuSVC", "SVR", "NuSVR", "OneClassSVM"), _machine),
}
