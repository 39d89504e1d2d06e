"""Steps that make numbers of categories, by a table of the row of each category."""

import math
import struct
import warnings
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from service.model.contract.array_columns import CodedColumn
from service.model.errors import NoPlanError
from service.model.plan.steps import EncodingStep, Numbers, Objects, Row, Step

# The size of an encoder's table, in numbers: 128 MB. A one-hot column of n categories
# makes a table of n * n.
MAX_NUMBERS = 2**24

Encoder: TypeAlias = OneHotEncoder | OrdinalEncoder | TargetEncoder


def plan_one_hot_encoder(fitted: OneHotEncoder) -> EncodingStep:
    """Compile a OneHotEncoder; its output is dense."""
    rare = getattr(fitted, "infrequent_categories_", None)
    dropped = fitted.drop_idx_
    widths = []
    for index, categories in enumerate(fitted.categories_):
        width = len(categories)
        if rare is not None and rare[index] is not None:
            width -= len(rare[index]) - 1
        if dropped is not None and dropped[index] is not None:
            width -= 1
        widths.append(width)
    return _plan_lookup(fitted, widths, takes_unknown=fitted.handle_unknown != "error")


def plan_ordinal_encoder(fitted: OrdinalEncoder) -> EncodingStep:
    dtype = np.dtype(fitted.dtype)
    if dtype.kind == "f" and dtype != np.float64:
        raise NoPlanError(f"OrdinalEncoder gives {dtype}.")
    widths = [1] * len(fitted.categories_)
    return _plan_lookup(fitted, widths, takes_unknown=fitted.handle_unknown != "error")


def plan_target_encoder(fitted: TargetEncoder) -> EncodingStep:
    """Compile a TargetEncoder, as it encodes rows that it was not fitted on."""
    width = len(fitted.classes_) if fitted.target_type_ == "multiclass" else 1
    widths = [width] * len(fitted.categories_)
    return _plan_lookup(fitted, widths, takes_unknown=True)


class _Rows(dict[Any, bytes]):
    """The encoded row of each category, as the bytes of its float64 numbers."""

    unknown: bytes | None = None

    def __missing__(self, value: Any) -> bytes:
        if self.unknown is None:
            raise ValueError("A value is none of the categories of its column.")
        return self.unknown


def _plan_lookup(
    fitted: Encoder, widths: list[int], *, takes_unknown: bool
) -> EncodingStep:
    """Return the step that joins the row of each value: no array until the last."""
    width = sum(widths)
    lookups = [
        _build_rows(categories, encoded, takes_unknown=takes_unknown)
        for categories, encoded in zip(
            fitted.categories_,
            _ask_rows(fitted, widths, takes_unknown=takes_unknown),
            strict=True,
        )
    ]
    getters = [rows.__getitem__ for rows in lookups]
    read = struct.Struct(f"{width}d").unpack

    def encode_codes(columns: Sequence[CodedColumn]) -> Numbers:
        parts = [
            np.frombuffer(b"".join([get(kind) for kind in column.kinds]))
            .reshape(len(column.kinds), -1)
            .take(column.codes, axis=0)
            for get, column in zip(getters, columns, strict=True)
        ]
        return np.concatenate(parts, axis=1)

    def step(columns: Objects) -> Numbers:
        coded = [column for column in columns if type(column) is CodedColumn]
        if len(coded) == len(getters):
            return encode_codes(coded)
        rows = zip(*map(map, getters, columns), strict=True)
        # A bytearray, as an array over bytes cannot be written to, which some refuse.
        joined = bytearray().join(chain.from_iterable(rows))
        return np.ndarray((len(joined) // (8 * width), width), np.float64, joined)

    def encode_row(row: Row) -> Row:
        return read(b"".join([get(x) for get, x in zip(getters, row, strict=True)]))

    return Step(step, encode_row)


def _build_rows(
    categories: np.ndarray, encoded: np.ndarray, *, takes_unknown: bool
) -> _Rows:
    rows = _Rows(
        (_read_category(category), row.tobytes())
        for category, row in zip(categories, encoded, strict=False)
    )
    if takes_unknown:
        rows.unknown = encoded[-1].tobytes()
    return rows


def _ask_rows(
    fitted: Encoder, widths: list[int], *, takes_unknown: bool
) -> list[np.ndarray]:
    """Return what each column's categories encode to, an unknown one in the last row.

    The encoder itself is asked, and so rare and dropped categories are as it has them.
    """
    count = max(map(len, fitted.categories_)) + takes_unknown
    if not sum(widths):
        raise NoPlanError(f"{type(fitted).__name__} gives no column.")
    if count * sum(widths) > MAX_NUMBERS:
        raise NoPlanError(f"{type(fitted).__name__} has too many categories.")
    table = np.empty((count, len(widths)), dtype=object)
    for index, categories in enumerate(fitted.categories_):
        table[:, index] = categories[0]
        table[: len(categories), index] = categories
    if takes_unknown:
        table[-1] = object()  # which equals no category of any type
    names = getattr(fitted, "feature_names_in_", None)
    given = table if names is None else pd.DataFrame(table, columns=names, dtype=object)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the unknown category
        answer: Any = fitted.transform(given)
    if hasattr(answer, "toarray"):
        answer = answer.toarray()
    encoded = np.ascontiguousarray(answer, dtype=np.float64)
    return np.split(encoded, np.cumsum(widths[:-1]), axis=1)


def _read_category(category: Any) -> Any:
    """Return a category as requests bring it. Raises NoPlanError if they cannot."""
    if isinstance(category, np.float16 | np.float32):
        raise NoPlanError("An encoder was fitted on numbers narrower than float64.")
    plain = category.item() if isinstance(category, np.generic) else category
    if not isinstance(plain, str | int | float):  # None neither: a null is NaN here
        raise NoPlanError(f"An encoder was fitted on {type(plain).__name__}.")
    return None if isinstance(plain, float) and math.isnan(plain) else plain


ENCODERS: dict[type, Callable[[Any], EncodingStep]] = {
    OneHotEncoder: plan_one_hot_encoder,
    OrdinalEncoder: plan_ordinal_encoder,
    TargetEncoder: plan_target_encoder,
}
