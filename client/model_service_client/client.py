"""The calls."""

import os
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from model_service_client.deadline import Deadline
from model_service_client.errors import (
    ContractViolation,
    KeyRefused,
    ModelServiceError,
    Violation,
)
from model_service_client.exchange import Exchange
from model_service_client.places import shift_places
from model_service_client.problems import read_places
from model_service_client.table import Rows, Table, read_table

KEY_VARIABLE = "MODEL_SERVICE_KEY"

# Half of what the service takes in a request by default.
ROWS_A_REQUEST = 5_000

# Seconds: the first pause, the longest, and what jitter adds at most.
BACKOFF, BACKOFF_MAX, JITTER = 0.2, 5.0, 0.2


@dataclass(frozen=True)
class Predictions:
    """The answers in the form of the input: a list by row, lists by column.

    `models` has each model that answered a part of it: two, while one is rolled out.
    """

    predictions: Any
    models: tuple[dict[str, Any], ...]
    warnings: tuple[Violation, ...]
    request_ids: tuple[str, ...]


class Client:
    """A service that answers for a model. Threads may share one."""

    def __init__(  # noqa: PLR0913
        self,
        url: str,
        key: str | None = None,
        *,
        timeout_seconds: float = 10,
        retries: int = 3,
        retry_after_max: int = 60,
        rows_a_request: int = ROWS_A_REQUEST,
    ) -> None:
        """Raise KeyRefused if there is no key here or in MODEL_SERVICE_KEY."""
        found = os.environ.get(KEY_VARIABLE, "") if key is None else key
        if not found:
            raise KeyRefused("There is no API key.")
        if rows_a_request < 1:
            raise ValueError("rows_a_request must be at least 1.")
        policy = Retry(
            retries,
            allowed_methods=None,
            backoff_factor=BACKOFF,
            backoff_max=BACKOFF_MAX,
            backoff_jitter=JITTER,
            retry_after_max=retry_after_max,
        )
        self._exchange = Exchange(url, found, policy)
        self._timeout_seconds = timeout_seconds
        self._rows_a_request = rows_a_request

    def __repr__(self) -> str:
        return f"Client({self._exchange.url!r})"

    def predict(self, rows_or_frame: Any) -> Predictions:
        """Return the predictions of rows, columns or a frame, in their order."""
        table = read_table(rows_or_frame)
        deadline = Deadline(self._timeout_seconds)
        size, start = self._rows_a_request, 0
        answers: list[dict[str, Any]] = []
        warnings: list[Violation] = []
        while start < table.count or not answers:
            end = min(start + size, table.count)
            try:
                answer = self._predict_part(table, start, end, deadline)
            except ModelServiceError as error:
                if error.status != 413 or end - start < 2:
                    raise
                size = (end - start) // 2
                continue
            answers.append(answer)
            warnings += shift_places(read_places(answer, "warnings"), start, table)
            start = end
        return _join(answers, warnings)

    def model(self) -> dict[str, Any]:
        """Return the card of the model: its name, its version and its contract."""
        deadline = Deadline(self._timeout_seconds)
        return self._exchange.ask("GET", "/v1/model", deadline)

    def is_ready(self) -> bool:
        """Return True if the service would answer now; asked once."""
        deadline = Deadline(self._timeout_seconds)
        try:
            answer = self._exchange.send("GET", "/health/ready", deadline)
        except HTTPError:
            return False
        return answer.status == 200

    def _predict_part(
        self, table: Rows | Table, start: int, end: int, deadline: Deadline
    ) -> dict[str, Any]:
        body = table.cut(start, end)
        try:
            answer = self._exchange.ask("POST", "/v1/predict", deadline, body)
        except ContractViolation as error:
            error.errors = tuple(shift_places(error.errors, start, table))
            raise
        if not _has_rows(answer["predictions"], end - start):
            fault = f"The answer is not of the {end - start} rows that were sent."
            raise ModelServiceError(fault, 200)  # else all that follow would be shifted
        return answer


def _has_rows(predictions: Any, count: int) -> bool:
    """Return True if there are so many predictions, by row or by column."""
    if isinstance(predictions, dict):
        return all(_has_rows(part, count) for part in predictions.values())
    return isinstance(predictions, list) and len(predictions) == count


def _join(answers: list[dict[str, Any]], warnings: list[Violation]) -> Predictions:
    models: list[dict[str, Any]] = []
    for answer in answers:
        if answer["model"] not in models:
            models.append(answer["model"])
    return Predictions(
        _chain([answer["predictions"] for answer in answers]),
        tuple(models),
        tuple(warnings),
        tuple(answer["request_id"] for answer in answers),
    )


def _chain(parts: list[Any]) -> Any:
    """Join lists, or the lists under each name."""
    if isinstance(parts[0], dict):
        return {name: _chain([part[name] for part in parts]) for name in parts[0]}
    return [each for part in parts for each in part]
