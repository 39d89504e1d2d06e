from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from sklearn import ensemble
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
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
from sklearn.metrics.pairwise import linear_kernel
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from service.model.plan.blocks import NUMBERS
from service.model.plan.composition import Composer
from service.model.plan.inputs import Input
from service.model.plan.registry import WRAPPERS
from service.model.plan.steps import Step


def compile_whole(fitted: Any, X: np.ndarray) -> Step:
    """Compile it for numbers, with nothing in it that runs as itself."""
    composer = Composer()
    step = composer.compile_final(fitted, Input(NUMBERS, X))
    assert composer.uncompiled == []
    return step


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
# It has no compiled form by this metric.
UNCOMMON = KNeighborsClassifier(metric="correlation")
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
    # Which vote, and which are of few samples and so miss a class.
    BaggingClassifier(LinearSVC(random_state=0), n_estimators=3, random_state=0),
    BaggingClassifier(max_samples=4, max_features=0.5, random_state=0),
    AdaBoostClassifier(n_estimators=9, random_state=0),
    AdaBoostClassifier(DecisionTreeClassifier(max_depth=3), n_estimators=5),
    AdaBoostClassifier(LogisticRegression(), n_estimators=4),
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
    AdaBoostRegressor(n_estimators=9, random_state=0),
    AdaBoostRegressor(Ridge(), n_estimators=5, random_state=0),
    TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
    TransformedTargetRegressor(Ridge(), transformer=MinMaxScaler()),
    TransformedTargetRegressor(Ridge()),
    TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
    TransformedTargetRegressor(Ridge(), transformer=StandardScaler(with_mean=False)),
    TransformedTargetRegressor(Ridge(), transformer=PowerTransformer()),
    TransformedTargetRegressor(
        Ridge(), transformer=PowerTransformer("box-cox", standardize=False)
    ),
    TransformedTargetRegressor(
        DecisionTreeRegressor(max_depth=9, random_state=0),
        transformer=QuantileTransformer(n_quantiles=50),
    ),
    TransformedTargetRegressor(
        Ridge(),
        transformer=QuantileTransformer(n_quantiles=50, output_distribution="normal"),
    ),
    TransformedTargetRegressor(RandomForestRegressor(4, random_state=0)),
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_a_classifier_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    fitted = clone(estimator).fit(X, np.array(["red", "green", "blue"])[y])
    step = compile_whole(fitted, X)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_case)
def test_a_regressor_is_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    fitted = clone(estimator).fit(X, y)
    step = compile_whole(fitted, X)
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
    assert_alike(fitted, compile_whole(fitted, X), X)


def test_what_the_inverse_overflows_to_is_refused_as_by_sklearn() -> None:
    X, y = load_table("diabetes")
    fitted = TransformedTargetRegressor(
        ensemble.GradientBoostingRegressor(n_estimators=2),
        func=np.log,
        inverse_func=np.exp,
    ).fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        compile_whole(fitted, X)(np.full((1, X.shape[1]), np.nan))


def test_a_frozen_estimator_is_planned_as_what_it_froze() -> None:
    X, y = load_table("breast_cancer")
    frozen = FrozenEstimator(SCALED_SVC.fit(X, y))
    fitted = CalibratedClassifierCV(frozen).fit(X, y)
    assert_alike(fitted, compile_whole(fitted, X), X)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (
            CalibratedClassifierCV(SVC(kernel=linear_kernel), cv=2),
            "SVC has a kernel of its own.",
        ),
        (
            VotingClassifier([("near", UNCOMMON)], voting="soft"),
            "KNeighborsClassifier searches in an uncommon way.",
        ),
        (
            StackingClassifier(
                members(),
                cv=2,
                final_estimator=UNCOMMON,
            ),
            "KNeighborsClassifier searches in an uncommon way.",
        ),
    ],
    ids=name_case,
)
def test_why_a_part_runs_as_itself_is_said(estimator: Any, reason: str) -> None:
    X, y = load_table("wine")
    fitted = clone(estimator).fit(X, y)
    composer = Composer()
    step = composer.compile_final(make_pipeline(fitted), Input(NUMBERS, X))
    assert_alike(fitted, step, X)
    name = type(fitted).__name__.lower()
    assert [found for _, found in composer.uncompiled] == [f"step {name!r}: {reason}"]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_decision_of_what_is_not_finite_is_refused(value: float) -> None:
    X, y = load_table("wine")
    fitted = CalibratedClassifierCV(LinearSVC(random_state=0), cv=2).fit(X, y)
    with pytest.raises(ValueError, match="null or an infinite"):
        compile_whole(fitted, X)(np.full((1, X.shape[1]), value))


class ContraryVote(VotingRegressor):  # type: ignore[misc]
    def predict(self, X: Any) -> Any:
        return -super().predict(X)


def test_a_subclass_is_not_mistaken_for_its_parent() -> None:
    assert ContraryVote not in WRAPPERS
