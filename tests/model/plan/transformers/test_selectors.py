"""The numeric steps against scikit-learn: real tables, single rows and edges."""

import functools
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import cluster, decomposition, preprocessing
from sklearn import feature_selection as selection
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.neural_network import BernoulliRBM
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

import train
from service.model.errors import NoPlanError
from service.model.plan.steps import Numbers, NumbersStep, Step
from service.model.plan.transformers import (
    distances,
    distributions,
    expansions,
    imputers,
    projections,
    scalers,
    selectors,
)

Plan = Callable[[Any], NumbersStep]


def describe(case: Any) -> str:
    """Return a name for a case that is the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(case))


@functools.cache
def read_table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a table of float64 and its target; that of the credit data has nulls."""
    if name == "credit":
        X, y = train.read_data()
        numbers = X.select_dtypes("number").to_numpy(dtype=np.float64)
        return np.ascontiguousarray(numbers), (y == "bad").to_numpy()
    load = {
        "wine": load_wine,
        "diabetes": load_diabetes,
        "cancer": load_breast_cancer,
    }[name]
    X, y = load(return_X_y=True)
    return np.ascontiguousarray(X), y


def make_edges(X: np.ndarray, fitted: Any) -> np.ndarray:
    """Return rows of zeros, bounds, their neighbours, far values and fitted values."""
    low, high = np.nanmin(X, axis=0), np.nanmax(X, axis=0)
    rows = [0 * low, -0.0 * abs(low), low, high, np.nanmedian(X, axis=0)]
    rows += [low - 1, high + 1, -1e6 * (high + 1), 1e6 * (high + 1), low + 1e-320]
    rows += [np.nextafter(low, -np.inf), np.nextafter(high, np.inf)]
    rows += [low - 1e-7, low + 1e-7, high - 1e-7, high + 1e-7]
    if hasattr(fitted, "bin_edges_"):
        for edge in range(max(map(len, fitted.bin_edges_))):
            at = np.array([e[min(edge, len(e) - 1)] for e in fitted.bin_edges_])
            rows += [at, np.nextafter(at, -np.inf), np.nextafter(at, np.inf)]
    rows += list(getattr(fitted, "quantiles_", ()))[:50]
    mean = getattr(fitted, "mean_", None)
    rows += [] if mean is None else [mean]
    return np.array(rows)


def make_nulls(X: np.ndarray) -> np.ndarray:
    """Return rows with one null in each place, and one of nothing else."""
    rows = np.repeat(X[:1], X.shape[1] + 1, axis=0)
    rows[np.arange(X.shape[1]), np.arange(X.shape[1])] = np.nan
    rows[-1] = np.nan
    return rows


