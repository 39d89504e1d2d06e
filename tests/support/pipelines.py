"""Real pipelines on real data, one for each kind of model and of training table."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mixed_features import elapse, to_floats
from moods import MoodyRegressor
from prose import read_prose
from proved_here import package_here
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from tensor_models import NearestImage

import train
from service.model import FeatureEdit

ROOT = Path(__file__).parents[2]
CREDIT = ROOT / "artefacts/credit-risk/1.0.0"


@dataclass
class Fitted:
    """A fitted pipeline with all that package() takes."""

    name: str
    pipeline: Any
    X: Any
    y: Any
    options: dict[str, Any] = field(default_factory=dict)

    def package(self, to: Path) -> Path:
        """Write version 1.0.0 of it."""
        return package_here(
            self.pipeline,
            self.X,
            self.y,
            name=self.name,
            version="1.0.0",
            to=to,
            **self.options,
        )


def fit_credit() -> Fitted:
    """Mixed columns with nulls, a derived feature and gradient boosting."""
    X, y = train.read_data()
    pipeline = train.build_pipeline().fit(X, y)
    return Fitted("credit", pipeline, X, y, {"code": ["credit_features"]})


def fit_diabetes() -> Fitted:
    """A regressor on ten numbers."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    forest = RandomForestRegressor(n_estimators=20, random_state=0, n_jobs=2)
    return Fitted("diabetes", forest.fit(X, y), X, y)


def fit_wine() -> Fitted:
    """A classifier of three classes, with business labels."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    labels = {0: "barolo", 1: "grignolino", 2: "barbera"}
    return Fitted("wine", pipeline, X, y, {"labels": labels})


def fit_array() -> Fitted:
    """A pipeline that never saw a column name."""
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    return Fitted("array", pipeline, X, y)


def fit_outputs() -> Fitted:
    """A regressor with several named outputs."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    Y = pd.DataFrame({"progression": y, "log_progression": np.log(y)})
    return Fitted("outputs", LinearRegression().fit(X, Y), X, Y)


def build_mixed_table() -> pd.DataFrame:
    """Return the credit data as dates, booleans, categoricals and nullable integers."""
    X, _ = train.read_data()
    days = pd.to_timedelta(X["Time"] * 13 + X["Age"] * 365, unit="D")
    return pd.DataFrame(
        {
            "applied": pd.Timestamp("2024-01-31T09:30:00") - days,
            "decided": (pd.Timestamp("2024-02-29T10:00:00.5", tz="UTC") - days),
            "has records": X["Records"] == "yes",
            "married.now": (X["Marital"] == "married").astype("boolean"),
            "Home": X["Home"].astype("category"),
            "Job": X["Job"].astype(object),
            "term": pd.Categorical(X["Time"], ordered=True),
            "Income": X["Income"].astype("Int64"),
            "Assets": X["Assets"].astype("Float64"),
            "Debt": X["Debt"].astype("float32"),
            "Age": X["Age"].astype("int16"),
            "fields": X["Price"].astype("uint32"),
        }
    )


def fit_mixed() -> Fitted:
    """Dates, booleans, categoricals, nullable and narrow columns, awkward names."""
    X = build_mixed_table()
    X.loc[X.index[::50], "married.now"] = pd.NA
    X.loc[X.index[::60], "applied"] = pd.NaT
    _, y = train.read_data()
    dates = make_column_selector(dtype_include=["datetime", "datetimetz"])
    texts = make_column_selector(dtype_include=["object", "category", "string"])
    categories = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    pipeline = make_pipeline(
        make_column_transformer(
            (FunctionTransformer(elapse), dates),
            (categories, texts),
            remainder=FunctionTransformer(to_floats),
            sparse_threshold=0,
        ),
        HistGradientBoostingClassifier(max_iter=20, random_state=0),
    ).fit(X, y)
    return Fitted("mixed", pipeline, X, y, {"code": ["mixed_features"]})


def fit_moody() -> Fitted:
    """A regressor that answers its only column, or does what a file says: moods.py."""
    X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    pipeline = MoodyRegressor().fit(X, X["x"])
    return Fitted("moody", pipeline, X, X["x"], {"code": ["moods"]})


def fit_texts() -> Fitted:
    """A classifier of a list of texts."""
    texts, topics = read_prose()
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression())
    return Fitted("texts", pipeline.fit(texts, topics), texts, topics)


def fit_tensors() -> Fitted:
    """Images of handwritten digits, with a vector beside each."""
    digits = load_digits()
    images = (digits.images[:300] / 16).astype(np.float32)
    extra = (np.arange(300) % 3 - 1).astype(np.int16).reshape(-1, 1)
    X, y = {"image": images, "extra": extra}, digits.target[:300]
    model = NearestImage().fit(X, y)
    edits: dict[str, FeatureEdit] = {"image": {"minimum": 0, "maximum": 1.5}}
    options = {"code": ["tensor_models"], "features": edits}
    return Fitted("tensors", model, X, y, options)


FITTED: dict[str, Callable[[], Fitted]] = {
    "credit": functools.cache(fit_credit),
    "diabetes": functools.cache(fit_diabetes),
    "wine": functools.cache(fit_wine),
    "array": functools.cache(fit_array),
    "outputs": functools.cache(fit_outputs),
    "mixed": functools.cache(fit_mixed),
    "texts": functools.cache(fit_texts),
    "moody": functools.cache(fit_moody),
}

# What takes no table.
TENSORS: dict[str, Callable[[], Fitted]] = {"tensors": functools.cache(fit_tensors)}
