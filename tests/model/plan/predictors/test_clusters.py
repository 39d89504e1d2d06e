from typing import Any

import numpy as np
import pytest
from exactness import check_parity, load_table, name_case
from sklearn import cluster
from sklearn.base import clone

from service.model.errors import NoPlanError
from service.model.plan.predictors.clusters import plan_mean_shift


@pytest.mark.parametrize("data", ["wine", "diabetes"])
@pytest.mark.parametrize(
    "estimator",
    [
        cluster.KMeans(5, n_init=1, random_state=0),
        cluster.MiniBatchKMeans(5, n_init=1, random_state=0),
        cluster.BisectingKMeans(7, random_state=0),
        cluster.BisectingKMeans(
            7, random_state=0, bisecting_strategy="largest_cluster"
        ),
        cluster.MeanShift(bandwidth=0.6),
        cluster.AffinityPropagation(random_state=0),
        cluster.Birch(threshold=0.4, n_clusters=None),
        cluster.Birch(threshold=0.2, n_clusters=3),
    ],
    ids=name_case,
)
def test_a_clustering_is_planned_exactly(estimator: Any, data: str) -> None:
    X, _ = load_table(data)
    fitted = clone(estimator).fit(X)
    check_parity(fitted, X)
    centres = getattr(fitted, "cluster_centers_", X)
    # In the middle between two centres.
    check_parity(fitted, (centres[:1] + centres) / 2)


def test_more_rows_than_one_product_takes_are_planned_exactly() -> None:
    X, _ = load_table("wine")
    fitted = cluster.KMeans(5, n_init=1, random_state=0).fit(X)
    check_parity(fitted, np.tile(X, (3, 1)))


def test_no_centre_is_no_plan() -> None:
    X, _ = load_table("wine")
    fitted = cluster.AffinityPropagation(random_state=0).fit(X)
    fitted.cluster_centers_ = X[:0]
    with pytest.raises(NoPlanError, match="found no cluster"):
        plan_mean_shift(fitted)
