from typing import Any

import numpy as np
import pytest
from exactness import check_parity, load_table, name_case
from sklearn.base import clone
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.semi_supervised import LabelPropagation, LabelSpreading

from service.model.errors import NoPlanError
from service.model.plan.predictors.label_propagation import plan_propagation

# Of a kernel that leaves no row, however far, without a share.
WIDE = 1e-70


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize(
    "estimator",
    [
        LabelPropagation(gamma=WIDE, max_iter=5),
        LabelSpreading(gamma=WIDE),
        LabelPropagation("knn", n_neighbors=5),
        LabelSpreading("knn", n_neighbors=9),
    ],
    ids=name_case,
)
@pytest.mark.filterwarnings("ignore:max_iter=")
def test_labels_are_spread_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    known = np.where(np.arange(len(y)) % 3, y, -1)
    check_parity(clone(estimator).fit(X, known), X)


@pytest.mark.parametrize("kind", [LabelPropagation, LabelSpreading])
def test_a_narrow_kernel_is_planned_exactly(kind: Any) -> None:
    X, y = load_table("wine")
    fitted = kind(gamma=3).fit(X, np.where(np.arange(len(y)) % 3, y, -1))
    step = plan_propagation(fitted)
    for rows in (X, X[:1], X[5:8] + 0.1):
        found: Any = step(rows)
        np.testing.assert_allclose(
            found.probabilities, fitted.predict_proba(rows), rtol=0, atol=1e-12
        )
        np.testing.assert_array_equal(found.classes, fitted.predict(rows))


def test_a_kernel_of_ones_own_has_no_plan() -> None:
    X, y = load_table("wine")
    with pytest.raises(NoPlanError, match="a function for its kernel"):
        plan_propagation(LabelSpreading(kernel=rbf_kernel).fit(X, y))
