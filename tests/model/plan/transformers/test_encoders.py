"""The categorical steps against scikit-learn, value by value and table by table."""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

import train
from service.model.errors import NoPlanError
from service.model.plan.steps import EncodingStep, Objects, Step
from service.model.plan.transformers.encoders import (
    plan_one_hot_encoder,
    plan_ordinal_encoder,
    plan_target_encoder,
)
from service.model.plan.transformers.imputers import plan_object_imputer

Plan = Callable[[Any], EncodingStep]


@functools.cache
def read_credit() -> tuple[pd.DataFrame, pd.Series]:
    """Return the columns of strings, with nulls, and the status."""
    X, y = train.read_data()
    return X.select_dtypes(exclude="number"), y


@functools.cache
def make_kinds() -> pd.DataFrame:
    """Return integers, floats with nulls, booleans, categories and objects."""
    X, _ = train.read_data()
    return pd.DataFrame(
        {
            "term": X["Time"],
            "debt": X["Debt"].round(-3).astype("float64"),
            "records": X["Records"] == "yes",
            "home": X["Home"].astype("category"),
            "job": X["Job"].astype(object),
        }
    )


def read_objects(table: pd.DataFrame) -> Objects:
    """Return a table's columns as plain values, a null as None."""
    return [
        [None if pd.isna(value) else value for value in table[name].tolist()]
        for name in table
    ]


