"""Encoders, vectorizers, selectors and libsvm's machines come back as themselves, or closed as a whole."""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.cluster import FeatureAgglomeration
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, SelectPercentile, chi2, mutual_info_classif
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from forms import LABELS, MIXED, NUMBERS, ROWS, SPARSE, TABLES, TEXTS, fit, known_to_the_guest, same, told
from surge.model.errors import Distrusted
from surge.model.tagged.codec import decode
from surge.model.tagged.core import DECODER, ENCODER
from surge.model.tagged.fitted import encoders
from surge.model.tagged.opaque import Opaque
from surge.run.guest.tagged import closed, kinds
from surge.run.guest.tagged import core as guest

HONEST: list[tuple[Any, Any]] = [
    (OneHotEncoder(), MIXED),
    (OneHotEncoder(sparse_output=False, drop="first", dtype=np.float32), MIXED),
    (OneHotEncoder(drop="if_binary", handle_unknown="ignore", dtype=int), MIXED),
    (OneHotEncoder(drop=["b", 2]), MIXED),
    (OneHotEncoder(), NUMBERS),
    (OneHotEncoder(), NUMBERS.astype("U3")),
    (OneHotEncoder(), ROWS > 0.5),
    (OneHotEncoder(categories=[["a", "b", "c", "d"], [1, 2, 3, np.nan]]), MIXED),
    (OrdinalEncoder(), MIXED),
    (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.int32), MIXED[:2]),
    (CountVectorizer(), TEXTS),
    (CountVectorizer(max_features=4, stop_words=["the"], dtype=np.float32), TEXTS),
    (CountVectorizer(vocabulary=["cat", "dog"], stop_words="english"), TEXTS),
    (CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), strip_accents="unicode"), TEXTS),
    (TfidfVectorizer(sublinear_tf=True, token_pattern=r"[a-z]{2,}"), TEXTS),
    (TfidfVectorizer(use_idf=False), TEXTS),
    (HashingVectorizer(n_features=64), TEXTS),
    (FeatureHasher(16), TABLES[:1]),
    (DictVectorizer(), TABLES),
    (DictVectorizer(sparse=False, dtype=np.float32, sort=False), TABLES),
    (KBinsDiscretizer(4), ROWS),
    (KBinsDiscretizer(3, encode="ordinal", strategy="uniform", dtype=np.float32), ROWS),
    (KBinsDiscretizer([2, 3, 4], encode="onehot-dense"), ROWS),
    (SelectKBest(k=2), ROWS),
    (SelectKBest(chi2, k=2), SPARSE),
    (SelectPercentile(mutual_info_classif, percentile=50), ROWS),
    (FeatureAgglomeration(2), ROWS),
    (FeatureAgglomeration(2, pooling_func=np.median), ROWS),
    (FunctionTransformer(np.log1p, inverse_func=np.expm1), ROWS),
    (SVC(), ROWS),
    (SVC(kernel="poly", degree=2, decision_function_shape="ovo"), ROWS),
    (SVC(probability=True, random_state=0, class_weight="balanced"), ROWS),
    (SVC(break_ties=True, gamma=0.5), SPARSE),
    (SVC(probability=True, random_state=0), SPARSE),
    (NuSVC(nu=0.4, kernel="sigmoid"), ROWS),
    (NuSVC(nu=0.4), SPARSE),
    (SVR(kernel="linear"), ROWS),
    (SVR(epsilon=100), ROWS),
    (SVR(epsilon=100), SPARSE),
    (NuSVR(), SPARSE),
    (OneClassSVM(), ROWS),
    (OneClassSVM(), SPARSE),
    (TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.expm1), ROWS),
]  # fmt: skip


@pytest.mark.parametrize("which", range(len(HONEST)))
def test_as_themselves(which: int) -> None:
    model, rows = HONEST[which]
    found = decode(guest.encode(fit(model, rows)))
    assert type(found) is type(model)
    assert same(told(found, rows), told(model, rows))
    assert repr(found) == repr(model)
    if hasattr(model, "inverse_transform"):
        made = model.transform(rows)
        assert str(found.inverse_transform(made)) == str(model.inverse_transform(made))
    again = decode(guest.encode(found))
    assert same(told(again, rows), told(model, rows))


@pytest.mark.parametrize("model", [SVC(probability=True, random_state=0), SVR(), OneClassSVM()])
def test_rows_that_it_has_not_seen(model: Any) -> None:
    new = np.random.default_rng(5).random((20, 3))
    assert same(told(decode(guest.encode(fit(model, ROWS))), new), told(model, new))


@pytest.mark.filterwarnings("ignore")
def test_pipelines() -> None:
    frame = pd.DataFrame({"kind": ["a", "b", "c"] * 20, "x": ROWS[:, 0], "y": ROWS[:, 1]})
    each = ColumnTransformer([("k", OneHotEncoder(), ["kind"]), ("n", StandardScaler(), ["x", "y"])])
    model = make_pipeline(each, SelectKBest(k=3), SVC()).fit(frame, LABELS)
    found = decode(guest.encode(model))
    assert type(found) is type(model)
    assert (found.predict(frame[::-1]) == model.predict(frame[::-1])).all()
    read = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [0, 1, 0, 1])
    assert (decode(guest.encode(read)).predict_proba(TEXTS[::-1]) == read.predict_proba(TEXTS[::-1])).all()


