"""How the methods of a pipeline are called, and what they answer is read."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline

from service.model.contract.table_rows import count_rows
from service.model.errors import PackagingError
from service.model.runtimes.classifier import NetworkClassifier


class Methods:
    """Calls several methods of a pipeline on one table.

    What a Pipeline hands to its last step is made once for all of them, where a
    notebook makes it anew for each.
    """

    def __init__(self, pipeline: Any) -> None:
        self.pipeline = pipeline
        self.last = find_last(pipeline)
        self._front: list[Any] = []
        self._final = pipeline
        is_routed = getattr(pipeline, "transform_input", None) is not None
        if type(pipeline) is Pipeline and not is_routed:
            steps = [step for _, step in pipeline.steps]
            self._front = [step for step in steps[:-1] if not is_passed(step)]
            self._final = steps[-1]

    def has(self, name: str) -> bool:
        """Return True if the pipeline has a method."""
        return hasattr(self.pipeline, name)

    def call(self, table: Any, *names: str, **options: bool) -> list[Any]:
        """Return what each method answers, dense, each an answer an instance."""
        block, asked = table, self.pipeline
        if len(names) > 1:
            asked = self._final
            for step in self._front:
                block = transform_rows(step, block)
        count = count_rows(table)
        if isinstance(asked, NetworkClassifier) and len(names) > 1:
            called = asked.call(block, names)
        else:
            called = [getattr(asked, name)(block, **options) for name in names]
        found = [keep_rows(read_dense(answers), count) for answers in called]
        for answers in found:
            if count_answers(answers) != count:
                raise PackagingError(
                    f"The pipeline gives {count_answers(answers)} answers to"
                    f" {count} instances."
                )
        return found


def transform_rows(step: Any, block: Any) -> Any:
    """Return what a step makes of a block, a row for each of its rows."""
    return keep_rows(step.transform(block), count_rows(block))


def keep_rows(answers: Any, count: int) -> Any:
    """Return the answers to a single row as a row, where they are not laid out as one.

    scikit-learn's SparsePCA gives the components of one row as an array of one
    dimension, which no step behind it takes.
    """
    is_flat = count == 1 and isinstance(answers, np.ndarray) and answers.ndim == 1
    return answers.reshape(1, -1) if is_flat and len(answers) > 1 else answers


def is_passed(step: Any) -> bool:
    """Return True for a step that hands on what it is given."""
    return step is None or isinstance(step, str)


def find_last(pipeline: Any) -> Any:
    """Return the estimator that answers: the last step, or what a search found."""
    while True:
        if isinstance(pipeline, Pipeline) and pipeline.steps:
            pipeline = pipeline.steps[-1][1]
        elif isinstance(pipeline, FrozenEstimator):
            pipeline = pipeline.estimator
        elif hasattr(pipeline, "best_estimator_"):
            pipeline = pipeline.best_estimator_
        else:
            return pipeline


def read_dense(answers: Any) -> Any:
    """Return answers as an array; those of several outputs as a list of arrays.

    They are probabilities, an array an output, or a tuple of values and deviations.
    """
    if isinstance(answers, tuple) or (
        isinstance(answers, list) and answers and np.ndim(answers[0]) == 2
    ):
        return [np.asarray(each) for each in answers]
    return answers.toarray() if issparse(answers) else np.asarray(answers)


def count_answers(answers: Any) -> int:
    """Return the number of instances answered, of several arrays by the first."""
    return len(answers[0] if isinstance(answers, list) else answers)


def index_classes(answers: np.ndarray, indices: Mapping[Any, int]) -> np.ndarray:
    """Return the classes of a column of answers by their index."""
    return np.array([indices[answer] for answer in answers.tolist()])
