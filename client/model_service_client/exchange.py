"""One request with its repetitions, within a deadline."""

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import urllib3
from urllib3.exceptions import HTTPError, MaxRetryError
from urllib3.util import Retry, Timeout, parse_url

from model_service_client.bounded_response import BoundedResponse
from model_service_client.deadline import Deadline
from model_service_client.errors import ModelServiceError, Unreachable
from model_service_client.problems import read_error, read_object, read_retry_after

# A prediction changes nothing, so that it may be asked for again. Not 413, which
# urllib3 repeats by itself: the same body is too large again.
REPEATED = {429, 503, 504}

# What stands in the answer of each route: of another server's, it does not.
ANSWERED = {
    "/v1/predict": {"model", "request_id", "predictions"},
    "/v1/model": {"name", "version", "contract"},
}

# How many are kept open for threads that ask at the same time.
CONNECTIONS = 10

# As keys are: what http.client refuses as a header it would show in its error.
KEY = re.compile(r"[!-~]+")


@dataclass
class Exchange:
    """A pool of connections to one service, safe to share by threads."""

    url: str
    key: str = field(repr=False)
    retries: Retry = field(repr=False)

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise ValueError("The key is empty or has characters that no key has.")
        if parse_url(self.url).auth:
            raise ValueError("The URL must not hold a user or a password.")
        self._path = (parse_url(self.url).path or "").rstrip("/")
        self._pool = urllib3.connection_from_url(self.url, maxsize=CONNECTIONS)
        bounded = {"response_class": BoundedResponse}
        kind = self._pool.ConnectionCls
        self._pool.ConnectionCls = type("BoundedConnection", (kind,), bounded)

    def ask(
        self, method: str, path: str, deadline: Deadline, body: Any = None
    ) -> dict[str, Any]:
        """Return the object of a 200 by this service. Raises ModelServiceError."""
        response = self._ask(method, path, deadline, body)
        if response.status != 200:
            raise read_error(response)
        answer = read_object(response)
        if not answer.keys() >= ANSWERED[path]:
            fault = "What answered is not a model-service: its answer has another form."
            raise ModelServiceError(fault, response.status)
        return answer

    def send(
        self, method: str, path: str, deadline: Deadline, body: bytes | None = None
    ) -> urllib3.BaseHTTPResponse:
        """Send a request once."""
        left = deadline.check()
        return self._pool.urlopen(
            method,
            self._path + path,
            body=body,
            headers={
                "Authorization": f"Bearer {self.key}",
                "Content-Type": "application/json",
                "X-Request-Timeout-Ms": str(max(1, int(left * 1000))),
            },
            retries=False,
            redirect=False,
            timeout=Timeout(total=left),
        )

    def _ask(
        self, method: str, path: str, deadline: Deadline, body: Any
    ) -> urllib3.BaseHTTPResponse:
        content = None if body is None else json.dumps(body, allow_nan=False).encode()
        retries = self.retries.new()
        while True:
            response: urllib3.BaseHTTPResponse | None = None
            error: Exception | None = None
            try:
                response = self.send(method, path, deadline, content)
            except HTTPError as fault:
                error = fault
            if response is not None and response.status not in REPEATED:
                return response
            try:
                retries = retries.increment(method, path, response, error)
            except MaxRetryError:
                return _end(response, error, deadline)
            pause = read_retry_after(retries, response)
            pause = pause or retries.get_backoff_time()
            if not deadline.has(pause):
                return _end(response, error, deadline)
            time.sleep(pause)


def _end(
    response: urllib3.BaseHTTPResponse | None,
    error: Exception | None,
    deadline: Deadline,
) -> urllib3.BaseHTTPResponse:
    """Return the last answer. Raises Unreachable or DeadlinePassed if there is none."""
    if response is not None:
        return response
    deadline.check()
    kind = type(error).__name__
    raise Unreachable(f"The service could not be reached ({kind}).") from error
