"""Trees on a plain frame: categories by their dtype, and columns of float32."""

import math
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from exactness import name_case
from sklearn import ensemble, linear_model, tree
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline

from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.contract.tables import build_table
from service.model.errors import NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.plan import Plan, compile_plan
from service.model.prediction.gate import check_agreement
from service.model.tolerances import SAME_ANSWER

LIGHT: dict[str, Any] = {"n_estimators": 9, "verbose": -1, "n_jobs": 1}
EXTREME: dict[str, Any] = {"n_estimators": 9, "n_jobs": 1, "enable_categorical": True}
COUNT = 300

BY_DTYPE = [
    ensemble.HistGradientBoostingClassifier(max_iter=9),
    ensemble.HistGradientBoostingRegressor(max_iter=9),
    ensemble.HistGradientBoostingRegressor(max_iter=9, loss="poisson"),
    CalibratedClassifierCV(ensemble.HistGradientBoostingClassifier(max_iter=9), cv=2),
    lightgbm.LGBMClassifier(**LIGHT),
    lightgbm.LGBMRegressor(**LIGHT),
    lightgbm.LGBMRegressor(**LIGHT, objective="poisson"),
    xgboost.XGBClassifier(**EXTREME),
    xgboost.XGBRegressor(**EXTREME),
]


