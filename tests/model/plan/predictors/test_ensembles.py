from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from sklearn import ensemble
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.predictors.bayes import BAYES
from service.model.plan.predictors.ensembles import DECISIONS, WRAPPERS
from service.model.plan.predictors.linear import LINEAR
from service.model.plan.steps import FinalStep
from service.model.plan.trees.forests import TREES

FINAL: dict[type, Callable[[Any], FinalStep]] = LINEAR | BAYES | TREES | DECISIONS


def plan_part(fitted: Any) -> FinalStep:
    if type(fitted) is Pipeline:
        last = plan_part(fitted.steps[-1][1])
        before = [step for _, step in fitted.steps[:-1]]

        def run(X: np.ndarray) -> Outputs:
            for step in before:
                X = step.transform(X)
            return last(X)

        return run
    if type(fitted) in WRAPPERS:
        wrap: Callable[..., FinalStep] = WRAPPERS[type(fitted)]
        return wrap(fitted, plan_part)
    if type(fitted) not in FINAL:
        raise NoPlanError(type(fitted).__name__)
    return FINAL[type(fitted)](fitted)


def members() -> list[tuple[str, Any]]:
    return [
        ("logistic", make_pipeline(StandardScaler(), LogisticRegression())),
        ("bayes", GaussianNB()),
        ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
    ]


def estimators() -> list[tuple[str, Any]]:
    return [
        ("ridge", Ridge()),
        ("tree", DecisionTreeRegressor(max_depth=3, random_state=0)),
    ]


FOREST = RandomForestClassifier(4, random_state=0)
SCALED_SVC = make_pipeline(StandardScaler(), LinearSVC(random_state=0))
CLASSIFIERS = [
    CalibratedClassifierCV(LinearSVC(random_state=0), cv=2),
    CalibratedClassifierCV(SCALED_SVC, cv=2),
    CalibratedClassifierCV(LinearSVC(random_state=0), cv=2, method="isotonic"),
    CalibratedClassifierCV(LinearSVC(random_state=0), cv=2, method="temperature"),
    CalibratedClassifierCV(LinearSVC(random_state=0), cv=2, ensemble=False),
    CalibratedClassifierCV(FOREST, cv=2),
    CalibratedClassifierCV(FOREST, cv=2, method="isotonic"),
    CalibratedClassifierCV(FOREST, cv=2, method="temperature"),
    CalibratedClassifierCV(GradientBoostingClassifier(n_estimators=3), cv=2),
    CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=3), cv=2),
    CalibratedClassifierCV(
        HistGradientBoostingClassifier(max_iter=3), cv=2, method="temperature"
    ),
    VotingClassifier(members(), voting="soft"),
    VotingClassifier(members(), voting="soft", weights=[1, 2, 0.3]),
    VotingClassifier(members(), voting="hard"),
    VotingClassifier(members(), voting="hard", weights=[1, 2, 0.3]),
    VotingClassifier(
        [*members(), ("out", "drop")], voting="soft", weights=[3, 2, 1, 1]
    ),
    StackingClassifier(members(), cv=2),
    StackingClassifier(members(), cv=2, passthrough=True),
    StackingClassifier(members(), cv=2, stack_method="predict"),
    StackingClassifier(
        [("svc", SCALED_SVC), ("boosted", GradientBoostingClassifier(n_estimators=3))],
        cv=2,
        stack_method="decision_function",
        final_estimator=GaussianNB(),
    ),
    BaggingClassifier(n_estimators=4, random_state=0),
    BaggingClassifier(
        LogisticRegression(), n_estimators=3, max_features=0.5, random_state=0
    ),
    BaggingClassifier(
        make_pipeline(StandardScaler(), LogisticRegression()), 3, random_state=0
    ),
    GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=2),
    RandomizedSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, n_iter=2),
]
REGRESSORS = [
    VotingRegressor(estimators()),
    VotingRegressor(estimators(), weights=[0.3, 2]),
    StackingRegressor(estimators(), cv=2),
    StackingRegressor(estimators(), cv=2, passthrough=True),
    BaggingRegressor(n_estimators=4, random_state=0),
    BaggingRegressor(Ridge(), n_estimators=4, max_features=0.5, random_state=0),
    TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()),
    TransformedTargetRegressor(Ridge()),
    TransformedTargetRegressor(RandomForestRegressor(4, random_state=0)),
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_a_classifier_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    fitted = clone(estimator).fit(X, np.array(["red", "green", "blue"])[y])
    step = plan_part(fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_case)
def test_a_regressor_is_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    fitted = clone(estimator).fit(X, y)
    step = plan_part(fitted)
    for batch in iterate_batches(X):
        if np.abs(batch).max() < 1e29 or not isinstance(
            fitted, TransformedTargetRegressor
        ):
            assert_alike(fitted, step, batch)


def test_several_targets_are_transformed_back_exactly() -> None:
    X, y = load_table("diabetes")
    targets = np.column_stack([y, y**0.5])
    fitted = TransformedTargetRegressor(LinearRegression(), transformer=MinMaxScaler())
    fitted.fit(X, targets)
    assert_alike(fitted, plan_part(fitted), X)


def test_what_the_inverse_overflows_to_is_refused_as_by_sklearn() -> None:
    X, y = load_table("diabetes")
    fitted = TransformedTargetRegressor(
        ensemble.GradientBoostingRegressor(n_estimators=2),
        func=np.log,
        inverse_func=np.exp,
    ).fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        plan_part(fitted)(np.full((1, X.shape[1]), np.nan))


def test_a_frozen_estimator_is_planned_as_what_it_froze() -> None:
    X, y = load_table("breast_cancer")
    frozen = FrozenEstimator(SCALED_SVC.fit(X, y))
    fitted = CalibratedClassifierCV(frozen).fit(X, y)
    assert_alike(fitted, plan_part(fitted), X)


@pytest.mark.parametrize(
    "estimator",
    [
        CalibratedClassifierCV(SVC(), cv=2),
        VotingClassifier([("near", KNeighborsClassifier())], voting="soft"),
        StackingClassifier(members(), cv=2, final_estimator=KNeighborsClassifier()),
        BaggingClassifier(LinearSVC(), n_estimators=2),
        GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, cv=2, refit=False),
    ],
    ids=name_case,
)
def test_what_has_a_part_that_is_not_covered_has_no_plan(estimator: Any) -> None:
    X, y = load_table("wine")
    with pytest.raises(NoPlanError):
        plan_part(clone(estimator).fit(X, y))


class ContraryVote(VotingRegressor):  # type: ignore[misc]
    def predict(self, X: Any) -> Any:
        return -super().predict(X)


def test_a_subclass_is_not_mistaken_for_its_parent() -> None:
    assert ContraryVote not in WRAPPERS
