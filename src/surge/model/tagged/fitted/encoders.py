"""Checks of scikit-learn's encoders, vectorizers and selectors: what turns tables and texts into numbers.

Most of them end in a sparse matrix that is made of indices without a look at them, so that each place must be
one of its columns. A vectorizer also says what to read (a file, instead of the text) and how (any regular
expression, n-grams of any length): what goes beyond the usual is refused, and stays closed at the guest.
"""

import re
from collections.abc import Callable
from typing import Any

from surge.model.tagged.arrays import need
from surge.model.tagged.keys import hashable
from surge.model.tagged.names import ENCODINGS
from surge.model.tagged.parts import Fields, array, bijection, count, of_numbers, require, whole_number

LONGEST_GRAM = 32
LONGEST_PATTERN = 100
MOST_ALTERNATIVES = 4


def is_quick(pattern: Any) -> bool:
    """Whether looking for a token of this pattern takes no more than the text's length in steps for each of
    its characters: no more than one repetition, and none of a group."""
    if pattern is None:
        return True
    if type(pattern) is not str or len(pattern) > LONGEST_PATTERN or pattern.count("|") > MOST_ALTERNATIVES:
        return False
    bare = re.sub(r"(?<!\\)\(\?(:|u\)|i\)|=|!|<=|<!)", "(", pattern)
    return len(re.findall(r"[*+?{]", bare)) <= 1 and not re.search(r"\(\?|\)[*+?{]", bare)


def _categories(fields: Fields, columns: int) -> list[int]:
    """How many each column has. A number's place is found by halving, whose end is only right in order."""
    numpy, found = need("numpy"), fields["categories_"]
    require(type(found) is list and len(found) == columns)
    for one in found:
        array(one, "biufOUS", None)
        if one.dtype.kind in "biuf":
            known = one[:-1] if one.dtype.kind == "f" and len(one) and numpy.isnan(one[-1]) else one
            require((known[1:] > known[:-1]).all() and not numpy.isnan(known).any())
        elif one.dtype.kind == "O":
            hashable(one.tolist())
    return [len(one) for one in found]


def _check_ordinal(fields: Fields) -> None:
    require(isinstance(fields["dtype"], type) or of_numbers(fields["dtype"]))
    if "categories_" not in fields:
        return
    require(fields["_infrequent_enabled"] is False)
    _categories(fields, count(fields))
    missing = fields["_missing_indices"]
    require(type(missing) is dict and all(map(whole_number, [*missing, *missing.values()])))


def _check_one_hot(fields: Fields) -> None:
    require(of_numbers(fields["dtype"]))
    if "categories_" not in fields:
        return
    require(fields["_infrequent_enabled"] is False)
    widths = _categories(fields, count(fields))
    for name in ("drop_idx_", "_drop_idx_after_grouping"):
        dropped = fields[name]
        if dropped is None:
            continue
        array(dropped, "O", len(widths))
        require(all(x is None or (whole_number(x) and 0 <= x < n) for x, n in _pairs(dropped, widths)))
    dropped = fields["_drop_idx_after_grouping"]
    if dropped is not None:
        widths = [n - (x is not None) for x, n in _pairs(dropped, widths)]
    outs = fields["_n_features_outs"]
    require(type(outs) is list and all(type(n) is int for n in outs) and outs == widths)


def _pairs(dropped: Any, widths: list[int]) -> list[tuple[Any, int]]:
    return list(zip(dropped.tolist(), widths, strict=True))


def _check_bins(fields: Fields) -> None:
    require(fields["encode"] in ("onehot", "onehot-dense", "ordinal") and of_numbers(fields["dtype"]))
    if "bin_edges_" not in fields:
        return
    columns = count(fields)
    array(fields["n_bins_"], "iu", columns)
    for edges in array(fields["bin_edges_"], "O", columns):
        require(len(array(edges, "f", None)) >= 2)
    if fields["encode"] != "ordinal":
        encoder = fields["_encoder"]
        require(type(encoder) is need("sklearn.preprocessing").OneHotEncoder)
        require(len(vars(encoder)["categories_"]) == columns)


def _check_texts(fields: Fields) -> None:
    require(fields["input"] == "content")  # else a document is the name of a file to read
    require(fields["encoding"] in ENCODINGS)
    require(fields["tokenizer"] is None and fields["preprocessor"] is None)
    require(fields["analyzer"] in ("word", "char", "char_wb"))
    require(fields["strip_accents"] in (None, "ascii", "unicode"))
    require(is_quick(fields["token_pattern"]) and of_numbers(fields["dtype"]))
    grams, stops = fields["ngram_range"], fields["stop_words"]
    require(type(grams) is tuple and len(grams) == 2 and all(type(n) is int for n in grams))
    require(1 <= grams[0] <= grams[1] <= LONGEST_GRAM)
    require(stops is None or type(stops) in (str, list))
    require(stops is None or all(type(word) is str for word in stops))


def _check_counts(fields: Fields) -> None:
    _check_texts(fields)
    given = fields["vocabulary"]
    require(given is None or type(given) in (dict, list, tuple, set, frozenset))
    if type(given) is dict:
        bijection(given)
    if "vocabulary_" in fields:
        bijection(fields["vocabulary_"])
        require(all(type(word) is str for word in fields["vocabulary_"]))


def _check_weighted(fields: Fields) -> None:
    _check_counts(fields)
    if "_tfidf" not in fields:
        return
    weights = fields["_tfidf"]
    require(type(weights) is need("sklearn.feature_extraction.text").TfidfTransformer)
    if "idf_" in vars(weights):
        array(vars(weights)["idf_"], "f", len(fields["vocabulary_"]))


def _check_weights(fields: Fields) -> None:
    if "idf_" in fields:
        array(fields["idf_"], "f", None)


def _check_hashes(fields: Fields) -> None:
    count(fields, "n_features")  # compiled code divides by it
    require(type(fields["alternate_sign"]) is bool and of_numbers(fields["dtype"]))


def _check_hashed_texts(fields: Fields) -> None:
    _check_texts(fields)
    _check_hashes(fields)


def _check_tables(fields: Fields) -> None:
    require(of_numbers(fields["dtype"]) and type(fields["separator"]) is str)
    if "vocabulary_" in fields:
        names = fields["feature_names_"]
        require(type(names) is list and len(names) == bijection(fields["vocabulary_"]))


def _check_scores(fields: Fields) -> None:
    if "scores_" in fields:
        array(fields["scores_"], "fiu", count(fields))
        if fields["pvalues_"] is not None:
            array(fields["pvalues_"], "fiu", count(fields))


def _check_merged(fields: Fields) -> None:
    """Of features: room is reserved up to the highest label."""
    if "labels_" in fields:
        labels = array(fields["labels_"], "iu", count(fields))
        require(((labels >= 0) & (labels < len(labels))).all())


CHECKS: dict[str, Callable[[Fields], None]] = {
    "CountVectorizer": _check_counts,
    "DictVectorizer": _check_tables,
    "FeatureAgglomeration": _check_merged,
    "FeatureHasher": _check_hashes,
    "HashingVectorizer": _check_hashed_texts,
    "KBinsDiscretizer": _check_bins,
    "OneHotEncoder": _check_one_hot,
    "OrdinalEncoder": _check_ordinal,
    "TfidfTransformer": _check_weights,
    "TfidfVectorizer": _check_weighted,
    **dict.fromkeys(["GenericUnivariateSelect", "SelectFdr", "SelectFpr", "SelectFwe"], _check_scores),
    **dict.fromkeys(["SelectKBest", "SelectPercentile"], _check_scores),
}
