"""Kernel ridge regression: rows compared with those it was fitted on."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.kernel_ridge import KernelRidge

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.checks import refusing_non_finite
from service.model.plan.pairwise import plan_kernel
from service.model.plan.scores import as_columns
from service.model.plan.steps import FinalStep


def plan_kernel_ridge(fitted: KernelRidge) -> FinalStep:
    if type(fitted.X_fit_) is not np.ndarray:
        raise NoPlanError("KernelRidge was fitted on sparse rows.")
    compare = plan_kernel(fitted, fitted.X_fit_)
    weights = fitted.dual_coef_
    return refusing_non_finite(
        lambda X: Outputs(values=as_columns(np.dot(compare(X), weights)))
    )


KERNEL_REGRESSORS: dict[type, Callable[[Any], FinalStep]] = {
    KernelRidge: plan_kernel_ridge
}
