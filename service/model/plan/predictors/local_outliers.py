"""LocalOutlierFactor: how sparse the rows around a row are, beside its neighbours' own.

The search is scikit-learn's own, asked once for an array.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import LocalOutlierFactor

from service.model.outputs import Outputs
from service.model.plan.checks import refusing_non_finite
from service.model.plan.predictors.neighbour_search import plan_query
from service.model.plan.scores import link_inliers
from service.model.plan.steps import FinalStep, Numbers

# What scikit-learn adds, so that a row among duplicates has a finite density.
LEAST_DISTANCE = 1e-10


def plan_local_outliers(fitted: LocalOutlierFactor) -> FinalStep:
    """Plan predict and score_samples, as tasks/outliers.py asks for them."""
    find = plan_query(fitted)
    count, offset, densities = fitted.n_neighbors_, fitted.offset_, fitted._lrd
    reaches = fitted._distances_fit_X_[:, count - 1]

    def predict(X: Numbers) -> Outputs:
        distances, indices = find(X, count, return_distance=True)
        reach = np.mean(np.maximum(distances, reaches[indices]), axis=1)
        density = 1.0 / (reach + LEAST_DISTANCE)
        scores = -np.mean(densities[indices] / density[:, np.newaxis], axis=1)
        return link_inliers(scores - offset >= 0, scores)

    return refusing_non_finite(predict)


LOCAL_OUTLIERS: dict[type, Callable[[Any], FinalStep]] = {
    LocalOutlierFactor: plan_local_outliers,
}
