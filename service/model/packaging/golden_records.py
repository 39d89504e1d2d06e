"""The choice of golden records: a typical instance, variants of it, and real ones.

Real rows hold each feature's least and greatest value, its categories and a null of it,
and then spread evenly over the table.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from marshmallow import ValidationError

from service.model.artefact.golden import Golden, GoldenRecord
from service.model.contract.features import Contract, Feature
from service.model.contract.instances import spread
from service.model.contract.plain_values import to_json
from service.model.contract.prediction_form import PredictionForm
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.schema import compile_field
from service.model.contract.table_rows import (
    count_rows,
    read_columns,
    take_rows,
)
from service.model.contract.tables import build_table
from service.model.contract.tensor_columns import TensorColumn
from service.model.contract.value_types import compile_type
from service.model.errors import PackagingError, describe_error
from service.model.outputs import Outputs
from service.model.packaging.synthetic_rows import (
    ABSENT,
    Ask,
    Row,
    find_typical_row,
    find_variants,
)
from service.model.pipeline import FittedPipeline
from service.model.prediction.predictor import name_outputs

# All golden records are predicted when a worker starts, so there are not more of them
# than cover the categories and extremes of a table of some tens of columns.
MAX_REAL_ROWS = 96
MAX_COVERING_ROWS = 64

# What a plan is held against at every start, beside the golden records.
SAMPLED_ROWS = 256

# Of tensors as JSON, golden.json and sample.json hold so many bytes each, or one row.
MAX_TENSOR_BYTES = 4 * 2**20

# A larger training table is sampled evenly down to this many cells.
MAX_SAMPLED_CELLS = 500_000


class Selection(NamedTuple):
    """The golden records, and a sample of instances, evenly from the training table.

    `rows` says where that has instances that keep the contract; of a large table, where
    some lie.
    """

    golden: Golden
    sample: list[dict[str, Any]]
    rows: list[int]


def select_records(
    reference: FittedPipeline, contract: Contract, X: Any, form: PredictionForm
) -> Selection:
    """Choose instances from the training table of n rows, and predict the golden ones.

    Raises PackagingError where no row keeps the contract, or where the table built
    from JSON is not answered as the training table is.
    """
    rows = _find_valid_rows(contract, X)
    columns = read_columns(X, rows)
    chosen = _choose_rows(contract, columns)
    sampled = SAMPLED_ROWS
    if contract.table == "tensors":
        # The typical instance is about as long as a real one.
        size = len(msgspec.json.encode(_take_instance(contract, columns, 0)))
        chosen = chosen[: max(1, MAX_TENSOR_BYTES // size - 1)]
        sampled = min(SAMPLED_ROWS, max(1, MAX_TENSOR_BYTES // size))
    real = [[values[i] for values in columns] for i in chosen]
    ask = _build_ask(reference, contract)
    expected = predict_rows(reference, X, [rows[i] for i in chosen])
    if not ask(real).is_close_to(expected, expected.tolerance):
        raise PackagingError(
            "The pipeline answers the training table otherwise than the same rows sent"
            " as JSON: its columns' dtypes hold more than a request can carry."
        )
    typical = find_typical_row(ask, contract, columns, real[len(real) // 2])
    instances = [typical, *find_variants(ask, contract, typical), *real]
    predictions = name_outputs(ask(instances), form).to_json()
    records = tuple(
        GoldenRecord(instance=_to_instance(contract, row), prediction=prediction)
        for row, prediction in zip(instances, predictions, strict=True)
    )
    spread_rows = spread(range(len(rows)), sampled)
    sample = [_take_instance(contract, columns, index) for index in spread_rows]
    return Selection(Golden(records=records), sample, rows)


def _take_instance(
    contract: Contract, columns: Sequence[Sequence[Any]], index: int
) -> dict[str, Any]:
    return _to_instance(contract, [values[index] for values in columns])


def _find_valid_rows(contract: Contract, X: Any) -> list[int]:
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


def _choose_rows(contract: Contract, columns: Sequence[Sequence[Any]]) -> list[int]:
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


def _build_ask(reference: FittedPipeline, contract: Contract) -> Ask:
    """Return what asks for instances as the contract completes them."""
    defaults = [compile_field(feature).load_default for feature in contract.features]

    def ask(rows: Sequence[Row]) -> Outputs:
        completed = (
            [
                d if value is ABSENT else value
                for value, d in zip(row, defaults, strict=True)
            ]
            for row in rows
        )
        return _predict(
            reference, build_table(contract, [*zip(*completed, strict=True)])
        )

    return ask


def _to_instance(contract: Contract, row: Sequence[Any]) -> dict[str, Any]:
    if contract.table == "mapping":
        return dict(row[0])
    return {
        feature.name: (
            value.tolist() if feature.type == "tensor" else to_json(value, feature.type)
        )
        for feature, value in zip(contract.features, row, strict=True)
        if value is not ABSENT
    }


def predict_rows(reference: FittedPipeline, X: Any, rows: Sequence[int]) -> Outputs:
    """Ask for some rows of a table. Raises PackagingError."""
    return _predict(reference, take_rows(X, rows))


def _predict(reference: FittedPipeline, table: Any) -> Outputs:
    try:
        return reference.predict(table)
    except Exception as error:
        raise PackagingError(
            "The pipeline does not answer its own training table:"
            f" {describe_error(error)}."
        ) from error