def ask(answer: Callable[[Any], Any], X: np.ndarray) -> Any:
    """Return a dense answer, or the type of the error in its place."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            answered = answer(X.copy())
        except ValueError:
            return ValueError
    dense = answered.toarray() if hasattr(answered, "toarray") else answered
    return np.asarray(dense, dtype=np.float64)


def is_same(one: np.ndarray, other: np.ndarray) -> bool:
    """Say whether arrays are equal to the last bit, the sign of zero included."""
    return one.shape == other.shape and one.tobytes() == other.tobytes()


def check(fitted: Any, step: NumbersStep, X: np.ndarray) -> None:
    """Hold a step against fitted.transform, to the last bit but the sign of zero."""
    given = X.copy()
    expected, answer = ask(fitted.transform, X), ask(step, given)
    np.testing.assert_array_equal(given, X)
    if len(X) == 1 and isinstance(step, Step):
        alone = ask(lambda row: [step.single(row[0].tolist())], X)
        assert (alone is answer) if answer is ValueError else is_same(alone, answer)
    if expected is ValueError or answer is ValueError:
        assert expected is answer
        return
    np.testing.assert_array_equal(answer, expected, strict=True)


def check_all(fitted: Any, plan: Plan, X: np.ndarray) -> None:
    """Hold a plan on the table, its rows one by one, edges, nulls and infinities."""
    step = plan(fitted)
    rows = np.concatenate([X[:25], make_edges(X, fitted), make_nulls(X)])
    infinite = X[:2].copy()
    infinite[1, -1] = np.inf
    for table in (X, rows, infinite, *np.split(rows, len(rows))):
        check(fitted, step, table)
    assert ask(step, X[:1]) is not ValueError


SCALERS = [
    (preprocessing.StandardScaler(), scalers.plan_standard_scaler),
    (preprocessing.StandardScaler(with_mean=False), scalers.plan_standard_scaler),
    (preprocessing.StandardScaler(with_std=False), scalers.plan_standard_scaler),
    (
        preprocessing.StandardScaler(with_mean=False, with_std=False),
        scalers.plan_standard_scaler,
    ),
    (preprocessing.MinMaxScaler(), scalers.plan_min_max_scaler),
    (
        preprocessing.MinMaxScaler(feature_range=(-2, 3), clip=True),
        scalers.plan_min_max_scaler,
    ),
    (preprocessing.MaxAbsScaler(), scalers.plan_max_abs_scaler),
    (preprocessing.MaxAbsScaler(clip=True), scalers.plan_max_abs_scaler),
    (preprocessing.RobustScaler(), scalers.plan_robust_scaler),
    (
        preprocessing.RobustScaler(with_centering=False, quantile_range=(5, 95)),
        scalers.plan_robust_scaler,
    ),
    (
        preprocessing.RobustScaler(with_scaling=False, unit_variance=True),
        scalers.plan_robust_scaler,
    ),
]
BENT = [
    (preprocessing.PowerTransformer(), distributions.plan_power_transformer),
    (
        preprocessing.PowerTransformer(standardize=False),
        distributions.plan_power_transformer,
    ),
    (
        preprocessing.QuantileTransformer(n_quantiles=100),
        distributions.plan_quantile_transformer,
    ),
    (
        preprocessing.QuantileTransformer(
            n_quantiles=37, output_distribution="normal", subsample=None
        ),
        distributions.plan_quantile_transformer,
    ),
]
WITHOUT_NULLS = [
    (preprocessing.Binarizer(), scalers.plan_binarizer),
    (preprocessing.Binarizer(threshold=2.5), scalers.plan_binarizer),
    (preprocessing.Binarizer(threshold=-0.01), scalers.plan_binarizer),
    *[
        (preprocessing.Normalizer(norm=norm), scalers.plan_normalizer)
        for norm in ("l1", "l2", "max")
    ],
    (decomposition.TruncatedSVD(4, random_state=0), projections.plan_axes),
    (PCA(), projections.plan_pca),
    (PCA(n_components=3, whiten=True), projections.plan_pca),
    (PCA(n_components=0.9, svd_solver="full"), projections.plan_pca),
    (decomposition.IncrementalPCA(3), projections.plan_pca),
    (decomposition.IncrementalPCA(3, whiten=True), projections.plan_pca),
    (decomposition.FastICA(3, random_state=0), projections.plan_fast_ica),
    (
        decomposition.FastICA(whiten=False, random_state=0, max_iter=20),
        projections.plan_fast_ica,
    ),
    (decomposition.FactorAnalysis(2), projections.plan_factor_analysis),
    (decomposition.FactorAnalysis(), projections.plan_factor_analysis),
    (GaussianRandomProjection(3, random_state=0), projections.plan_axes),
    (SparseRandomProjection(3, random_state=0), projections.plan_sparse_projection),
    (
        NeighborhoodComponentsAnalysis(2, max_iter=5, random_state=0),
        projections.plan_axes,
    ),
    (BernoulliRBM(3, n_iter=2, random_state=0), projections.plan_hidden_units),
    (LinearDiscriminantAnalysis(), projections.plan_discriminants),
    (LinearDiscriminantAnalysis(n_components=1), projections.plan_discriminants),
    (
        LinearDiscriminantAnalysis("eigen", shrinkage=0.1),
        projections.plan_discriminants,
    ),
    (cluster.FeatureAgglomeration(3), projections.plan_agglomeration),
    (
        cluster.FeatureAgglomeration(3, pooling_func=np.median),
        projections.plan_agglomeration,
    ),
    (cluster.KMeans(3, n_init=1, random_state=0), distances.plan_centre_distances),
    (cluster.BisectingKMeans(3, random_state=0), distances.plan_centre_distances),
    *[
        (
            preprocessing.PolynomialFeatures(
                degree, interaction_only=is_narrow, include_bias=has_bias, order=order
            ),
            expansions.plan_polynomial,
        )
        for degree, order in (
            (1, "C"),
            (2, "F"),
            (3, "C"),
            ((2, 3), "C"),
            ((0, 2), "C"),
        )
        for is_narrow in (False, True)
        for has_bias in (False, True)
    ],
    (preprocessing.PolynomialFeatures(0), expansions.plan_polynomial),
    (preprocessing.PolynomialFeatures((1, 2)), expansions.plan_polynomial),
    *[
        (
            preprocessing.KBinsDiscretizer(
                bins,
                encode=encode,
                strategy=strategy,
                quantile_method="averaged_inverted_cdf",
                random_state=0,
                dtype=dtype,
            ),
            expansions.plan_bins,
        )
        for encode in ("onehot", "onehot-dense", "ordinal")
        for strategy in ("uniform", "quantile", "kmeans")
        for bins, dtype in ((2, None), (7, np.float64))
    ],
    *[
        (
            preprocessing.SplineTransformer(
                n_knots=4,
                degree=degree,
                knots=knots,
                extrapolation=extrapolation,
                include_bias=has_bias,
            ),
            expansions.plan_splines,
        )
        for degree, knots in ((1, "uniform"), (3, "uniform"), (2, "quantile"))
        for extrapolation in ("constant", "continue")
        for has_bias in (True, False)
    ],
]


def fit(transformer: Any, X: np.ndarray, y: np.ndarray | None = None) -> Any:
    """Fit, leaving aside warnings of narrow bins and of constant columns."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return transformer.fit(X, y)


