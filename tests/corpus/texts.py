"""Pipelines of texts and of dicts, as people write them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pandas as pd
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import NMF, LatentDirichletAllocation, TruncatedSVD
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.linear_model import (
    LogisticRegression,
    PassiveAggressiveClassifier,
    Perceptron,
    Ridge,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import BernoulliNB, ComplementNB, MultinomialNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MaxAbsScaler, Normalizer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from corpus import tables
from corpus.case import Case
from corpus.tables import Data


def read_series() -> Data:
    """Return the paragraphs as a Series, and how many words each has."""
    texts, _ = tables.read_topics()
    series = pd.Series(texts, name="paragraph")
    return Data(series, series.str.split().str.len().astype(float))


def read_frame() -> Data:
    """Return the paragraphs in a frame, with a number and a category beside."""
    texts, topics = tables.read_topics()
    rows, _ = tables.read_dicts()
    columns = {"text": texts, "words": [row["words"] for row in rows]}
    kind = ["note" if row["has note"] else "text" for row in rows]
    return Data(pd.DataFrame({**columns, "kind": kind}), topics)


CLASSIFIERS: dict[str, Any] = {
    "LogisticRegression": partial(LogisticRegression, max_iter=300),
    "SGDClassifier": partial(SGDClassifier, random_state=0),
    "SGDClassifier of log loss": partial(
        SGDClassifier, loss="log_loss", random_state=0
    ),
    "LinearSVC": partial(LinearSVC, random_state=0),
    "RidgeClassifier": RidgeClassifier,
    "Perceptron": partial(Perceptron, random_state=0),
    "PassiveAggressiveClassifier": partial(PassiveAggressiveClassifier, random_state=0),
    "MultinomialNB": MultinomialNB,
    "ComplementNB": ComplementNB,
    "BernoulliNB": BernoulliNB,
    "KNeighborsClassifier": KNeighborsClassifier,
    "NearestCentroid": NearestCentroid,
    "SVC": SVC,
    "DecisionTreeClassifier": partial(DecisionTreeClassifier, random_state=0),
    "RandomForestClassifier": partial(
        RandomForestClassifier, n_estimators=10, random_state=0
    ),
    "MLPClassifier": partial(
        MLPClassifier, hidden_layer_sizes=(16,), max_iter=10, random_state=0
    ),
    "CalibratedClassifierCV of LinearSVC": lambda: CalibratedClassifierCV(
        LinearSVC(random_state=0), cv=2
    ),
    "OneVsRestClassifier": lambda: OneVsRestClassifier(LinearSVC(random_state=0)),
}


def list_classifiers() -> Iterator[Case]:
    """Yield TF-IDF before each kind of classifier, the commonest form for texts."""
    for name, make in CLASSIFIERS.items():
        yield Case(
            f"TfidfVectorizer, {name}",
            "texts",
            lambda make=make: make_pipeline(  # type: ignore[misc]
                TfidfVectorizer(max_features=1000), make()
            ),
            tables.read_topics,
        )


# Vectorisers and what follows them, before a logistic regression.
FRONTS: dict[str, Any] = {
    "CountVectorizer of bigrams": lambda: [CountVectorizer(ngram_range=(1, 2))],
    "CountVectorizer, TfidfTransformer": lambda: [
        CountVectorizer(stop_words="english"),
        TfidfTransformer(sublinear_tf=True),
    ],
    "CountVectorizer, binary": lambda: [CountVectorizer(binary=True, min_df=2)],
    "TfidfVectorizer of characters": lambda: [
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 3), max_features=2000)
    ],
    "TfidfVectorizer, sublinear": lambda: [
        TfidfVectorizer(sublinear_tf=True, strip_accents="unicode", max_df=0.5)
    ],
    "TfidfVectorizer, norm l1": lambda: [TfidfVectorizer(norm="l1", smooth_idf=False)],
    "HashingVectorizer": lambda: [HashingVectorizer(n_features=2**12)],
    "HashingVectorizer, TfidfTransformer": lambda: [
        HashingVectorizer(n_features=2**12, alternate_sign=False),
        TfidfTransformer(),
    ],
    "TfidfVectorizer, SelectKBest": lambda: [
        TfidfVectorizer(),
        SelectKBest(chi2, k=100),
    ],
    "TfidfVectorizer, TruncatedSVD": lambda: [
        TfidfVectorizer(max_features=1000),
        TruncatedSVD(10, random_state=0),
    ],
    "TfidfVectorizer, TruncatedSVD, Normalizer": lambda: [
        TfidfVectorizer(max_features=1000),
        TruncatedSVD(10, random_state=0),
        Normalizer(),
    ],
    "CountVectorizer, MaxAbsScaler": lambda: [CountVectorizer(), MaxAbsScaler()],
    "CountVectorizer, StandardScaler": lambda: [
        CountVectorizer(),
        StandardScaler(with_mean=False),
    ],
    "CountVectorizer, LatentDirichletAllocation": lambda: [
        CountVectorizer(max_features=300),
        LatentDirichletAllocation(5, max_iter=3, random_state=0),
    ],
    "TfidfVectorizer, NMF": lambda: [
        TfidfVectorizer(max_features=300),
        NMF(5, random_state=0),
    ],
    "union of words and characters": lambda: [
        make_union(
            TfidfVectorizer(max_features=1000),
            TfidfVectorizer(analyzer="char", ngram_range=(1, 2)),
        )
    ],
}


def list_vectorizers() -> Iterator[Case]:
    """Yield ways of making numbers of texts, before a logistic regression."""
    for name, make in FRONTS.items():
        yield Case(
            name,
            "texts",
            lambda make=make: make_pipeline(  # type: ignore[misc]
                *make(), LogisticRegression(max_iter=300)
            ),
            tables.read_topics,
        )


def make_text_columns() -> Any:
    columns = make_column_transformer(
        (TfidfVectorizer(max_features=500), "text"),
        (StandardScaler(), ["words"]),
        remainder="drop",
    )
    return make_pipeline(columns, LogisticRegression(max_iter=300))


def make_searched() -> Any:
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    grid = {"logisticregression__C": [1, 10]}
    return GridSearchCV(pipeline, grid, cv=2)


def list_texts() -> Iterator[Case]:
    """Yield all cases of texts and of dicts."""
    yield from list_classifiers()
    yield from list_vectorizers()
    for name, make, read in (
        (
            "TfidfVectorizer, Ridge, of a Series",
            lambda: make_pipeline(TfidfVectorizer(), Ridge()),
            read_series,
        ),
        ("texts beside numbers in a frame", make_text_columns, read_frame),
        ("GridSearchCV of texts", make_searched, tables.read_topics),
        ("TfidfVectorizer alone", partial(TfidfVectorizer, max_features=300), None),
        ("CountVectorizer alone", partial(CountVectorizer, max_features=300), None),
        (
            "embedding of texts",
            lambda: make_pipeline(TfidfVectorizer(), TruncatedSVD(10, random_state=0)),
            None,
        ),
    ):
        yield Case(name, "texts", make, read or tables.read_topics)
    for name, vectorizer, last in (
        ("DictVectorizer, LogisticRegression", DictVectorizer(), LogisticRegression()),
        ("DictVectorizer, dense", DictVectorizer(sparse=False), LogisticRegression()),
        ("DictVectorizer, MultinomialNB", DictVectorizer(), MultinomialNB()),
        ("FeatureHasher, SGDClassifier", FeatureHasher(256), SGDClassifier()),
        ("DictVectorizer, trees", DictVectorizer(), DecisionTreeClassifier()),
    ):
        yield Case(
            name,
            "dicts",
            partial(make_pipeline, vectorizer, last),
            tables.read_dicts,
        )
