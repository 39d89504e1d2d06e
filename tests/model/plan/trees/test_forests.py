from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from exactness import (
    assert_alike,
    check_parity,
    iterate_batches,
    load_table,
    name_case,
)
from sklearn import ensemble, tree
from sklearn.base import clone

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.lookup import plan_predictor
from service.model.plan.registry import PREDICTORS
from service.model.plan.steps import FinalStep, Row
from service.model.plan.trees.interpreter import Interpreter
from service.model.plan.trees.limits import BY_MODEL, BY_TREELITE, Limits
from service.model.plan.trees.tree_step import TreeStep

FEW = {"n_estimators": 7, "random_state": 0}
LIGHT: dict[str, Any] = {"n_estimators": 7, "verbose": -1, "n_jobs": 1}
BAGGED: dict[str, Any] = {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1}

CLASSIFIERS = [
    tree.DecisionTreeClassifier(random_state=0, max_depth=3),
    tree.ExtraTreeClassifier(random_state=0),
    ensemble.RandomForestClassifier(**FEW),
    ensemble.RandomForestClassifier(**FEW, max_depth=2, n_jobs=2),
    ensemble.ExtraTreesClassifier(**FEW),
    ensemble.GradientBoostingClassifier(**FEW),
    ensemble.GradientBoostingClassifier(**FEW, init="zero"),
    ensemble.GradientBoostingClassifier(n_iter_no_change=1, tol=0.5, random_state=0),
    ensemble.HistGradientBoostingClassifier(max_iter=7),
    lightgbm.LGBMClassifier(n_estimators=7, verbose=-1, n_jobs=1),
    lightgbm.LGBMClassifier(**LIGHT, boosting_type="dart"),
    lightgbm.LGBMClassifier(**LIGHT, boosting_type="goss"),
    lightgbm.LGBMClassifier(**LIGHT, **BAGGED),
    xgboost.XGBClassifier(n_estimators=7, n_jobs=1),
    xgboost.XGBRFClassifier(n_estimators=7, n_jobs=1),
]
REGRESSORS = [
    tree.DecisionTreeRegressor(random_state=0),
    tree.ExtraTreeRegressor(random_state=0),
    ensemble.RandomForestRegressor(**FEW),
    ensemble.ExtraTreesRegressor(**FEW),
    ensemble.GradientBoostingRegressor(**FEW),
    ensemble.GradientBoostingRegressor(**FEW, init="zero", loss="huber"),
    ensemble.GradientBoostingRegressor(**FEW, init=tree.DecisionTreeRegressor()),
    ensemble.HistGradientBoostingRegressor(max_iter=7),
    ensemble.HistGradientBoostingRegressor(max_iter=7, loss="poisson"),
    ensemble.HistGradientBoostingRegressor(max_iter=7, loss="gamma"),
    ensemble.HistGradientBoostingRegressor(max_iter=7, loss="absolute_error"),
    ensemble.HistGradientBoostingRegressor(max_iter=7, loss="quantile", quantile=0.3),
    lightgbm.LGBMRegressor(n_estimators=7, verbose=-1, n_jobs=1),
    lightgbm.LGBMRegressor(n_estimators=7, verbose=-1, n_jobs=1, objective="poisson"),
    lightgbm.LGBMRegressor(**LIGHT, objective="gamma"),
    lightgbm.LGBMRegressor(**LIGHT, objective="tweedie"),
    lightgbm.LGBMRegressor(**LIGHT, objective="quantile", alpha=0.3),
    lightgbm.LGBMRegressor(**LIGHT, boosting_type="dart"),
    lightgbm.LGBMRegressor(**LIGHT, data_sample_strategy="goss"),
    lightgbm.LGBMRegressor(**LIGHT, **BAGGED),
    xgboost.XGBRegressor(n_estimators=7, n_jobs=1),
    xgboost.XGBRegressor(n_estimators=7, n_jobs=1, objective="reg:tweedie"),
    xgboost.XGBRegressor(n_estimators=7, n_jobs=1, booster="dart"),
    xgboost.XGBRFRegressor(n_estimators=7, n_jobs=1),
]


def plan(fitted: Any) -> TreeStep:
    step = plan_predictor(fitted)
    assert isinstance(step, TreeStep)
    return step


def place_at_thresholds(fitted: Any, X: np.ndarray) -> np.ndarray:
    """Return rows of which a value lies exactly at a threshold, or just beside one."""
    trees = [
        t for t in np.ravel(getattr(fitted, "estimators_", fitted)) if t is not None
    ]
    rows: list[np.ndarray] = []
    for one in trees[:3]:
        if hasattr(one, "tree_"):
            for feature, cut in zip(
                one.tree_.feature, one.tree_.threshold, strict=True
            ):
                for value in (cut, np.nextafter(cut, -1e9), np.nextafter(cut, 1e9)):
                    if feature >= 0 and np.isfinite(cut):
                        rows.append(X[len(rows) % len(X)].copy())
                        rows[-1][feature] = value
    return np.array(rows) if rows else X[:5]


def ask_alone(lone: Callable[[Row], Outputs]) -> FinalStep:
    return lambda X: lone(X[0].tolist())