@pytest.mark.parametrize("model", [m for m, _ in HONEST], ids=lambda m: type(m).__name__)
def test_as_they_were_made(model: BaseEstimator) -> None:
    made = type(model)(**model.get_params(deep=False))
    assert repr(decode(guest.encode(made))) == repr(made)


STAY: list[tuple[Any, Any]] = [
    (OneHotEncoder(min_frequency=2), MIXED[:, :1]),
    (OneHotEncoder(dtype=object), MIXED),
    (OneHotEncoder(feature_name_combiner=print), MIXED),
    (OneHotEncoder(), np.array([["2020-01-01"], ["2021-01-01"]], "M8[D]")),
    (OrdinalEncoder(max_categories=2), MIXED[:, :1]),
    (OrdinalEncoder(dtype="U99"), MIXED[:, :1]),
    (CountVectorizer(tokenizer=str.split), TEXTS),
    (CountVectorizer(analyzer=str.split), TEXTS),
    (CountVectorizer(preprocessor=str.lower), TEXTS),
    (CountVectorizer(strip_accents=str.lower), TEXTS),
    (CountVectorizer(input="file"), None),
    (CountVectorizer(input="filename"), None),
    (CountVectorizer(encoding="punycode"), TEXTS),
    (CountVectorizer(token_pattern=r"(?:\w+)+"), TEXTS),
    (CountVectorizer(ngram_range=(1, 33)), TEXTS),
    (CountVectorizer(ngram_range=(2, 1)), None),
    (CountVectorizer(vocabulary={"a": 1}), None),
    (CountVectorizer(vocabulary=range(3)), None),
    (TfidfVectorizer(tokenizer=str.split), TEXTS),
    (HashingVectorizer(tokenizer=str.split), TEXTS),
    (HashingVectorizer(n_features=0), None),
    (FeatureHasher(np.int64(4)), None),
    (SelectKBest(lambda rows, labels: rows[0]), ROWS),
    (FeatureAgglomeration(2, pooling_func=lambda x, axis: x.sum(axis)), ROWS),
    (FunctionTransformer(np.sinh), ROWS),
    (SVC(kernel="precomputed"), ROWS @ ROWS.T),
    (SVC(kernel=lambda a, b: a @ b.T), ROWS),
    (SVR(kernel="precomputed"), ROWS @ ROWS.T),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("which", range(len(STAY)))
def test_what_stays_closed(which: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lambda is no pickle: what would be closed is asked, not made."""
    model, rows = STAY[which]
    asked = []
    monkeypatch.setattr(kinds, "opaque", lambda kind: lambda value, put, depth: asked.append(value))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        guest.encode(model if rows is None else fit(model, rows))
    assert asked == [model]


def test_a_closed_one_is_opaque() -> None:
    assert isinstance(decode(guest.encode(fit(SVC(kernel="precomputed"), ROWS @ ROWS.T))), Opaque)


@pytest.mark.parametrize(
    ("pattern", "quick"),
    [
        (None, True), (r"(?u)\b\w\w+\b", True), (r"[a-z]{2,}", True), (r"(?:a|b)\S+(?=\s)", True), ("", True),
        (r"\w+\w+x", False), (r"(a|a)*x", False), (r"(?x)(a|a) *x", False), (r"\(?\(?\(?x", False),
        (r"(\w+)\1+", False), ("a|" * 9 + "b", False), ("a" * 101, False), (1, False),
        (r"(?#)(a|a)(?#)*", False),
    ],
)  # fmt: skip
def test_patterns_that_take_no_more_than_they_must(pattern: Any, quick: bool) -> None:
    assert encoders.is_quick(pattern) is closed.is_quick(pattern) is quick


class Encoder(OneHotEncoder):  # type: ignore[misc]
    pass


class Counter(CountVectorizer):  # type: ignore[misc]
    pass


class Machine(SVC):  # type: ignore[misc]
    pass


SENT: dict[str, type] = {f"m:{kind.__name__}": kind for kind in (Encoder, Counter, Machine)}


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The classes above were sent."""
    with known_to_the_guest(monkeypatch, SENT):
        yield


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(("model", "rows"), [(Encoder(), MIXED), (Counter(), TEXTS), (Machine(), ROWS)])
def test_classes_that_build_upon_them(model: Any, rows: Any) -> None:
    content = guest.encode(fit(model, rows))
    found = decode(content, SENT)
    assert type(found) is type(model)
    assert same(told(found, rows), told(model, rows))
    tree = DECODER.decode(content)
    for name in ("_n_features_outs", "vocabulary_", "_n_support"):
        if name in tree[2]:
            tree[2][name] = 1
    with pytest.raises(Distrusted):
        decode(ENCODER.encode(tree), SENT)


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (Encoder(min_frequency=2), MIXED[:, :1]),
        (Counter(tokenizer=str.split), TEXTS),
        (Machine(kernel="precomputed"), ROWS @ ROWS.T),
    ],
)
def test_classes_that_build_upon_them_and_stay_closed(model: Any, rows: Any) -> None:
    assert isinstance(decode(guest.encode(fit(model, rows)), SENT), Opaque)
