"""Answers that are not 200, as exceptions."""

from typing import Any

import urllib3
from urllib3.exceptions import InvalidHeader
from urllib3.util import Retry

from model_service_client.errors import (
    BY_STATUS,
    ContractViolation,
    LimitReached,
    ModelServiceError,
    NotReady,
    Violation,
)


def read_error(response: urllib3.BaseHTTPResponse) -> ModelServiceError:
    """Return the exception of an answer that is not 200."""
    problem = read_object(response)
    status = response.status
    kind = BY_STATUS.get(status, ModelServiceError)
    detail = str(problem.get("detail") or f"The service answered {status}.")
    request_id = str(problem.get("request_id") or "")
    request_id = request_id or response.headers.get("X-Request-ID", "")
    error = kind(detail, status, request_id)
    if isinstance(error, ContractViolation):
        error.errors = read_places(problem, "errors")
    elif isinstance(error, LimitReached | NotReady):
        error.retry_after = read_retry_after(Retry(), response)
    return error


def read_places(answer: dict[str, Any], key: str) -> tuple[Violation, ...]:
    """Return the places that an answer lists, without what is none."""
    listed = answer.get(key)
    places = listed if isinstance(listed, list) else []
    return tuple(
        Violation(str(each["path"]), str(each["message"]))
        for each in places
        if isinstance(each, dict) and each.keys() >= {"path", "message"}
    )


def read_object(response: urllib3.BaseHTTPResponse) -> dict[str, Any]:
    """Return the object that a body holds, empty if a proxy answered."""
    try:
        problem = response.json()
    except (ValueError, RecursionError):
        return {}
    return problem if isinstance(problem, dict) else {}


def read_retry_after(
    retries: Retry, response: urllib3.BaseHTTPResponse | None
) -> float | None:
    """Return the seconds after which to ask again, if an answer says so."""
    if response is None:
        return None
    try:
        return retries.get_retry_after(response)
    except InvalidHeader:
        return None
