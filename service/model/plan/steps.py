"""What the steps of a plan take and return, and how steps are put together.

Each step has two paths to the same bits: for a batch, and for a single row. An array of
one row costs more than the arithmetic on it, so a single row is a list of floats.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.sparse import SparseRows, put_side_by_side

# Shape (n, columns), float64, C-contiguous, a null as NaN. A step never writes into it.
Numbers = np.ndarray

# A sequence for each column, of n plain values (str, int, float, bool), a null as None.
Objects = Sequence[Sequence[Any]]

# A single row: floats, a null as NaN, or plain values, a null as None. A sparse one is
# SparseRows of one row.
Row = Sequence[Any]

# What a planner returns: a function of a batch, or a Step that has a single-row path.
NumbersStep = Callable[[Numbers], Numbers]
ObjectsStep = Callable[[Objects], Objects]
EncodingStep = Callable[[Objects], Numbers]
FinalStep = Callable[[Any], Outputs]


@dataclass(frozen=True)
class Step:
    """`batch` takes and returns arrays or columns, `single` takes and returns a Row.

    The last step of a plan returns Outputs from both.
    """

    batch: Callable[[Any], Any]
    single: Callable[[Any], Any]

    def __call__(self, block: Any) -> Any:
        return self.batch(block)


def chain(steps: Sequence[Step]) -> Step:
    """Return the step that runs the others one after another."""
    return Step(
        _compose([step.batch for step in steps]),
        _compose([step.single for step in steps]),
    )


def _compose(functions: Sequence[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    if len(functions) == 1:
        return functions[0]

    def run_all(block: Any) -> Any:
        for function in functions:
            block = function(block)
        return block

    return run_all


def join(branches: Sequence[Step]) -> Step:
    """Return the step that lays the numbers of all branches side by side."""
    if not branches:
        raise NoPlanError("Every column is dropped.")
    if len(branches) == 1:
        return branches[0]
    batches = [branch.batch for branch in branches]
    singles = [branch.single for branch in branches]

    def join_row(row: Row) -> Row:
        joined: list[Any] = []
        for branch in singles:
            joined += branch(row)
        return joined

    return Step(
        lambda block: np.concatenate([branch(block) for branch in batches], axis=1),
        join_row,
    )


def join_sparse(branches: Sequence[Step]) -> Step:
    """Return the step that lays the sparse rows of all branches side by side."""

    def join_rows(block: Any) -> SparseRows:
        return put_side_by_side([branch(block) for branch in branches])

    def join_row(row: Row) -> SparseRows:
        return put_side_by_side([branch.single(row) for branch in branches])

    return Step(join_rows, join_row)


def weigh(weight: float) -> Step:
    """Return the step that multiplies numbers by a transformer's weight."""

    def weigh_row(row: Any) -> Any:
        if isinstance(row, SparseRows):
            return row * weight
        return [x * weight for x in row]

    return Step(lambda X: X * weight, weigh_row)


def run_as_batch(step: NumbersStep, row: Row) -> Row:
    """Return what a step makes of a single row of numbers, by an array."""
    return step(np.array([row]))[0].tolist()  # type: ignore[no-any-return]


def add_single_path(step: NumbersStep, single: Callable[[Row], Row]) -> Step:
    """Return a step that takes a single row by `single` if its numbers are finite.

    A null or an infinity is for the step to treat, or to refuse.
    """

    def run_single(row: Row) -> Row:
        return single(row) if math.isfinite(sum(row)) else run_as_batch(step, row)

    return Step(step, run_single)
