"""Encoders, vectorizers and selectors with a field that compiled code would follow out of its memory, or that
reads a file: refused when they are built."""

from typing import Any

import numpy as np
import pytest
from sklearn.cluster import FeatureAgglomeration
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import SelectKBest
from sklearn.preprocessing import (
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)

from forms import (
    MIXED,
    NUMBERS,
    ROWS,
    TABLES,
    TEXTS,
    Change,
    all_of,
    at,
    fields,
    refuses,
    setting,
    taking,
    tree_of,
    within,
)

WORDS = {"the": 0, "cat": 1}
ONE = OneHotEncoder()
FIRST = OneHotEncoder(drop="first")
TRIPLE = np.array([1.0, 2, 3])
ALIKE = np.array([k * ((1 << 61) - 1) for k in range(100)], object)


def putting(name: str, model: Any) -> Change:
    """Another honest estimator in a field."""
    return lambda tree: fields(tree).__setitem__(name, tree_of(model))


HOSTILE: dict[str, tuple[Any, Any, Change]] = {
    "one hot: a wider column": (ONE, NUMBERS, setting("_n_features_outs", [3, 30])),
    "one hot: a narrower column": (ONE, NUMBERS, setting("_n_features_outs", [3, 1])),
    "one hot: a narrower first one": (ONE, NUMBERS, setting("_n_features_outs", [-100, 3])),
    "one hot: widths that are texts": (ONE, NUMBERS, setting("_n_features_outs", ["3", "3"])),
    "one hot: widths that are truths": (ONE, ROWS[:1], setting("_n_features_outs", [True, True, True])),
    "one hot: fewer categories": (ONE, NUMBERS, setting("categories_", [TRIPLE])),
    "one hot: no list": (ONE, NUMBERS, setting("categories_", (TRIPLE, TRIPLE))),
    "one hot: categories out of order": (ONE, ROWS[:3], at("categories_", 2, np.array([1.0, 3, 2]))),
    "one hot: a category twice": (ONE, ROWS[:3], at("categories_", 2, np.array([1.0, 1, 2]))),
    "one hot: nan before the end": (ONE, ROWS[:3], at("categories_", 2, np.array([1, np.nan, 2]))),
    "one hot: nan twice": (ONE, ROWS[:3], at("categories_", 2, np.array([1, np.nan, np.nan]))),
    "one hot: categories that are a list": (ONE, ROWS[:3], at("categories_", 2, [1.0, 2.0, 3.0])),
    "one hot: categories of times": (ONE, ROWS[:3], at("categories_", 2, np.arange(3).astype("M8[D]"))),
    "one hot: categories that collide": (
        ONE, MIXED[:, :1], all_of(at("categories_", 0, ALIKE), setting("_n_features_outs", [100]))
    ),
    "one hot: drops of another kind": (
        FIRST, NUMBERS, setting("_drop_idx_after_grouping", np.array([0, 0]))
    ),
    "one hot: another number of columns": (ONE, NUMBERS, setting("n_features_in_", 1)),
    "one hot: no number of columns": (ONE, NUMBERS, taking("n_features_in_")),
    "one hot: rare ones": (ONE, NUMBERS, setting("_infrequent_enabled", True)),
    "one hot: nothing of rare ones": (ONE, NUMBERS, taking("_infrequent_enabled")),
    "one hot: a drop more": (ONE, NUMBERS, setting("_drop_idx_after_grouping", np.array([0, 0], object))),
    "one hot: a drop less": (FIRST, NUMBERS, setting("_drop_idx_after_grouping", None)),
    "one hot: a drop out of the column": (FIRST, NUMBERS, at("_drop_idx_after_grouping", 0, 3)),
    "one hot: a drop before the column": (FIRST, NUMBERS, at("_drop_idx_after_grouping", 0, -1)),
    "one hot: a part of a drop": (FIRST, NUMBERS, at("_drop_idx_after_grouping", 0, 0.5)),
    "one hot: few drops": (FIRST, NUMBERS, setting("_drop_idx_after_grouping", np.array([0], object))),
    "one hot: a dtype of texts": (ONE, NUMBERS, setting("dtype", "U1000000000")),
    "ordinal: rare ones": (OrdinalEncoder(), NUMBERS, setting("_infrequent_enabled", True)),
    "ordinal: another order": (OrdinalEncoder(), ROWS[:3], at("categories_", 2, np.array([1.0, 3, 2]))),
    "ordinal: a dtype out of proportion": (OrdinalEncoder(), NUMBERS, setting("dtype", "U1000000000")),
    "ordinal: missing ones": (OrdinalEncoder(), NUMBERS, setting("_missing_indices", [1])),
    "count: a far place": (CountVectorizer(), TEXTS, setting("vocabulary_", {"the": 0, "cat": 10**9})),
    "count: a place before": (CountVectorizer(), TEXTS, setting("vocabulary_", {"the": 0, "cat": -5})),
    "count: a place twice": (CountVectorizer(), TEXTS, setting("vocabulary_", {"the": 0, "cat": 0})),
    "count: a place that is a part": (CountVectorizer(), TEXTS, setting("vocabulary_", {"the": 0.0})),
    "count: no table": (CountVectorizer(), TEXTS, setting("vocabulary_", ["the"])),
    "count: no words": (CountVectorizer(), TEXTS, setting("vocabulary_", {1: 0})),
    "count: words that are a range": (
        CountVectorizer(), TEXTS, all_of(taking("vocabulary_"), setting("vocabulary", range(10**9)))
    ),
    "count: files": (CountVectorizer(), TEXTS, setting("input", "filename")),
    "count: open files": (CountVectorizer(), TEXTS, setting("input", "file")),
    "count: an endless pattern": (CountVectorizer(), TEXTS, setting("token_pattern", r"(\w+)+x")),
    "count: grams of any length": (CountVectorizer(), TEXTS, setting("ngram_range", (1, 10**9))),
    "count: grams of nothing": (CountVectorizer(), TEXTS, setting("ngram_range", (0, 1))),
    "count: a strange encoding": (CountVectorizer(), TEXTS, setting("encoding", "idna")),
    "count: a tokenizer": (CountVectorizer(), TEXTS, setting("tokenizer", 1)),
    "count: an analyzer": (CountVectorizer(), TEXTS, setting("analyzer", "x")),
    "count: stop words that are a range": (CountVectorizer(), TEXTS, setting("stop_words", range(10**9))),
    "count: other accents": (CountVectorizer(), TEXTS, setting("strip_accents", "x")),
    "count: grams of another kind": (CountVectorizer(), TEXTS, setting("ngram_range", [1, 1])),
    "count: stop words of another kind": (CountVectorizer(), TEXTS, setting("stop_words", ("a",))),
    "count: stop words that are none": (CountVectorizer(), TEXTS, setting("stop_words", [1])),
    "count: a far place that was given": (CountVectorizer(), TEXTS, setting("vocabulary", {"a": 5})),
    "count: a dtype of texts": (CountVectorizer(), TEXTS, setting("dtype", "U1000000000")),
    "weights: few": (
        TfidfVectorizer(), TEXTS, within("_tfidf", setting("idf_", np.ones(2)))
    ),
    "weights: a matrix": (TfidfVectorizer(), TEXTS, within("_tfidf", setting("idf_", np.ones((2, 2))))),
    "weights: of another kind": (TfidfVectorizer(), TEXTS, setting("_tfidf", 1)),
    "weights: of another class": (
        TfidfVectorizer(), TEXTS, putting("_tfidf", StandardScaler().fit(ROWS))
    ),
    "weights: that are a range": (TfidfTransformer(), ROWS, setting("idf_", range(10**9))),
    "weights: of other words": (TfidfVectorizer(), TEXTS, setting("vocabulary_", WORDS)),
    "weights: files": (TfidfVectorizer(), TEXTS, setting("input", "filename")),
    "hash: by nothing": (FeatureHasher(8), TABLES[:1], setting("n_features", 0)),
    "hash: by less": (FeatureHasher(8), TABLES[:1], setting("n_features", -8)),
    "hash: by too much": (FeatureHasher(8), TABLES[:1], setting("n_features", 1 << 31)),
    "hash: by a part": (FeatureHasher(8), TABLES[:1], setting("n_features", 0.5)),
    "hash: a dtype of texts": (FeatureHasher(8), TABLES[:1], setting("dtype", "U1000000000")),
    "hash of texts: by nothing": (HashingVectorizer(n_features=8), TEXTS, setting("n_features", 0)),
    "hash of texts: files": (HashingVectorizer(n_features=8), TEXTS, setting("input", "filename")),
    "tables: a far place": (DictVectorizer(), TABLES, at("vocabulary_", "a", 10**9)),  # type: ignore[arg-type]
    "tables: a place twice": (DictVectorizer(), TABLES, at("vocabulary_", "a", 1)),  # type: ignore[arg-type]
    "tables: a dtype of texts": (DictVectorizer(), TABLES, setting("dtype", "U1000000000")),
    "tables: no text between": (DictVectorizer(), TABLES, setting("separator", 1)),
    "tables: few names": (DictVectorizer(), TABLES, setting("feature_names_", ["a"])),
    "tables: names that are a range": (DictVectorizer(), TABLES, setting("feature_names_", range(4))),
    "bins: another encoder": (KBinsDiscretizer(2), ROWS, setting("_encoder", 1)),
    "bins: a hostile encoder": (
        KBinsDiscretizer(2), ROWS, within("_encoder", setting("_n_features_outs", [2, 2, 1]))
    ),
    "bins: of another kind": (KBinsDiscretizer(2), ROWS, setting("encode", "x")),
    "bins: an encoder of another kind": (
        KBinsDiscretizer(2), ROWS, putting("_encoder", OrdinalEncoder().fit(ROWS))
    ),
    "bins: an encoder of other columns": (
        KBinsDiscretizer(2), ROWS, putting("_encoder", OneHotEncoder().fit(NUMBERS))
    ),
    "bins: edges that are a range": (KBinsDiscretizer(2), ROWS, at("bin_edges_", 0, range(10**9))),
    "bins: few columns": (KBinsDiscretizer(2), ROWS, setting("n_bins_", np.array([2]))),
    "bins: no edges": (KBinsDiscretizer(2), ROWS, at("bin_edges_", 0, np.zeros(0))),
    "scores: few": (SelectKBest(k=1), ROWS, setting("scores_", np.ones(2))),
    "scores: other ones": (SelectKBest(k=1), ROWS, setting("pvalues_", np.ones((3, 3)))),
    "merged: a far label": (FeatureAgglomeration(2), ROWS, at("labels_", 0, 10**9)),
    "merged: a label before": (FeatureAgglomeration(2), ROWS, at("labels_", 0, -1)),
    "merged: few labels": (FeatureAgglomeration(2), ROWS, setting("labels_", np.zeros(1, int))),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_parts_that_do_not_fit_are_refused(name: str) -> None:
    refuses(*HOSTILE[name])
