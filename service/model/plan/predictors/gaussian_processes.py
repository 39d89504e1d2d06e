"""Gaussian processes, whose own kernels compare rows with those they were fitted on."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import erf
from sklearn.gaussian_process import (
    GaussianProcessClassifier,
    GaussianProcessRegressor,
)
from sklearn.gaussian_process._gpc import (
    COEFS,
    LAMBDAS,
    _BinaryGaussianProcessClassifierLaplace,
)

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import as_columns, two_columns
from service.model.plan.steps import FinalStep, Numbers

# From rows to the decision of a class against the others, and its probability.
Decide = Callable[[Numbers], tuple[np.ndarray, np.ndarray]]


# Regressors


def plan_gaussian_process(fitted: GaussianProcessRegressor) -> FinalStep:
    """Plan a GaussianProcessRegressor, whose own kernel compares the rows."""
    find_mean = _plan_mean(fitted)
    return refusing_non_finite(
        lambda X: Outputs(values=as_columns(find_mean(_compare(fitted, X))))
    )


def plan_gaussian_process_deviation(fitted: GaussianProcessRegressor) -> FinalStep:
    """Plan the value and its standard deviation."""
    find_mean, root, scale = _plan_mean(fitted), fitted.L_, fitted._y_train_std**2
    measure_alone = fitted.kernel_.diag
    if np.size(scale) != 1:
        raise NoPlanError("GaussianProcessRegressor has several outputs.")

    def predict(X: Numbers) -> Outputs:
        kernel = _compare(fitted, X)
        V = solve_triangular(root, kernel.T, lower=True, check_finite=False)
        variances = measure_alone(X).copy()
        variances -= np.einsum("ij,ji->i", V.T, V)
        deviations = np.sqrt(np.maximum(variances, 0.0) * scale)
        return Outputs(values=np.column_stack([find_mean(kernel), deviations]))

    return refusing_non_finite(predict)


# Classifiers


def plan_gaussian_process_classifier(fitted: GaussianProcessClassifier) -> FinalStep:
    count = fitted.n_classes_
    if count == 2:
        decide = _plan_class(fitted.base_estimator_)
        return refusing_non_finite(lambda X: _link_decisions(*decide(X)))
    if fitted.multi_class != "one_vs_rest":
        raise NoPlanError("GaussianProcessClassifier has no probabilities of pairs.")
    decisions = [_plan_class(part) for part in fitted.base_estimator_.estimators_]

    def predict(X: Numbers) -> Outputs:
        shares = np.array([decide(X)[1] for decide in decisions]).T
        classes, sums = shares.argmax(axis=1), shares.sum(axis=1)[:, np.newaxis]
        np.divide(shares, sums, out=shares, where=sums != 0)
        return Outputs(classes, shares)

    return refusing_non_finite(predict)


def _link_decisions(decisions: np.ndarray, probabilities: np.ndarray) -> Outputs:
    return Outputs((decisions > 0).astype(np.intp), two_columns(probabilities))


def _plan_class(fitted: Any) -> Decide:
    """Plan the latent mean of a class, and its probability by Laplace's method."""
    if type(fitted) is not _BinaryGaussianProcessClassifierLaplace:
        raise NoPlanError("GaussianProcessClassifier has a class without a process.")
    kernel, table, root = fitted.kernel_, fitted.X_train_, fitted.L_
    _require_vectors(kernel)
    weights, scale = fitted.y_train_ - fitted.pi_, fitted.W_sr_[:, np.newaxis]

    def decide(X: Numbers) -> tuple[np.ndarray, np.ndarray]:
        compared = kernel(table, X)
        mean = compared.T.dot(weights)
        v = solve_triangular(root, scale * compared, lower=True, check_finite=False)
        variance = kernel.diag(X) - np.einsum("ij,ij->j", v, v)
        # scikit-learn's approximation of the logistic function's mean.
        alpha, gamma = 1 / (2 * variance), LAMBDAS * mean
        integrals = (
            np.sqrt(np.pi / alpha)
            * erf(gamma * np.sqrt(alpha / (alpha + LAMBDAS**2)))
            / (2 * np.sqrt(variance * 2 * np.pi))
        )
        return mean, (COEFS * integrals).sum(axis=0) + 0.5 * COEFS.sum()

    return decide


# Both


def _compare(fitted: GaussianProcessRegressor, X: Numbers) -> np.ndarray:
    kernel: np.ndarray = fitted.kernel_(X, fitted.X_train_)
    return kernel


def _plan_mean(fitted: GaussianProcessRegressor) -> Callable[[np.ndarray], np.ndarray]:
    _require_vectors(fitted.kernel_)
    weights = read_floats(fitted.alpha_)
    scale, mean = fitted._y_train_std, fitted._y_train_mean
    return lambda kernel: scale * (kernel @ weights) + mean


def _require_vectors(kernel: Any) -> None:
    if not kernel.requires_vector_input:
        raise NoPlanError("The kernel compares other things than rows of numbers.")


PREDICTORS: dict[type, Callable[[Any], FinalStep]] = {
    GaussianProcessRegressor: plan_gaussian_process,
    GaussianProcessClassifier: plan_gaussian_process_classifier,
}
# With a standard deviation.
DEVIATIONS = {GaussianProcessRegressor: plan_gaussian_process_deviation}
