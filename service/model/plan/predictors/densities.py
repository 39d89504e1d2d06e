"""Gaussian densities: of classes, of the parts of a mixture, of inliers.

Each function repeats scikit-learn's operations in scikit-learn's order.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import digamma
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from sklearn.mixture._gaussian_mixture import _compute_log_det_cholesky
from sklearn.utils.extmath import row_norms

from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.scores import Scores, link_inliers, link_joint_logs
from service.model.plan.steps import FinalStep, Numbers


def plan_quadratic(fitted: Any) -> FinalStep:
    """Plan a QuadraticDiscriminantAnalysis."""
    means = list(read_floats(fitted.means_))
    axes = [
        rotation * scale ** (-0.5)
        for rotation, scale in zip(fitted.rotations_, fitted.scalings_, strict=True)
    ]
    classes = list(zip(means, axes, strict=True))
    log_determinants = np.asarray([np.sum(np.log(scale)) for scale in fitted.scalings_])
    priors = np.log(fitted.priors_)

    def predict(X: Numbers) -> Outputs:
        norms = [(np.dot(X - mean, axis) ** 2).sum(axis=1) for mean, axis in classes]
        scores = -0.5 * (np.array(norms).T + log_determinants) + priors
        logs = scores - scores.max(axis=1)[:, np.newaxis]
        logs = logs - np.log(np.exp(logs).sum(axis=1)[:, np.newaxis])
        return Outputs(scores.argmax(axis=1), np.exp(logs))

    return refusing_non_finite(predict)


# Mixtures


def plan_mixture(fitted: Any) -> FinalStep:
    """Plan a GaussianMixture's predict and predict_proba."""
    return _plan_mixture(fitted, [np.log(fitted.weights_)])


def plan_bayesian_mixture(fitted: Any) -> FinalStep:
    width, freedom = fitted.n_features_in_, fitted.degrees_of_freedom_
    steps = np.arange(0, width)[:, np.newaxis]
    spread = width * np.log(2.0) + np.sum(digamma(0.5 * (freedom - steps)), 0)
    weights = fitted._estimate_log_weights()
    terms = [
        -0.5 * width * np.log(freedom),
        0.5 * (spread - width / fitted.mean_precision_),
    ]
    return _plan_mixture(fitted, [*terms, weights])


def _plan_mixture(fitted: Any, terms: list[Any]) -> FinalStep:
    """Plan the log density of each part, to which terms are added one by one."""
    measure = MEASURES[fitted.covariance_type](fitted)
    width = fitted.n_features_in_
    constant = width * math.log(2 * math.pi)
    log_determinants = _compute_log_det_cholesky(
        fitted.precisions_cholesky_, fitted.covariance_type, width
    )

    def predict(X: Numbers) -> Outputs:
        logs = -0.5 * (constant + measure(X)) + log_determinants
        for term in terms:
            logs = logs + term
        return link_joint_logs(logs)

    return refusing_non_finite(predict)


def _measure_full(fitted: Any) -> Scores:
    factors = read_floats(fitted.precisions_cholesky_)
    return _measure_each(fitted.means_, list(factors))


def _measure_tied(fitted: Any) -> Scores:
    factor = read_floats(fitted.precisions_cholesky_)
    return _measure_each(fitted.means_, [factor] * len(fitted.means_))


def _measure_each(means: np.ndarray, factors: list[np.ndarray]) -> Scores:
    """Return what gives the squared distance to each mean, in its own metric."""
    centres = [mean @ factor for mean, factor in zip(means, factors, strict=True)]
    members = list(zip(factors, centres, strict=True))

    def measure(X: Numbers) -> np.ndarray:
        distances = np.empty((len(X), len(members)))
        for index, (factor, centre) in enumerate(members):
            distances[:, index] = np.square(X @ factor - centre).sum(axis=1)
        return distances

    return measure


def _measure_diagonal(fitted: Any) -> Scores:
    means = fitted.means_
    precisions = read_floats(fitted.precisions_cholesky_) ** 2
    norms = np.sum((means**2 * precisions), axis=1)
    weights, squares = (means * precisions).T, precisions.T
    return lambda X: norms - 2.0 * (X @ weights) + (X**2 @ squares)


def _measure_spherical(fitted: Any) -> Scores:
    precisions = read_floats(fitted.precisions_cholesky_) ** 2
    norms = np.sum(fitted.means_**2, axis=1) * precisions
    weights = fitted.means_.T

    def measure(X: Numbers) -> np.ndarray:
        squares: np.ndarray = np.outer(row_norms(X, squared=True), precisions)
        distances: np.ndarray = norms - 2 * (X @ weights * precisions) + squares
        return distances

    return measure


MEASURES: dict[str, Callable[[Any], Scores]] = {
    "full": _measure_full,
    "tied": _measure_tied,
    "diag": _measure_diagonal,
    "spherical": _measure_spherical,
}


# Inliers


def plan_envelope(fitted: Any) -> FinalStep:
    """Plan an EllipticEnvelope's predict and score_samples."""
    centre = read_floats(fitted.location_)[np.newaxis, :]
    precision, offset = fitted.get_precision(), fitted.offset_
    measure = partial(cdist, XB=centre, metric="mahalanobis", VI=precision)

    def predict(X: Numbers) -> Outputs:
        scores = -(measure(X) ** 2)
        return link_inliers(scores - offset >= 0, scores)

    return refusing_non_finite(predict)


DENSITIES: dict[type, Callable[[Any], FinalStep]] = {
    QuadraticDiscriminantAnalysis: plan_quadratic,
    GaussianMixture: plan_mixture,
    BayesianGaussianMixture: plan_bayesian_mixture,
    EllipticEnvelope: plan_envelope,
}
