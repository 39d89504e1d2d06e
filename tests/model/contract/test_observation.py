from datetime import date, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.model.contract.columns import MAX_OBSERVED_CATEGORIES
from service.model.contract.features import Feature
from service.model.contract.observation import observe_table
from service.model.contract.plain_values import list_plain, to_plain
from service.model.contract.table_rows import read_distinct
from service.model.errors import ContractError

ODD_ZONE = timezone(timedelta(hours=1), "odd")


def observe(column: Any) -> Feature:
    return observe_table(pd.DataFrame({"c": column})).features[0]


@pytest.mark.parametrize(
    ("column", "kind", "dtype", "nulls"),
    [
        (pd.Series([1, 2]), "integer", "int64", 0),
        (pd.Series([1, 2], dtype="uint8"), "integer", "uint8", 0),
        (pd.Series([1, None], dtype="Int64"), "integer", "Int64", 1),
        (pd.Series([1.0, np.nan]), "number", "float64", 1),
        (pd.Series([1.5, None], dtype="Float32"), "number", "Float32", 1),
        (pd.Series([True, False]), "boolean", "bool", 0),
        (pd.Series([True, None], dtype="boolean"), "boolean", "boolean", 1),
        (pd.Series([True, None], dtype=object), "boolean", "object", 1),
        (pd.Series(["a", None], dtype="str"), "string", "str", 1),
        (pd.Series(["a", None], dtype="string"), "string", "string", 1),
        (pd.Series(["a", None], dtype=object), "string", "object", 1),
        (pd.Series([1, None], dtype=object), "integer", "object", 1),
        (pd.Series([1.5, 2.5], dtype=object), "number", "object", 0),
        (pd.Series(["a", None], dtype="category"), "string", "category", 1),
        (pd.Series([3, 1], dtype="category"), "integer", "category", 0),
        (pd.to_datetime(pd.Series(["2024-01-31", None])), "date", None, 1),
        (pd.to_datetime(pd.Series(["2024-01-31T09:30"])), "date-time", None, 0),
        (pd.Series([date(2024, 1, 31), None]), "date", "date", 1),
        (pd.to_datetime(pd.Series([None, None])), "date-time", None, 2),
        (
            pd.to_datetime(pd.Series(["2024-01-31"]), utc=True),
            "date-time",
            "datetime64[us, UTC]",
            0,
        ),
    ],
)
def test_a_columns_type_is_read(
    column: Any, kind: str, dtype: str | None, nulls: int
) -> None:
    feature = observe(column)
    assert feature.type == kind
    assert feature.storage.dtype == (dtype or str(column.dtype))
    assert feature.observed.nulls == nulls


@pytest.mark.parametrize(
    ("null", "mark"), [(None, "None"), (np.nan, "NaN"), (pd.NA, "NA")]
)
def test_the_null_of_an_object_column_is_remembered(null: Any, mark: str) -> None:
    column = pd.Series(["a", null], dtype=object)
    assert observe(column).storage.null == mark


def test_ranges_and_categories_are_observed() -> None:
    assert observe([3, 1, 2]).observed.minimum == 1
    assert observe([1.0, np.inf, np.nan]).observed.maximum == 1.0
    assert observe(["b", "a", "b"]).observed.categories == ("a", "b")
    assert observe([True, True]).observed.categories == (True,)
    dates = pd.to_datetime(pd.Series(["2024-01-31", "2023-01-01"]))
    assert observe(dates).observed.minimum == "2023-01-01"
    later = dates + pd.Timedelta("1h")
    assert observe(later).observed.minimum == "2023-01-01T01:00:00"
    days = [date(2024, 1, 31), date(2, 1, 1)]
    assert observe(pd.Series(days)).observed.minimum == "0002-01-01"


