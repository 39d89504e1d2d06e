from typing import Any

import numpy as np
import pytest
from exactness import assert_alike, iterate_batches, load_table, name_case
from prose import read_prose
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.neural_network import MLPClassifier, MLPRegressor

from service.model.errors import NoPlanError
from service.model.plan.predictors.neural_networks import NETWORKS
from service.model.plan.sparse import read_csr

pytestmark = pytest.mark.filterwarnings(
    f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
)
SMALL: dict[str, Any] = {"max_iter": 9, "random_state": 0}
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(), (7,), (100, 30)], ids=str)
def test_a_classifier_is_planned_exactly(
    activation: str, data: str, sizes: tuple[int, ...]
) -> None:
    X, y = load_table(data)
    fitted = MLPClassifier(sizes, activation=activation, **SMALL)
    fitted.fit(X, np.array(["red", "green", "blue"])[y])
    step = NETWORKS[MLPClassifier](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(
    "estimator",
    [
        MLPRegressor(**SMALL),
        MLPRegressor(hidden_layer_sizes=(9, 9), activation="tanh", **SMALL),
    ],
    ids=name_case,
)
def test_a_regressor_is_planned_exactly(estimator: Any, outputs: int) -> None:
    X, y = load_table("diabetes")
    targets = y if outputs == 1 else np.column_stack([y, -y, y**0.5])
    fitted = clone(estimator).fit(X, targets)
    step = NETWORKS[MLPRegressor](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


def test_a_network_takes_sparse_rows() -> None:
    texts, topics = read_prose()
    rows = TfidfVectorizer(max_features=300).fit_transform(texts)
    fitted = MLPClassifier((9,), **SMALL).fit(rows, topics)
    step = NETWORKS[MLPClassifier](fitted)
    for batch in (rows[:50], rows[:1], rows[:1] * 0):
        found = step(read_csr(batch))
        np.testing.assert_array_equal(found.probabilities, fitted.predict_proba(batch))
        expected = fitted.predict(batch)
        np.testing.assert_array_equal(fitted.classes_[found.classes], expected)


@pytest.mark.parametrize("count", [2, 3])
def test_several_labels_are_planned_exactly(count: int) -> None:
    X, y = load_table("wine")
    labels = np.column_stack([y == label for label in range(count)]).astype(int)
    fitted = MLPClassifier((3,), **SMALL).fit(X, labels)
    step = NETWORKS[MLPClassifier](fitted)
    for batch in iterate_batches(X):
        with np.errstate(all="ignore"):
            found, expected = step(batch), fitted.predict_proba(batch)
            np.testing.assert_array_equal(found.classes, fitted.predict(batch))
        assert found.probabilities is not None
        np.testing.assert_array_equal(found.probabilities[:, 1::2], expected)
        np.testing.assert_array_equal(found.probabilities[:, ::2], 1 - expected)


def test_a_network_in_float32_has_no_plan() -> None:
    X, y = load_table("diabetes")
    fitted = MLPRegressor(hidden_layer_sizes=(3,), **SMALL).fit(X.astype(np.float32), y)
    with pytest.raises(NoPlanError, match="float32"):
        NETWORKS[MLPRegressor](fitted)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    X, y = load_table("wine")
    fitted = MLPClassifier((3,), **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="null or an infinite"):
        NETWORKS[MLPClassifier](fitted)(np.full((1, X.shape[1]), value))
