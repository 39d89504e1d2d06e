"""The one error body: RFC 9457, with the request's id, and nothing of the inside.

{"type": "about:blank", "title": "Unprocessable Content", "status": 422,
 "detail": "...", "request_id": "...", "errors": [{"path": ..., "message": ...}]}
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, request
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    InternalServerError,
    RequestEntityTooLarge,
    ServiceUnavailable,
    UnprocessableEntity,
)
from werkzeug.wrappers import Response

from service.model.errors import (
    ContractViolationError,
    DeviceLostError,
    MalformedArrowError,
    MalformedCsvError,
    MalformedJsonError,
    NetworkMemoryError,
    NoAnswerError,
    TooManyInstancesError,
)
from service.web.flask_app import Answer
from service.web.media_types import JSON
from service.web.request import current_context

PROBLEM = "application/problem+json"

# RFC 9110's names, where Python 3.11 still has those of its predecessors.
TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    422: "Unprocessable Content",
}


# The `reason` label of rejections: an exception's own `reason`, else by its type, else
# by the status.
REASONS_BY_TYPE: dict[type[Exception], str] = {
    MalformedJsonError: "malformed_json",
    MalformedCsvError: "malformed_csv",
    TooManyInstancesError: "too_many_instances",
    ContractViolationError: "contract",
    NoAnswerError: "no_answer",
    NetworkMemoryError: "no_memory",
    DeviceLostError: "device_lost",
}
REASONS_BY_STATUS = {
    400: "bad_request",
    403: "no_scope",
    404: "no_route",
    405: "no_method",
    406: "not_acceptable",
    408: "slow_request",
    413: "too_large",
    414: "bad_request",
    415: "media_type",
    417: "bad_request",
    431: "bad_request",
    500: "fault",
    501: "bad_request",
    503: "overloaded",
    504: "deadline",
}
REASONS = (
    *(*REASONS_BY_TYPE.values(), *REASONS_BY_STATUS.values(), "not_ready"),
    *("no_key", "unknown_key"),
    *("limit_requests", "limit_instances", "limit_failures"),
)


# Clients of the Open Inference Protocol and of KServe read `error`, a text, and no
# other key, and KServe's reads it of plain JSON alone: so it is below these paths.
ERROR_PREFIXES = ("/v2", "/v1/models/")
MAX_TOLD = 3


MALFORMED = (MalformedJsonError, MalformedCsvError, MalformedArrowError)


class NotReadyError(Exception):
    """This process has not reproduced its golden records; the sentence says why."""

    reason = "not_ready"


# Seconds after which an instance that is not ready is worth asking again: a new worker
# proves itself in about one.
RETRY_AFTER_SECONDS = 2


def init_errors(app: Flask) -> None:
    """Answer every exception with a problem."""
    app.register_error_handler(Exception, answer_error)


def answer_error(error: Exception) -> Response:
    """Return the answer to an exception, with the headers of that exception."""
    http = _to_http(error)
    status = http.code or 500
    if status < 400:  # a redirection is raised, too
        return http.get_response()
    context = current_context()
    context.reason = find_reason(error, status)
    problem: dict[str, Any] = {
        "type": "about:blank",
        "title": TITLES.get(status) or HTTPStatus(status).phrase,
        "status": status,
        "detail": http.description,
        "request_id": context.request_id,
    }
    if isinstance(error, ContractViolationError):
        context.violations = error.counts
    if isinstance(error, ContractViolationError | NoAnswerError):
        problem["errors"] = [
            {"path": remark.path, "message": remark.message} for remark in error.remarks
        ]
    content_type = PROBLEM
    if _is_of_protocol(request.environ):
        problem["error"] = _tell(problem)
        content_type = JSON
    # Not get_response(), which writes a page of HTML first.
    headers = [each for each in http.get_headers() if each[0] != "Content-Type"]
    return Answer(orjson.dumps(problem), status, headers, content_type=content_type)


def _is_of_protocol(environ: Mapping[str, Any]) -> bool:
    """Return True below the prefixes: a head that was refused has a target alone."""
    places = environ.get("PATH_INFO", ""), environ.get("RAW_URI", "")
    return any(place.startswith(ERROR_PREFIXES) for place in places)


def _tell(problem: dict[str, Any]) -> str:
    """Return a problem as one text, with the first places that it names."""
    places = problem.get("errors", ())[:MAX_TOLD]
    told = [f"{each['path']} {each['message']}" for each in places]
    return " ".join([str(problem["detail"]), "; ".join(told)]).rstrip()


def find_reason(error: Exception, status: int) -> str:
    """Return the label for why a request was refused, always one of REASONS or "other".

    The exceptions of libraries may have a `reason`, too, of any text.
    """
    reason = getattr(error, "reason", None)
    if type(reason) is str and reason in REASONS:
        return reason
    by_type = REASONS_BY_TYPE.get(type(error))
    return by_type or REASONS_BY_STATUS.get(status, "other")


def _to_http(error: Exception) -> HTTPException:
    if isinstance(error, HTTPException):
        return error
    if isinstance(error, MALFORMED):
        return BadRequest(str(error))
    if isinstance(error, TooManyInstancesError):
        return RequestEntityTooLarge(str(error))
    if isinstance(error, ContractViolationError | NoAnswerError):
        is_kept = isinstance(error, NoAnswerError)
        return UnprocessableEntity(
            str(error) if is_kept else "The request does not keep the model's contract."
        )
    if isinstance(error, NotReadyError | NetworkMemoryError | DeviceLostError):
        return ServiceUnavailable(str(error), retry_after=RETRY_AFTER_SECONDS)
    # For the log line of this request; the caller learns nothing of it.
    current_context().fault = error
    return InternalServerError("The service could not answer; its log says why.")
