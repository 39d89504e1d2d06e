"""LocalOutlierFactor: how sparse the rows around a row are, beside its neighbours' own.

The search is scikit-learn's own, asked once for an array.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.neighbors import LocalOutlierFactor

from service.model.outputs import Outputs
from service.model.plan.checks import refusing_non_finite
from service.model.plan.predictors.neighbour_search import plan_search
from service.model.plan.steps import FinalStep, Numbers

# What scikit-learn adds, so that a row among duplicates has a finite density.
LEAST_DISTANCE = 1e-10


def plan_local_outliers(fitted: LocalOutlierFactor) -> FinalStep:
    """Plan predict and score_samples, as tasks/outliers.py asks for them."""
    find = plan_search(fitted) if fitted._tree is None else fitted._tree.query
    count, offset, densities = fitted.n_neighbors_, fitted.offset_, fitted._lrd
    reaches = fitted._distances_fit_X_[:, count - 1]

    def predict(X: Numbers) -> Outputs:
        distances, places = find(X, count, return_distance=True)
        reach = np.mean(np.maximum(distances, reaches[places]), axis=1)
        density = 1.0 / (reach + LEAST_DISTANCE)
        scores = -np.mean(densities[places] / density[:, np.newaxis], axis=1)
        is_inlier = (scores - offset >= 0).astype(np.intp)
        return Outputs(classes=is_inlier, values=scores.reshape(-1, 1))

    return refusing_non_finite(predict)


LOCAL_OUTLIERS: dict[type, Callable[[Any], FinalStep]] = {
    LocalOutlierFactor: plan_local_outliers,
}
