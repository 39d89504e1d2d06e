"""What flows between the steps of a plan, and how one form becomes another.

A block is a table (columns of plain values, as a request brought them), Numbers, or
Objects. Which one it is at each step is known at compile time: its BlockType.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np

from service.model.contract.features import Contract
from service.model.errors import NoPlanError
from service.model.plan.checks import refuse_infinite
from service.model.plan.sparse import SparseRows, read_row, read_rows
from service.model.plan.steps import Numbers, Objects, Row, Step
from service.model.plan.tables import read_numbers

Block = Any


@dataclass(frozen=True)
class BlockType:
    """What a step is given: a table of a contract, numbers, objects or sparse rows.

    `contract` is None once the columns of the request have become one array. `is_bare`
    is for one column that scikit-learn hands on without a second dimension. `is_text`
    is what a vectoriser wants: such a column, or a whole table, of texts.
    """

    contract: Contract | None = None
    is_objects: bool = False
    is_bare: bool = False
    is_sparse: bool = False
    is_text: bool = False

    @property
    def names(self) -> list[str]:
        """The columns' names; none for an array."""
        if self.contract is None:
            return []
        return [feature.name for feature in self.contract.features]

    @property
    def holds_columns(self) -> bool:
        """Return True for columns of plain values, False for an array."""
        return self.is_objects or self.is_text or self.contract is not None


NUMBERS = BlockType()
OBJECTS = BlockType(is_objects=True)
SPARSE = BlockType(is_sparse=True)
TEXTS = BlockType(is_text=True)


def convert(
    given: BlockType, wanted: BlockType, *, takes_single: bool = False
) -> list[Step]:
    """Return the steps, one or none, from a block to what is wanted.

    `takes_single` is True for an estimator that compares columns of float32 as they
    are. Raises NoPlanError where that would lose something.
    """
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
        if feature.type == "date-time":
            raise NoPlanError(f"{feature.name!r} is a date-time.")
        if storage.dtype == "object" and storage.null != "NaN":
            raise NoPlanError(f"A null of {feature.name!r} is {storage.null}.")
    return []


def find_columns(columns: Any, given: BlockType, width: int) -> list[int]:
    """Return the positions of the columns that a fitted transformer takes."""
    if isinstance(columns, slice):
        if isinstance(columns.start, str) or isinstance(columns.stop, str):
            raise NoPlanError("Columns are sliced by name.")
        return list(range(width))[columns]
    chosen = list(columns)
    if chosen and isinstance(chosen[0], bool | np.bool_):
        return [index for index, is_chosen in enumerate(chosen) if is_chosen]
    if chosen and isinstance(chosen[0], str):
        if not set(chosen) <= set(given.names):
            raise NoPlanError("Columns are named that an array has no names for.")
        return [given.names.index(name) for name in chosen]
    return [int(index) % width for index in chosen]


def _join_path(path: str, name: str) -> str:
    return f"{path}__{name}" if path else name


def select(
    given: BlockType, indices: list[int], *, is_bare: bool = False
) -> tuple[Step, BlockType]:
    """Return the step that takes some columns out of a block, and what it gives."""
    take: Any = itemgetter(*indices)
    if len(indices) == 1:
        take = itemgetter(slice(indices[0], indices[0] + 1))
    if given.contract is None:
        if given.is_objects:
            return Step(take, take), replace(given, is_bare=is_bare)
        step = Step(lambda numbers: numbers.take(indices, axis=1), take)
        return step, replace(given, is_bare=is_bare)
    contract = Contract(
        features=tuple(given.contract.features[index] for index in indices),
        table=given.contract.table,
        array_dtype=given.contract.array_dtype,
    )
    return Step(take, take), BlockType(contract, is_bare=is_bare)


def adapt(planned: Callable[[Block], Any], takes: BlockType, gives: Any) -> Step:
    """Adapt what a planner returned to `Step`.

    A single row is wrapped as a batch of one, unless the step has a path of its own.
    `gives` is a BlockType, or None for Outputs.
    """
    if single := getattr(planned, "single", None):
        return Step(getattr(planned, "batch", planned), single)
    wrap: Callable[[Row], Block] = _wrap_columns if takes.holds_columns else _wrap_row
    if takes.is_sparse:  # a single row is a batch of one
        wrap = _pass_on
    if gives is None or gives.is_sparse:
        return Step(planned, lambda row: planned(wrap(row)))
    unwrap = _unwrap_columns if gives.holds_columns else _unwrap_row
    return Step(planned, lambda row: unwrap(planned(wrap(row))))


def _pass_on(block: Any) -> Any:
    return block


def _wrap_row(row: Row) -> Block:
    return np.array([row])


def _wrap_columns(row: Row) -> Block:
    return [[value] for value in row]


def _unwrap_row(block: Block) -> Row:
    row: list[float] = block[0].tolist()
    return row


def _unwrap_columns(block: Block) -> Row:
    return [value for [value] in block]


def _list_dense(row: SparseRows) -> Row:
    return _unwrap_row(row.to_dense())


def _list_numbers(numbers: Numbers) -> Objects:
    refuse_infinite(numbers)  # an encoder's table would take it for an unseen category
    return [_mark_nulls(column) for column in numbers.T.tolist()]


def _list_row(row: Row) -> Row:
    if not math.isfinite(sum(row)):
        refuse_infinite(np.array([row]))
    return _mark_nulls(row)


def _mark_nulls(values: Sequence[float]) -> list[float | None]:
    return [None if value != value else value for value in values]  # noqa: PLR0124
