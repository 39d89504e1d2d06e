from typing import Any

import numpy as np
import pytest
from exactness import check_parity, load_table, name_case
from sklearn.dummy import DummyClassifier, DummyRegressor

from service.model.errors import NoPlanError
from service.model.plan.predictors.dummies import plan_dummy_classifier


@pytest.mark.parametrize(
    "estimator",
    [
        DummyClassifier(),
        DummyClassifier(strategy="most_frequent"),
        DummyClassifier(strategy="constant", constant="blue"),
    ],
    ids=name_case,
)
def test_a_class_is_constant(estimator: Any) -> None:
    X, y = load_table("wine")
    check_parity(estimator.fit(X, np.array(["red", "green", "blue"])[y]), X)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize(
    "estimator",
    [DummyRegressor(), DummyRegressor(strategy="quantile", quantile=0.3)],
    ids=name_case,
)
def test_a_value_is_constant(estimator: Any, count: int) -> None:
    X, y = load_table("diabetes")
    check_parity(estimator.fit(X, np.column_stack([y, -y])[:, :count]), X)


def test_what_is_random_has_no_plan() -> None:
    X, y = load_table("wine")
    with pytest.raises(NoPlanError, match="at random"):
        plan_dummy_classifier(DummyClassifier(strategy="uniform").fit(X, y))
