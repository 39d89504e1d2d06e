"""Columns of tensors: the arrays of all instances as one, and one as it is logged."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np

from service.model.contract.array_columns import ArrayColumn


class TensorColumn(ArrayColumn):
    """Tensors of one shape: `array` (n, *shape) has those of n instances."""

    def __init__(self, array: np.ndarray) -> None:
        super().__init__(len(array))
        self.array = array

    def list_values(self) -> list[Any]:
        return list(self.array)

    def __getitem__(self, index: Any) -> Any:
        found = self.array[index]
        return TensorColumn(found) if isinstance(index, slice) else found

    def __contains__(self, value: object) -> bool:
        """Return False: what is looked for in a column is a null, and it has none."""
        return False

    def count(self, value: Any) -> int:
        """Return 0, as it holds no null."""
        return 0

    def find_outside(self, low: Any, high: Any) -> list[int]:
        """Return the indices of the tensors with an element beyond a range."""
        if not self.array.size or (
            low <= self.array.min() and self.array.max() <= high
        ):
            return []
        rows = self.array.reshape(len(self), -1)
        is_outside = (rows.min(axis=1) < low) | (rows.max(axis=1) > high)
        found: list[int] = np.flatnonzero(is_outside).tolist()
        return found

    def find_extremes(self) -> list[int]:
        """Return the indices of the tensors with the least and the greatest element."""
        rows = self.array.reshape(len(self), -1)
        return [int(rows.min(axis=1).argmin()), int(rows.max(axis=1).argmax())]

    def compute_means(self) -> np.ndarray:
        """Return the mean of each tensor's elements, as doubles.

        A tensor has the same bits alone, as numpy sums each row for itself.
        """
        rows = self.array.reshape(len(self), -1)
        with np.errstate(over="ignore", invalid="ignore"):
            means = rows.mean(axis=1, dtype=np.float64)
        # Of huge numbers, a sum may be infinite where their mean is not.
        for index in np.flatnonzero(~np.isfinite(means)).tolist():
            means[index] = (rows[index] / rows.shape[1]).sum()
        return np.asarray(means)

    def find_median(self) -> Any:
        """Return a tensor of the median of each element, rounded to its type."""
        found = np.median(self.array, axis=0)
        if self.array.dtype.kind in "iub":
            found = np.rint(found)
        return found.astype(self.array.dtype)


def stack_tensors(values: Sequence[Any]) -> TensorColumn:
    """Return tensors as a column. Raises ValueError where their shapes differ."""
    return values if type(values) is TensorColumn else TensorColumn(np.stack(values))


def read_tensors(data: memoryview, dtype: str, shape: Sequence[int]) -> TensorColumn:
    """Return the tensors that bytes hold, little-endian, in C order.

    Raises ValueError where their number is not that of the shape, or where one of a
    boolean is neither 0 nor 1.
    """
    if dtype == "bool" and bytes(data).strip(b"\0\1"):
        raise ValueError("a boolean is 0 or 1")
    little = np.frombuffer(data, np.dtype(dtype).newbyteorder("<"))
    return TensorColumn(little.reshape(shape).astype(dtype))


def find_other_shape(values: Sequence[Any]) -> int | None:
    """Return the index of the first tensor whose shape is not that of the first."""
    if type(values) is TensorColumn:
        return None
    first = values[0].shape
    return next((i for i, each in enumerate(values) if each.shape != first), None)


def write_array(value: Any) -> Any:
    """Return a tensor, or a column, as JSON that a request may hold.

    Bytes are a fifth of the digits of a float32.
    """
    if not isinstance(value, np.ndarray | np.generic):
        return list(value)
    little = np.asarray(value, value.dtype.newbyteorder("<"))
    return {
        "b64": base64.b64encode(little.tobytes()).decode(),
        "shape": list(value.shape),
    }
