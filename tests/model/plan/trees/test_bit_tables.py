"""Tables of bits answer with scikit-learn's own bits, whatever the number of rows."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import lightgbm
import numpy as np
import pytest
from exactness import load_table, name_case
from sklearn import ensemble
from sklearn.base import clone

from service.model.outputs import Outputs
from service.model.plan.lookup import plan_predictor
from service.model.plan.predictors.boosters import NEAR_ZERO, load_lightgbm
from service.model.plan.steps import Numbers
from service.model.plan.trees import leaf_tables
from service.model.plan.trees.bit_tables import BitTables
from service.model.plan.trees.edge_rows import gather_rows
from service.model.plan.trees.forests import load_forest
from service.model.plan.trees.interpreter import load_boosted
from service.model.plan.trees.limits import BY_TABLES, BY_TREELITE, Limits
from service.model.plan.trees.numbered_trees import NumberedTrees
from service.model.plan.trees.tree_step import TreeStep

FEW: dict[str, Any] = {"n_estimators": 9, "random_state": 0}
SHALLOW: dict[str, Any] = {**FEW, "max_depth": 5}
FINE: dict[str, Any] = {"max_iter": 9, "min_samples_leaf": 2}
REGRESSORS = [
    *[
        ensemble.HistGradientBoostingRegressor(**FINE, max_leaf_nodes=leaves)
        for leaves in (2, 8, 9, 16, 17, 32, 33, 64)
    ],
    ensemble.HistGradientBoostingRegressor(max_iter=3, min_samples_leaf=10_000),
    ensemble.HistGradientBoostingRegressor(max_iter=9, loss="poisson"),
    ensemble.GradientBoostingRegressor(**FEW),
    ensemble.GradientBoostingRegressor(**FEW, init="zero"),
    ensemble.RandomForestRegressor(**SHALLOW),
    ensemble.ExtraTreesRegressor(**SHALLOW, bootstrap=True),
    lightgbm.LGBMRegressor(n_estimators=9, verbose=-1, n_jobs=1),
]
CLASSIFIERS = [
    ensemble.HistGradientBoostingClassifier(max_iter=9),
    ensemble.GradientBoostingClassifier(**FEW),
    ensemble.RandomForestClassifier(**SHALLOW),
    ensemble.ExtraTreesClassifier(**SHALLOW),
]
TAKES_NO_NULL = ensemble.GradientBoostingClassifier, ensemble.GradientBoostingRegressor


@pytest.fixture
def by_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask tables wherever they are exact, and not only where they are faster."""
    monkeypatch.setattr(TreeStep, "_measure", lambda self, rows: BY_TABLES)


def load(fitted: Any) -> Any:
    if hasattr(fitted, "booster_"):
        return load_lightgbm(fitted.booster_)
    is_forest = hasattr(fitted, "bootstrap")
    return load_forest(fitted) if is_forest else load_boosted(fitted)


def fit_with_nulls(estimator: Any, X: Numbers, y: np.ndarray) -> Any:
    holes = X.copy()
    if not isinstance(estimator, TAKES_NO_NULL):
        holes[np.random.default_rng(0).random(X.shape) < 0.1] = np.nan
    return clone(estimator).fit(holes, y)


def gather(fitted: Any, X: Numbers) -> Numbers:
    """Return rows of data, of edges, and of what lies far beyond them."""
    rows = np.concatenate([X, gather_rows(load(fitted), X.shape[1], {})])
    far = 1e38 if isinstance(fitted, ensemble.BaseEnsemble) else 1e308
    places = np.random.default_rng(0).integers(50, size=rows.shape)
    for place, edge in enumerate((far, -far, 0.0, -0.0)):
        rows[places == place] = edge
    has_null = np.isnan(rows).any(axis=1)
    return rows[~has_null] if isinstance(fitted, TAKES_NO_NULL) else rows


def plan(fitted: Any) -> tuple[TreeStep, BitTables]:
    step = plan_predictor(fitted)
    assert isinstance(step, TreeStep)
    assert step.limits == BY_TABLES
    assert isinstance(step._tables, BitTables)
    return step, step._tables


def ask(fitted: Any, rows: Numbers) -> Outputs:
    answers = fitted.predict(rows)
    if not hasattr(fitted, "classes_"):
        return Outputs(values=answers.reshape(len(rows), -1))
    places = np.searchsorted(fitted.classes_, answers)
    return Outputs(places, fitted.predict_proba(rows))


@np.errstate(all="ignore")  # of scikit-learn's own checks
def assert_same_bits(fitted: Any, X: Numbers) -> None:
    """Compare blocks of a few rows, and of all at once, and rows alone."""
    step, tables = plan(fitted)
    rows = gather(fitted, X)
    expected = ask(fitted, rows)
    for size in (3, 16, len(rows)):
        tables._block = size
        assert step(rows).has_same_bits(expected)
    for row in range(0, len(rows), 50):
        one = rows[row : row + 1]
        assert step(one).has_same_bits(ask(fitted, one))


@pytest.mark.usefixtures("by_tables")
@pytest.mark.parametrize("estimator", REGRESSORS, ids=name_case)
def test_values_have_sklearns_bits(estimator: Any) -> None:
    X, y = load_table("diabetes")
    assert_same_bits(fit_with_nulls(estimator, X, y), X)


