"""The parity table: every estimator that has a plan, in a whole pipeline on real data.

Each is fitted, compiled and let through the gate on its whole table; the largest
difference from scikit-learn and how many times faster one row is are printed when the
tests have run. Nothing is above 1e-12, and no label is another.
"""

import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn import ensemble, linear_model, naive_bayes, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_selection import SelectKBest, SelectPercentile, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)

import train
from service.model.contract.observation import observe_table, read_columns
from service.model.contract.tables import build_table
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import compile_plan
from service.model.prediction.gate import check_agreement
from service.model.tolerances import SAME_ANSWER

# Every fourth row has all that matters here, nulls and each category among it.
CREDIT, STATUS = (table.iloc[::4] for table in train.read_data())
DIABETES, PROGRESSION = load_diabetes(return_X_y=True, as_frame=True)
NUMBERS = list(CREDIT.select_dtypes("number"))
TEXTS = list(CREDIT.select_dtypes(exclude="number"))

# One thread, as in a worker; few iterations, for the shape is what is compared.
SMALL: dict[str, Any] = {"n_estimators": 20, "random_state": 0}


def prepare(numbers: Any = None, texts: Any = None) -> ColumnTransformer:
    """Return the preparation of the credit data, around a step for each kind."""
    return ColumnTransformer(
        [
            ("n", make_pipeline(SimpleImputer(), numbers or StandardScaler()), NUMBERS),
            (
                "c",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"),
                    texts or OneHotEncoder(handle_unknown="ignore"),
                ),
                TEXTS,
            ),
        ]
    )


def logistic() -> Any:
    return linear_model.LogisticRegression(max_iter=2000)


NUMERIC_STEPS = [
    SimpleImputer(strategy="median", add_indicator=True),
    StandardScaler(),
    MinMaxScaler(),
    MaxAbsScaler(),
    RobustScaler(),
    KBinsDiscretizer(quantile_method="averaged_inverted_cdf"),
    PowerTransformer(),
    QuantileTransformer(n_quantiles=100),
    make_pipeline(StandardScaler(), PolynomialFeatures(2)),
    FunctionTransformer(np.cbrt),
    Binarizer(threshold=50),
    Normalizer(),
    VarianceThreshold(),
    SelectKBest(k=5),
    SelectPercentile(),
    make_pipeline(StandardScaler(), PCA(4)),
    make_pipeline(StandardScaler(), TruncatedSVD(4)),
    FeatureUnion([("s", StandardScaler()), ("r", RobustScaler())]),
]
TEXT_STEPS = [
    OneHotEncoder(drop="first", handle_unknown="ignore"),
    OneHotEncoder(min_frequency=200, handle_unknown="infrequent_if_exist"),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    TargetEncoder(random_state=0),
]
CLASSIFIERS = [
    logistic(),
    linear_model.SGDClassifier(loss="log_loss", random_state=0),
    linear_model.RidgeClassifier(),
    naive_bayes.GaussianNB(),
    naive_bayes.BernoulliNB(),
    tree.DecisionTreeClassifier(random_state=0),
    tree.ExtraTreeClassifier(random_state=0),
    ensemble.RandomForestClassifier(**SMALL),
    ensemble.ExtraTreesClassifier(**SMALL),
    ensemble.GradientBoostingClassifier(**SMALL),
    ensemble.HistGradientBoostingClassifier(max_iter=20, random_state=0),
    lightgbm.LGBMClassifier(**SMALL, n_jobs=1, verbose=-1),
    xgboost.XGBClassifier(**SMALL, n_jobs=1),
    CalibratedClassifierCV(ensemble.RandomForestClassifier(**SMALL), cv=2),
    CalibratedClassifierCV(naive_bayes.GaussianNB(), method="isotonic", cv=2),
    ensemble.VotingClassifier(
        [("a", logistic()), ("b", ensemble.RandomForestClassifier(**SMALL))],
        voting="soft",
    ),
    ensemble.StackingClassifier(
        [("a", logistic()), ("b", ensemble.RandomForestClassifier(**SMALL))], cv=2
    ),
]
REGRESSORS = [
    linear_model.LinearRegression(),
    linear_model.Ridge(),
    linear_model.Lasso(),
    linear_model.ElasticNet(),
    linear_model.BayesianRidge(),
    linear_model.HuberRegressor(max_iter=1000),
    linear_model.PoissonRegressor(),
    tree.DecisionTreeRegressor(random_state=0),
    ensemble.RandomForestRegressor(**SMALL),
    ensemble.ExtraTreesRegressor(**SMALL),
    ensemble.GradientBoostingRegressor(**SMALL),
    ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=0),
    lightgbm.LGBMRegressor(**SMALL, n_jobs=1, verbose=-1),
    xgboost.XGBRegressor(**SMALL, n_jobs=1),
    ensemble.VotingRegressor(
        [("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=3))]
    ),
    ensemble.StackingRegressor(
        [("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor(max_depth=3))],
        cv=2,
    ),
]


def name(step: Any) -> str:
    if hasattr(step, "steps"):
        step = step.steps[-1][1]
    return type(step).__name__


def dense(step: Any) -> Any:
    return step.set_params(sparse_threshold=0)


PIPELINES: list[Any] = [
    *(
        pytest.param(lambda s=s: prepare(numbers=s), None, id=name(s))
        for s in NUMERIC_STEPS
    ),
    *(pytest.param(lambda s=s: prepare(texts=s), None, id=name(s)) for s in TEXT_STEPS),
    *(pytest.param(lambda: dense(prepare()), c, id=name(c)) for c in CLASSIFIERS),
    *(pytest.param(StandardScaler, r, id=name(r)) for r in REGRESSORS),
]


@pytest.mark.parametrize(("first", "last"), PIPELINES)
def test_every_estimator_listed_agrees_to_1e_12(
    first: Callable[[], Any],
    last: Any,
    record_property: Callable[[str, object], None],
    request: pytest.FixtureRequest,
) -> None:
    is_regressor = last in REGRESSORS
    X, y = (DIABETES, PROGRESSION) if is_regressor else (CREDIT, STATUS)
    if isinstance(last, xgboost.XGBClassifier):
        y = (y == "good").astype(int)
    pipeline = make_pipeline(first(), logistic() if last is None else last)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the fit, which is not what is tested
        pipeline.fit(X, y)
    contract = observe_table(X)
    reference = FittedPipeline(pipeline)
    columns = read_columns(X, range(len(X)))

    plan = compile_plan(pipeline, contract, read_columns(X, range(64)))
    plan.uses_single_path = True  # of all, also where it is no sooner
    difference = check_agreement(reference, plan.predict, contract, columns)

    assert plan.uncompiled_steps == ()
    assert difference <= SAME_ANSWER
    one = [values[:1] for values in columns]
    speed_up = measure(lambda: reference.predict(build_table(contract, one))) / measure(
        lambda: plan.predict(one)
    )
    record_property("parity", (request.node.callspec.id, difference, speed_up))


def measure(call: Callable[[], object]) -> float:
    """Return the seconds of a call: printed beside the difference, never judged."""
    seconds = []
    for _ in range(7):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return median(seconds)
