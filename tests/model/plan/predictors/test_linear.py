from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from sklearn import linear_model as linear
from sklearn import naive_bayes, svm
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning

from service.model.errors import NoPlanError
from service.model.plan.predictors.bayes import BAYES
from service.model.plan.predictors.linear_classifiers import LINEAR_CLASSIFIERS
from service.model.plan.predictors.linear_regressors import LINEAR_REGRESSORS

PLANS = LINEAR_CLASSIFIERS | LINEAR_REGRESSORS | BAYES

CLASSIFIERS = [
    linear.LogisticRegression(),
    linear.LogisticRegression(fit_intercept=False, C=0.01),
    linear.LogisticRegressionCV(
        Cs=2, cv=2, l1_ratios=(0,), use_legacy_attributes=False, scoring="accuracy"
    ),
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(solver="lsqr"),
    linear.SGDClassifier(loss="hinge", random_state=0),
    linear.SGDClassifier(loss="log_loss", random_state=0),
    linear.SGDClassifier(loss="modified_huber", random_state=0),
    linear.RidgeClassifier(),
    linear.RidgeClassifierCV(),
    linear.Perceptron(random_state=0),
    svm.LinearSVC(random_state=0),
    naive_bayes.GaussianNB(),
    naive_bayes.BernoulliNB(),
    naive_bayes.BernoulliNB(binarize=None),
    naive_bayes.MultinomialNB(),
    naive_bayes.ComplementNB(),
    naive_bayes.ComplementNB(norm=True),
]
REGRESSORS = [
    linear.LinearRegression(),
    linear.LinearRegression(fit_intercept=False),
    linear.Ridge(),
    linear.RidgeCV(),
    linear.Lasso(),
    linear.LassoCV(cv=2),
    linear.ElasticNet(),
    linear.ElasticNetCV(cv=2),
    linear.Lars(),
    linear.LarsCV(cv=2),
    linear.LassoLars(),
    linear.LassoLarsCV(cv=2),
    linear.LassoLarsIC(),
    linear.OrthogonalMatchingPursuit(),
    linear.BayesianRidge(),
    linear.ARDRegression(),
    linear.SGDRegressor(random_state=0),
    linear.HuberRegressor(),
    linear.TheilSenRegressor(max_subpopulation=50, random_state=0),
    linear.QuantileRegressor(),
    svm.LinearSVR(random_state=0),
    linear.PoissonRegressor(),
    linear.GammaRegressor(),
    linear.TweedieRegressor(power=0),
    linear.TweedieRegressor(power=1.5),
    linear.TweedieRegressor(power=0, link="log"),
]
SEVERAL_OUTPUTS = [
    linear.LinearRegression(),
    linear.Ridge(),
    linear.Lasso(),
    linear.Lars(),
    linear.MultiTaskLasso(),
    linear.MultiTaskElasticNet(),
]


def fit(estimator: Any, X: np.ndarray, y: np.ndarray) -> Any:
    with np.errstate(all="ignore"):
        return clone(estimator).fit(X, y)


@pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)
@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_a_classifier_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    names = np.array(["red", "green", "blue"])[y]
    fitted = fit(estimator, X, names)
    step = PLANS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)
@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_case)
def test_a_regressor_is_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    fitted = fit(estimator, X, y)
    step = PLANS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("estimator", SEVERAL_OUTPUTS, ids=name_case)
def test_several_outputs_are_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    fitted = fit(estimator, X, np.column_stack([y, -y, y**0.5]))
    step = PLANS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.filterwarnings("ignore:Class PassiveAggressive:FutureWarning")
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (linear.PassiveAggressiveClassifier, "wine"),
        (linear.PassiveAggressiveRegressor, "diabetes"),
    ],
)
def test_a_passive_aggressive_model_is_planned_exactly(kind: type, data: str) -> None:
    X, y = load_table(data)
    fitted = fit(kind(random_state=0), X, y)
    step = PLANS[kind](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    "estimator",
    [linear.LogisticRegression(), linear.Ridge(), naive_bayes.GaussianNB()],
    ids=name_case,
)
def test_what_is_not_finite_is_refused(estimator: Any, value: float) -> None:
    X, y = load_table("wine")
    fitted = fit(estimator, X, y)
    row = X[:1].copy()
    row[0, 3] = value
    with pytest.raises(ValueError, match="null or an infinite"):
        PLANS[type(fitted)](fitted)(row)


def test_a_row_of_empty_shares_is_uniform() -> None:
    X, y = load_table("wine")
    fitted = fit(linear.SGDClassifier(loss="modified_huber", random_state=0), X, y)
    fitted.intercept_ = np.full(3, -9.0)
    rows = np.zeros((2, X.shape[1]))
    found = PLANS[linear.SGDClassifier](fitted)(rows)
    assert found.probabilities is not None
    assert found.probabilities.tolist() == [[1 / 3] * 3] * 2
    assert_alike(fitted, PLANS[linear.SGDClassifier](fitted), rows)


def sparsify(fitted: Any) -> Any:
    return fitted.sparsify()


def round_off(fitted: Any) -> Any:
    fitted.coef_ = fitted.coef_.astype(np.float32)
    return fitted


@pytest.mark.parametrize("change", [sparsify, round_off])
def test_coefficients_of_another_kind_have_no_plan(
    change: Callable[[Any], Any],
) -> None:
    X, y = load_table("wine")
    fitted = change(fit(linear.LogisticRegression(), X, y))
    with pytest.raises(NoPlanError):
        PLANS[linear.LogisticRegression](fitted)


def test_several_labels_have_no_plan() -> None:
    X, y = load_table("wine")
    fitted = fit(
        linear.RidgeClassifier(), X, np.column_stack([y == 0, y == 1]).astype(int)
    )
    with pytest.raises(NoPlanError, match="several outputs"):
        PLANS[linear.RidgeClassifier](fitted)


class ContraryRegression(linear.LinearRegression):  # type: ignore[misc]
    def predict(self, X: Any) -> Any:
        return -super().predict(X)


def test_a_subclass_is_not_mistaken_for_its_parent() -> None:
    assert ContraryRegression not in PLANS
