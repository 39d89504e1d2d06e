"""What a fitted pipeline takes, learnt by asking it.

A column takes a null, an unseen category or a huge number only if the pipeline answers
when given one, and answers the instances beside it as it does without. So what the
contract lets in does not make the pipeline raise, nor change its neighbours' answers.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
import pandas as pd

from service.model.contract.edges import TINY, Range, nearest_to
from service.model.contract.features import Contract, Feature
from service.model.contract.observation import read_columns
from service.model.contract.tables import (
    build_table,
    read_far_dates,
    read_limits,
    replace_column,
)
from service.model.errors import PackagingError
from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline, check_training_table

# The magnitudes asked for, widest first: the largest double, the largest float32
# (trees compare in it), then powers of ten whose squares and sums stay finite.
MAGNITUDES = (1.7976931348623157e308, 3.4028234663852886e38, 1e18, 1e12, 1e9, 1e6)

WIDEST = frozenset((-MAGNITUDES[0], MAGNITUDES[0]))

# Rows of the training table that a value is set into or among.
PROBED_ROWS = 3

# Questions asked in one table where all of them together make the pipeline raise.
STACKED = 32

# A column, and the value it holds.
Question = tuple[int, Any]


class Probe:
    """A few training rows, those with the fewest nulls, into which values are set."""

    def __init__(self, reference: FittedPipeline, contract: Contract, X: Any) -> None:
        self.reference = reference
        self.contract = contract
        answers = check_training_table(reference, X)
        self.outputs = 1 if answers.values is None else answers.values.shape[1]
        nulls = np.asarray(pd.isna(X)).sum(axis=1)
        rows = np.resize(np.argsort(nulls, kind="stable"), PROBED_ROWS)
        self.base = read_columns(X, rows.tolist())
        self._tables = {
            rows: build_table(contract, [values[:rows] for values in self.base])
            for rows in (1, PROBED_ROWS)
        }
        expected = self._ask(self._tables[PROBED_ROWS])
        if expected is None or not expected.find_finite().all():
            raise PackagingError(
                "The pipeline does not answer its own training table, built anew from"
                " JSON: its columns' dtypes hold more than a request can carry."
            )
        self._expected: Outputs = expected

    def takes(self, index: int, value: Any) -> bool:
        """Say whether the pipeline answers when column `index` holds the value."""
        among = self._ask_column(index, [value, *self.base[index][1:]])
        others = self._expected.slice(1, PROBED_ROWS)
        return (
            _is_answer(among)
            and among.slice(1, PROBED_ROWS).is_close_to(others)
            and self._is_taken_alone((index, value))
        )

    def find_taken(self, questions: Iterable[Question]) -> set[Question]:
        """Return the questions whose value the pipeline takes.

        They are asked in one table, a row each, and again in smaller ones and by
        themselves only where that raises or changes a neighbour's answer. A null
        changes the dtype of its column, so it is asked by itself before.
        """
        asked = list(dict.fromkeys(questions))
        nulls = [q for q in asked if q[1] is None and self._is_taken_alone(q)]
        return self._sift(nulls) | self._sift([q for q in asked if q[1] is not None])

    def _sift(self, questions: list[Question]) -> set[Question]:
        taken: set[Question] = set()
        is_wide = len(questions) > STACKED
        for size in (len(questions), STACKED):
            left = []
            for start in range(0, len(questions), size or 1):
                part = questions[start : start + size]
                found = self._find_together(part)
                if found is None:
                    left += part
                else:
                    taken |= found
            questions = left
        if is_wide:  # hundreds of columns asked one by one for what nobody sends
            questions = [q for q in questions if q[1] not in WIDEST]
        return taken | {question for question in questions if self.takes(*question)}

    def find_bounds(self, indices: Iterable[int]) -> dict[int, Range]:
        """Return the widest bounds that are answered at, None for the dtype's own."""
        features = {index: self.contract.features[index] for index in indices}
        found = {
            index: [feature.observed.minimum, feature.observed.maximum]
            for index, feature in features.items()
        }
        waiting = {
            (index, side): rungs
            for index, feature in features.items()
            for side, rungs in enumerate(read_rungs(feature))
        }
        while waiting := {place: rungs for place, rungs in waiting.items() if rungs}:
            taken = self.find_taken((i, rungs[0]) for (i, _), rungs in waiting.items())
            for (index, side), rungs in waiting.items():
                if (index, rungs[0]) in taken:
                    found[index][side] = rungs[0]
                    rungs.clear()
                else:
                    del rungs[0]
        return {
            index: tuple(  # type: ignore[misc]
                None if bound == limit else bound
                for bound, limit in zip(found[index], read_limits(feature), strict=True)
            )
            for index, feature in features.items()
        }

    def answers_extremes(self, bounds: Mapping[int, Range]) -> bool:
        """Say whether the pipeline answers when several columns are extreme at once.

        `bounds` has the limits of each quantity by column. Each is tried at its least
        and its greatest while the others are as near to nothing as they may be, and
        the other way round; and all are at their least, and at their greatest.
        """
        count = len(bounds)
        columns: list[Sequence[Any]] = [
            [values[0]] * (3 + 4 * count) for values in self.base
        ]
        for place, (index, limits) in enumerate(bounds.items()):
            small = nearest_to(TINY, limits, self.contract.features[index])
            column = [small]
            for limit in limits:
                turns = [small, limit] * count
                turns[2 * place : 2 * place + 2] = limit, small
                column += [limit, *turns]
            columns[index] = column
        return _is_answer(self._ask(build_table(self.contract, columns)))

    def _find_together(self, questions: Sequence[Question]) -> set[Question] | None:
        """Ask in one table, and return which are answered, or None if it is spoilt."""
        columns = [[*values, *[values[0]] * len(questions)] for values in self.base]
        # As many rows as are asked: BLAS sums in another order for another number.
        unprobed = self._ask(build_table(self.contract, columns))
        for row, (index, value) in enumerate(questions, PROBED_ROWS):
            columns[index][row] = value
        answers = self._ask(build_table(self.contract, columns))
        if unprobed is None or answers is None:
            return None
        beside = unprobed.slice(0, PROBED_ROWS)
        if not answers.slice(0, PROBED_ROWS).is_close_to(beside):
            return None
        finite = answers.find_finite()[PROBED_ROWS:].tolist()
        return {q for q, is_finite in zip(questions, finite, strict=True) if is_finite}

    def _is_taken_alone(self, question: Question) -> bool:
        return _is_answer(self._ask_column(question[0], [question[1]]))

    def _ask_column(self, index: int, column: Sequence[Any]) -> Outputs | None:
        """Ask for the base's first rows with one column replaced."""
        rows = len(column)
        columns = [values[:rows] for values in self.base]
        columns[index] = list(column)
        try:
            table = replace_column(self.contract, self._tables[rows], columns, index)
        except ValueError:  # the value has no place in the table
            return None
        return self._ask(table)

    def _ask(self, table: Any) -> Outputs | None:
        """Return the answers, NaN and infinities among them; None where it raises."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # what it says of a probe concerns nobody
            try:
                return self.reference.ask(table)
            except Exception:  # noqa: BLE001 - whether it raises, whatever, is asked
                return None


def _is_answer(outputs: Outputs | None) -> TypeGuard[Outputs]:
    return outputs is not None and bool(outputs.find_finite().all())


def read_rungs(feature: Feature) -> tuple[list[Any], list[Any]]:
    """Return the values to ask for on either side, the widest first."""
    if feature.type == "date-time":
        return read_far_dates(feature.storage.dtype)
    low, high = read_limits(feature)
    kind = int if feature.type == "integer" else float
    steps = [kind(m) for m in MAGNITUDES]
    return (
        [low, *(-step for step in steps if -step > low)],
        [high, *(step for step in steps if step < high)],
    )