@pytest.mark.parametrize("name", ["credit", "wine", "diabetes", "cancer"])
@pytest.mark.parametrize(("transformer", "plan"), SCALERS + BENT, ids=describe)
def test_scales_as_the_transformer_does(
    transformer: Any, plan: Plan, name: str
) -> None:
    X, _ = read_table(name)
    check_all(fit(transformer, X), plan, X)


@pytest.mark.parametrize("name", ["wine", "diabetes"])
@pytest.mark.parametrize(("transformer", "plan"), WITHOUT_NULLS, ids=describe)
def test_refuses_and_answers_as_the_transformer_does(
    transformer: Any, plan: Plan, name: str
) -> None:
    X, y = read_table(name)
    check_all(fit(transformer, X, y), plan, X)


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("name", ["wine", "credit"])
def test_power_of_positive_numbers(name: str, *, standardize: bool) -> None:
    X = abs(read_table(name)[0]) + 0.5
    fitted = fit(preprocessing.PowerTransformer("box-cox", standardize=standardize), X)
    check_all(fitted, distributions.plan_power_transformer, X)


def test_power_of_no_and_of_twice_the_exponent() -> None:
    X, _ = read_table("diabetes")
    fitted = fit(preprocessing.PowerTransformer(standardize=False), X)
    fitted.lambdas_[:4] = 0.0, 2.0, 1.0, 1e-17
    check_all(fitted, distributions.plan_power_transformer, X)


def test_constant_columns() -> None:
    X = np.column_stack([read_table("wine")[0], np.full(178, 7.1), np.zeros(178)])
    for transformer, plan in SCALERS + BENT:
        check_all(fit(transformer, X), plan, X)
    bins = preprocessing.KBinsDiscretizer(3, quantile_method="averaged_inverted_cdf")
    check_all(fit(bins, X), expansions.plan_bins, X)


