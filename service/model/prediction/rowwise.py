"""Whether a row's answer depends on the rows beside it.

A part that looks at its whole table, to centre it or to count in it, answers a row by
the others. Rows of different callers are put together only where it changes nothing.
"""

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from service.model.contract.instances import spread
from service.model.contract.table_rows import count_rows, take_rows
from service.model.outputs import Outputs
from service.model.pipeline import CHECKED_ROWS, FittedPipeline
from service.model.plan.plan import Columns
from service.model.prediction.batching import MAX_BATCHED_INSTANCES
from service.model.prediction.gate import Ask
from service.model.tolerances import DEPENDENT_ROWS, SAME_ANSWER, WIDEST_BATCH

# How many of the rows of a table are asked for alone, too.
ROWS_ALONE = 16

# Of equal bits not only a full batch is asked: kernels take these in other ways.
SMALL_BATCHES = (2, 3, 4, 7, 8, 17, 64)

NOT_ROW_WISE = (
    "Instances are answered otherwise together than alone: no two requests are"
    " predicted together."
)
ROUNDED = (
    "Instances are answered otherwise together than alone, by up to {:.1e}: no two"
    " requests are predicted together, unless batch_tolerance= of package() lets them."
)


def find_dependence(ask: Ask, columns: Columns, tolerance: float) -> str:
    """Return why a full batch of different instances is not one row by row, if so.

    By 0, also smaller ones are asked: the size of a table decides how it is summed.
    """

    def answer(chosen: list[Any]) -> Outputs:
        return ask(list(zip(*chosen, strict=True)))

    found = {tuple(map(_identify, row)): row for row in zip(*columns, strict=True)}
    if len(found) <= 1:
        return NOT_ROW_WISE
    for size in (MAX_BATCHED_INSTANCES, *(() if tolerance else SMALL_BATCHES)):
        rows = spread(list(found.values()), size)
        if not is_row_wise(answer, rows, tolerance):
            difference = measure_dependence(answer, rows)
            is_slight = difference <= WIDEST_BATCH
            return ROUNDED.format(difference) if is_slight else NOT_ROW_WISE
    return ""


def _identify(value: Any) -> str | bytes:
    """Return what only values alike have; what is printed of an array is cut short."""
    return value.tobytes() if isinstance(value, np.ndarray) else repr(value)


def is_row_wise(
    ask: Callable[[list[Any]], Outputs],
    rows: Sequence[Any],
    tolerance: float = SAME_ANSWER,
) -> bool:
    """Return True if rows are answered together as each is alone: by 0, bit by bit."""
    if tolerance:
        return measure_dependence(ask, rows) <= tolerance
    return all(
        alone is not None and alone.has_same_bits(among)
        for alone, among in _iterate_answers(ask, rows)
    )


def measure_dependence(
    ask: Callable[[list[Any]], Outputs], rows: Sequence[Any]
) -> float:
    """Return the largest difference of rows together and alone, in `tolerances`' units.

    It is infinite where a label differs, or where a row is not answered alone.
    """

    def measure(alone: Outputs | None, among: Outputs) -> float:
        found = math.inf if alone is None else alone.measure_difference(among)
        return math.inf if math.isnan(found) else found

    return max(measure(alone, among) for alone, among in _iterate_answers(ask, rows))


def _iterate_answers(
    ask: Callable[[list[Any]], Outputs], rows: Sequence[Any]
) -> Iterator[tuple[Outputs | None, Outputs]]:
    """Yield the answers to some rows, alone and among all: None where it is none."""
    together = ask(list(rows))
    for index in spread(range(len(rows)), ROWS_ALONE):
        alone = None
        with contextlib.suppress(Exception):  # then it needs the others
            alone = ask([rows[index]])
        yield alone, together.slice(index, index + 1)


def warn_of_dependence(reference: FittedPipeline, X: Any) -> None:
    """Warn if a row of the training table is answered by the rows beside it."""
    rows = spread(range(count_rows(X)), CHECKED_ROWS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the whole table is asked for without this
            is_safe = is_row_wise(
                lambda chosen: reference.predict(take_rows(X, chosen)),
                rows,
                DEPENDENT_ROWS,
            )
    except Exception:  # noqa: BLE001 - a table that is not answered is refused later
        return
    if not is_safe:
        warnings.warn(
            "The pipeline's answer to a row depends on the other rows of its table: an"
            " instance will be answered otherwise alone than among others.",
            stacklevel=4,
        )
