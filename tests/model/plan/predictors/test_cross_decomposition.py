from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from sklearn import cross_decomposition as cross
from sklearn.base import clone

from service.model.plan.predictors.cross_decomposition import CROSS_DECOMPOSITIONS


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(
    "estimator",
    [
        cross.PLSRegression(n_components=2),
        cross.PLSRegression(n_components=1, scale=False),
        cross.PLSCanonical(n_components=1),
        cross.CCA(n_components=1),
    ],
    ids=name_case,
)
def test_components_are_planned_exactly(estimator: Any, outputs: int) -> None:
    X, y = load_table("diabetes")
    targets = y if outputs == 1 else np.column_stack([y, -y, y**0.5])
    fitted = clone(estimator).fit(X, targets)
    step = CROSS_DECOMPOSITIONS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)
