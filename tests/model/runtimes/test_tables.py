"""Tables and arrays become what a network takes, or are refused: never guessed at."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from service.model.runtimes.network import TensorForm
from service.model.runtimes.tables import InputReader

WIDE = TensorForm("x", "float32", (None, 3))
NARROW = TensorForm("ids", "int8", (None,))
IMAGE = TensorForm("image", "uint8", (None, 1, 2, 2))
FREE = TensorForm("free", "float32", (None, None))
TEXT = TensorForm("text", "str", (None, 1))


def test_a_table_is_cast_to_the_input() -> None:
    table = np.array([[0.1, 2, 3], [4, 5, 6]])
    [found] = InputReader([WIDE]).read(table).values()
    assert found.dtype == np.float32
    assert found.tobytes() == table.astype(np.float32).tobytes()
    assert found.flags["C_CONTIGUOUS"]


def test_a_table_is_split_among_several_inputs_in_their_order() -> None:
    reader = InputReader([IMAGE, NARROW, WIDE])
    assert reader.width == 8
    found = reader.read(np.arange(16).reshape(2, 8))
    assert found["image"].tolist() == [[[[0, 1], [2, 3]]], [[[8, 9], [10, 11]]]]
    assert found["ids"].tolist() == [4, 12]
    assert found["x"].tolist() == [[5, 6, 7], [13, 14, 15]]


def test_a_frame_with_a_column_for_each_input_is_read_by_name() -> None:
    frame = pd.DataFrame({"text": ["a", "b"], "ids": [1, 2]})
    found = InputReader([NARROW, TEXT]).read(frame)
    assert found["ids"].tolist() == [1, 2]
    assert found["text"].tolist() == [["a"], ["b"]]


def test_a_free_input_takes_a_table_of_any_width() -> None:
    reader = InputReader([FREE])
    assert reader.width is None
    assert reader.read(np.ones((2, 7)))["free"].shape == (2, 7)


def test_arrays_by_name_are_taken_as_they_are() -> None:
    arrays = {"image": np.zeros((5, 1, 2, 2), np.uint8), "x": np.ones((5, 3))}
    found = InputReader([IMAGE, WIDE]).read(arrays)
    assert {name: array.dtype for name, array in found.items()} == {
        "image": np.uint8,
        "x": np.float32,
    }


def test_columns_of_objects_and_booleans_are_numbers() -> None:
    frame = pd.DataFrame({"a": [True, False], "b": [1, 2], "c": [0.5, None]})
    reader = InputReader([WIDE], allow_nan=True)
    found = reader.read(frame)["x"]
    assert np.array_equal(found, [[1, 1, 0.5], [0, 2, np.nan]], equal_nan=True)


REFUSED: dict[str, tuple[list[TensorForm], Any, str]] = {
    "too wide": ([WIDE], np.ones((2, 4)), "3 numbers a row .* was given 4"),
    "too narrow for several": ([WIDE, NARROW], np.ones((2, 3)), "4 numbers a row"),
    "one dimension": ([WIDE], np.ones(3), "array of 1 dimensions"),
    "free images": (
        [TensorForm("image", "float32", (None, 3, None, None))],
        np.ones((2, 12)),
        r"'image' \(n, 3, any, any\).* pass a dict",
    ),
    "NaN": ([WIDE], np.array([[1, np.nan, 3]]), "'x' was given NaN"),
    "infinite": ([WIDE], np.array([[1, np.inf, 3]]), "'x' was given NaN, or a num"),
    "beyond float32": ([WIDE], np.array([[1, 1e39, 3]]), "beyond float32"),
    "a fraction": ([NARROW], np.array([[1.5]]), "what no int8 is"),
    "beyond int8": ([NARROW], np.array([[128]]), "what no int8 is"),
    "NaN for an integer": ([NARROW], np.array([[np.nan]]), "what no int8 is"),
    "texts": ([WIDE], np.array([["1", "2", "3"]]), "'x' takes float32"),
    "texts among numbers": ([WIDE], np.array([[1, "2", 3]], object), "given texts"),
    "numbers for texts": ([TEXT], np.array([[1]], object), "'text' takes texts"),
    "another name": ([WIDE], {"y": np.ones((2, 3))}, r"'x' \(n, 3\), .* given y"),
    "no name": ([WIDE], {}, "given nothing"),
    "one missing": ([WIDE, NARROW], {"x": np.ones((2, 3))}, "'ids'"),
    "another shape": ([IMAGE], {"image": np.ones((2, 2, 2))}, r"\(2, 2, 2\)"),
    "another width": ([WIDE], {"x": np.ones((2, 4))}, r"\(n, 3\), .* \(2, 4\)"),
    "other lengths": (
        [WIDE, NARROW],
        {"x": np.ones((2, 3)), "ids": np.ones(3)},
        "differ in length",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case: str) -> None:
    forms, X, words = REFUSED[case]
    with pytest.raises(ValueError, match=words):
        InputReader(forms).read(X)


def test_an_infinity_is_refused_where_nan_is_not() -> None:
    with pytest.raises(ValueError, match="infinite"):
        InputReader([WIDE], allow_nan=True).read(np.array([[np.nan, np.inf, 0]]))