def test_splines_of_nulls() -> None:
    X, _ = read_table("credit")
    for extrapolation in ("constant", "continue"):
        splines = preprocessing.SplineTransformer(
            extrapolation=extrapolation, handle_missing="zeros"
        )
        check_all(fit(splines, X), expansions.plan_splines, X)


SELECTORS = [
    selection.VarianceThreshold(0.3),
    selection.SelectKBest(k=3),
    selection.SelectPercentile(percentile=40),
    selection.SelectFpr(alpha=1e-20),
    selection.SelectFdr(alpha=1e-20),
    selection.SelectFwe(alpha=1e-20),
    selection.GenericUnivariateSelect(mode="k_best", param=2),
    selection.SelectFromModel(RandomForestClassifier(n_estimators=5, random_state=0)),
    selection.SelectFromModel(LogisticRegression(max_iter=9999), max_features=3),
    selection.RFE(RandomForestClassifier(n_estimators=5, random_state=0)),
    selection.RFECV(LogisticRegression(max_iter=9999), step=4, cv=2),
    selection.SequentialFeatureSelector(GaussianNB(), n_features_to_select=3, cv=2),
]


@pytest.mark.parametrize("selector", SELECTORS, ids=describe)
def test_keeps_the_columns_of_the_selector(selector: Any) -> None:
    X, y = read_table("wine")
    check_all(fit(selector, X, y), selectors.plan_selector, X)


def test_a_threshold_takes_nulls() -> None:
    X, _ = read_table("credit")
    fitted = fit(selection.VarianceThreshold(100.0), X)
    check_all(fitted, selectors.plan_selector, X)


def halve(X: np.ndarray, by: float = 2.0) -> np.ndarray:
    """Write into what is given."""
    X /= by
    return X


FUNCTIONS = [
    preprocessing.FunctionTransformer(),
    preprocessing.FunctionTransformer(validate=True),
    preprocessing.FunctionTransformer(np.log1p),
    preprocessing.FunctionTransformer(np.abs, validate=True),
    preprocessing.FunctionTransformer(halve, kw_args={"by": 3.0}),
    preprocessing.FunctionTransformer(np.isnan),
]


@pytest.mark.parametrize("transformer", FUNCTIONS, ids=describe)
def test_calls_the_function(transformer: Any) -> None:
    X, _ = read_table("credit")
    check_all(
        fit(transformer, np.nan_to_num(X)), selectors.plan_function_transformer, X
    )


def make_holes() -> np.ndarray:
    """Return the credit numbers with a column that is all null."""
    X = read_table("credit")[0].copy()
    X[:, 2] = np.nan
    return X


IMPUTERS = [
    SimpleImputer(
        strategy=strategy,
        fill_value=fill,
        add_indicator=has_marks,
        keep_empty_features=keeps,
    )
    for strategy, fill in [
        ("mean", None),
        ("median", None),
        ("most_frequent", None),
        ("constant", None),
        ("constant", -1.5),
        (np.max, None),
    ]
    for has_marks in (False, True)
    for keeps in (False, True)
    if not callable(strategy) or keeps
]


@pytest.mark.parametrize("imputer", IMPUTERS, ids=describe)
def test_imputes(imputer: SimpleImputer) -> None:
    X = read_table("credit")[0]
    check_all(fit(imputer, X), imputers.plan_number_imputer, X)
    if not callable(imputer.strategy):
        holes = make_holes()
        check_all(fit(imputer, holes), imputers.plan_number_imputer, X)


@pytest.mark.parametrize("marker", [0, -1.0])
@pytest.mark.parametrize("has_marks", [False, True])
def test_imputes_what_a_number_marks(marker: float, *, has_marks: bool) -> None:
    X = np.nan_to_num(read_table("credit")[0], nan=float(marker))
    imputer = SimpleImputer(missing_values=marker, add_indicator=has_marks)
    check_all(fit(imputer, X), imputers.plan_number_imputer, X)
    indicator = MissingIndicator(missing_values=marker, error_on_new=False)
    check_all(fit(indicator, X), imputers.plan_missing_indicator, X)


