"""Whether a row's answer is its own, or depends on those it is asked with.

A part that looks at its whole table, to centre it or to count in it, answers a row by
the others. Rows that strangers sent are put together only where it makes no difference.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from service.model.contract.instances import spread
from service.model.outputs import Outputs
from service.model.pipeline import CHECKED_ROWS, FittedPipeline
from service.model.tolerances import DEPENDENT_ROWS, SAME_ANSWER

# Of the rows that are asked for together, so many are asked for alone, too.
ALONE_ROWS = 16


def is_row_wise(
    ask: Callable[[list[Any]], Outputs],
    rows: Sequence[Any],
    tolerance: float = SAME_ANSWER,
) -> bool:
    """Say whether different rows are answered together as each is alone."""
    together = ask(list(rows))

    def is_alike(index: int) -> bool:
        try:
            alone = ask([rows[index]])
        except Exception:  # noqa: BLE001 - then it needs the others
            return False
        return alone.is_close_to(together.slice(index, index + 1), tolerance)

    return all(is_alike(index) for index in spread(range(len(rows)), ALONE_ROWS))


def warn_of_dependence(reference: FittedPipeline, X: Any) -> None:
    """Warn where rows of the training table are answered by the others."""
    places = X.iloc if hasattr(X, "iloc") else X
    rows = spread(range(len(X)), CHECKED_ROWS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the whole table is asked for without this
            if is_row_wise(
                lambda w: reference.predict(places[w]), rows, DEPENDENT_ROWS
            ):
                return
    except Exception:  # noqa: BLE001 - a table that is not answered is refused later
        return
    warnings.warn(
        "The pipeline's answer to a row depends on the other rows of its table: an"
        " instance will be answered otherwise alone than among others.",
        stacklevel=4,
    )