def make_frame(estimator: Any = None) -> pd.DataFrame:
    """Return a frame of numbers, words, codes and truths, with nulls and ties."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": random.normal(size=COUNT).round(1),
            "colour": pd.Categorical(random.choice(["red", "", "blue", "a,b"], COUNT)),
            "count": random.integers(0, 9, COUNT),
            "code": pd.Categorical(random.choice([3, 7, 11], COUNT)),
            "mark": pd.Categorical(random.choice([True, False], COUNT)),
            "single": random.normal(size=COUNT).astype(np.float32),
            "grade": pd.Categorical(
                random.choice(list("CAB"), COUNT), categories=list("CBA"), ordered=True
            ),
        }
    )
    frame.loc[::17, "size"] = np.nan
    frame.loc[::13, "colour"] = None
    if "xgboost" in type(estimator).__module__:  # it knows no category of truths
        del frame["mark"]
    return frame


def make_target(frame: pd.DataFrame) -> np.ndarray:
    first = frame["size"].fillna(0) if "size" in frame else frame.iloc[:, 0].fillna(0)
    words = frame["colour"].isin(["", "blue"]) if "colour" in frame else 0
    code = (frame["code"] == 7) if "code" in frame else frame.iloc[:, 1]
    return np.asarray(np.exp(first * 0.3 + words * 0.5 + code * 0.4))


def fit(estimator: Any, frame: pd.DataFrame) -> Any:
    y = make_target(frame)
    if is_classifier(estimator):
        y = (y > np.median(y)).astype(int)
    return make_pipeline(clone(estimator)).fit(frame, y)


def assert_planned(fitted: Any, X: Any) -> Plan:
    contract = observe_table(X)
    columns = read_columns(X, range(len(X)))
    plan = compile_plan(fitted, contract, read_columns(X, range(64)))
    assert plan.reason == ""
    for is_single in (True, False):
        plan.uses_single_path = is_single
        difference = check_agreement(
            FittedPipeline(fitted), plan.predict, contract, columns
        )
        assert difference <= SAME_ANSWER
    return plan


@pytest.mark.parametrize("estimator", BY_DTYPE, ids=name_case)
def test_categories_by_dtype_are_planned_exactly(estimator: Any) -> None:
    frame = make_frame(estimator)
    assert_planned(fit(estimator, frame), frame)


@pytest.mark.parametrize("estimator", BY_DTYPE, ids=name_case)
def test_an_unseen_category_is_answered_as_by_the_library(estimator: Any) -> None:
    frame = make_frame(estimator)
    fitted = fit(estimator, frame)
    contract = observe_table(frame)
    plan = compile_plan(fitted, contract, read_columns(frame, range(64)))
    columns = [list(values) for values in read_columns(frame, range(20))]
    columns[1] = ["green"] * 20
    expected = FittedPipeline(fitted).predict(build_table(contract, columns))
    assert plan.predict(columns).is_close_to(expected)


def test_text_named_as_categories_is_planned_exactly() -> None:
    frame = make_frame()[["size", "colour", "count"]]
    frame["colour"] = frame["colour"].astype(object)
    frame["code"] = frame["count"] % 3
    fitted = fit(
        ensemble.HistGradientBoostingRegressor(
            max_iter=9, categorical_features=["colour", "code"]
        ),
        frame,
    )
    assert_planned(fitted, frame)


@pytest.mark.parametrize(
    "estimator",
    [
        tree.DecisionTreeRegressor(max_depth=5),
        tree.ExtraTreeClassifier(max_depth=5, random_state=0),
        ensemble.RandomForestClassifier(9, random_state=0),
        ensemble.ExtraTreesRegressor(9, random_state=0),
        ensemble.GradientBoostingClassifier(n_estimators=9),
        ensemble.HistGradientBoostingRegressor(max_iter=9),
        lightgbm.LGBMRegressor(**LIGHT),
        xgboost.XGBClassifier(**EXTREME),
    ],
    ids=name_case,
)
@pytest.mark.parametrize("form", ["frame", "mixed", "array"])
def test_columns_of_float32_are_planned_exactly(estimator: Any, form: str) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(COUNT, 4)), columns=list("abcd"))
    frame = frame.astype({"c": np.float32} if form == "mixed" else np.float32)
    fitted = fit(estimator, frame)
    X = frame.to_numpy() if form == "array" else frame
    if form == "array":
        fitted = clone(fitted).fit(X, fitted.predict(frame))
    plan = assert_planned(fitted, X)
    between = [[float(x) + 1e-12] for x in np.asarray(X)[0]]  # rounded, and no tie
    expected = FittedPipeline(fitted).predict(build_table(observe_table(X), between))
    assert plan.predict(between).is_close_to(expected)


REGRESSORS = [("a", linear_model.Ridge()), ("b", tree.DecisionTreeRegressor())]
HALF: dict[str, Any] = {"n_estimators": 4, "max_features": 0.6, "random_state": 0}


@pytest.mark.parametrize(
    "estimator",
    [
        ensemble.BaggingClassifier(**HALF, bootstrap_features=True),
        ensemble.BaggingRegressor(linear_model.Ridge(), **HALF),
        ensemble.BaggingRegressor(ensemble.HistGradientBoostingRegressor(), **HALF),
        ensemble.StackingRegressor(REGRESSORS, passthrough=True),
        ensemble.AdaBoostClassifier(n_estimators=5),
        ensemble.AdaBoostRegressor(n_estimators=5, random_state=0),
    ],
    ids=name_case,
)
def test_a_wrapper_takes_columns_out_of_a_plain_frame(estimator: Any) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(COUNT, 5)), columns=list("abcde"))
    frame["b"] = random.integers(0, 9, COUNT)
    assert_planned(fit(estimator, frame), frame)


def test_trees_in_a_bag_take_columns_of_float32() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(COUNT, 4)).astype(np.float32))
    frame.columns = list("abcd")
    assert_planned(fit(ensemble.BaggingRegressor(**HALF), frame), frame)
    assert_planned(fit(ensemble.AdaBoostClassifier(n_estimators=4), frame), frame)


def test_what_calculates_with_float32_has_no_plan() -> None:
    frame = make_frame()[["single", "count"]]
    fitted = make_pipeline(linear_model.Ridge()).fit(frame, frame["count"])
    with pytest.raises(NoPlanError, match="'single' is float32"):
        compile_plan(fitted, observe_table(frame), read_columns(frame, range(64)))


def test_a_number_beyond_float32_is_refused_as_by_sklearn() -> None:
    frame = make_frame()[["single", "count"]]
    fitted = fit(ensemble.RandomForestRegressor(5, random_state=0), frame)
    plan = compile_plan(fitted, observe_table(frame), read_columns(frame, range(64)))
    with pytest.raises(ValueError, match="infinity"):
        plan.predict([[1e300], [1]])
    assert math.isfinite(plan.predict([[1e30], [1]]).values.item())  # type: ignore[union-attr]
