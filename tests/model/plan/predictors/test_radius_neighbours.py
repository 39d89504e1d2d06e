from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, load_table, name_case
from sklearn.base import clone
from sklearn.neighbors import RadiusNeighborsClassifier, RadiusNeighborsRegressor

from service.model.errors import NoPlanError
from service.model.plan.predictors.radius_neighbours import RADIUS

OPTIONS: list[dict[str, Any]] = [
    {},
    {"weights": "distance"},
    {"weights": None, "algorithm": "ball_tree", "p": 1},
    {"algorithm": "brute"},
    {"algorithm": "brute", "weights": "distance"},
]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("options", OPTIONS, ids=name_case)
def test_a_classifier_is_planned_exactly(options: dict[str, Any], data: str) -> None:
    X, y = load_table(data)
    fitted = RadiusNeighborsClassifier(0.6, outlier_label="green", **options)
    fitted.fit(X[::2], np.array(["red", "green", "blue"])[y[::2]])
    step = RADIUS[RadiusNeighborsClassifier](fitted)
    for batch in (X, X[:1], X[1:2], np.full((1, X.shape[1]), 1e30), X[:9] + 9):
        assert_alike(fitted, step, batch)


@pytest.mark.filterwarnings("ignore:One or more samples have no neigh:UserWarning")
@pytest.mark.parametrize("is_whole", [False, True])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("options", OPTIONS, ids=name_case)
def test_a_regressor_is_planned_exactly(
    options: dict[str, Any], outputs: int, *, is_whole: bool
) -> None:
    X, y = load_table("diabetes")
    targets = y if outputs == 1 else np.column_stack([y, y // 2])
    if is_whole:
        targets = targets.astype(np.int64)
    fitted = RadiusNeighborsRegressor(0.4, **options).fit(X[::2], targets[::2])
    step = RADIUS[RadiusNeighborsRegressor](fitted)
    for batch in (X, X[:1], X[1:2], np.full((1, X.shape[1]), 1e30), X[:9] + 9):
        assert_alike(fitted, step, batch)


def test_an_outlier_without_a_label_is_refused() -> None:
    X, y = load_table("wine")
    fitted = RadiusNeighborsClassifier().fit(X, y)
    with pytest.raises(ValueError, match="no neighbours"):
        RADIUS[RadiusNeighborsClassifier](fitted)(X[:2] + 99)


@pytest.mark.parametrize(
    "estimator",
    [
        RadiusNeighborsClassifier(weights=np.exp),
        RadiusNeighborsClassifier(algorithm="brute", p=1),
        RadiusNeighborsClassifier(outlier_label=7),
    ],
    ids=name_case,
)
def test_what_has_no_plan(estimator: Any) -> None:
    X, y = load_table("wine")
    fitted = clone(estimator).fit(X, y)
    with pytest.raises(NoPlanError):
        RADIUS[RadiusNeighborsClassifier](fitted)
