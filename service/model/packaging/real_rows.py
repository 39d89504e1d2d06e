"""The rows of a training table that become golden records.

They hold each feature's least and greatest value, its categories and a null of it, and
then spread evenly over the table.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError

from service.model.contract.features import Contract, Feature
from service.model.contract.instances import spread
from service.model.contract.plain_values import to_json
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.schema import compile_field
from service.model.contract.table_rows import count_rows, read_columns
from service.model.contract.tensor_columns import TensorColumn
from service.model.contract.value_types import compile_type
from service.model.errors import PackagingError

# All golden records are predicted when a worker starts, so there are not more of them
# than cover the categories and extremes of a table of some tens of columns.
MAX_REAL_ROWS = 96
MAX_COVERING_ROWS = 64

# A larger training table is sampled evenly down to this many cells.
MAX_SAMPLED_CELLS = 500_000


def find_valid_rows(contract: Contract, X: Any) -> list[int]:
    """Return rows that keep the contract, of a large table some."""
    is_tensors = isinstance(X, Mapping)
    cells = sum(a[0].size for a in X.values()) if is_tensors else len(contract.features)
    count = max(MAX_REAL_ROWS, MAX_SAMPLED_CELLS // cells)
    sample = spread(range(count_rows(X)), count)
    valid = [True] * len(sample)
    for feature, values in zip(contract.features, read_columns(X, sample), strict=True):
        for index in _find_invalid(feature, values):
            valid[index] = False
    if not any(valid):
        raise PackagingError("No row of the training table keeps the contract.")
    return [row for row, is_valid in zip(sample, valid, strict=True) if is_valid]


def _find_invalid(feature: Feature, values: Sequence[Any]) -> list[int]:
    """Return the indices of values that do not keep the contract.

    marshmallow decides, and takes 20 microseconds a value; so it is asked only where a
    whole column, checked in C, is not surely valid.
    """
    column = [to_json(value, feature.type) for value in values]
    is_open = feature.type == "object"  # of any fields, which have no type in C
    length = UNBOUNDED.max_string_length
    if not is_open and compile_type(feature, length).read(column) is not None:
        return []
    field = compile_field(feature)

    def is_valid(value: Any) -> bool:
        try:
            field.deserialize(value)
        except ValidationError:
            return False
        return True

    return [index for index, value in enumerate(column) if not is_valid(value)]


def choose_rows(contract: Contract, columns: Sequence[Sequence[Any]]) -> list[int]:
    chosen: list[int] = []
    for feature, values in zip(contract.features, columns, strict=True):
        present = [i for i, value in enumerate(values) if value is not None]
        chosen += [i for i, value in enumerate(values) if value is None][:1]
        if isinstance(values, TensorColumn):
            chosen += values.find_extremes()
        elif feature.type == "object":
            sizes = [len(value) for value in values]
            chosen.append(max(present, key=sizes.__getitem__))
        elif feature.observed.categories is not None:
            chosen += {values[i]: i for i in present}.values()
        elif present:
            chosen.append(min(present, key=values.__getitem__))
            chosen.append(max(present, key=values.__getitem__))
    covering = list(dict.fromkeys(chosen))[:MAX_COVERING_ROWS]
    even = spread(range(len(columns[0])), MAX_REAL_ROWS)
    return list(dict.fromkeys([*covering, *even]))[:MAX_REAL_ROWS]
