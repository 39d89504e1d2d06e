from typing import Any

import numpy as np
import pytest
from exactness import assert_close, iterate_batches, load_table, name_case
from sklearn import kernel_approximation as approximation
from sklearn.base import clone
from sklearn.decomposition import KernelPCA

from service.model.errors import NoPlanError
from service.model.plan.transformers.kernel_approximations import APPROXIMATIONS
from service.model.plan.transformers.projections import PROJECTIONS

PLANS = APPROXIMATIONS | PROJECTIONS

NYSTROEM: dict[str, Any] = {"n_components": 30, "random_state": 0}


@pytest.mark.parametrize(
    "transformer",
    [
        approximation.Nystroem(**NYSTROEM),
        approximation.Nystroem(gamma=0.2, **NYSTROEM),
        approximation.Nystroem(kernel="poly", degree=2, coef0=0.5, **NYSTROEM),
        approximation.Nystroem(kernel="linear", **NYSTROEM),
        approximation.Nystroem(kernel="laplacian", **NYSTROEM),
        KernelPCA(4, kernel="rbf", gamma=0.3),
        KernelPCA(4, kernel="poly", degree=2),
        KernelPCA(kernel="linear", remove_zero_eig=True),
        approximation.RBFSampler(random_state=0),
        approximation.RBFSampler(gamma="scale", n_components=7, random_state=0),
        approximation.AdditiveChi2Sampler(),
        approximation.AdditiveChi2Sampler(sample_steps=3),
        approximation.AdditiveChi2Sampler(sample_steps=4, sample_interval=0.3),
        approximation.SkewedChi2Sampler(skewedness=2.0, random_state=0),
        approximation.PolynomialCountSketch(random_state=0),
        KernelPCA(3, kernel="rbf"),
        KernelPCA(3),
        KernelPCA(4, kernel="poly", gamma=0.2, remove_zero_eig=True),
        approximation.PolynomialCountSketch(
            degree=3, coef0=1, gamma=0.5, n_components=20, random_state=0
        ),
    ],
    ids=name_case,
)
def test_an_approximation_is_planned_exactly(transformer: Any) -> None:
    X, y = load_table("diabetes")
    fitted = clone(transformer).fit(X, y)
    step = PLANS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        before = batch.copy()
        try:
            with np.errstate(all="ignore"):
                expected = fitted.transform(batch)
        except ValueError:
            with pytest.raises(ValueError, match="negative"):
                step(batch)
            continue
        with np.errstate(all="ignore"):
            found = step(batch)
        assert found.flags.c_contiguous
        assert_close(found, expected)
        np.testing.assert_array_equal(batch, before)


@pytest.mark.parametrize(
    "transformer",
    [
        approximation.Nystroem(kernel="cosine", **NYSTROEM),
        approximation.Nystroem(n_jobs=2, **NYSTROEM),
        KernelPCA(kernel="cosine"),
    ],
    ids=name_case,
)
def test_an_uncommon_approximation_has_no_plan(transformer: Any) -> None:
    X, _ = load_table("diabetes")
    fitted = clone(transformer).fit(X)
    with pytest.raises(NoPlanError):
        APPROXIMATIONS[type(fitted)](fitted)
