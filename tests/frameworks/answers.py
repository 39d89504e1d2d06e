"""What a server answers, held against what the fitted pipeline answers in process."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
from pipelines import Fitted
from server import Server
from sklearn.pipeline import Pipeline

import train
from service.model.tolerances import SINGLE_GOLDEN_RECORD, SINGLE_NEAR_ZERO

# Rows of a request: odd ones, and one, which kernels of matrices treat in other ways.
BATCHES = (1, 2, 3, 7, 64, 300)

CALLERS = 4


def build_preparation() -> Pipeline:
    """Return the preprocessing of the credit model, not yet fitted."""
    return Pipeline(train.build_pipeline().steps[:-1])


def to_instances(table: Any, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return a table as the instances of a request."""
    if not isinstance(table, pd.DataFrame):
        return [dict(zip(names, row, strict=True)) for row in table.tolist()]
    found: list[dict[str, Any]] = (
        table.astype(object).where(table.notna(), None).to_dict("records")
    )
    return found


def read_numbers(prediction: dict[str, Any]) -> list[float]:
    """Return the numbers of a prediction."""
    for group in ("probabilities", "values"):
        if group in prediction:
            return list(prediction[group].values())
    return [prediction["value"]]


def check_answers(server: Server, fitted: Fitted, names: Sequence[str] = ()) -> None:
    """Ask in batches of several sizes: one by one the bits are equal.

    Of a few callers at once, requests may be predicted together: then they are close.
    """

    def ask(rows: int) -> tuple[np.ndarray, np.ndarray]:
        table = fitted.X[-rows:]
        answer = server.predict(to_instances(table, names))
        assert answer.status_code == 200, answer.text
        found = [read_numbers(each) for each in answer.json()["predictions"]]
        return np.array(found), ask_in_process(fitted, table)

    for rows in BATCHES:
        np.testing.assert_array_equal(*ask(rows))
    with ThreadPoolExecutor(CALLERS) as pool:
        for found, wanted in pool.map(ask, BATCHES * CALLERS):
            np.testing.assert_allclose(
                found, wanted, SINGLE_GOLDEN_RECORD, SINGLE_NEAR_ZERO
            )


def ask_in_process(fitted: Fitted, table: Any) -> np.ndarray:
    """Return the numbers that the pipeline answers, a row an instance."""
    has_classes = hasattr(fitted.pipeline, "predict_proba")
    ask = fitted.pipeline.predict_proba if has_classes else fitted.pipeline.predict
    answers = np.asarray(ask(table), dtype=float)
    return answers.reshape(len(table), -1)
