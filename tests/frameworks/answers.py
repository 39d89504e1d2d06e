"""What a server answers, held against what the fitted pipeline answers in process."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
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


def to_instances(table: Any) -> list[dict[str, Any]]:
    """Return a frame, or arrays by name, as the instances of a request."""
    if isinstance(table, dict):
        rows = zip(*(array.tolist() for array in table.values()), strict=True)
        return [dict(zip(table, row, strict=True)) for row in rows]
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


def take_last(table: Any, rows: int) -> Any:
    if isinstance(table, dict):
        return {name: array[-rows:] for name, array in table.items()}
    return table[-rows:]


def check_answers(server: Server, fitted: Fitted) -> None:
    """Ask in batches of several sizes: one by one the bits are equal.

    Of a few callers at once, requests may be predicted together: then they are close.
    """

    def ask(rows: int) -> tuple[np.ndarray, np.ndarray]:
        table = take_last(fitted.X, rows)
        answer = server.predict(to_instances(table))
        assert answer.status_code == 200, answer.text
        found = [read_numbers(each) for each in answer.json()["predictions"]]
        return np.array(found), ask_in_process(fitted, table).reshape(rows, -1)

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
    return np.asarray(ask(table), dtype=float)
