"""Bits find the leaves that treelite finds, and add them up in its order."""

from typing import Any

import lightgbm
import numpy as np
import pytest
from exactness import load_table, name_case
from sklearn import ensemble
from sklearn.base import clone

from service.model.plan.predictors.boosters import plan_lightgbm
from service.model.plan.trees import bitvectors
from service.model.plan.trees.bitvectors import Bitvectors
from service.model.plan.trees.boosting import plan_histogram_boosting
from service.model.plan.trees.edge_rows import gather_rows
from service.model.plan.trees.interpreter import (
    Interpreter,
    load_boosted,
    load_by_treelite,
)
from service.model.plan.trees.numbered_trees import NumberedTrees
from service.model.plan.trees.tree_step import TreeStep

OF_ALL_WIDTHS = [
    ensemble.HistGradientBoostingRegressor(max_iter=30, max_leaf_nodes=leaves)
    for leaves in (2, 8, 9, 16, 17, 32, 33, 64)
]
OF_OTHER_KINDS = [
    ensemble.HistGradientBoostingClassifier(max_iter=3),  # of three classes
    ensemble.RandomForestRegressor(3),  # which averages
    ensemble.RandomForestClassifier(3),  # of leaves with several numbers
    ensemble.HistGradientBoostingRegressor(
        max_iter=3, max_leaf_nodes=65, min_samples_leaf=2
    ),
    ensemble.HistGradientBoostingRegressor(max_iter=3, categorical_features=[1]),
]


def load(fitted: Any) -> Any:
    is_forest = isinstance(fitted, ensemble.BaseEnsemble)
    return load_by_treelite(fitted) if is_forest else load_boosted(fitted)


@pytest.mark.parametrize("estimator", OF_ALL_WIDTHS, ids=name_case)
def test_sums_are_those_of_treelite_to_the_last_bit(estimator: Any) -> None:
    X, y = load_table("diabetes")
    fitted = clone(estimator).set_params(min_samples_leaf=2).fit(X, y)
    model = load(fitted)
    edges = gather_rows(model, X.shape[1], {})
    rows = np.concatenate([X, edges[~np.isnan(edges).any(axis=1)]])
    bits = Bitvectors(NumberedTrees(model))
    assert [bits.score(row) for row in rows.tolist()] == Interpreter(model).score(rows)[
        :, 0
    ].tolist()


def test_trees_of_a_leaf_alone_are_added_up() -> None:
    X, y = load_table("diabetes")
    fitted = ensemble.HistGradientBoostingRegressor(
        max_iter=3, min_samples_leaf=len(X)
    ).fit(X, y)
    score = Bitvectors(NumberedTrees(load(fitted))).score(X[0].tolist())
    assert score == fitted.predict(X[:1])[0]


@pytest.mark.parametrize("estimator", OF_OTHER_KINDS, ids=name_case)
def test_what_is_no_sum_of_small_trees_is_not_taken(estimator: Any) -> None:
    X, y = load_table("diabetes")
    X = X.copy()
    X[:, 1] = np.arange(len(X)) % 5
    y = y + 300 * (X[:, 1] == 2)
    target = np.digitize(y, [100, 200]) if hasattr(estimator, "predict_proba") else y
    model = load(clone(estimator).fit(X, target))
    with pytest.raises(NotImplementedError):
        Bitvectors(NumberedTrees(model))


def test_trees_that_no_cache_holds_are_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = load_table("diabetes")
    fitted = ensemble.HistGradientBoostingRegressor(max_iter=9).fit(X, y)
    monkeypatch.setattr(bitvectors, "MAX_BYTES", 1000)
    with pytest.raises(NotImplementedError, match="too large"):
        Bitvectors(NumberedTrees(load(fitted)))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1.7e308])
def test_what_is_odd_is_asked_for_by_arrays(odd: float) -> None:
    X, y = load_table("diabetes")
    step = plan_histogram_boosting(
        ensemble.HistGradientBoostingRegressor(max_iter=5).fit(X, y)
    )
    assert step.single is not None
    row = [odd, odd, *X[0, 2:].tolist()]
    np.testing.assert_array_equal(step.single(row).values, step(np.array([row])).values)


def test_a_model_of_lightgbm_is_taken_as_it_stands() -> None:
    X, y = load_table("diabetes")
    fitted = lightgbm.LGBMRegressor(n_estimators=30, verbose=-1, n_jobs=1).fit(X, y)
    step = plan_lightgbm(fitted)
    assert isinstance(step, TreeStep)
    assert step.single is not None
    for row in X[:50]:
        values = step.single(row.tolist()).values
        assert values is not None
        assert values.item() == step(row[np.newaxis]).values.item()  # type: ignore[union-attr]
