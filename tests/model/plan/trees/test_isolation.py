from typing import Any

import numpy as np
import pytest
from exactness import iterate_batches, load_table
from sklearn.ensemble import IsolationForest

from service.model.plan.steps import Step
from service.model.plan.trees.isolation import (
    plan_isolation_forest,
    plan_isolation_scores,
)


@pytest.mark.parametrize(
    "options",
    [{}, {"max_features": 0.5}, {"max_samples": 2}, {"bootstrap": True}],
    ids=str,
)
@pytest.mark.parametrize("has_nulls", [True, False])
def test_isolation_is_scored_as_by_sklearn(
    options: dict[str, Any], has_nulls: bool
) -> None:
    X, _ = load_table("wine")
    X = X.copy()
    if has_nulls:
        X[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    fitted = IsolationForest(
        n_estimators=9, random_state=0, contamination=0.1, **options
    ).fit(X)
    score, step = plan_isolation_scores(fitted), plan_isolation_forest(fitted)
    assert isinstance(step, Step)
    for batch in iterate_batches(X):
        scores = score(batch)
        for row, found in zip(batch.tolist(), scores.tolist(), strict=True):
            one = step.single(row)
            assert one.values.tolist() == [[found]]
            assert one.classes.tolist() == [int(found - fitted.offset_ >= 0)]
        np.testing.assert_array_equal(scores, fitted.score_samples(batch))
        labels = np.where(scores - fitted.offset_ < 0, -1, 1)
        np.testing.assert_array_equal(labels, fitted.predict(batch))


def test_a_number_beyond_float32_is_scored_as_by_sklearn() -> None:
    X, _ = load_table("wine")
    fitted = IsolationForest(n_estimators=3).fit(X)
    huge = np.vstack(
        [X[:3], np.full((1, X.shape[1]), 1e300), np.full(X.shape[1], -1e300)]
    )
    with np.errstate(over="ignore"):
        expected = fitted.score_samples(huge)
    np.testing.assert_array_equal(plan_isolation_scores(fitted)(huge), expected)
    step = plan_isolation_forest(fitted)
    assert isinstance(step, Step)
    found = [step.single(row).values.item() for row in huge.tolist()]
    assert found == expected.tolist()