@pytest.mark.usefixtures("by_tables")
@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_probabilities_have_sklearns_bits(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    assert_same_bits(fit_with_nulls(estimator, X, y), X)


@pytest.mark.usefixtures("by_tables")
def test_several_outputs_have_sklearns_bits() -> None:
    X, y = load_table("diabetes")
    targets = np.column_stack([y, y**0.5, X[:, 0]])
    assert_same_bits(ensemble.RandomForestRegressor(**SHALLOW).fit(X, targets), X)


@pytest.mark.usefixtures("by_tables")
def test_a_sum_of_zeros_has_sklearns_sign() -> None:
    X, _ = load_table("diabetes")
    fitted = ensemble.RandomForestRegressor(**SHALLOW).fit(X, np.full(len(X), -0.0))
    assert_same_bits(fitted, X)


@pytest.mark.usefixtures("by_tables")
def test_columns_of_few_thresholds_share_a_table() -> None:
    X, y = load_table("diabetes")
    flags = (np.random.default_rng(0).random((len(X), 12)) < 0.5).astype(float)
    X = np.column_stack([X, flags, np.round(X[:, :3], 1)])
    y = y + 100 * (flags[:, 0] + flags[:, 5]) * flags[:, 11]
    fitted = ensemble.HistGradientBoostingRegressor(max_iter=50).fit(X, y)
    _, tables = plan(fitted)
    assert len(tables._tables) < len(
        {int(f) for f in NumberedTrees(load(fitted)).splits}
    )
    assert_same_bits(fitted, X)


@pytest.mark.usefixtures("by_tables")
@pytest.mark.parametrize("kind", ["regressor", "classifier", "lightgbm"])
def test_categories_have_the_bits_of_the_model(kind: str) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(400, 4))
    X[:, 1] = random.choice([2.0, 7, 9, 20, 21], 400)
    X[:, 3] = random.choice([0.0, 1, 2, 3, np.nan], 400)
    y = np.isin(X[:, 1], [7, 20]) + 2.0 * np.isin(X[:, 3], [0, 3]) + X[:, 0]
    codes: dict[str, Any] = {"categorical_features": [1, 3]}
    if kind == "regressor":
        fitted = ensemble.HistGradientBoostingRegressor(**codes).fit(X, y)
    elif kind == "classifier":
        three = np.digitize(y, [0.5, 1.5])
        fitted = ensemble.HistGradientBoostingClassifier(**codes).fit(X, three)
    else:
        fitted = lightgbm.LGBMRegressor(verbose=-1, n_jobs=1)
        fitted.fit(X, y, categorical_feature=[1, 3])
    step, _ = plan(fitted)
    odd = X.copy()
    odd[:, 1] = random.choice([2.0, 6, 8, 21, 30, 1e9, -1, 2.5, -0.0, np.nan], 400)
    for rows in (X, odd):
        assert step(rows).has_same_bits(ask(fitted, rows))


@pytest.mark.usefixtures("by_tables")
@pytest.mark.parametrize("limits", [BY_TREELITE, BY_TABLES])
def test_what_lightgbm_takes_for_zero_is_zero(limits: Limits) -> None:
    X, _ = load_table("diabetes")
    X = np.where(X < 0.3, 0.0, X - 0.7)
    y = (X == 0) @ np.arange(X.shape[1])
    fitted = lightgbm.LGBMRegressor(n_estimators=9, verbose=-1, n_jobs=1).fit(X, y)
    step, _ = plan(fitted)
    step.limits = limits
    for edge in (NEAR_ZERO, -NEAR_ZERO, 1e-40, -1e-40, 2e-35, -2e-35):
        rows = np.where(X == 0, edge, X)
        assert step(rows).has_same_bits(ask(fitted, rows))


@pytest.mark.usefixtures("by_tables")
def test_threads_ask_the_same_tables() -> None:
    X, y = load_table("breast_cancer")
    fitted = ensemble.HistGradientBoostingClassifier(max_iter=30).fit(X, y)
    step, _ = plan(fitted)
    rows = np.resize(X, (3000, X.shape[1]))
    parts = [rows[start:] for start in range(8)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(step, parts))
    for part, outputs in zip(parts, found, strict=True):
        assert outputs.has_same_bits(ask(fitted, part))


@pytest.mark.usefixtures("by_tables")
def test_a_null_is_refused_where_sklearn_refuses_it() -> None:
    X, y = load_table("wine")
    step, _ = plan(ensemble.GradientBoostingClassifier(**FEW).fit(X, y))
    with pytest.raises(ValueError, match="NaN"):
        step(np.full((20, X.shape[1]), np.nan))


@pytest.mark.usefixtures("by_tables")
def test_a_tie_is_for_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_table("breast_cancer")
    step, tables = plan(ensemble.HistGradientBoostingClassifier(max_iter=3).fit(X, y))
    expected = step(X)
    monkeypatch.setattr(tables, "score", lambda rows: np.full((len(rows), 1), 1e-10))
    assert step(X).has_same_bits(expected)


@pytest.mark.usefixtures("by_tables")
def test_tables_of_other_bits_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    X, y = load_table("diabetes")
    fitted = ensemble.HistGradientBoostingRegressor(max_iter=3).fit(X, y)
    score = BitTables.score
    monkeypatch.setattr(
        BitTables, "score", lambda self, rows: np.nextafter(score(self, rows), 1e9)
    )
    step = plan_predictor(fitted)
    assert isinstance(step, TreeStep)
    assert step._tables is None


def test_tables_that_are_too_large_are_not_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    X, y = load_table("diabetes")
    fitted = ensemble.HistGradientBoostingRegressor(max_iter=9).fit(X, y)
    trees = NumberedTrees(load(fitted))
    assert BitTables(trees).nbytes > 1000
    monkeypatch.setattr(leaf_tables, "MAX_BYTES", 1000)
    with pytest.raises(NotImplementedError, match="too large"):
        BitTables(trees)
