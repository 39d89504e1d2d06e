"""What a notebook answers: the pipeline's own methods, called on a table."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.sparse import issparse

from service.model.contract.prediction_form import PredictionForm
from service.model.contract.table_rows import count_rows
from service.model.tasks.task import TaskName

LABELLED = {
    "classification",
    "multioutput-classification",
    "outlier-detection",
    "clustering",
}


def ask_notebook(
    pipeline: Any, table: Any, task: TaskName, form: PredictionForm
) -> tuple[list[Any], np.ndarray]:
    """Return the labels and the numbers (n, width) of an answer, by a call for each.

    Labels are as the pipeline gives them; there are none of what has no labels.
    """
    labels: list[Any] = []
    if task in LABELLED:
        labels = np.asarray(pipeline.predict(table)).tolist()
    method, options = find_method(pipeline, task, form)
    if not method:
        return labels, np.empty((len(labels), 0))
    answers = getattr(pipeline, method)(table, **options)
    numbers = _read_numbers(answers, count_rows(table))
    if task == "multioutput-classification" and numbers.shape[1] == len(form.outputs):
        # Of each output it is the probability of a 1.
        numbers = np.stack([1 - numbers, numbers], axis=2).reshape(len(numbers), -1)
    return labels, numbers


def find_method(
    pipeline: Any, task: TaskName, form: PredictionForm
) -> tuple[str, Mapping[str, bool]]:
    """Return the method whose numbers are answered, and how it is called."""
    if task == "outlier-detection":
        has_samples = hasattr(pipeline, "score_samples")
        return "score_samples" if has_samples else "decision_function", {}
    if task in ("regression", "ranking"):
        return "predict", {"return_std": True} if "std" in form.scalars else {}
    parts = {part.group for part in form.parts.values()}
    if parts == {""}:
        return "", {}
    methods = {
        "probabilities": "predict_proba",
        "scores": "decision_function",
        "distances": "transform",
        "values": "transform",
    }
    return methods[parts.pop()], {}


def _read_numbers(answers: Any, count: int) -> np.ndarray:
    if isinstance(answers, tuple):  # of values and deviations
        return np.column_stack(answers)
    if isinstance(answers, list):  # of probabilities, an array an output
        return np.hstack(answers)
    numbers = answers.toarray() if issparse(answers) else np.asarray(answers)
    return numbers.reshape(count, -1).astype(float)
