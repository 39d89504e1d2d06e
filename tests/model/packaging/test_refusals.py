"""What cannot be packaged is refused in a sentence of ours that says what to do."""

import re
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars
import pytest
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.cluster import DBSCAN
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KernelDensity
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from service.model.errors import PackagingError
from service.model.packaging.package import package

X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "z": [4.0, 1.0, 3.0, 2.0]})
Y = [0, 1, 0, 1]
FITTED = LogisticRegression().fit(X, Y)
LOCK = threading.Lock()

# Words of other libraries' errors, in which a person finds nothing to do.
FOREIGN = re.compile(r"Traceback|DuplicateError|__sklearn_tags__|object at 0x")


class Duck:
    """Fits and predicts, and inherits from nothing."""

    def fit(self, X: Any, y: Any) -> "Duck":
        return self

    def predict(self, X: Any) -> Any:
        return np.zeros(len(X))


class Answering(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Answers by a function."""

    def __init__(self, answer: Callable[[Any], Any]) -> None:
        self.answer = answer

    def fit(self, X: Any, y: Any = None) -> "Answering":
        self.fitted_ = True
        return self

    def predict(self, X: Any) -> Any:
        return self.answer(X)


def answer(function: Callable[[Any], Any]) -> Any:
    return Answering(function).fit(X)


def call(function: Callable[[Any], Any]) -> Any:
    return make_pipeline(FunctionTransformer(function), LogisticRegression()).fit(X, Y)


def count_rows(table: Any) -> Any:
    return np.zeros(len(table))


def column(values: Any) -> dict[str, Any]:
    """Return the arguments for a table of one column that no pipeline looks at."""
    return {"X": pd.DataFrame({"c": values}), "pipeline": answer(count_rows)}


# A pipeline or table with its options, and what the sentence names and advises.
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "not fitted": ({"pipeline": LogisticRegression()}, "not a fitted estimator"),
    "no estimator": ({"pipeline": 5}, "not a fitted estimator"),
    "a class": ({"pipeline": LogisticRegression}, "not a fitted estimator"),
    "a duck": ({"pipeline": Duck()}, "Duck .* inherit from ClassifierMixin"),
    "a duck at the end": (
        {"pipeline": make_pipeline(StandardScaler(), Duck()).fit(X, Y)},
        "Duck .* BaseEstimator",
    ),
    "no task": ({"pipeline": make_pipeline(KernelDensity()).fit(X)}, "KernelDensity"),
    "no predict": ({"pipeline": DBSCAN().fit(X)}, "DBSCAN"),
    "labels by chance": (
        {"pipeline": DummyClassifier(strategy="uniform").fit(X, Y)},
        "fix what is random",
    ),
    "text for numbers": (
        {"pipeline": answer(lambda t: ["a"] * len(t))},
        "predict numbers",
    ),
    "one answer": ({"pipeline": answer(lambda t: [1.0])}, "1 answers to 64"),
    "a lock": ({"pipeline": call(lambda t: LOCK and t)}, "reads 'LOCK', of the type"),
    "half the columns": ({"X": X[["z"]]}, "ValueError"),
    "the target": ({"X": X.assign(y=Y)}, "'y', on which .* without it"),
    "a wide array": (
        {"pipeline": LogisticRegression().fit(X.to_numpy(), Y), "X": np.ones((4, 3))},
        "3 columns, .* fitted on 2",
    ),
    "no rows": ({"X": X[:0]}, "no rows"),
    "no columns": (
        {"X": pd.DataFrame(index=[0]), "pipeline": answer(count_rows)},
        "no",
    ),
    "two names alike": (
        {"X": X.set_axis(["x", "x"], axis=1), "pipeline": answer(count_rows)},
        "'x' occurs twice: rename",
    ),
    "levels of names": (
        {"X": pd.concat({"a": X}, axis=1), "pipeline": answer(count_rows)},
        r"\('a', 'x'\) must be named by a string",
    ),
    "lists in cells": (column([[1], [2], [3]]), "'c'"),
    "differences": (column([timedelta(1)] * 3), "'c' .*timedelta"),
    "periods": (column(pd.period_range("2024", periods=3, freq="M")), "'c' .*period"),
    "complex numbers": (column([1j, 2j, 3j]), "'c' .*complex"),
    "bytes": (column([b"a", b"b"]), "'c' .*bytes"),
    "long doubles": (column(np.ones(3, np.longdouble)), "'c' .*long double"),
    "categories that are dates": (
        column(pd.Categorical(pd.to_datetime(["2024-01-01"] * 3))),
        "'c' .*datetime64",
    ),
    "days and moments": (
        column(pd.Series([date(2024, 1, 1), datetime(2024, 1, 1, 5)], dtype=object)),
        "'c' .*date and datetime",
    ),
    "unknown fields": ({"unknown_fields": "warn"}, "unknown_fields= must be"),
    "a pipeline of nothing": ({"pipeline": Pipeline([])}, "no task"),
    "no path": ({"to": 5}, "to= must be the path"),
    "a table of metrics": ({"metrics": X}, "metrics= must map"),
    "nothing but nulls": (column(pd.Series([None] * 3, dtype=object)), "'c'"),
    "numbers and texts": (column([1, "a", 2.5]), "'c' .*mixed"),
    "sparse columns": (column(pd.arrays.SparseArray([0, 1])), "'c' .*make it dense"),
    "half a letter": (column(pd.Series(["\ud800"], dtype=object)), "'c' .*surrogate"),
    "nulls of two kinds": (
        column(pd.Series(["a", None, np.nan], dtype=object)),
        "'c' .*fit the pipeline on one kind",
    ),
    "a series of numbers": ({"X": X["x"], "pipeline": answer(count_rows)}, "Series"),
    "a set": ({"X": {1.0, 2.0}, "pipeline": answer(count_rows)}, "set"),
    "ragged lists": (
        {"X": [["a"], ["b", "c"]], "pipeline": answer(count_rows)},
        "differ in length: pass texts whole",
    ),
    "a wide sparse matrix": (
        {"X": csr_array((4, 5000)), "pipeline": answer(lambda t: np.zeros(t.shape[0]))},
        "5000 columns: .* first step",
    ),
    "a lazy table": (
        {"X": polars.DataFrame({"x": [1.0]}).lazy(), "pipeline": answer(count_rows)},
        r"pass X\.collect",
    ),
    "a mask": (
        {"X": np.ma.masked_array([[1.0]], [[True]]), "pipeline": answer(count_rows)},
        "MaskedArray",
    ),
    "dates in an array": (
        {"X": np.zeros((3, 1), "M8[s]"), "pipeline": answer(count_rows)},
        "datetime64",
    ),
    "a cube": ({"X": np.zeros((3, 2, 2)), "pipeline": answer(count_rows)}, "two dim"),
    "names for some": (
        {"pipeline": LogisticRegression().fit(X.to_numpy(), Y), "X": X.to_numpy()}
        | {"names": ["a"]},
        "1 names for 2 columns",
    ),
    "names for named": ({"names": ["a", "b"]}, "no names yet"),
    "another class in y": ({"y": [2, 3, 2, 3]}, "y holds classes"),
    "a label of no class": ({"labels": {0: "no"}}, "each class"),
    "labels alike": ({"labels": ["a", "a"]}, "must differ"),
    "a metric that is none": ({"metrics": {"auc": np.nan}}, "'auc'"),
    "a strange name": ({"name": "Model Ü"}, "'Model Ü' must match"),
    "a strange version": ({"version": "1"}, r"semantic: 1\.0\.0"),
    "no such module": ({"code": ["absent_one"]}, "'absent_one', which is no Python"),
    "no such file": ({"code": "absent/one.py"}, r"absent/one\.py"),
    "a module of Python's": ({"code": ["json"]}, "'json': that name is taken"),
    "no such feature": ({"features": {"w": {"minimum": 0}}}, "no feature 'w'"),
    "no such edit": ({"features": {"x": {"least": 0}}}, "'x' has 'least', not one of"),
    "bounds the wrong way": (
        {"features": {"x": {"minimum": 2, "maximum": 1}}},
        "'x' .*minimum above its maximum",
    ),
    "another holdout": ({"holdout": X[["x"]]}, "holdout= must be a table like"),
    "deviations": ({"std": True}, "std= is for regressors"),
    "scores of a regressor": (
        {"pipeline": LinearRegression().fit(X, Y), "scores": "decision"},
        "for classifiers",
    ),
    "a column that is not there": (
        {
            "pipeline": make_pipeline(
                make_column_transformer(("passthrough", ["x", "z"])), LinearRegression()
            ).fit(X, Y),
            "X": X[["x"]],
        },
        "'z'",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_says_what_to_do(case: str, tmp_path: Path) -> None:
    options, sentence = CASES[case]
    given = {"pipeline": FITTED, "X": X, "name": "m", "version": "1.0.0"}
    given = {**given, "to": tmp_path, **options}
    with pytest.raises(PackagingError, match=f"(?s){sentence}") as caught:
        package(**given)
    said = str(caught.value)
    assert said.endswith(".")
    assert not FOREIGN.search(said)
    assert not list(tmp_path.rglob("manifest.json"))
