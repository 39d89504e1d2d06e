"""Pipelines of mixed columns, as people write them and as the credit model is."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn import decomposition, ensemble, feature_selection, preprocessing
from sklearn.compose import make_column_transformer
from sklearn.impute import KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import train
from corpus import tables
from corpus.case import Case
from corpus.estimators import CATEGORIES, prepare
from corpus.tables import Data

LOGISTIC = LogisticRegression(max_iter=500)
TREES: dict[str, Any] = {"n_estimators": 10, "random_state": 0}
FOREST = ensemble.RandomForestClassifier(**TREES)
BOOSTED = ensemble.HistGradientBoostingClassifier(max_iter=10, random_state=0)
ORDINAL = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)


def read_typed() -> Data:
    """Return the applications with their categories as pandas categories."""
    X, y = tables.read_credit()
    return Data(X.astype(dict.fromkeys(CATEGORIES(X), "category")), y)


def read_single() -> Data:
    """Return the tumours in single precision."""
    X, y = tables.read_cancer()
    return Data(X.astype(np.float32), y)


def read_whole() -> Data:
    """Return images by whole numbers."""
    X, y = tables.read_digits()
    return Data(X.astype(np.int64), y)


def read_credit_training() -> Data:
    """Return the applications, more of them, as the credit model is trained."""
    return Data(*train.read_data()).take(slice(0, None, 4))


def coded(last: Any) -> Any:
    """Return mixed columns with ordinal codes before trees, nulls left to them."""
    columns = make_column_transformer((ORDINAL, CATEGORIES), remainder="passthrough")
    return make_pipeline(columns, last)


def framed(last: Any) -> Any:
    """Return the preparation that hands on frames."""
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_pipeline(prepare(encoder=encoder), last).set_output(transform="pandas")


def logged() -> Any:
    """Return logarithms of skewed columns, scaled, and the others as they are."""
    skewed = make_pipeline(
        SimpleImputer(), FunctionTransformer(np.log1p), StandardScaler()
    )
    columns = make_column_transformer(
        (skewed, ["Income", "Assets", "Debt", "Price"]),
        (OneHotEncoder(handle_unknown="ignore"), CATEGORIES),
        (SimpleImputer(), ["Age", "Time"]),
    )
    return make_pipeline(columns, LOGISTIC)


def flagged() -> Any:
    """Return imputed columns beside flags of what was missing."""
    union = make_union(SimpleImputer(), MissingIndicator(features="all"))
    return make_pipeline(union, StandardScaler(), LOGISTIC)


def chosen() -> Any:
    """Return components and the best columns side by side."""
    best = feature_selection.SelectKBest(k=5)
    union = make_union(decomposition.PCA(3), best)
    return make_pipeline(StandardScaler(), union, SVC(probability=False))


def named() -> Any:
    """Return a pipeline of named steps, one of which is passed over."""
    steps = [("scale", StandardScaler()), ("none", "passthrough"), ("model", LOGISTIC)]
    return Pipeline(steps)


def binned() -> Any:
    bins = preprocessing.KBinsDiscretizer(5, quantile_method="averaged_inverted_cdf")
    return make_pipeline(bins, LOGISTIC)


def rare() -> Any:
    encoder = OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist")
    return make_pipeline(prepare(encoder=encoder), LOGISTIC)


def dropping() -> Any:
    return make_pipeline(prepare(encoder=OneHotEncoder(drop="first")), LOGISTIC)


def targeted() -> Any:
    encoder = preprocessing.TargetEncoder(cv=2)
    return make_pipeline(prepare(encoder=encoder), LOGISTIC)


Mixed = tuple[str, Callable[[], Any], Callable[[], Data]]
MIXED: tuple[Mixed, ...] = (
    ("the credit model", train.build_pipeline, read_credit_training),
    ("HistGradientBoosting of categories", lambda: BOOSTED, read_typed),
    ("ordinal codes, HistGradientBoosting", lambda: coded(BOOSTED), read_typed),
    ("ordinal codes, random forest", lambda: coded(FOREST), tables.read_credit),
    ("frames within, LogisticRegression", lambda: framed(LOGISTIC), tables.read_credit),
    ("frames within, random forest", lambda: framed(FOREST), tables.read_credit),
    ("logarithms of columns", logged, tables.read_credit),
    ("flags of nulls", flagged, tables.read_numbers),
    ("union of PCA and SelectKBest, SVC", chosen, tables.read_cancer),
    ("named steps with a passthrough", named, tables.read_wine),
    ("KBinsDiscretizer, LogisticRegression", binned, tables.read_wine),
    ("rare categories together", rare, tables.read_credit),
    ("one-hot without the first", dropping, tables.read_credit),
    ("TargetEncoder, LogisticRegression", targeted, tables.read_credit),
    (
        "KNNImputer, StandardScaler, SVC",
        lambda: make_pipeline(KNNImputer(), StandardScaler(), SVC()),
        tables.read_numbers,
    ),
    ("random forest with nulls", lambda: FOREST, tables.read_numbers),
    ("trees of float32", lambda: FOREST, read_single),
    (
        "LogisticRegression of float32",
        lambda: make_pipeline(StandardScaler(), LOGISTIC),
        read_single,
    ),
    ("trees of integers", lambda: DecisionTreeClassifier(random_state=0), read_whole),
    (
        "images, PCA, SVC",
        lambda: make_pipeline(decomposition.PCA(16), SVC()),
        read_whole,
    ),
    (
        "images, KNeighborsClassifier",
        lambda: KNeighborsClassifier(3),
        lambda: read_whole().to_array(),
    ),
)


def list_columns() -> Iterator[Case]:
    """Yield all cases of mixed columns."""
    for name, make, read in MIXED:
        yield Case(name, "mixed columns", make, read)
