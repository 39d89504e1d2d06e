"""Predictors that ask others, of frames and arrays of every width, and of texts."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from exactness import load_table, name_case
from prose import read_prose
from sklearn import ensemble, multiclass, multioutput
from sklearn import linear_model as linear
from sklearn.base import clone, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.feature_selection import RFE, SelectKBest, chi2
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import train
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Plan, compile_plan
from service.model.prediction.gate import check_agreement
from service.model.tasks.task import NO_EXTRAS, Extras

LOGISTIC = linear.LogisticRegression(max_iter=500)
TREE = DecisionTreeClassifier(max_depth=3, random_state=0)
PROSE, TOPICS = read_prose()
CREDIT, STATUS = (table.iloc[::9] for table in train.read_data())
QUANTITIES = ["Age", "Amount", "Price"]

WRAPPERS = [
    RFE(LOGISTIC, n_features_to_select=4),
    SelfTrainingClassifier(TREE),
    SelfTrainingClassifier(make_pipeline(StandardScaler(), LOGISTIC)),
    linear.RANSACRegressor(random_state=0),
    multiclass.OneVsRestClassifier(LOGISTIC),
    multiclass.OneVsOneClassifier(TREE),
    multiclass.OutputCodeClassifier(LOGISTIC, random_state=0),
    multioutput.MultiOutputClassifier(TREE),
    multioutput.ClassifierChain(LOGISTIC),
    multioutput.RegressorChain(linear.Ridge()),
    TransformedTargetRegressor(linear.Ridge(), func=np.log1p, inverse_func=np.expm1),
    ensemble.StackingClassifier(
        [("t", TREE)], make_pipeline(StandardScaler(), LOGISTIC), cv=2
    ),
]
FORMS: dict[str, Any] = {
    "a frame": lambda X: pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])]),
    "an array": np.asarray,
}


class Contrary(linear.LogisticRegression):  # type: ignore[misc]
    """A classifier that has no compiled form."""


def plan_all(pipeline: Any, table: Any, extras: Extras = NO_EXTRAS) -> Plan:
    """Return a plan that agrees with its pipeline by either path of a single row."""
    contract, sample = observe_table(table), read_columns(table, range(len(table)))
    plan = compile_plan(pipeline, contract, sample, extras)
    for plan.uses_single_path in (False, True):
        check_agreement(
            FittedPipeline(pipeline, extras), plan.predict, contract, sample
        )
    return plan


@pytest.mark.filterwarnings("ignore:y contains no unlabeled:UserWarning")
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("wrapper", WRAPPERS, ids=name_case)
def test_what_is_planned_agrees(wrapper: Any, form: str, dtype: str) -> None:
    X, y = load_table("diabetes" if is_regressor(wrapper) else "wine")
    table = FORMS[form]((X[::2] * 40).astype(dtype))
    target = y[::2]
    if isinstance(wrapper, multioutput.MultiOutputClassifier | multioutput._BaseChain):
        target = np.column_stack([y == y[0], y == y[-1]]).astype(int)[::2]
    fitted = clone(wrapper).fit(table, target)
    try:
        plan = plan_all(fitted, table)
    except NoPlanError:  # numpy calculates with float32 in float32
        assert dtype == "float32"
    else:
        assert plan.uncompiled_steps == () or dtype == "float32"


@pytest.mark.filterwarnings("ignore:y contains no unlabeled:UserWarning")
@pytest.mark.parametrize(
    "wrapper",
    [
        multiclass.OneVsRestClassifier(LOGISTIC),
        multiclass.OneVsOneClassifier(LOGISTIC),
        SelfTrainingClassifier(LOGISTIC),
        RFE(LOGISTIC, n_features_to_select=50, step=0.5),
        make_pipeline(SelectKBest(chi2, k=50), SelfTrainingClassifier(TREE)),
    ],
    ids=name_case,
)
def test_texts_are_planned_exactly(wrapper: Any) -> None:
    topics = np.asarray(TOPICS, dtype=object)
    fitted = make_pipeline(TfidfVectorizer(), clone(wrapper)).fit(PROSE, topics)
    assert plan_all(fitted, PROSE).uncompiled_steps == ()


@pytest.mark.parametrize(
    "wrap",
    [
        multiclass.OneVsRestClassifier,
        lambda part: FixedThresholdClassifier(part, threshold=0.7, pos_label="good"),
        lambda part: GridSearchCV(
            multiclass.OneVsRestClassifier(part),
            {"estimator__logisticregression__C": [0.1, 1.0]},
            cv=2,
        ),
    ],
)
def test_pipelines_of_categories_are_planned_exactly(wrap: Any) -> None:
    prepare = ColumnTransformer(
        [
            ("n", StandardScaler(), QUANTITIES),
            ("c", OneHotEncoder(handle_unknown="ignore"), ["Records"]),
        ]
    )
    fitted = wrap(make_pipeline(prepare, LOGISTIC)).fit(CREDIT, STATUS)
    assert plan_all(fitted, CREDIT).uncompiled_steps == ()


def test_a_part_that_has_no_plan_runs_as_itself() -> None:
    X, y = load_table("wine")

    class Halved(StandardScaler):  # type: ignore[misc]
        def transform(self, X: Any) -> Any:
            return super().transform(X) / 2

    part = make_pipeline(Halved(), LOGISTIC)
    fitted = multiclass.OneVsRestClassifier(part).fit(X, y)
    assert set(plan_all(fitted, X).uncompiled_steps) == {"Halved"}


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("part", [LOGISTIC, LinearSVC(random_state=0)], ids=name_case)
@pytest.mark.parametrize(
    "wrap", [multiclass.OneVsRestClassifier, multiclass.OneVsOneClassifier]
)
def test_decision_scores_are_planned_exactly(wrap: Any, part: Any, data: str) -> None:
    X, y = load_table(data)
    fitted = make_pipeline(StandardScaler(), wrap(part)).fit(X, y)
    scores = Extras(scores=True)
    assert plan_all(fitted, X, scores).uncompiled_steps == ()
    calibrated = CalibratedClassifierCV(fitted, cv=2).fit(X, y)
    assert plan_all(calibrated, X).uncompiled_steps == ()


def test_parts_alike_are_named_once() -> None:
    X, y = load_table("wine")
    fitted = ensemble.BaggingClassifier(Contrary(), 3).fit(X, y)
    assert plan_all(fitted, X).uncompiled_steps == ("Contrary",)
