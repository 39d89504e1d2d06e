"""What each route of predictions does, whichever dialect its callers speak.

A dialect turns a request into the service's own form and predictions into its answer.
All that is between, the limits, the contract and what is counted, is here, once.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
import orjson
from flask import request
from werkzeug.exceptions import (
    BadRequest,
    GatewayTimeout,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from service.model.contract.codec import Codec
from service.model.contract.document import Document
from service.model.contract.instances import Instances, Predictions
from service.model.prediction.predictor import Predictor
from service.web.access.limits import Limits
from service.web.flask_app import Answer
from service.web.media_types import JSON
from service.web.readiness import Readiness
from service.web.request import CONTEXT, Dialect, RequestContext

# Write the answer to the request of a context: an Answer, or of JSON what orjson takes.
Write = Callable[[RequestContext, Predictions, Instances], Any]


class Reading(msgspec.Struct, frozen=True):
    """A request of a dialect, read, and how it is answered.

    `body` holds the bytes that came, if POST /v1/predict takes the same.
    """

    document: Document
    write: Write
    body: bytes = b""


class Form(Protocol):
    """What requests and answers of a dialect look like."""

    name: Dialect

    def read(self, body: bytes) -> Reading:
        """Read the request of this thread.

        Raises what is answered with 400, 406, 413, 415 or 422.
        """


@dataclass(frozen=True)
class PredictionView:
    """Answers requests for predictions, up to a number of bytes."""

    predictor: Predictor
    codec: Codec
    readiness: Readiness
    limits: Limits
    max_body_bytes: int

    def answer(self, form: Form) -> Answer:
        """Answer the request of this thread."""
        self.readiness.require()
        environ = request.environ
        call: RequestContext = environ[CONTEXT]
        call.dialect = form.name
        call.begin_stages()
        reading = form.read(read_body(environ, self.max_body_bytes))
        call.body, call.document = reading.body, reading.document
        document = reading.document
        # Before they are validated: what is refused has taken as long to read.
        if document.count and call.client is not None:
            self.limits.spend(call, call.client.instances, document.count)
        call.instances = instances = self.codec.validate(document)
        refuse_late(call.deadline)
        call.end_stage("validate")
        call.predictions = predictions = self.predictor.predict(instances)
        call.end_stage("predict")
        written = reading.write(call, predictions, instances)
        answer = (
            written
            if isinstance(written, Answer)
            else Answer(orjson.dumps(written), content_type=JSON)
        )
        call.end_stage("encode")
        return answer


def refuse_late(deadline: float) -> None:
    """Raise GatewayTimeout where nobody waits for the prediction any more."""
    if time.monotonic() > deadline:
        raise GatewayTimeout("The time for an answer passed before it was begun.")


def read_body(environ: dict[str, Any], max_body_bytes: int) -> bytes:
    """Return the bytes of the request, or raise 400, 413 or 415.

    One byte more than the limit is read, and then refused: Werkzeug's own limit cuts a
    chunked body short without an error.
    """
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType("The body must not be compressed.")
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isdecimal() and int(declared) > max_body_bytes:
        raise _too_large(max_body_bytes)
    # A stream that the server bounds itself does not need Werkzeug's wrapper.
    is_bounded = environ.get("wsgi.input_terminated")
    stream = environ["wsgi.input"] if is_bounded else request.stream
    try:
        body = stream.read(max_body_bytes + 1)
    except Exception:  # noqa: BLE001 - of any type, and its message may quote the body
        raise BadRequest("The body is not what its headers announce.") from None
    if len(body) > max_body_bytes:
        raise _too_large(max_body_bytes)
    return bytes(body)


def _too_large(max_body_bytes: int) -> RequestEntityTooLarge:
    return RequestEntityTooLarge(f"The body is over {max_body_bytes} bytes.")
