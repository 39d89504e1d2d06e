"""What the steps of a plan take and return."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.model.outputs import Outputs

# Shape (n, columns), float64, C-contiguous, a null as NaN. A step never writes into it.
Numbers = np.ndarray

# A sequence for each column, of n plain values (str, int, float, bool), a null as None.
Objects = Sequence[Sequence[Any]]

# The values of a lone instance: floats, a null as NaN, or plain values, a null as None.
Row = Sequence[Any]

NumbersStep = Callable[[Numbers], Numbers]
ObjectsStep = Callable[[Objects], Objects]
EncodingStep = Callable[[Objects], Numbers]
FinalStep = Callable[[Any], Outputs]


@dataclass(frozen=True)
class Step:
    """A step with a way of its own for a lone instance, which gives the same bits.

    An array of one row costs more than what is done to it: `lone` takes and returns a
    Row, or returns Outputs, where `many` takes and returns arrays or columns.
    """

    many: Callable[[Any], Any]
    lone: Callable[[Row], Any]

    def __call__(self, block: Any) -> Any:
        """Do it to n instances."""
        return self.many(block)


def ask_by_array(step: NumbersStep, row: Row) -> Row:
    """Return what a step makes of the numbers of a lone instance."""
    return step(np.array([row]))[0].tolist()  # type: ignore[no-any-return]


def spare_arrays(step: NumbersStep, lone: Callable[[Row], Row]) -> Step:
    """Return a step whose lone numbers go by `lone` if they are finite.

    A null or an infinity is for the step to treat, or to refuse.
    """

    def go(row: Row) -> Row:
        return lone(row) if math.isfinite(sum(row)) else ask_by_array(step, row)

    return Step(step, go)
