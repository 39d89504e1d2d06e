"""The choice of golden records: a typical instance, real ones, and the edges.

Real rows hold each feature's least and greatest value, its categories and a null of
it, then spread evenly over the table. The edges set a null or an unseen category into
the typical instance wherever the contract lets it in, and leave out what has a default.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from marshmallow import ValidationError

from service.model.artefact.golden import Golden, GoldenRecord
from service.model.contract.edges import UNSEEN
from service.model.contract.features import Contract, Feature
from service.model.contract.instances import spread
from service.model.contract.observation import read_columns, to_json
from service.model.contract.schema import compile_field
from service.model.contract.tables import build_table
from service.model.errors import PackagingError, describe_error
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline
from service.model.prediction.predictor import name_outputs

# All golden records are predicted when a worker starts, so there are not more of them
# than cover the categories and extremes of a table of some tens of columns.
MAX_REAL_ROWS = 96
MAX_COVERING_ROWS = 64
MAX_EDGES = 128

# What a plan is held against at every start, beside the golden records.
SAMPLED_ROWS = 256

# A larger training table is sampled evenly down to this many cells.
MAX_SAMPLED_CELLS = 500_000

Row = list[Any]


@dataclass(frozen=True)
class Selection:
    """The golden records, and a sample of instances, evenly from the training table.

    `rows` says where that has instances that keep the contract; of a large table, where
    some lie.
    """

    golden: Golden
    sample: list[dict[str, Any]]
    rows: list[int]


def select_records(
    reference: FittedPipeline,
    contract: Contract,
    X: Any,
    names: tuple[str, ...],
) -> Selection:
    """Choose instances from the training table of n rows, and predict the golden ones.

    Raises PackagingError where no row keeps the contract, or where the table built
    from JSON is not answered as the training table is.
    """
    sample = _sample_rows(len(X), len(contract.features))
    columns = read_columns(X, sample)
    valid = [
        _find_valid(feature, values)
        for feature, values in zip(contract.features, columns, strict=True)
    ]
    kept = np.logical_and.reduce(valid)
    if not kept.any():
        raise PackagingError("No row of the training table keeps the contract.")
    rows = [sample[i] for i in _choose_rows(contract, columns, np.flatnonzero(kept))]
    typical = [
        _find_typical(feature, [v for v, ok in zip(values, mask, strict=True) if ok])
        for feature, values, mask in zip(contract.features, columns, valid, strict=True)
    ]
    edges = list(_iterate_edges(contract, typical))[:MAX_EDGES]
    real = list(zip(*read_columns(X, rows), strict=True))
    _check_equal_tables(reference, contract, X, rows)
    answered = [typical, *(_fill(contract, edge) for edge in edges), *real]
    table = build_table(contract, list(zip(*answered, strict=True)))
    predictions = name_outputs(_predict(reference, table), names).to_json()
    golden = Golden(
        records=tuple(
            GoldenRecord(instance=_to_instance(contract, row), prediction=prediction)
            for row, prediction in zip(
                [typical, *edges, *real], predictions, strict=True
            )
        )
    )
    valid_rows = [sample[i] for i in np.flatnonzero(kept)]
    sampled = zip(*read_columns(X, spread(valid_rows, SAMPLED_ROWS)), strict=True)
    instances = [_to_instance(contract, row) for row in sampled]
    return Selection(golden, instances, valid_rows)


_ABSENT = object()


def _sample_rows(rows: int, columns: int) -> list[int]:
    count = min(rows, max(MAX_REAL_ROWS, MAX_SAMPLED_CELLS // columns))
    return [int(row) for row in np.unique(np.linspace(0, rows - 1, count).astype(int))]


def _find_valid(feature: Feature, values: Sequence[Any]) -> np.ndarray:
    field = compile_field(feature)

    def is_valid(value: Any) -> bool:
        try:
            field.deserialize(to_json(value))
        except ValidationError:
            return False
        return True

    return np.array([is_valid(value) for value in values])


def _choose_rows(
    contract: Contract, columns: Sequence[Sequence[Any]], kept: np.ndarray
) -> list[int]:
    chosen: dict[int, None] = {}
    for feature, values in zip(contract.features, columns, strict=True):
        present = [i for i in kept.tolist() if values[i] is not None]
        chosen.update(
            dict.fromkeys([i for i in kept.tolist() if values[i] is None][:1])
        )
        if not present:
            continue
        if feature.observed.categories is not None:
            chosen.update(dict.fromkeys({values[i]: i for i in present}.values()))
        else:
            chosen[min(present, key=values.__getitem__)] = None
            chosen[max(present, key=values.__getitem__)] = None
    covering = list(chosen)[:MAX_COVERING_ROWS]
    even = spread(kept.tolist(), MAX_REAL_ROWS)
    return list(dict.fromkeys([*covering, *even]))[:MAX_REAL_ROWS]


def _find_typical(feature: Feature, values: Sequence[Any]) -> Any:
    """Return the median or the most frequent value: of a column, not of a person."""
    present = pd.Series([value for value in values if value is not None], dtype=object)
    if present.empty:
        return None
    if feature.observed.categories is not None or feature.type == "string":
        return present.value_counts().index[0]
    return sorted(present)[len(present) // 2]


def _iterate_edges(contract: Contract, typical: Row) -> Iterator[Row]:
    for index, feature in enumerate(contract.features):
        values: list[Any] = []
        if feature.nullable:
            values.append(None)
        if feature.type == "string" and feature.categories is None:
            values.append(UNSEEN)
        if not feature.required:
            values.append(_ABSENT)
        for value in values:
            yield [*typical[:index], value, *typical[index + 1 :]]


def _fill(contract: Contract, row: Row) -> Row:
    """Return the row as the contract completes it."""
    return [
        compile_field(feature).deserialize(feature.default)
        if value is _ABSENT
        else value
        for feature, value in zip(contract.features, row, strict=True)
    ]


def _to_instance(contract: Contract, row: Sequence[Any]) -> dict[str, Any]:
    return {
        feature.name: to_json(value)
        for feature, value in zip(contract.features, row, strict=True)
        if value is not _ABSENT
    }


def _check_equal_tables(
    reference: FittedPipeline,
    contract: Contract,
    X: Any,
    rows: list[int],
) -> None:
    """Hold the table that serving builds against the training table itself."""
    trained = predict_rows(reference, X, rows)
    served = _predict(reference, build_table(contract, read_columns(X, rows)))
    if not served.is_close_to(trained):
        raise PackagingError(
            "The pipeline answers the training table otherwise than the same rows sent"
            " as JSON: its columns' dtypes hold more than a request can carry."
        )


def predict_rows(reference: FittedPipeline, X: Any, rows: Sequence[int]) -> Outputs:
    """Ask for some rows of a table. Raises PackagingError."""
    return _predict(reference, X.iloc[rows] if hasattr(X, "iloc") else X[rows])


def _predict(reference: FittedPipeline, table: Any) -> Outputs:
    try:
        return reference.predict(table)
    except Exception as error:
        raise PackagingError(
            "The pipeline does not answer its own training table:"
            f" {describe_error(error)}."
        ) from error
