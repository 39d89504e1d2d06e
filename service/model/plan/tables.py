"""How a table, columns of plain values as a request brought them, becomes numbers.

Columns of float32 are rounded to it, and are then plain floats: exact for an estimator
that only compares them, and not for one that calculates, for numpy would do that in
float32.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from ctypes import c_float
from itertools import chain
from typing import Any

import numpy as np

from service.model.contract.array_columns import (
    FEW_ROWS,
    ArrayColumn,
    CodedColumn,
    NumberColumn,
)
from service.model.contract.features import Contract, Feature
from service.model.errors import NoPlanError
from service.model.plan.steps import Numbers, Row, Step

# numpy and scikit-learn keep arithmetic on these in their own precision.
NARROW = ("float16", "float32", "Float32")
SINGLE = ("float32", "Float32")
Read = Callable[[Any], float]
Table = Sequence[Sequence[Any]]


class UnseenCategoryError(ValueError):
    """A category has no code; only the library itself can answer for it."""


def read_numbers(contract: Contract, *, takes_single: bool = False) -> Step:
    """Return the step from a table to numbers.

    Raises NoPlanError for a column that is no number, or narrower than is taken.
    """
    dtypes = [_read_dtype(feature, contract) for feature in contract.features]
    for feature, dtype in zip(contract.features, dtypes, strict=True):
        if dtype in NARROW and not (takes_single and dtype in SINGLE):
            what = "The table" if contract.array_dtype else repr(feature.name)
            raise NoPlanError(f"{what} is {dtype}.")
    if not set(dtypes) & set(SINGLE):
        return Step(_read_table, _read_row)
    return _read_each([(i, _choose_reader(dtype)) for i, dtype in enumerate(dtypes)])


def read_codes(
    contract: Contract, categories: Mapping[int, Read], order: Sequence[int]
) -> Step:
    """Return the step from a table to numbers, with the codes of its categories.

    `categories` read the columns that have some, and `order` lists the columns in the
    order in which they are given.
    """
    readers: list[tuple[int, Read]] = []
    for position in order:
        if position in categories:
            readers.append((position, categories[position]))
        else:
            readers.append((position, choose_reader(contract, position)))
    return _read_each(readers)


def choose_reader(contract: Contract, position: int) -> Read:
    """Return what reads a column of doubles or of float32. Raises NoPlanError."""
    feature = contract.features[position]
    dtype = _read_dtype(feature, contract)
    if dtype in NARROW and dtype not in SINGLE:
        raise NoPlanError(f"{feature.name!r} is {dtype}.")
    return _choose_reader(dtype)


def read_category(categories: Sequence[Any]) -> Read:
    """Return what reads codes. A null, or an unseen category, becomes NaN."""
    codes = {value: float(code) for code, value in enumerate(categories)}
    codes.pop(None, None)
    return lambda value: codes.get(value, math.nan)


def read_known(categories: Sequence[Any]) -> Read:
    """Return what reads codes, and raises UnseenCategoryError. A null becomes NaN."""
    codes = {value: float(code) for code, value in enumerate(categories)}
    codes[None] = math.nan

    def read(value: Any) -> float:
        try:
            return codes[value]
        except KeyError:
            raise UnseenCategoryError("A category was not in training.") from None

    return read


def fall_back(step: Step, itself: Step) -> Step:
    """Return the step that leaves a table with an unseen category to another."""

    def run_batch(table: Table) -> Any:
        try:
            return step.batch(table)
        except UnseenCategoryError:
            return itself.batch(table)

    def run_single(row: Row) -> Any:
        try:
            return step.single(row)
        except UnseenCategoryError:
            return itself.single(row)

    return Step(run_batch, run_single)


def has_categories(contract: Contract) -> bool:
    """Return True if a column holds categories, by its dtype or as text."""
    return any(
        feature.type == "string" or feature.storage.dtype == "category"
        for feature in contract.features
    )


def _read_each(readers: Sequence[tuple[int, Read]]) -> Step:
    """Return the step that reads each of some columns in a way of its own."""

    def read_batch(table: Table) -> Numbers:
        numbers = np.empty((len(table[0]), len(readers)))
        for index, (position, read) in enumerate(readers):
            numbers[:, index] = read_column(table[position], read)
        return numbers

    def read_single(row: Row) -> Row:
        return [read(row[position]) for position, read in readers]

    return Step(read_batch, read_single)


def read_column(column: Sequence[Any], read: Read) -> Any:
    """Return the numbers of a column, of an array without asking for each value."""
    if type(column) is CodedColumn:
        return column.read(read)
    if type(column) is NumberColumn:
        if read is _read_double:
            return column.doubles
        if read is _read_single:
            return column.doubles.astype(np.float32)
    return [read(value) for value in column]


def _choose_reader(dtype: str) -> Read:
    return _read_single if dtype in SINGLE else _read_double


def _read_double(value: Any) -> float:
    return math.nan if value is None else float(value)


def _read_single(value: Any) -> float:
    return math.nan if value is None else c_float(value).value


def _read_dtype(feature: Feature, contract: Contract) -> str:
    if feature.type not in ("number", "integer", "boolean"):
        raise NoPlanError(f"{feature.name!r} is a {feature.type}.")
    return contract.array_dtype or feature.storage.dtype


def _read_table(table: Table) -> Numbers:
    rows = len(table[0])
    if rows >= FEW_ROWS and any(isinstance(each, ArrayColumn) for each in table):
        joined = np.empty((rows, len(table)))
        for index, column in enumerate(table):
            joined[:, index] = read_column(column, _read_double)
        return joined
    count = len(table) * rows
    numbers = np.fromiter(chain.from_iterable(table), np.float64, count)
    return np.ascontiguousarray(numbers.reshape(len(table), -1).T)


def _read_row(row: Row) -> Row:
    return [_read_double(value) for value in row]
