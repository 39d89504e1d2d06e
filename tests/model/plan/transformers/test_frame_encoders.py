"""Encoders of category_encoders, in whole pipelines on the credit data."""

from typing import Any

import category_encoders as encoders
import pytest
from exactness import name_case
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import train
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.blocks import BlockType
from service.model.plan.inputs import Input
from service.model.plan.lookup import compile_transformer
from service.model.plan.plan import Plan, compile_plan
from service.model.prediction.gate import check_agreement

X, Y = (table.iloc[::4] for table in train.read_data())
TARGET = (Y == "good").astype(int)
TEXTS = list(X.select_dtypes(exclude="number"))

ENCODERS = [
    encoders.OrdinalEncoder(),
    encoders.OneHotEncoder(),
    encoders.OneHotEncoder(use_cat_names=True, drop_invariant=True),
    encoders.OneHotEncoder(handle_unknown="indicator", handle_missing="indicator"),
    encoders.TargetEncoder(),
    encoders.TargetEncoder(min_group_size=300),
    encoders.TargetEncoder(handle_unknown="return_nan", handle_missing="return_nan"),
    encoders.CountEncoder(),
    encoders.CountEncoder(normalize=True, min_group_size=300),
    encoders.CountEncoder(handle_unknown=-1),
    encoders.CatBoostEncoder(),
    encoders.LeaveOneOutEncoder(),
    encoders.JamesSteinEncoder(),
    encoders.MEstimateEncoder(),
    encoders.WOEEncoder(),
    encoders.BinaryEncoder(),
    encoders.BaseNEncoder(base=3),
    encoders.BackwardDifferenceEncoder(),
    encoders.GrayEncoder(),
    encoders.HelmertEncoder(),
    encoders.PolynomialEncoder(),
    encoders.QuantileEncoder(),
    encoders.RankHotEncoder(),
    encoders.SumEncoder(),
    encoders.TargetEncoder(return_df=False),
    encoders.TargetEncoder(cols=[*TEXTS, "Seniority"]),
]

pytestmark = pytest.mark.filterwarnings(  # of pandas, about the library
    "ignore:.*no_silent_downcasting", "ignore:.*will be keyword-only"
)


def fit_plan(*steps: Any, table: Any = X) -> Plan:
    """Fit a pipeline, and return its plan once both of its paths passed the gate."""
    pipeline = make_pipeline(*steps).fit(table, TARGET)
    contract = observe_table(table)
    sample = read_columns(table, range(0, len(table), 9))
    plan = compile_plan(pipeline, contract, sample)
    for plan.uses_single_path in (False, True):
        check_agreement(FittedPipeline(pipeline), plan.predict, contract, sample)
    return plan


@pytest.mark.parametrize("encoder", ENCODERS, ids=name_case)
def test_a_frame_is_encoded_exactly(encoder: Any) -> None:
    boost = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    assert fit_plan(clone(encoder), boost).uncompiled_steps == ()


def test_categories_of_pandas_are_encoded_exactly() -> None:
    table = X.astype(dict.fromkeys(TEXTS, "category"))
    boost = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    plan = fit_plan(encoders.TargetEncoder(), boost, table=table)
    assert plan.uncompiled_steps == ()


def test_chosen_columns_are_encoded_exactly() -> None:
    columns = ColumnTransformer(
        [
            ("t", encoders.TargetEncoder(), TEXTS),
            ("n", StandardScaler(), ["Age", "Amount"]),
        ]
    )
    assert fit_plan(columns, LogisticRegression()).uncompiled_steps == ()


@pytest.mark.parametrize("option", ["handle_unknown", "handle_missing"])
def test_what_an_encoder_refuses_is_refused(option: str) -> None:
    table = X.dropna().head(200)
    encoder = encoders.TargetEncoder(**{option: "error"})
    pipeline = make_pipeline(encoder, StandardScaler(), LogisticRegression())
    pipeline.fit(table, TARGET[table.index])
    contract = observe_table(table)
    sample = read_columns(table, range(len(table)))
    plan = compile_plan(pipeline, contract, sample)
    assert plan.uncompiled_steps == ()
    strange = [[*values[:1]] for values in sample]
    strange[list(table).index("Job")] = [
        "astronaut" if option == "handle_unknown" else None
    ]
    with pytest.raises(ValueError, match="none of the categories"):
        plan.predict(strange)


def test_columns_encoded_together_run_as_themselves() -> None:
    encoder = encoders.TargetEncoder(composite_cols=[("Home", "Job")])
    boost = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    plan = fit_plan(encoder, boost)
    assert plan.uncompiled_steps == ("TargetEncoder",)


def test_a_frame_of_texts_that_stay_runs_as_itself() -> None:
    table = X[TEXTS]
    encoder = encoders.OrdinalEncoder(cols=TEXTS[:1])
    plan = fit_plan(
        encoder, encoders.OrdinalEncoder(), LogisticRegression(), table=table
    )
    assert plan.uncompiled_steps == ("OrdinalEncoder",)


def test_a_frame_of_numbers_is_handed_on() -> None:
    boost = HistGradientBoostingClassifier(max_iter=5, random_state=0)
    numbers = X[["Age", "Income"]]
    for encoder in (encoders.TargetEncoder(), encoders.OrdinalEncoder()):
        assert fit_plan(encoder, boost, table=numbers).uncompiled_steps == ()


def test_another_version_of_the_library_runs_as_itself() -> None:
    encoder = encoders.TargetEncoder().fit(X, TARGET)
    del encoder.min_group_lumping_
    sample = read_columns(X, range(9))
    with pytest.raises(NoPlanError, match="TargetEncoder raises AttributeError"):
        compile_transformer(encoder, Input(BlockType(observe_table(X)), sample))
