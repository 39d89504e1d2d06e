"""The v1 routes: POST /v1/predict, and GET /v1/model."""

import time
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Blueprint, request
from werkzeug.exceptions import (
    BadRequest,
    GatewayTimeout,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from service.model.artefact.manifest import Manifest, describe_manifest
from service.model.contract.codec import Codec
from service.model.contract.instances import Instances, Predictions
from service.model.prediction.predictor import Predictor
from service.web.access.auth import requires
from service.web.access.limits import Limits
from service.web.flask_app import Answer
from service.web.readiness import Readiness
from service.web.request import CONTEXT, RequestContext

JSON = "application/json"


def build_predict(
    predictor: Predictor,
    codec: Codec,
    readiness: Readiness,
    limits: Limits,
    max_body_bytes: int,
) -> Blueprint:
    """Build the routes of the model, which says that it serves since this call."""
    v1 = Blueprint("v1", __name__, url_prefix="/v1")
    described = _describe(predictor)

    @v1.post("/predict")
    @requires("predict")
    def predict() -> Answer:
        readiness.require()
        environ = request.environ
        call: RequestContext = environ[CONTEXT]
        call.begin_stages()
        call.body = read_body(environ, max_body_bytes)
        document = codec.decode(call.body)
        # Before they are validated: what is refused has taken as long to read.
        if document.count and call.client is not None:
            limits.spend(call, call.client.instances, document.count)
        call.instances = instances = codec.validate(document)
        refuse_late(call.deadline)
        call.end_stage("validate")
        call.predictions = predictions = predictor.predict(instances)
        call.end_stage("predict")
        answer = write_answer(
            predictor.manifest, call.request_id, predictions, instances
        )
        call.end_stage("encode")
        return answer

    @v1.get("/model")
    @requires("predict")
    def model() -> Answer:
        return Answer(described, content_type=JSON)

    return v1


def _describe(predictor: Predictor) -> bytes:
    """Return the answer of GET /v1/model, of a service that begins to serve now."""
    return orjson.dumps(
        {
            "digest": predictor.digest,
            "engine": predictor.engine,
            "serving_since": datetime.now(UTC),
            **describe_manifest(predictor.manifest),
        },
        option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS,
    )


def refuse_late(deadline: float) -> None:
    """Raise GatewayTimeout where nobody waits for the prediction any more."""
    if time.monotonic() > deadline:
        raise GatewayTimeout("The time for an answer passed before it was begun.")


def read_body(environ: dict[str, Any], max_body_bytes: int) -> bytes:
    """Return the JSON bytes of the request, or raise 400, 413 or 415.

    One byte more than the limit is read, and then refused: Werkzeug's own limit cuts a
    chunked body short without an error.
    """
    if environ.get("CONTENT_TYPE") != JSON and not _is_json():
        raise UnsupportedMediaType(f"The Content-Type must be {JSON}, in UTF-8.")
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


def _is_json() -> bool:
    charset = request.mimetype_params.get("charset", "utf-8")
    return request.mimetype == JSON and charset.lower() in ("utf-8", "utf8")


def write_answer(
    manifest: Manifest,
    request_id: str,
    predictions: Predictions,
    instances: Instances,
) -> Answer:
    """Write the answer to a request: by column where that came by column."""
    answer: dict[str, Any] = {
        "model": {"name": manifest.name, "version": manifest.version},
        "request_id": request_id,
        "predictions": (
            predictions.to_columns() if instances.by_column else predictions.to_json()
        ),
    }
    if instances.warnings:
        answer["warnings"] = instances.warnings
    return Answer(orjson.dumps(answer), content_type=JSON)
