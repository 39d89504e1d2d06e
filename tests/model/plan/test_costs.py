"""What each step of a plan costs, by what it is known to do."""

import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import RadiusNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model.contract.observation import observe_table
from service.model.pipeline import FittedPipeline
from service.model.plan.costs import Stopwatch, measure_steps

X = pd.DataFrame({"a": [1.0, 2.0, 3.0, 5.0] * 5, "b": [2.0, 3.0, 5.0, 7.0] * 5})
SAMPLE = [X["a"].tolist(), X["b"].tolist()]
THOUSAND = [50 * values for values in SAMPLE]
PAUSE_SECONDS = 0.002


class Pausing(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer that no table lists, and that takes its time."""

    def fit(self, table: Any, y: Any = None) -> "Pausing":
        self.n_features_in_ = table.shape[1]
        return self

    def transform(self, table: Any) -> Any:
        time.sleep(PAUSE_SECONDS)
        return np.asarray(table)


def test_each_part_is_named_and_a_slow_one_is_seen_to_be() -> None:
    columns = ColumnTransformer(
        [("slow", Pausing(), ["a"]), ("s", StandardScaler(), ["b"])]
    )
    pipeline = make_pipeline(columns, LinearRegression()).fit(X, X["a"])
    found = measure_steps(
        FittedPipeline(pipeline),
        observe_table(X),
        SAMPLE,
        THOUSAND,
        uses_single_path=False,
    )
    assert [(each.path, each.type) for each in found] == [
        ("", "Pipeline"),
        ("columntransformer", "ColumnTransformer"),
        ("columntransformer__slow", "Pausing"),
        ("columntransformer__s", "StandardScaler"),
        ("linearregression", "LinearRegression"),
    ]
    [slow] = [each for each in found if not each.is_compiled]
    assert slow.type == "Pausing"
    for microseconds in (slow.microseconds_alone, slow.microseconds_of_thousand):
        assert microseconds >= 1e6 * PAUSE_SECONDS
    # What lies within a part is not counted twice.
    rest = sum(each.microseconds_alone for each in found) - slow.microseconds_alone
    assert 0 < rest < slow.microseconds_alone


def test_the_parts_of_a_bag_are_one() -> None:
    bag = BaggingRegressor(LinearRegression(), n_estimators=3).fit(X, X["a"])
    found = measure_steps(FittedPipeline(bag), observe_table(X), SAMPLE, THOUSAND)
    assert [each.type for each in found] == ["BaggingRegressor", "LinearRegression"]
    assert all(each.microseconds_alone > 0 for each in found)


def test_what_a_search_found_is_told_by_its_own_name() -> None:
    search = GridSearchCV(RadiusNeighborsRegressor(10.0), {"radius": [20.0]}, cv=2)
    pipeline = make_pipeline(StandardScaler(), search).fit(X, X["a"])
    reference = FittedPipeline(pipeline)
    found = measure_steps(reference, observe_table(X), SAMPLE, THOUSAND)
    assert [each.type for each in found][-1] == "RadiusNeighborsRegressor"


def test_a_part_that_raises_leaves_the_stopwatch_whole() -> None:
    stopwatch = Stopwatch()

    def fail(block: Any) -> Any:
        raise ArithmeticError

    def run(block: Any) -> Any:
        try:
            return stopwatch.watch(("inner", ""), fail)(block)
        except ArithmeticError:
            return block

    stopwatch.watch(("outer", ""), run)(0)
    assert stopwatch.seconds[("outer", "")] >= 0
    assert set(stopwatch.time_runs(stopwatch.watch(("alone", ""), len), "")) == {
        ("alone", "")
    }
