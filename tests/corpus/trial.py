"""A trial: what the service answers to rows, beside what a notebook does."""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import orjson
import pandas as pd

from corpus.case import Case
from corpus.notebook import ask_notebook
from corpus.serving import Service, write_body
from corpus.tables import ASKED
from service.model.contract.prediction_form import PredictionForm
from service.model.contract.table_rows import take_rows
from service.model.errors import ModelError
from service.model.tolerances import SAME_ANSWER, SAME_SINGLE

# Rows that are asked one by one, and together.
ALONE, TOGETHER = 4, 24

# Calls of each that are timed in turn, and the seconds after which no more are.
TIMED_CALLS = 15
TIMED_SECONDS = 0.2

# A plan's answers may differ in the last bits, where scikit-learn's own do: BLAS sums
# the rows of a batch in another order than a row alone.
SINGLE = "float32 sums by how a table lies in memory, in scikit-learn too"
BLAS = "BLAS sums a row in another order alone than among others, in scikit-learn too"
ORDER = "sums in another order"

Answers = tuple[list[Any], np.ndarray]


class Seconds(NamedTuple):
    """What one row takes: the service, the notebook's calls, and these on a frame.

    The last two differ where the pipeline was fitted on an array.
    """

    service: float = 0.0
    notebook: float = 0.0
    frame: float = 0.0


class Trial:
    """The rows that a service and a pipeline are asked."""

    def __init__(self, case: Case, pipeline: Any, service: Service) -> None:
        self.pipeline = pipeline
        self.service = service
        self.X = case.read().take(ASKED).X
        dtypes = {f.storage.dtype for f in service.predictor.manifest.contract.features}
        self.tolerance = SAME_SINGLE if "float32" in dtypes else SAME_ANSWER
        self.rows = self._find_answered()

    def _find_answered(self) -> list[int]:
        """Return rows that keep the contract, of those that it was not fitted on."""
        rows = []
        for row in range(len(self.X)):
            try:
                self._ask_service([row])
            except ModelError:
                continue
            rows.append(row)
            if len(rows) == TOGETHER:
                break
        return rows

    def _ask_service(self, rows: list[int]) -> Answers:
        manifest = self.service.predictor.manifest
        body = write_body(manifest.contract, self.X, rows)
        predictions = orjson.loads(self.service.answer(body))
        form = self.service.predictor.form
        numbers = [form.read_numbers(each) for each in predictions]
        return [_read_labels(form, each) for each in predictions], np.array(numbers)

    def _ask_notebook(self, rows: list[int]) -> Answers:
        labels, numbers = self._ask_table(self._find_table(rows))
        return labels[: len(rows)], numbers[: len(rows)]

    def _ask_table(self, table: Any) -> Answers:
        form = self.service.predictor.form
        task = self.service.predictor.manifest.task
        labels, numbers = ask_notebook(self.pipeline, table, task, form)
        return [_name_labels(task, label) for label in labels], numbers

    def _find_table(self, rows: list[int]) -> Any:
        """Return some rows; a single one twice where the pipeline takes two or more.

        Behind scikit-learn's SparsePCA no step takes a single row.
        """
        table = take_rows(self.X, rows)
        try:
            self._ask_table(table)
        except ValueError:
            return take_rows(self.X, rows * 2)
        return table

    def compare(self) -> tuple[float, str]:
        """Return the largest difference, and why it is not 0."""
        if not self.rows:
            return np.inf, "no row is answered"
        alone = [[row] for row in self.rows[:ALONE]]
        largest = max(self._compare(rows) for rows in (*alone, self.rows))
        if largest in (0.0, np.inf):
            return largest, ""
        if self.tolerance == SAME_SINGLE:
            return largest, SINGLE
        _, together = self._ask_notebook(self.rows)
        itself = [self._ask_notebook(rows)[1][0] for rows in alone]
        is_same = np.array_equal(together[: len(alone)], itself)
        return largest, ORDER if is_same else BLAS

    def _compare(self, rows: list[int]) -> float:
        (labels, numbers), (wanted_labels, wanted) = (
            self._ask_service(rows),
            self._ask_notebook(rows),
        )
        if (wanted_labels and labels != wanted_labels) or numbers.shape != wanted.shape:
            return np.inf
        gap = np.abs(numbers - wanted) / np.maximum(1.0, np.abs(wanted))
        return float(np.max(gap, initial=0.0))

    def time_row(self) -> Seconds:
        """Return what one row takes."""
        if not self.rows:
            return Seconds()
        row = self.rows[:1]
        contract = self.service.predictor.manifest.contract
        body, table = write_body(contract, self.X, row), self._find_table(row)
        calls = [lambda: self.service.answer(body), lambda: self._ask_table(table)]
        if contract.table != "array":
            service, notebook = _time_in_turn(calls)
            return Seconds(service, notebook, notebook)
        frame = pd.DataFrame(table, columns=[each.name for each in contract.features])
        return Seconds(*_time_in_turn([*calls, lambda: self._ask_table(frame)]))


def _time_in_turn(calls: Sequence[Callable[[], object]]) -> list[float]:
    """Return the median seconds of CPU of calls that are made in turn."""
    seconds: list[list[float]] = [[] for _ in calls]
    end = time.perf_counter() + TIMED_SECONDS
    while len(seconds[0]) < TIMED_CALLS and (
        len(seconds[0]) < 3 or time.perf_counter() < end
    ):
        for call, found in zip(calls, seconds, strict=True):
            start = time.process_time()
            call()
            found.append(time.process_time() - start)
    return [*map(median, seconds)]


def _read_labels(form: PredictionForm, prediction: dict[str, Any]) -> Any:
    if form.outputs:
        return [part["label"] for part in prediction["outputs"].values()]
    return prediction.get("label")


def _name_labels(task: str, label: Any) -> Any:
    if task == "outlier-detection":
        return {-1: "outlier", 1: "inlier"}[label]
    if isinstance(label, list):
        return [_name_labels(task, each) for each in label]
    is_whole = isinstance(label, float) and label.is_integer()
    return str(int(label) if is_whole else label)  # a chain answers floats