def assert_planned(fitted: Any, X: np.ndarray) -> TreeStep:
    step = plan(fitted)
    measured = step.limits
    for limits in {measured, BY_MODEL, BY_TREELITE if max(measured) else BY_MODEL}:
        step.limits = limits
        for batch in (*iterate_batches(X), place_at_thresholds(fitted, X)):
            assert_alike(fitted, step, batch)
            if len(batch) == 1 and step.single:
                assert_alike(fitted, ask_alone(step.single), batch)
    step.limits = measured
    return step


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_a_classifier_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    assert_planned(clone(estimator).fit(X, y), X[:150])


@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_case)
def test_a_regressor_is_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    assert_planned(clone(estimator).fit(X, y), X[:150])


@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.RandomForestClassifier(**FEW),
        ensemble.HistGradientBoostingClassifier(max_iter=7),
        lightgbm.LGBMClassifier(n_estimators=7, verbose=-1, n_jobs=1),
        xgboost.XGBClassifier(n_estimators=7, n_jobs=1),
        tree.DecisionTreeClassifier(random_state=0),
    ],
    ids=name_case,
)
@pytest.mark.parametrize("is_null_known", [True, False])
def test_nulls_are_planned_exactly(estimator: Any, is_null_known: bool) -> None:
    X, y = load_table("wine")
    holes = X.copy()
    holes[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    assert_planned(clone(estimator).fit(holes if is_null_known else X, y), holes)


def test_a_null_is_refused_where_sklearn_refuses_it() -> None:
    X, y = load_table("wine")
    step = plan(ensemble.GradientBoostingClassifier(**FEW).fit(X, y))
    with pytest.raises(ValueError, match="NaN"):
        step(np.full((1, X.shape[1]), np.nan))


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.RandomForestClassifier(**FEW),
        ensemble.GradientBoostingClassifier(**FEW),
        tree.DecisionTreeClassifier(),
    ],
    ids=name_case,
)
def test_what_is_too_large_for_float32_is_refused_as_by_sklearn(estimator: Any) -> None:
    X, y = load_table("wine")
    step = plan(clone(estimator).fit(X, y))
    row = X[:1].copy()
    row[0, 0] = 1e300
    with pytest.raises(ValueError, match="too large"):
        step(row)


def make_coded_table(codes: list[float]) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    X = random.normal(size=(400, 4))
    X[:, 1] = random.choice(codes, 400)
    X[:, 3] = random.choice(codes, 400)
    cold = np.isin(X[:, 1], codes[::2]) + 2 * np.isin(X[:, 3], codes[1::3])
    return X, cold + X[:, 0] + 0.1 * random.normal(size=400)


CODES = [[0.0, 1, 2, 3, 4, 5], [2.0, 7, 9, 20, 21], [0.0, 1, 2, 3, np.nan]]


@pytest.mark.parametrize("codes", CODES, ids=str)
@pytest.mark.parametrize("task", ["regression", "two", "three"])
def test_native_categories_are_planned_exactly(
    codes: list[float], task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        TreeStep, "_measure", lambda self, rows: Limits(1)
    )  # if it is exact
    X, y = make_coded_table(codes)
    kind = ensemble.HistGradientBoostingRegressor
    if task != "regression":
        kind = ensemble.HistGradientBoostingClassifier
        y = np.digitize(y, [1.0] if task == "two" else [0.5, 1.5])
    fitted = kind(max_iter=9, categorical_features=[1, 3]).fit(X, y)
    odd = X.copy()
    random = np.random.default_rng(1)
    odd[:, 1] = random.choice([*codes, 6.0, 8, 30, 1e9, -1, 2.5, np.nan], len(X))
    step = assert_planned(fitted, odd)
    assert step.limits.treelite > 0


