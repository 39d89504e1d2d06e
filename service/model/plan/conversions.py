"""How one form of block becomes another that the next step takes."""

import math
from collections.abc import Sequence

import numpy as np

from service.model.errors import NoPlanError
from service.model.plan.blocks import BlockType
from service.model.plan.checks import refuse_infinite
from service.model.plan.sparse import SparseRows, read_row, read_rows
from service.model.plan.steps import Numbers, Objects, Row, Step
from service.model.plan.tables import read_numbers


def convert(
    given: BlockType, wanted: BlockType, *, takes_single: bool = False
) -> list[Step]:
    """Return the steps, one or none, from a block to what is wanted.

    `takes_single` is True for an estimator that compares columns of float32 as they
    are. Raises NoPlanError where that would lose something.
    """
    if wanted.is_mapping:
        if given.contract is None or given.contract.table != "mapping":
            raise NoPlanError("It takes no mappings.")
        return []
    if wanted.is_text:
        return _to_texts(given)
    if given.is_sparse and wanted.is_sparse:
        return []
    if given.is_bare:
        raise NoPlanError("It takes a bare column.")
    if wanted.is_sparse:
        return [*_to_numbers(given), Step(read_rows, read_row)]
    if wanted.is_objects:
        return _to_objects(given)
    return _to_numbers(given, takes_single=takes_single)


def _to_texts(given: BlockType) -> list[Step]:
    contract = given.contract
    if contract is None or not (given.is_bare or contract.table == "text"):
        raise NoPlanError("It takes no column of texts.")
    [feature] = contract.features
    if feature.type != "string" or feature.nullable:
        raise NoPlanError(f"{feature.name!r} may hold what is no text.")
    return []


def _to_numbers(given: BlockType, *, takes_single: bool = False) -> list[Step]:
    if given.is_objects:
        raise NoPlanError("Strings are no numbers.")
    if given.is_sparse:
        return [Step(SparseRows.to_dense, _list_dense)]
    if given.contract is None:
        return []
    return [read_numbers(given.contract, takes_single=takes_single)]


def _to_objects(given: BlockType) -> list[Step]:
    if given.is_objects:
        return []
    if given.is_sparse:
        raise NoPlanError("Sparse rows are no objects.")
    if given.contract is None:
        return [Step(_list_numbers, _list_row)]
    for feature in given.contract.features:
        storage = feature.storage
        if feature.is_date:
            raise NoPlanError(f"{feature.name!r} is a {feature.type}.")
        if storage.dtype == "object" and storage.null != "NaN":
            raise NoPlanError(f"A null of {feature.name!r} is {storage.null}.")
    return []


def _list_dense(row: SparseRows) -> Row:
    return row.to_dense()[0].tolist()  # type: ignore[no-any-return]


def _list_numbers(numbers: Numbers) -> Objects:
    refuse_infinite(numbers)  # an encoder's table would take it for an unseen category
    return [_mark_nulls(column) for column in numbers.T.tolist()]


def _list_row(row: Row) -> Row:
    if not math.isfinite(sum(row)):
        refuse_infinite(np.array([row]))
    return _mark_nulls(row)


def _mark_nulls(values: Sequence[float]) -> list[float | None]:
    return [None if value != value else value for value in values]  # noqa: PLR0124