def test_imputes_integers() -> None:
    table, _ = train.read_data()
    X = table[["Seniority", "Time", "Age"]].to_numpy()
    for strategy in ("most_frequent", "constant", "median"):
        fitted = fit(SimpleImputer(strategy=strategy, add_indicator=True), X)
        check_all(fitted, imputers.plan_number_imputer, X.astype(np.float64))


@pytest.mark.parametrize("features", ["missing-only", "all"])
@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize("sparse", [False, True])
def test_marks_nulls(features: str, *, refuses: bool, sparse: bool) -> None:
    X = read_table("credit")[0]
    indicator = MissingIndicator(features=features, error_on_new=refuses, sparse=sparse)
    check_all(fit(indicator, X), imputers.plan_missing_indicator, X)


def make_narrow() -> np.ndarray:
    """Return a table of float32."""
    return read_table("wine")[0].astype(np.float32)


REFUSED: list[tuple[Plan, Callable[[], Any]]] = [
    (plan, functools.partial(fit, transformer, make_narrow()))
    for transformer, plan in [SCALERS[4], SCALERS[6], SCALERS[8], *BENT[:2]]
] + [
    (projections.plan_pca, lambda: fit(PCA(), make_narrow())),
    (
        selectors.plan_selector,
        lambda: fit(selection.SelectFpr(alpha=0.0), *read_table("wine")),
    ),
    (
        expansions.plan_bins,
        lambda: fit(
            preprocessing.KBinsDiscretizer(
                dtype=np.float32, quantile_method="averaged_inverted_cdf"
            ),
            read_table("wine")[0],
        ),
    ),
    *[
        (
            expansions.plan_splines,
            functools.partial(
                lambda options: fit(
                    preprocessing.SplineTransformer(**options), read_table("wine")[0]
                ),
                options,
            ),
        )
        for options in (
            {"extrapolation": "linear"},
            {"extrapolation": "error"},
            {"extrapolation": "periodic"},
            {"degree": 0},
            {"sparse_output": True},
        )
    ],
    (
        imputers.plan_number_imputer,
        lambda: fit(SimpleImputer(), np.full((3, 2), np.nan)),
    ),
    (
        imputers.plan_number_imputer,
        lambda: fit(SimpleImputer(missing_values=pd.NA), read_table("wine")[0]),
    ),
    (
        imputers.plan_number_imputer,
        lambda: fit(
            SimpleImputer(strategy="most_frequent"), np.array([["a"], ["b"]], object)
        ),
    ),
    (
        imputers.plan_missing_indicator,
        lambda: fit(MissingIndicator(), read_table("wine")[0]),
    ),
]


@pytest.mark.parametrize(("plan", "make"), REFUSED)
def test_what_has_no_plan(plan: Plan, make: Callable[[], Any]) -> None:
    with pytest.raises(NoPlanError):
        plan(make())


def test_a_tree_below_lets_a_selector_take_nulls() -> None:
    X, y = read_table("credit")
    model = HistGradientBoostingClassifier(max_iter=2).fit(X, y)
    model.feature_importances_ = np.arange(X.shape[1], dtype=np.float64)
    fitted = selection.SelectFromModel(model, prefit=True, max_features=4).fit(X)
    step = selectors.plan_selector(fitted)
    check(fitted, step, X)
    assert ask(step, X) is not ValueError


def test_steps_give_contiguous_float64() -> None:
    X, y = read_table("wine")
    for transformer, plan in SCALERS + BENT + WITHOUT_NULLS:
        answer: Numbers = plan(fit(transformer, X, y))(X)
        assert answer.dtype == np.float64
        assert answer.flags.c_contiguous