def test_free_text_is_no_enumeration() -> None:
    texts = [f"text {index}" for index in range(MAX_OBSERVED_CATEGORIES + 1)]
    assert observe(texts).observed.categories is None
    assert observe(texts).type == "string"


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1, "a"], dtype=object),
        pd.Series([None, None], dtype=object),
        pd.Series([Decimal(1)]),
        pd.Series([[1], [2]]),
        pd.Series([1 + 2j]),
        pd.to_timedelta(pd.Series(["1D"])),
        pd.Series(pd.period_range("2024-01", periods=1, freq="M")),
        pd.arrays.SparseArray([0, 1]),
        pd.Series([b"bytes"]),
    ],
)
def test_what_cannot_be_represented_is_refused_by_name(column: Any) -> None:
    with pytest.raises(ContractError, match="'c'"):
        observe(column)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({(0, "a"): [1]}), "0, 'a'.* must be named by a string"),
        (pd.DataFrame({0: [1], "a": [2]}), "0 must be named by a string"),
        (pd.DataFrame([[1, 2]], columns=[0, 0]), "'0' occurs twice"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "'a' occurs twice"),
        (pd.DataFrame(index=[0]), "no columns"),
        (np.zeros(3), "two dimensions"),
        (np.zeros((1, 1), dtype="M8[s]"), "datetime64"),
        ([[1]], "not list"),
    ],
)
def test_a_table_that_cannot_be_represented_is_refused(
    table: Any, message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        observe_table(table)


def test_an_arrays_columns_are_numbered_or_named() -> None:
    array = np.zeros((2, 2))
    assert [f.name for f in observe_table(array).features] == ["x0", "x1"]
    assert [f.name for f in observe_table(array, ["a", "b"]).features] == ["a", "b"]
    with pytest.raises(ContractError, match="1 names for 2 columns"):
        observe_table(array, ["a"])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pd.Series(["a", None, np.nan], dtype=object), "nulls of several kinds"),
        (pd.Series([1, 2.5], dtype=object), "mixed-integer-float values"),
        (pd.Series([np.zeros(2), np.zeros(2)]), "mixed values"),
        (pd.Series(["\ud800"], dtype=object), "surrogate"),
        (
            pd.to_datetime(pd.Series(["2024-01-31"])).dt.tz_localize(ODD_ZONE),
            "time zone",
        ),
    ],
)
def test_what_would_be_served_as_another_is_refused_by_name(
    column: Any, message: str
) -> None:
    with pytest.raises(ContractError, match=f"'c'.*{message}"):
        observe(column)


@pytest.mark.parametrize(
    "table",
    [np.zeros((1, 1)).view(np.matrix), np.ma.masked_array([[1.0]], mask=[[True]])],
)
def test_an_odd_array_is_refused(table: Any) -> None:
    with pytest.raises(ContractError, match=type(table).__name__):
        observe_table(table)


def test_names_come_as_any_list() -> None:
    for names in (np.array(["a", "b"]), pd.Index(["a", "b"])):
        found = [f.name for f in observe_table(np.zeros((1, 2)), names).features]
        assert found == ["a", "b"]
    for wrong in (5, "ab", ["a", "\ud800"]):
        with pytest.raises(ContractError, match="name"):
            observe_table(np.zeros((1, 2)), wrong)  # type: ignore[arg-type]


def test_what_is_not_finite_is_no_category() -> None:
    assert read_distinct(pd.DataFrame({"c": [2.0, np.inf, 1.0]}), 0) == (1.0, 2.0)


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([1.5, np.nan, -0.0, 5e-324, np.inf]),
        pd.Series([1.1, np.nan], dtype="float32"),
        pd.Series([1.1, np.nan], dtype="float16"),
        pd.Series([1.5], dtype=np.longdouble),
        pd.Series([2**63, 1], dtype="uint64"),
        pd.Series([True, False]),
        pd.Series([1, None], dtype="Int64"),
        pd.Series(["a", None]),
    ],
)
def test_cells_are_read_at_once_as_they_are_one_by_one(column: Any) -> None:
    found, expected = list_plain(column), [to_plain(cell) for cell in column]
    assert [*map(repr, found)] == [*map(repr, expected)]
    assert [*map(type, found)] == [*map(type, expected)]
