from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from sklearn.base import clone
from sklearn.neighbors import NearestCentroid

from service.model.errors import NoPlanError
from service.model.plan.predictors.centroids import CENTROIDS


@pytest.mark.filterwarnings("ignore:self.within_class_std_dev_ has:UserWarning")
@pytest.mark.parametrize("is_flat", [False, True])
@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize(
    "estimator",
    [
        NearestCentroid(),
        NearestCentroid(shrink_threshold=0.5),
        NearestCentroid(priors="empirical"),
        NearestCentroid(metric="manhattan"),
    ],
    ids=name_case,
)
def test_the_nearest_centroid_is_planned_exactly(
    estimator: Any, data: str, *, is_flat: bool
) -> None:
    X, y = load_table(data)
    if is_flat:
        X = X.copy()
        X[:, 1] = 3.0
    fitted = clone(estimator).fit(X, np.array(["red", "green", "blue"])[y])
    step = CENTROIDS[NearestCentroid](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


def test_priors_beside_another_metric_have_no_plan() -> None:
    X, y = load_table("wine")
    fitted = NearestCentroid(metric="manhattan", priors="empirical").fit(X, y)
    with pytest.raises(NoPlanError, match="another metric"):
        CENTROIDS[NearestCentroid](fitted)
