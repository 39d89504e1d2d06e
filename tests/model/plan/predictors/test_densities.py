from typing import Any

import pytest
from exactness import check_parity, load_table, name_case
from sklearn.base import clone
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import SGDOneClassSVM
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

COVARIANCES = ("full", "tied", "diag", "spherical")


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize(
    "estimator",
    [
        QuadraticDiscriminantAnalysis(reg_param=0.1),
        QuadraticDiscriminantAnalysis(solver="eigen", shrinkage=0.1),
        *[GaussianMixture(3, covariance_type=c, random_state=0) for c in COVARIANCES],
        *[
            BayesianGaussianMixture(
                n_components=3, covariance_type=c, random_state=0, max_iter=500
            )
            for c in COVARIANCES
        ],
        BayesianGaussianMixture(
            n_components=3,
            weight_concentration_prior_type="dirichlet_distribution",
            random_state=0,
            max_iter=500,
        ),
        SGDOneClassSVM(random_state=0),
    ],
    ids=name_case,
)
def test_a_density_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    check_parity(clone(estimator).fit(X, y), X)


def test_an_envelope_is_planned_exactly() -> None:
    X, _ = load_table("diabetes")
    check_parity(EllipticEnvelope(random_state=0).fit(X), X)
