"""scikit-learn's own answers, against which everything else is held."""

import warnings
from typing import Any

from service.model.contract.table_rows import count_rows, take_rows
from service.model.errors import PackagingError, describe_error
from service.model.outputs import Outputs
from service.model.tasks.registry import find_task
from service.model.tasks.task import NO_EXTRAS, Extras

# How many rows of the training table are predicted twice, before all else: enough that
# labels drawn at random cannot agree.
CHECKED_ROWS = 64


class FittedPipeline:
    """A fitted pipeline, asked the way a notebook asks it."""

    def __init__(self, pipeline: Any, extras: Extras = NO_EXTRAS) -> None:
        self.pipeline = pipeline
        self.extras = extras
        self.task = find_task(pipeline, extras)

    def predict(self, table: Any) -> Outputs:
        """Ask the pipeline. Raises NonFinitePredictionError, naming the instance."""
        outputs = self.ask(table)
        outputs.check_finite()
        return outputs

    def ask(self, table: Any) -> Outputs:
        """Ask the pipeline, and pass on NaN and infinities."""
        return self.task.ask(table)


def check_training_table(reference: FittedPipeline, X: Any) -> Outputs:
    """Return the answers to the first rows of the training table.

    Raises PackagingError if there are none, or if they differ the second time.
    """
    count = count_rows(X)
    if not count:
        raise PackagingError("The training table has no rows.")
    table = take_rows(X, [row % count for row in range(CHECKED_ROWS)])
    if hasattr(table, "reset_index"):
        table = table.reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the whole table is asked for without this
        try:
            first, second = reference.predict(table), reference.predict(table)
        except PackagingError:
            raise
        except Exception as error:
            raise PackagingError(
                "The pipeline does not answer its own training table (pass it as fit"
                f" took it): {describe_error(error)}."
            ) from error
    if not second.is_close_to(first):
        raise PackagingError(
            "The pipeline does not give the same answer twice: fix what is random."
        )
    return first
