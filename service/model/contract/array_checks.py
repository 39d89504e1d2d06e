"""The valid values of columns that came as arrays, checked without listing them.

As everywhere beside marshmallow, a valid column may be left to it, and an invalid one
is never accepted.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from service.model.contract.array_columns import ArrayColumn, CodedColumn, NumberColumn
from service.model.contract.edges import find_valid_range
from service.model.contract.features import Feature
from service.model.contract.strict_fields import EXACT_INTEGERS
from service.model.contract.tensor_columns import TensorColumn
from service.model.contract.value_types import Column, ValueType


class ArrayCheck:
    """Checks columns of one feature, and makes of them what a plan takes."""

    def __init__(self, feature: Feature, type_: ValueType) -> None:
        self._type = type_
        self._kind = feature.type
        self._is_nullable = feature.nullable
        self._is_closed = feature.categories is not None
        low, high = (None, None)
        if feature.type in ("number", "integer"):
            low, high = find_valid_range(feature)
        self._low, self._high = low, high
        bounds = [each for each in (low, high) if type(each) is int]
        # A double beyond may be either of two integers.
        self._is_exact = all(abs(each) <= EXACT_INTEGERS for each in bounds)

    def read(self, column: Sequence[Any]) -> Column | None:
        """Return a valid column as a plan takes it, or None where it is not sure."""
        if type(column) is CodedColumn:
            return self._read_kinds(column)
        if type(column) is TensorColumn:
            return self._type.finish_all(column)
        if type(column) is not NumberColumn or self._is_closed:
            return self._type.read([*column])
        if column.has_null and not self._is_nullable:
            return None
        if self._kind == "number":
            return self._read_numbers(column)
        return self._read_integers(column) if self._kind == "integer" else None

    def _read_kinds(self, column: CodedColumn) -> Column | None:
        if self._kind in ("number", "integer"):
            return None
        kinds = self._type.read([*column.kinds])
        return None if kinds is None else CodedColumn(column.codes, kinds)

    def _read_numbers(self, column: NumberColumn) -> Column | None:
        found = column if column.integers is None else NumberColumn(column.doubles)
        is_valid = self._is_exact and self._holds(*found.range)
        return found if is_valid else None

    def _read_integers(self, column: NumberColumn) -> Column | None:
        integers = column.integers
        if integers is None:
            integers = read_whole_numbers(column.doubles)
        if integers is None:
            return None
        kept = integers
        if column.has_null:
            kept = integers[~np.isnan(column.doubles)]
        limits = (int(kept.min()), int(kept.max())) if kept.size else (None, None)
        if not self._holds(*limits):
            return None
        doubles = integers.astype(np.float64)
        if column.has_null:
            doubles[np.isnan(column.doubles)] = np.nan
        return NumberColumn(doubles, integers=integers)

    def _holds(self, least: Any, greatest: Any) -> bool:
        """Return True if a range is valid, which is None where all are null."""
        if least is None:
            return True
        is_within = self._low is None or least >= self._low
        is_within &= self._high is None or greatest <= self._high
        return bool(is_within and abs(least) < np.inf and abs(greatest) < np.inf)


def read_whole_numbers(doubles: np.ndarray) -> np.ndarray | None:
    """Return doubles without a fraction as integers, NaN as 0, or None."""
    numbers = np.where(np.isnan(doubles), 0.0, doubles)
    if not (np.abs(numbers) < EXACT_INTEGERS).all():
        return None
    integers = numbers.astype(np.int64)
    return integers if (integers == numbers).all() else None


class ArrayChecks:
    """Checks the columns of requests that came as arrays, or as arrays and lists."""

    def __init__(self, features: Sequence[Feature], types: Sequence[ValueType]) -> None:
        self._checks = {
            feature.name: ArrayCheck(feature, type_)
            for feature, type_ in zip(features, types, strict=True)
        }

    def read(self, columns: Any) -> tuple[Column, ...] | None:
        """Return valid columns in the contract's order, or None."""
        if columns.keys() != self._checks.keys():
            return None
        lengths = {len(column) for column in columns.values()}
        if len(lengths) != 1 or not lengths.pop():
            return None
        found: list[Column] = []
        for name, check in self._checks.items():
            column = check.read(columns[name])
            if column is None:
                return None
            found.append(column)
        return tuple(found)


def has_arrays(columns: Any) -> bool:
    """Return True if some of the columns came as arrays."""
    kinds = set(map(type, columns.values()))  # of columns there may be many
    return any(issubclass(kind, ArrayColumn) for kind in kinds)


def list_arrays(columns: Any) -> dict[str, Any]:
    """Return columns as lists of plain values."""
    return {
        name: column.values if isinstance(column, ArrayColumn) else column
        for name, column in columns.items()
    }
