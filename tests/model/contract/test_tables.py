from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pipelines import FITTED, build_mixed_table

from service.model.contract.features import Feature, Storage
from service.model.contract.observation import observe_table
from service.model.contract.table_rows import read_columns
from service.model.contract.tables import build_table
from service.model.contract.timestamps import read_timestamp


@pytest.mark.parametrize("name", FITTED)
def test_a_table_is_rebuilt_as_it_was(name: str) -> None:
    X = FITTED[name]().X
    rebuilt = build_table(observe_table(X), read_columns(X, range(len(X))))
    if isinstance(X, list):
        assert rebuilt == X
    elif isinstance(X, np.ndarray):
        np.testing.assert_array_equal(rebuilt, X)
        assert rebuilt.dtype == X.dtype
    else:
        pd.testing.assert_frame_equal(rebuilt, X.reset_index(drop=True))


@pytest.mark.parametrize(
    "array",
    [
        np.array([[1, 2], [3, 4]], dtype=np.int32),
        np.array([[2**62 + 1, -(2**63)]]),
        np.array([[True, False]]),
        np.array([["a", "longer"], ["b", "c"]]),
        np.array([["a", 1.5], [None, 2.5]], dtype=object),
        np.array([[1.5, np.nan]], dtype=np.float32),
    ],
)
def test_an_array_is_rebuilt_as_it_was(array: Any) -> None:
    rebuilt = build_table(observe_table(array), read_columns(array, range(len(array))))
    np.testing.assert_array_equal(rebuilt, array)
    assert rebuilt.dtype.kind == array.dtype.kind


@pytest.mark.parametrize("rows", [0, 1, 2, 5])
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_a_table_of_floats_lies_in_memory_as_pandas_lays_it_out(
    kind: str, rows: int
) -> None:
    numbers = [0.1, -0.0, 5e-324, 1e30, None]
    columns: dict[str, list[Any]] = {
        "a": numbers[:rows],
        "b": numbers[::-1][:rows],
        "c": [1] * rows,
    }
    frame = pd.DataFrame({name: np.array(v, kind) for name, v in columns.items()})
    rebuilt = build_table(observe_table(frame), list(columns.values()))
    pd.testing.assert_frame_equal(rebuilt, frame)
    for found, expected in zip(rebuilt.to_numpy(), frame.to_numpy(), strict=True):
        assert found.tobytes() == expected.tobytes()
    assert rebuilt.to_numpy().strides == frame.to_numpy().strides


def test_a_null_makes_of_integers_and_booleans_what_pandas_makes() -> None:
    contract = observe_table(pd.DataFrame({"i": [1, 2], "b": [True, False]}))
    table = build_table(contract, [[1, None], [True, None]])
    assert table["i"].dtype == np.float64
    assert np.isnan(table["i"][1])
    assert table["b"].dtype == object


def test_a_null_in_an_integer_array_is_nan() -> None:
    contract = observe_table(np.array([[1, 2], [3, 4]]))
    table = build_table(contract, [[1, None], [3, 4]])
    np.testing.assert_array_equal(table, [[1.0, 3.0], [np.nan, 4.0]])


def test_text_longer_than_any_in_training_is_not_cut() -> None:
    contract = observe_table(np.array([["a"], ["b"]]))
    assert build_table(contract, [["much longer"]])[0, 0] == "much longer"


def test_an_unseen_category_is_no_null() -> None:
    column = build_mixed_table()["Home"]
    contract = observe_table(pd.DataFrame({"Home": column}))
    table = build_table(contract, [["owner", "castle", None]])
    assert table["Home"].tolist()[:2] == ["owner", "castle"]
    assert table["Home"].isna().tolist() == [False, False, True]


def test_a_frame_is_rebuilt_with_its_integers_and_days() -> None:
    frame = pd.DataFrame({3: [date(2024, 1, 31), None, date(1, 1, 2)], 1: [1, 2, 3]})
    frame[1] = frame[1].astype(float)
    for table in (frame, frame[[1]]):
        rebuilt = build_table(observe_table(table), read_columns(table, range(3)))
        pd.testing.assert_frame_equal(rebuilt, table)
    assert rebuilt.columns.dtype == np.int64


@pytest.mark.parametrize(
    ("text", "dtype", "expected"),
    [
        ("2024-01-31T09:30:00", "datetime64[s]", "2024-01-31T09:30:00"),
        ("2024-01-31T09:30:00.123456789", "datetime64[ns]", None),
        (
            "2024-01-31T09:30:00+02:00",
            "datetime64[s, UTC]",
            "2024-01-31T07:30:00+00:00",
        ),
    ],
)
def test_a_date_time_is_read_exactly(
    text: str, dtype: str, expected: str | None
) -> None:
    assert read_timestamp(text, dtype).isoformat() == (expected or text)


@pytest.mark.parametrize(
    ("text", "dtype"),
    [
        ("2024-01-31T09:30:00.5", "datetime64[s]"),
        ("2024-01-31T09:30:00Z", "datetime64[s]"),
        ("2024-02-30T09:30:00", "datetime64[s]"),
        ("2024-01-31T09:30:60", "datetime64[s]"),
        ("9999-01-01T00:00:00", "datetime64[ns]"),
        ("2024-01-31T09:30:00", "date"),
        # A year beyond four digits, in UTC or where the column is.
        ("0000-01-01T00:00:00", "datetime64[s]"),
        ("0001-01-01T00:00:00+05:00", "datetime64[us, UTC]"),
        ("9999-12-31T23:59:59-05:00", "datetime64[us, UTC]"),
        ("9999-12-31T23:59:59-05:00", "datetime64[us, Europe/Berlin]"),
    ],
)
def test_a_date_time_that_does_not_fit_is_refused(text: str, dtype: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - pandas says each in its own words
        read_timestamp(text, dtype)


def test_the_null_of_an_object_column_is_the_one_of_training() -> None:
    feature = Feature(
        name="c", type="string", storage=Storage(dtype="object", null="None")
    )
    contract = observe_table(pd.DataFrame({"c": ["a"]}))
    contract = type(contract)(features=(feature,))
    assert build_table(contract, [["a", None]])["c"].tolist() == ["a", None]


def test_a_null_in_an_array_of_strings_never_becomes_text() -> None:
    contract = observe_table(np.array([["a"], ["b"]]))
    with pytest.raises(ValueError, match="holds no null"):
        build_table(contract, [["a", None]])
