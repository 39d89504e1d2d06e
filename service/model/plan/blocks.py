"""What flows between the steps of a plan, and how some of its columns are taken.

A block is a table (columns of plain values, as a request brought them), Numbers, or
Objects. Which one it is at each step is known at compile time: its BlockType.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import numpy as np

from service.model.contract.features import Contract
from service.model.errors import NoPlanError
from service.model.plan.steps import Row, Step

Block = Any


@dataclass(frozen=True)
class BlockType:
    """What a step is given: a table of a contract, numbers, objects or sparse rows.

    `contract` is None once the columns of the request have become one array. `is_bare`
    is for one column that scikit-learn hands on without a second dimension. `is_text`
    is what a vectoriser wants: such a column, or a whole table, of texts,
    `is_mapping` a table of mappings.
    """

    contract: Contract | None = None
    is_objects: bool = False
    is_bare: bool = False
    is_sparse: bool = False
    is_text: bool = False
    is_mapping: bool = False

    @property
    def names(self) -> list[str]:
        """The columns' names; none for an array."""
        if self.contract is None:
            return []
        return [feature.name for feature in self.contract.features]

    @property
    def holds_columns(self) -> bool:
        """Return True for columns of plain values, False for an array."""
        return self.contract is not None or (
            self.is_objects or self.is_text or self.is_mapping
        )


NUMBERS = BlockType()
OBJECTS = BlockType(is_objects=True)
SPARSE = BlockType(is_sparse=True)
TEXTS = BlockType(is_text=True)
MAPPINGS = BlockType(is_mapping=True)


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
