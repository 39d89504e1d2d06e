"""The choice of golden records: a typical instance, variants of it, and real ones.

A variant has a null or an unseen category wherever the contract lets it in, or leaves
out what has a default. Real rows hold each feature's least and greatest value, its
categories and a null of it, then spread evenly over the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
MAX_VARIANTS = 128

# What a plan is held against at every start, beside the golden records.
SAMPLED_ROWS = 256

# A larger training table is sampled evenly down to this many cells.
MAX_SAMPLED_CELLS = 500_000

# How much of a typical instance is kept where there is no answer for all of it.
SHARES = (1.0, 0.5, 0.25, 0.1, 0.01, 0.0)

Row = list[Any]

ABSENT = object()


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
    reference: FittedPipeline, contract: Contract, X: Any, names: tuple[str, ...]
) -> Selection:
    """Choose instances from the training table of n rows, and predict the golden ones.

    Raises PackagingError where no row keeps the contract, or where the table built
    from JSON is not answered as the training table is.
    """
    rows = _find_valid_rows(contract, X)
    columns = read_columns(X, rows)
    chosen = _choose_rows(contract, columns)
    _check_equal_tables(reference, contract, X, [rows[i] for i in chosen])
    real = [[values[i] for values in columns] for i in chosen]
    typical = _find_typical(reference, contract, columns, real)
    instances = [typical, *_list_variants(reference, contract, typical), *real]
    answers = _predict_instances(reference, contract, instances)
    golden = Golden(
        records=tuple(
            GoldenRecord(instance=_to_instance(contract, row), prediction=prediction)
            for row, prediction in zip(
                instances, name_outputs(answers, names).to_json(), strict=True
            )
        )
    )
    sampled = zip(*(spread(values, SAMPLED_ROWS) for values in columns), strict=True)
    return Selection(golden, [_to_instance(contract, row) for row in sampled], rows)


def _find_valid_rows(contract: Contract, X: Any) -> list[int]:
    """Return rows that keep the contract, of a large table some."""
    count = max(MAX_REAL_ROWS, MAX_SAMPLED_CELLS // len(contract.features))
    sample = spread(range(len(X)), count)
    fields = [compile_field(feature) for feature in contract.features]

    def is_valid(row: Sequence[Any]) -> bool:
        try:
            for field, value in zip(fields, row, strict=True):
                field.deserialize(to_json(value))
        except ValidationError:
            return False
        return True

    rows = zip(*read_columns(X, sample), strict=True)
    valid = [place for place, row in zip(sample, rows, strict=True) if is_valid(row)]
    if not valid:
        raise PackagingError("No row of the training table keeps the contract.")
    return valid


def _choose_rows(contract: Contract, columns: Sequence[Sequence[Any]]) -> list[int]:
    chosen: list[int] = []
    for feature, values in zip(contract.features, columns, strict=True):
        present = [i for i, value in enumerate(values) if value is not None]
        chosen += [i for i, value in enumerate(values) if value is None][:1]
        if feature.observed.categories is not None:
            chosen += {values[i]: i for i in present}.values()
        elif present:
            chosen.append(min(present, key=values.__getitem__))
            chosen.append(max(present, key=values.__getitem__))
    covering = list(dict.fromkeys(chosen))[:MAX_COVERING_ROWS]
    even = spread(range(len(columns[0])), MAX_REAL_ROWS)
    return list(dict.fromkeys([*covering, *even]))[:MAX_REAL_ROWS]


def _find_typical(
    reference: FittedPipeline,
    contract: Contract,
    columns: Sequence[Sequence[Any]],
    real: Sequence[Row],
) -> Row:
    """Return medians and most frequent values: of columns, and not of a person.

    Where the pipeline has no answer for these, they are moved towards a real row.
    """
    features = contract.features
    typical = [*map(_find_middle, features, columns)]
    near = real[len(real) // 2]
    for share in SHARES:
        row = [
            _blend(feature, middle, value, share)
            for feature, middle, value in zip(features, typical, near, strict=True)
        ]
        if _is_answered(reference, contract, row):
            return row
    return near


def _find_middle(feature: Feature, values: Sequence[Any]) -> Any:
    present = pd.Series([value for value in values if value is not None], dtype=object)
    if present.empty:
        return None
    if feature.observed.categories is not None or feature.type == "string":
        return present.value_counts().index[0]
    return sorted(present)[len(present) // 2]


def _blend(feature: Feature, typical: Any, real: Any, share: float) -> Any:
    is_quantity = feature.type in ("number", "integer") and feature.categories is None
    if share == 1.0:
        return typical
    if not is_quantity or typical is None or real is None:
        return real
    blended = real + share * (typical - real)
    return round(blended) if feature.type == "integer" else blended


def _list_variants(
    reference: FittedPipeline, contract: Contract, typical: Row
) -> list[Row]:
    """Return typical instances with another value in one feature, where answered."""
    variants = []
    for index, feature in enumerate(contract.features):
        values: list[Any] = [None] if feature.nullable else []
        if feature.type == "string" and feature.categories is None:
            values.append(UNSEEN)
        if not feature.required:
            values.append(ABSENT)
        variants += [
            [*typical[:index], value, *typical[index + 1 :]] for value in values
        ]
    variants = variants[:MAX_VARIANTS]
    if not variants or _is_answered(reference, contract, *variants):
        return variants
    return [row for row in variants if _is_answered(reference, contract, row)]


def _is_answered(reference: FittedPipeline, contract: Contract, *rows: Row) -> bool:
    try:
        _predict_instances(reference, contract, rows)
    except PackagingError:
        return False
    return True


def _predict_instances(
    reference: FittedPipeline, contract: Contract, rows: Sequence[Row]
) -> Outputs:
    """Ask for instances as the contract completes them. Raises PackagingError."""
    columns = [
        [
            compile_field(feature).deserialize(feature.default)
            if value is ABSENT
            else value
            for value in values
        ]
        for feature, values in zip(
            contract.features, zip(*rows, strict=True), strict=True
        )
    ]
    return _predict(reference, build_table(contract, columns))


def _to_instance(contract: Contract, row: Sequence[Any]) -> dict[str, Any]:
    return {
        feature.name: to_json(value)
        for feature, value in zip(contract.features, row, strict=True)
        if value is not ABSENT
    }


def _check_equal_tables(
    reference: FittedPipeline, contract: Contract, X: Any, rows: list[int]
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
