from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from scipy import sparse
from sklearn.base import clone
from sklearn.kernel_ridge import KernelRidge

from service.model.errors import NoPlanError
from service.model.plan.predictors.kernel_ridge import KERNEL_REGRESSORS

KERNEL_RIDGES = [
    KernelRidge(),
    KernelRidge(kernel="rbf"),
    KernelRidge(kernel="rbf", gamma=0.3, alpha=0.1),
    KernelRidge(kernel="laplacian"),
    KernelRidge(kernel="poly", degree=2, coef0=0.5),
    KernelRidge(kernel="polynomial", gamma=0.1),
    KernelRidge(kernel="sigmoid", gamma=0.01),
]


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("estimator", KERNEL_RIDGES, ids=name_case)
def test_a_regressor_is_planned_exactly(estimator: Any, outputs: int) -> None:
    X, y = load_table("diabetes")
    X, y = X[:120], y[:120]
    fitted = clone(estimator).fit(X, np.column_stack([y, -y]) if outputs == 2 else y)
    step = KERNEL_REGRESSORS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("kernel", ["cosine"])
def test_an_uncommon_kernel_has_no_plan(kernel: str) -> None:
    X, y = load_table("diabetes")
    fitted = KernelRidge(kernel=kernel).fit(X[:50], y[:50])
    with pytest.raises(NoPlanError, match="uncommon kernel"):
        KERNEL_REGRESSORS[KernelRidge](fitted)


def test_sparse_rows_have_no_plan() -> None:
    X, y = load_table("diabetes")
    X, y = X[:50], y[:50]
    with pytest.raises(NoPlanError, match="sparse rows"):
        KERNEL_REGRESSORS[KernelRidge](KernelRidge().fit(sparse.csr_array(X), y))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    X, y = load_table("diabetes")
    fitted = KernelRidge().fit(X, y)
    with pytest.raises(ValueError, match="null or an infinite"):
        KERNEL_REGRESSORS[KernelRidge](fitted)(np.full((1, X.shape[1]), value))