def test_an_infinite_category_is_refused_as_by_sklearn() -> None:
    X, y = make_coded_table(CODES[0])
    fitted = ensemble.HistGradientBoostingRegressor(
        max_iter=9, categorical_features=[1, 3]
    ).fit(X, y)
    row = X[:1].copy()
    row[0, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        plan(fitted)(row)


@pytest.mark.parametrize("categorical", [None, [1, 3]], ids=["plain", "categories"])
@pytest.mark.parametrize("limits", [BY_MODEL, BY_TREELITE])
def test_a_model_of_named_columns_does_not_warn(
    categorical: Any, limits: Limits
) -> None:
    X, y = make_coded_table(CODES[0])
    frame = pd.DataFrame(X, columns=list("abcd"))
    fitted = ensemble.HistGradientBoostingRegressor(
        max_iter=9, categorical_features=categorical
    ).fit(frame, y)
    step = plan(fitted)
    step.limits = limits
    values = step(X).values
    assert values is not None
    np.testing.assert_allclose(values[:, 0], fitted.predict(frame), rtol=0, atol=1e-12)
    assert hasattr(fitted, "feature_names_in_")


def test_a_category_that_is_a_word_has_no_plan() -> None:
    X, y = make_coded_table(CODES[0])
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["b"] = frame["b"].map(lambda code: f"c{code}").astype("category")
    fitted = ensemble.HistGradientBoostingRegressor(
        max_iter=2, categorical_features="from_dtype"
    ).fit(frame, y)
    with pytest.raises(NoPlanError, match="no codes"):
        plan(fitted)


def test_a_label_on_the_edge_is_sklearns() -> None:
    """A margin of zero but for rounding falls on the side that sklearn sums it to."""
    X = np.repeat([[0.0], [1.0]], 20, axis=0)
    y = np.tile([0, 1], 20)
    fitted = ensemble.GradientBoostingClassifier(n_estimators=3).fit(X, y)
    assert abs(fitted.decision_function(X)[0]) < 1e-9
    step = plan(fitted)
    step.limits = BY_TREELITE
    assert_alike(fitted, step, X)
    assert_alike(fitted, step, X[:1])


@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.GradientBoostingClassifier(**FEW, loss="exponential"),
        ensemble.HistGradientBoostingClassifier(max_iter=7),
    ],
    ids=name_case,
)
def test_an_instance_alone_has_the_very_bits_it_has_among_others(
    estimator: Any,
) -> None:
    X, y = load_table("breast_cancer")
    step = plan(clone(estimator).fit(X, y))
    step.limits = BY_TREELITE
    together = step(X)
    for row in range(len(X)):
        alone = step(X[row : row + 1])
        for one, all_of_them in (
            (alone.classes, together.classes),
            (alone.probabilities, together.probabilities),
        ):
            assert one is not None
            assert all_of_them is not None
            assert one.dtype == all_of_them.dtype
            np.testing.assert_array_equal(one, all_of_them[row : row + 1])


@pytest.mark.parametrize("limits", [BY_MODEL, Limits(treelite=1)])
@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.HistGradientBoostingRegressor(max_iter=7, loss="poisson"),
        lightgbm.LGBMRegressor(
            n_estimators=50, verbose=-1, n_jobs=1, objective="poisson"
        ),
    ],
    ids=name_case,
)
def test_the_way_without_arrays_has_the_bits_of_whatever_answers_one(
    estimator: Any, limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TreeStep, "_measure", lambda self, rows: limits)
    X, y = load_table("diabetes")
    step = plan(clone(estimator).fit(X, y))
    assert step.single or limits == BY_MODEL
    for row in X.tolist() if step.single else []:
        alone, block = step.single(row), step(np.array([row]))  # type: ignore[misc]
        np.testing.assert_array_equal(alone.values, block.values)


def test_rows_that_may_not_be_written_to_are_read() -> None:
    X, y = load_table("diabetes")
    fitted = ensemble.HistGradientBoostingRegressor(max_iter=7).fit(X, y)
    step = plan(fitted)
    step.limits = BY_TREELITE
    frozen = X[:5].copy()
    frozen.flags.writeable = False
    assert_alike(fitted, step, frozen)


@pytest.mark.parametrize(
    "estimator",
    [
        tree.DecisionTreeRegressor(max_depth=4),
        tree.ExtraTreeRegressor(random_state=0),
        ensemble.RandomForestRegressor(**FEW),
        ensemble.ExtraTreesRegressor(**FEW, bootstrap=True),
    ],
    ids=name_case,
)
def test_several_outputs_are_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    targets = np.column_stack([y, y**0.5, X[:, 0]])
    assert_planned(clone(estimator).fit(X, targets), X[:150])


@pytest.mark.parametrize(
    "estimator",
    [
        tree.DecisionTreeClassifier(max_depth=3),
        tree.ExtraTreeClassifier(random_state=0),
        ensemble.RandomForestClassifier(4, random_state=0),
        ensemble.ExtraTreesClassifier(4, max_depth=3, random_state=0),
    ],
    ids=name_case,
)
def test_labels_of_several_outputs_are_planned_exactly(estimator: Any) -> None:
    X, y = load_table("wine")
    words = np.column_stack([y.astype(str), np.where(y == 1, "yes", "no")])
    check_parity(clone(estimator).fit(X, words), X)


def test_what_stops_before_its_last_tree_has_no_plan() -> None:
    X, y = load_table("breast_cancer")
    options: dict[str, Any] = {"verbose": -1, "pred_early_stop": True}
    fitted = lightgbm.LGBMClassifier(n_estimators=7, **options).fit(X, y)
    with pytest.raises(NoPlanError, match="stops early"):
        plan(fitted)


def test_treelite_is_not_used_where_it_differs(monkeypatch: Any) -> None:
    X, y = load_table("diabetes")
    fitted = ensemble.RandomForestRegressor(**FEW).fit(X, y)
    monkeypatch.setattr(
        Interpreter, "score", lambda self, rows: np.zeros((len(rows), 1))
    )
    step = plan(fitted)
    assert step.limits == BY_MODEL
    assert_alike(fitted, step, X)


class ContraryTree(tree.DecisionTreeClassifier):  # type: ignore[misc]
    def predict(self, X: Any, check_input: bool = True) -> Any:
        return super().predict(X, check_input)[::-1]


def test_a_subclass_is_not_mistaken_for_its_parent() -> None:
    assert ContraryTree not in PREDICTORS
