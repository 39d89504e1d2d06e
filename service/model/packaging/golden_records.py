"""The choice of golden records: a typical instance, variants of it, and real ones."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from service.model.artefact.golden import Golden, GoldenRecord
from service.model.contract.features import Contract
from service.model.contract.instances import spread
from service.model.contract.plain_values import to_json
from service.model.contract.prediction_form import PredictionForm
from service.model.contract.schema import compile_field
from service.model.contract.table_rows import (
    read_columns,
    take_rows,
)
from service.model.contract.tables import build_table
from service.model.errors import PackagingError, describe_error
from service.model.outputs import Outputs
from service.model.packaging.real_rows import choose_rows, find_valid_rows
from service.model.packaging.synthetic_rows import (
    ABSENT,
    Ask,
    Row,
    find_typical_row,
    find_variants,
)
from service.model.pipeline import FittedPipeline
from service.model.prediction.predictor import name_outputs

# What a plan is held against at every start, beside the golden records.
SAMPLED_ROWS = 256

# Of tensors as JSON, golden.json and sample.json hold so many bytes each, or one row.
MAX_TENSOR_BYTES = 4 * 2**20


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
    rows = find_valid_rows(contract, X)
    columns = read_columns(X, rows)
    chosen = choose_rows(contract, columns)
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