def make_edges(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows that each have one null or one unseen value, and one of neither."""
    rows = pd.concat([table.head(1)] * (2 * table.shape[1] + 1), ignore_index=True)
    for index, name in enumerate(table):
        values = rows[name].tolist()
        is_text = isinstance(values[0], str)
        values[2 * index] = np.nan
        values[2 * index + 1] = "never seen" if is_text else -123
        as_objects = is_text or isinstance(values[2 * index - 1], bool)
        rows[name] = pd.Series(values, dtype=object if as_objects else "float64")
    return rows


def ask(answer: Callable[[], Any]) -> Any:
    """Return a dense answer, or ValueError in its place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            answered = answer()
        except ValueError:
            return ValueError
    dense = answered.toarray() if hasattr(answered, "toarray") else answered
    return np.asarray(dense, dtype=np.float64)


def check(fitted: Any, step: EncodingStep, table: pd.DataFrame) -> None:
    """Hold a step against fitted.transform, to the last bit."""
    expected = ask(lambda: fitted.transform(table))
    answer = ask(lambda: step(read_objects(table)))
    if len(table) == 1:
        assert isinstance(step, Step)
        alone = ask(lambda: [step.single([value for [value] in read_objects(table)])])
        np.testing.assert_array_equal(alone, answer)
    if expected is ValueError or answer is ValueError:
        assert expected is answer
        return
    np.testing.assert_array_equal(answer, expected, strict=True)
    assert answer.flags.c_contiguous
    assert answer.flags.writeable


def check_all(fitted: Any, plan: Plan, table: pd.DataFrame) -> None:
    """Hold a plan on the table, on rows of it, and on nulls and unseen values."""
    step = plan(fitted)
    edges = make_edges(table)
    for some in (table, edges):
        check(fitted, step, some)
    for some in (table.head(4), edges):
        for index in range(len(some)):
            check(fitted, step, some.iloc[[index]])


def fit(encoder: Any, table: Any, y: Any = None) -> Any:
    """Fit, leaving warnings aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return encoder.fit(table, y)


ONE_HOT: list[dict[str, Any]] = [
    {"handle_unknown": unknown, "drop": drop, **rare}
    for unknown in ("error", "ignore", "infrequent_if_exist", "warn")
    for drop in (None, "first", "if_binary")
    for rare in (
        {},
        {"min_frequency": 400},
        {"max_categories": 2},
        {"min_frequency": 0.02, "max_categories": 4},
    )
] + [
    {"sparse_output": False, "dtype": dtype, "handle_unknown": "ignore"}
    for dtype in (np.float32, np.int64, bool)
]
ORDINAL: list[dict[str, Any]] = [
    {**unknown, **rare, **missing}
    for unknown in (
        {},
        {"handle_unknown": "use_encoded_value", "unknown_value": -1},
        {"handle_unknown": "use_encoded_value", "unknown_value": np.nan},
    )
    for rare in ({}, {"min_frequency": 400}, {"max_categories": 3})
    for missing in ({}, {"encoded_missing_value": -2})
] + [{"dtype": np.int32, "encoded_missing_value": -5}]
TARGET: list[dict[str, Any]] = [{}, {"smooth": 10.0}, {"smooth": 0.0}]


@pytest.mark.parametrize("make", [lambda: read_credit()[0], make_kinds])
@pytest.mark.parametrize("options", ONE_HOT, ids=str)
def test_one_hot(options: dict[str, Any], make: Callable[[], pd.DataFrame]) -> None:
    table = make()
    check_all(fit(OneHotEncoder(**options), table), plan_one_hot_encoder, table)


@pytest.mark.parametrize("make", [lambda: read_credit()[0], make_kinds])
@pytest.mark.parametrize("options", ORDINAL, ids=str)
def test_ordinal(options: dict[str, Any], make: Callable[[], pd.DataFrame]) -> None:
    table = make()
    check_all(fit(OrdinalEncoder(**options), table), plan_ordinal_encoder, table)


@pytest.mark.parametrize("make", [lambda: read_credit()[0], make_kinds])
@pytest.mark.parametrize("target", ["binary", "multiclass", "continuous"])
@pytest.mark.parametrize("options", TARGET, ids=str)
def test_target(
    options: dict[str, Any], target: str, make: Callable[[], pd.DataFrame]
) -> None:
    table, (X, status) = make(), train.read_data()
    targets = {
        "binary": status,
        "multiclass": X["Seniority"].clip(upper=2),
        "continuous": X["Price"] / 7,
    }
    encoder = TargetEncoder(target_type=target, **options)
    check_all(fit(encoder, table, targets[target]), plan_target_encoder, table)


def test_given_categories_and_drops() -> None:
    table = read_credit()[0][["Records", "Home"]].dropna()
    categories = [
        ["yes", "no"],
        [*sorted(table["Home"].unique())[::-1], "moon", np.nan],
    ]
    for drop in (None, ["no", "moon"]):
        encoder = OneHotEncoder(
            categories=categories, handle_unknown="ignore", drop=drop
        )
        fitted = fit(encoder, table.astype(object))
        check_all(fitted, plan_one_hot_encoder, table.astype(object))


def test_an_array_of_numbers() -> None:
    X = load_wine().data[:, 4].round().reshape(-1, 1)
    fitted = fit(OneHotEncoder(handle_unknown="ignore"), X)
    step = plan_one_hot_encoder(fitted)
    values = [*X[:, 0].tolist(), int(X[0, 0]), 0.5, -0.0, 1e300, None]
    table = np.array([[np.nan if v is None else v] for v in values])
    np.testing.assert_array_equal(step([values]), ask(lambda: fitted.transform(table)))


def test_an_unseen_value_is_refused_and_not_named() -> None:
    table = read_credit()[0]
    step = plan_ordinal_encoder(fit(OrdinalEncoder(), table))
    with pytest.raises(ValueError, match="none of the categories") as caught:
        step([["secret"], ["married"], ["no"], ["fixed"]])
    assert "secret" not in str(caught.value)


IMPUTERS: list[dict[str, Any]] = [
    {"strategy": "most_frequent"},
    {"strategy": "most_frequent", "keep_empty_features": True},
    {"strategy": "constant"},
    {"strategy": "constant", "fill_value": "unknown"},
    {"strategy": "constant", "fill_value": "unknown", "keep_empty_features": True},
    {"strategy": "constant", "fill_value": np.nan, "keep_empty_features": True},
]


def make_empty() -> pd.DataFrame:
    """Return a table with a column that is all null."""
    empty = pd.Series(np.nan, index=read_credit()[0].index, dtype=object)
    return read_credit()[0].astype(object).assign(empty=empty)


@pytest.mark.parametrize("options", IMPUTERS, ids=str)
@pytest.mark.parametrize("make", [lambda: read_credit()[0], make_kinds, make_empty])
def test_imputes_objects(
    options: dict[str, Any], make: Callable[[], pd.DataFrame]
) -> None:
    table = make()
    fitted = fit(SimpleImputer(**options), table)
    step = plan_object_imputer(fitted)
    rows = [table.iloc[[index]] for index in range(20)]
    for some in (table, make_edges(table), *rows):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the column that is all null
            expected = fitted.transform(some).T.tolist()
        expected = [[None if pd.isna(v) else v for v in column] for column in expected]
        given = read_objects(some)
        assert [list(column) for column in step(given)] == expected
        assert isinstance(step, Step)
        for index in range(len(some)):
            alone = step.single([column[index] for column in given])
            assert alone == [column[index] for column in expected]
        assert given == read_objects(some)


def test_imputes_numbers_that_stay_categories() -> None:
    table = make_kinds()[["debt"]]
    fitted = fit(SimpleImputer(strategy="most_frequent"), table)
    step = plan_object_imputer(fitted)
    assert step([[None, 3000, -0.0]]) == [[0.0, 3000, -0.0]]


def fit_none() -> OneHotEncoder:
    """Fit on a null that is None."""
    column = pd.Series(["x", None, "y"], dtype=object)
    return fit(OneHotEncoder(), pd.DataFrame({"a": column}))


OBJECT_IMPUTERS: list[tuple[dict[str, Any], list[list[Any]]]] = [
    ({"strategy": "most_frequent", "missing_values": None}, [["a"], [None]]),
    ({"strategy": "most_frequent", "missing_values": "a"}, [["a"], ["b"]]),
    ({"strategy": "most_frequent", "add_indicator": True}, [["a"], ["b"]]),
    ({"strategy": "constant", "fill_value": b"a"}, [["a"], ["b"]]),
]
REFUSED: list[tuple[Callable[[Any], Any], Callable[[], Any]]] = [
    (plan_one_hot_encoder, fit_none),
    (plan_one_hot_encoder, lambda: fit(OneHotEncoder(drop="first"), [["a"], ["a"]])),
    (
        plan_one_hot_encoder,
        lambda: fit(OneHotEncoder(), np.arange(5000.0).reshape(-1, 1)),
    ),
    (
        plan_one_hot_encoder,
        lambda: fit(OneHotEncoder(), np.array([[1.5], [2]], dtype=np.float32)),
    ),
    (
        plan_one_hot_encoder,
        lambda: fit(OneHotEncoder(), np.array([[b"a"], [b"b"]], dtype=object)),
    ),
    (
        plan_ordinal_encoder,
        lambda: fit(OrdinalEncoder(dtype=np.float32), read_credit()[0]),
    ),
    *[
        (
            plan_object_imputer,
            functools.partial(
                fit, SimpleImputer(**options), np.array(rows, dtype=object)
            ),
        )
        for options, rows in OBJECT_IMPUTERS
    ],
    (plan_object_imputer, lambda: fit(SimpleImputer(), [[1.0], [2.0]])),
]


@pytest.mark.parametrize(("plan", "make"), REFUSED)
def test_what_has_no_plan(plan: Callable[[Any], Any], make: Callable[[], Any]) -> None:
    with pytest.raises(NoPlanError):
        plan(make())
