"""The nearest centroid of a class."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import NearestCentroid

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import read_floats, refusing_non_finite
from service.model.plan.pairwise import plan_squared_distances
from service.model.plan.predictors.neighbour_search import plan_reduction
from service.model.plan.scores import Scores
from service.model.plan.steps import FinalStep, Numbers


def plan_nearest_centroid(fitted: NearestCentroid) -> FinalStep:
    """Plan the label, with probabilities where distances are Euclidean."""
    count = len(fitted.classes_)
    if not np.isclose(fitted.class_prior_, 1 / count).all():
        if fitted.metric != "euclidean":
            raise NoPlanError("NearestCentroid has priors beside another metric.")
        score = _plan_scores(fitted)
        return refusing_non_finite(lambda X: _link_scores(score(X)))
    search = plan_reduction(read_floats(fitted.centroids_), fitted.metric, {})

    def find_nearest(X: Numbers) -> np.ndarray:
        nearest: np.ndarray = search(X, 1, return_distance=False)[:, 0]
        return nearest

    if fitted.metric != "euclidean":
        return refusing_non_finite(lambda X: Outputs(classes=find_nearest(X)))
    score = _plan_scores(fitted)
    return refusing_non_finite(lambda X: _link_scores(score(X), find_nearest(X)))


def _plan_scores(fitted: NearestCentroid) -> Scores:
    """Return the discriminant score of each class, as scikit-learn has it."""
    deviations = np.where(
        fitted.within_class_std_dev_ != 0, fitted.within_class_std_dev_, 1.0
    )
    centroids = read_floats(fitted.centroids_) / deviations
    # A product for each class, as scikit-learn multiplies.
    measures = [plan_squared_distances(row) for row in centroids[:, np.newaxis]]
    priors = 2.0 * np.log(fitted.class_prior_)

    def score(X: Numbers) -> np.ndarray:
        scaled = X / deviations
        distances = np.hstack([measure(scaled) for measure in measures])
        np.sqrt(distances, out=distances)
        distances **= 2
        return priors - distances  # type: ignore[no-any-return]

    return score


def _link_scores(scores: np.ndarray, classes: np.ndarray | None = None) -> Outputs:
    if classes is None:
        classes = scores.argmax(axis=1)
    logarithms = scores - scores.max(axis=1)[:, np.newaxis]
    logarithms -= np.log(np.exp(logarithms).sum(axis=1)[:, np.newaxis])
    return Outputs(classes, np.exp(logarithms))


CENTROIDS: dict[type, Callable[[Any], FinalStep]] = {
    NearestCentroid: plan_nearest_centroid
}
