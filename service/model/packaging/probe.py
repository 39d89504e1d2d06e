"""What a fitted pipeline answers, learnt by asking it.

A question sets a value into a row of the training table. It counts as answered only if
the other rows are answered as they are without it: a null, say, must not change what is
filled in for its neighbours.
"""

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from service.model.contract.edges import TINY, Range, nearest_to
from service.model.contract.features import Contract
from service.model.contract.instances import spread
from service.model.contract.table_rows import count_rows, read_columns
from service.model.contract.tables import build_table
from service.model.contract.tensor_columns import TensorColumn
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline, check_training_table

# Rows of the training table that values are set into.
BASE_ROWS = 3

# As many questions are asked one by one where they make the pipeline raise together.
FEW = 4

# Columns that are asked for a null before hundreds are: a scikit-learn pipeline takes
# 25 ms for a row of 900 columns, whether it answers or raises.
SAMPLE = 64


# Each group of columns takes four rows, so that the table of a column each would grow
# with the square of their number.
MAX_EXTREME_GROUPS = 256


class Question(NamedTuple):
    """A value, the column that it is set into, and the base row."""

    column: int
    value: Any
    row: int = 0


class Probe:
    """A few rows of the training table into which values are set."""

    def __init__(self, reference: FittedPipeline, contract: Contract, X: Any) -> None:
        self.reference = reference
        self.contract = contract
        check_training_table(reference, X)
        self.base = read_columns(X, _choose_rows(X))
        if not self.answers(self.base):
            raise PackagingError(
                "The pipeline does not answer its own training table, built anew from"
                " JSON: its columns' dtypes hold more than a request can carry."
            )

    @property
    def tensors(self) -> list[TensorColumn]:
        """The rows as tensors, of a model that takes these."""
        return [values for values in self.base if isinstance(values, TensorColumn)]

    def find_nullable(self) -> set[int]:
        """Return the columns that take a null.

        Of hundreds in which training saw none, a sample is asked before the others.
        """
        nulls = [Question(index, None) for index in range(len(self.base))]
        if not self.answers([[None]] * len(self.base)):
            seen = [feature.observed.nulls > 0 for feature in self.contract.features]
            others = [question for question in nulls if not seen[question.column]]
            if not any(map(self._is_answered_alone, spread(others, SAMPLE))):
                nulls = [question for question in nulls if seen[question.column]]
        return {question.column for question in self.find_answered(nulls)}

    def find_answered(
        self, questions: Iterable[Question], most_refused: float = math.inf
    ) -> set[Question]:
        """Return the questions that the pipeline answers.

        They are asked in one table, a row each, and in smaller ones only where that
        raises or changes the answer to a base row. After `most_refused` that are not
        answered alone, the others count as not answered either.
        """
        part = list(dict.fromkeys(questions))
        if len(part) <= SAMPLE:  # a null changes the dtype that its column has alone
            part = [
                q for q in part if q.value is not None or self._is_answered_alone(q)
            ]
        answered: set[Question] = set()
        refused, parts = 0, [part]
        while parts and refused < most_refused:
            part = parts.pop()
            found = self._find_together(part) if len(part) > FEW else None
            if found is None and len(part) > FEW:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            if found is None:
                found = {question for question in part if self._is_answered(question)}
                refused += len(part) - len(found)
            answered |= found
        return answered

    def answers_extremes(self, bounds: Mapping[int, Range]) -> bool:
        """Return True if the pipeline answers several extreme columns at once.

        `bounds` has the bounds of each quantity by column. Each, and of hundreds each
        with a few others, is tried at its least and its greatest while the others are
        as near to zero as they can be, and the other way round; and all are at their
        least, and at their greatest.
        """
        groups = min(len(bounds), MAX_EXTREME_GROUPS)
        columns = self._take([0] * (3 + 4 * groups))
        for number, (index, limits) in enumerate(bounds.items()):
            small = nearest_to(TINY, limits, self.contract.features[index])
            column = [small]
            for limit in limits:
                turns = [small, limit] * groups
                group = number % groups
                turns[2 * group : 2 * group + 2] = limit, small
                column += [limit, *turns]
            columns[index] = column
        return self.answers(columns)

    def _find_together(self, questions: Sequence[Question]) -> set[Question] | None:
        """Ask in one table; return those that are answered, or None if it is spoilt."""
        rows = [*range(BASE_ROWS), *(question.row for question in questions)]
        columns = self._take(rows)
        for row, question in enumerate(questions, BASE_ROWS):
            columns[question.column][row] = question.value
        answers = self._ask(columns)
        # With as many rows, since BLAS sums in another order for another number.
        unprobed = answers and self._ask(self._take(rows))
        if answers is None or unprobed is None:
            return None
        base = unprobed.slice(0, BASE_ROWS)
        if not answers.slice(0, BASE_ROWS).is_close_to(base):
            return None
        finite = answers.find_finite()[BASE_ROWS:].tolist()
        return {q for q, is_finite in zip(questions, finite, strict=True) if is_finite}

    def _is_answered(self, question: Question) -> bool:
        among = self._find_together([question])
        return among == {question} and self._is_answered_alone(question)

    def _is_answered_alone(self, question: Question) -> bool:
        columns = self._take([question.row])
        columns[question.column] = [question.value]
        return self.answers(columns)

    def answers(self, columns: Sequence[Sequence[Any]]) -> bool:
        """Return True if the pipeline answers a whole table of finite numbers."""
        answers = self._ask(columns)
        return answers is not None and bool(answers.find_finite().all())

    def keeps_width(self, columns: Sequence[Sequence[Any]]) -> bool:
        """Return True if a table is answered with as many numbers as the base rows."""
        found, usual = self._ask(columns), self._ask(self.base)
        if found is None or usual is None or usual.numbers is None:
            return found is not None
        return found.numbers is not None and (
            found.numbers.shape[1] == usual.numbers.shape[1]
        )

    def _ask(self, columns: Sequence[Sequence[Any]]) -> Outputs | None:
        """Return the answers, NaN and infinities among them; None where it raises."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # a warning about a probe helps no one
            try:
                return self.reference.ask(build_table(self.contract, columns))
            except Exception:  # noqa: BLE001 - or the value has no place in the table
                return None

    def _take(self, rows: Sequence[int]) -> list[list[Any]]:
        return [[values[row] for row in rows] for values in self.base]


def _choose_rows(X: Any) -> list[int]:
    """Return rows with the fewest nulls, evenly over the table."""
    if isinstance(X, Mapping):  # tensors have none
        return spread(range(count_rows(X)), BASE_ROWS)
    nulls = np.asarray(pd.isna(X)).reshape(len(X), -1).sum(axis=1)
    fullest = np.flatnonzero(nulls == nulls.min()).tolist()
    return [int(row) for row in np.resize(spread(fullest, BASE_ROWS), BASE_ROWS)]
