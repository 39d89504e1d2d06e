"""Pipelines and ensembles of imbalanced-learn, whose samplers predict nothing."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from exactness import check_parity, load_table, name_case
from imblearn import ensemble, over_sampling, under_sampling
from imblearn.pipeline import make_pipeline
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import compile_plan
from service.model.prediction.gate import check_agreement

SAMPLERS = [
    over_sampling.SMOTE(random_state=0),
    over_sampling.RandomOverSampler(random_state=0),
    under_sampling.RandomUnderSampler(random_state=0),
    under_sampling.TomekLinks(),
]
SMALL: dict[str, Any] = {"n_estimators": 4, "random_state": 0}


@pytest.mark.parametrize("sampler", SAMPLERS, ids=name_case)
def test_a_sampler_is_left_out_of_predictions(sampler: Any) -> None:
    X, y = load_table("breast_cancer")
    pipeline = make_pipeline(StandardScaler(), sampler, LogisticRegression())
    check_parity(pipeline.fit(X, y), X)


def test_a_frame_of_categories_is_planned_exactly() -> None:
    X, y = load_table("wine")
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "c": np.array([*"xyz"])[y - 1]})
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["a", "b"]), ("c", OneHotEncoder(), ["c"])]
    )
    sampler = over_sampling.SMOTE(random_state=0)
    pipeline = make_pipeline(columns, sampler, LogisticRegression()).fit(table, y)
    contract, sample = observe_table(table), read_columns(table, range(len(table)))
    plan = compile_plan(pipeline, contract, sample)
    assert plan.uncompiled_steps == ()
    check_agreement(FittedPipeline(pipeline), plan.predict, contract, sample)


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.BalancedRandomForestClassifier(**SMALL),
        ensemble.BalancedBaggingClassifier(**SMALL),
        ensemble.BalancedBaggingClassifier(LogisticRegression(), **SMALL),
        ensemble.BalancedBaggingClassifier(max_features=0.5, **SMALL),
        ensemble.EasyEnsembleClassifier(**SMALL),
        ensemble.RUSBoostClassifier(**SMALL),
        ensemble.RUSBoostClassifier(DecisionTreeClassifier(max_depth=2), **SMALL),
    ],
    ids=name_case,
)
def test_an_ensemble_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    check_parity(estimator.fit(X, y), X)
