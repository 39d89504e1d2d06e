"""The models of the other scenarios, trained and packaged in build/bench/artefacts."""

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from prose import read_prose
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from benchmarks.places import ARTEFACTS, HERE
from benchmarks.workload import Workload
from service.model import package


def package_custom(credit: Workload) -> Path:
    """Package a pipeline of the credit model's size whose first step is ours alone."""
    frame = pd.DataFrame(credit.instances)
    return _package_custom(credit, frame, "custom", "bench_ratios", "Ratios")


def package_faulty(credit: Workload) -> Path:
    """Package one whose first step has the fault that BENCH_FAULT says."""
    frame = pd.DataFrame(credit.instances)
    return _package_custom(credit, frame, "faulty", "bench_faults", "Fault")


def package_stricter(credit: Workload) -> Path:
    """Package one whose contract has a field more."""
    frame = pd.DataFrame(credit.instances).assign(Guarantors=0)
    return _package_custom(credit, frame, "stricter", "bench_ratios", "Ratios")


def _package_custom(
    credit: Workload, frame: pd.DataFrame, name: str, module: str, step: str
) -> Path:
    risky = np.array(credit.expected) > np.median(credit.expected)
    # By a name of its own, as the module of a project would have it.
    if str(HERE / "custom") not in sys.path:
        sys.path.insert(0, str(HERE / "custom"))
    first_step = getattr(importlib.import_module(module), step)()
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    pipeline = make_pipeline(
        first_step,
        make_column_transformer(
            (StandardScaler(), make_column_selector(dtype_include="number")),
            (encoder, make_column_selector(dtype_exclude="number")),
        ),
        HistGradientBoostingClassifier(
            max_iter=150, max_leaf_nodes=15, learning_rate=0.05, random_state=0
        ),
    )
    pipeline.fit(frame, np.where(risky, "bad", "good"))
    return _package(pipeline, frame, name, code=[module])


def package_forest() -> Path:
    """Package a random forest of some 200 MB: deep trees, grown on noise."""
    draw = np.random.default_rng(0)
    columns = [f"x{index}" for index in range(10)]
    frame = pd.DataFrame(draw.normal(size=(30_000, 10)), columns=columns)
    forest = RandomForestClassifier(
        n_estimators=160, max_features=1, n_jobs=2, random_state=0
    )
    forest.fit(frame, np.where(draw.random(30_000) < 0.5, "bad", "good"))
    forest.set_params(n_jobs=1)
    return _package(forest, frame, "forest")


def package_texts() -> Path:
    """Package the commonest model of text: TF-IDF and a logistic regression."""
    texts, topics = read_prose()
    frame = pd.DataFrame({"text": texts})
    vectorizer = make_column_transformer((TfidfVectorizer(), "text"))
    pipeline = make_pipeline(vectorizer, LogisticRegression(max_iter=1000))
    return _package(pipeline.fit(frame, topics), frame, "texts")


def package_detector(credit: Workload) -> Path:
    """Package an isolation forest of the default size, on the numbers of the credit."""
    frame = pd.DataFrame(credit.instances).select_dtypes("number")
    return _package(IsolationForest(random_state=0).fit(frame), frame, "detector")


def package_kernel(credit: Workload) -> Path:
    """Package a support vector machine, on scaled numbers of the credit."""
    frame = pd.DataFrame(credit.instances).select_dtypes("number")
    risky = np.array(credit.expected) > np.median(credit.expected)
    pipeline = make_pipeline(StandardScaler(), SVC())
    pipeline.fit(frame, np.where(risky, "bad", "good"))
    return _package(pipeline, frame, "kernel", scores="decision")


def _package(pipeline: Any, frame: pd.DataFrame, name: str, **options: Any) -> Path:
    shutil.rmtree(ARTEFACTS / name, ignore_errors=True)
    return package(pipeline, frame, name=name, version="1.0.0", to=ARTEFACTS, **options)
