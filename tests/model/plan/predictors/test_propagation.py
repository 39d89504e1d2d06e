from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, load_table, name_case
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics.pairwise import linear_kernel
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from service.model.errors import NoPlanError
from service.model.plan.predictors.propagation import PROPAGATION


@pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)
@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize(
    "estimator",
    [
        LabelPropagation(gamma=5),
        LabelPropagation(kernel="knn", max_iter=50),
        LabelSpreading(gamma=2),
        LabelSpreading(kernel="knn", n_neighbors=3),
    ],
    ids=name_case,
)
def test_labels_spread_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    known = np.where(np.arange(len(y)) % 3, y, -1)
    fitted = clone(estimator).fit(X[::2], known[::2])
    step = PROPAGATION[type(fitted)](fitted)
    for batch in (X, X[:1], X[1:2], X[:3] * 0):
        assert_alike(fitted, step, batch)


def test_a_kernel_of_its_own_has_no_plan() -> None:
    X, y = load_table("wine")
    fitted = LabelSpreading(kernel=linear_kernel).fit(X, y)
    with pytest.raises(NoPlanError, match="kernel of its own"):
        PROPAGATION[LabelSpreading](fitted)
