"""The contract, published: OpenAPI 3.1 of this very model, and a page that renders it.

The schema of a request is made by apispec from the marshmallow schema that validates.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flask_swagger_ui
import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Blueprint, Response, send_from_directory

from service.model.codec import Codec
from service.model.golden import GoldenRecord
from service.model.manifest import Manifest
from service.model.predictor import Predictor
from service.model.schema import StrictDateTime
from service.web.auth import public
from service.web.errors import PROBLEM, TITLES

# The page runs what lies beside it, and nothing from elsewhere; its styles are partly
# written in place.
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
PAGE = Path(__file__).parent / "docs"

# What each error status of the API means; the README lists the same.
ERRORS = {
    400: "The body is not strict JSON",
    401: "No API key, or none that is known",
    403: "The key lacks the scope",
    404: "There is no such route",
    405: "The route does not take this method",
    408: "The body did not arrive in time",
    413: "The body has too many bytes or instances",
    415: "The body is not uncompressed JSON in UTF-8",
    422: "The contract is violated, at the places named",
    429: "The client's limit, or that of failed attempts, is reached",
    500: "The service could not answer, and its log says why",
    503: "This process is not ready, or has too much to do",
    504: "The deadline passed before the answer was ready",
}

TEXT = {"type": "string"}
NUMBER = {"type": "number"}


def build_openapi(predictor: Predictor, codec: Codec) -> Blueprint:
    """Build the routes of the published contract: for everybody, so without a key."""
    openapi = Blueprint("openapi", __name__)
    document = orjson.dumps(describe_api(predictor, codec))

    @openapi.get("/openapi.json")
    @public
    def publish() -> Response:
        return Response(document, content_type="application/json")

    @openapi.after_request
    def keep_in(response: Response) -> Response:
        response.headers.pop("Cache-Control", None)  # as every answer has it
        if response.mimetype == "text/html":
            response.headers["Content-Security-Policy"] = POLICY
        return response

    @openapi.get("/docs")
    @public
    def show_page() -> Response:
        return send_from_directory(PAGE, "index.html")

    @openapi.get("/docs/<path:name>")
    @public
    def send_asset(name: str) -> Response:
        own = name == "start.js"
        return send_from_directory(PAGE if own else SWAGGER_UI, name)

    return openapi


def describe_api(predictor: Predictor, codec: Codec) -> dict[str, Any]:
    """Return the OpenAPI document."""
    manifest, example = predictor.manifest, predictor.golden.records[0]
    plugin = MarshmallowPlugin()
    spec = APISpec(
        title=manifest.name,
        version=manifest.version,
        openapi_version="3.1.0",
        info={"description": manifest.description},
        plugins=[plugin],
    )
    plugin.map_to_openapi_type(StrictDateTime, "string", None)
    schemas = spec.components
    schemas.schema("PredictRequest", schema=codec.schema)
    schemas.schema("Prediction", _describe_prediction(manifest, example))
    schemas.schema("PredictAnswer", ANSWER)
    schemas.schema("Remark", REMARK)
    schemas.schema("Problem", PROBLEM_SCHEMA)
    schemas.schema("Health", _object({"status": TEXT}))
    schemas.schema("Model", {"type": "object"})
    for status, meaning in ERRORS.items():
        content = {PROBLEM: {"schema": _refer("Problem")}}
        schemas.response(str(status), {"description": meaning, "content": content})
    schemas.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    schemas.security_scheme(
        "header", {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    )
    for path, operation in _iterate_operations(manifest, example):
        spec.path(path, operations=operation)
    document: dict[str, Any] = spec.to_dict()
    return document


def _iterate_operations(
    manifest: Manifest, example: GoldenRecord
) -> Sequence[tuple[str, dict[str, Any]]]:
    answer = {
        "model": {"name": manifest.name, "version": manifest.version},
        "request_id": "9f86d081884c7d659a2feaa0c55ad015",
        "predictions": [example.prediction],
    }
    predict = {
        "operationId": "predict",
        "tags": ["model"],
        "summary": "Predict instances",
        "security": [{"bearer": []}, {"header": []}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": _refer("PredictRequest"),
                    "example": {"instances": [example.instance]},
                }
            },
        },
        "responses": {
            **_answer("The predictions, in the order of the instances", answer),
            **_errors(400, 401, 403, 408, 413, 415, 422, 429, 500, 503, 504),
        },
    }
    model = {
        "operationId": "describeModel",
        "tags": ["model"],
        "summary": "Name, version, contract, digests, libraries and metrics",
        "security": [{"bearer": []}, {"header": []}],
        "responses": {
            "200": _body("The manifest that is served", "Model"),
            **_errors(401, 403, 429),
        },
    }
    ready: dict[str, Any] = {
        "tags": ["health"],
        "summary": "Ready: this process has reproduced its golden records",
        "responses": {"200": _body("Ready", "Health"), **_errors(503)},
    }
    live: dict[str, Any] = {
        "tags": ["health"],
        "summary": "Live: the process answers",
        "responses": {"200": _body("Live", "Health")},
    }
    return (
        ("/v1/predict", {"post": predict}),
        ("/v1/model", {"get": model}),
        ("/health", {"get": {"operationId": "health", **ready}}),
        ("/health/ready", {"get": {"operationId": "ready", **ready}}),
        ("/health/live", {"get": {"operationId": "live", **live}}),
    )


def _object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def _refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": _refer(name)}


def _body(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": _refer(schema)}}
    return {"description": description, "content": content}


def _answer(description: str, example: dict[str, Any]) -> dict[str, Any]:
    body = _body(description, "PredictAnswer")
    body["content"]["application/json"]["example"] = example
    return {"200": body}


def _errors(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses
    }


def _describe_prediction(manifest: Manifest, example: GoldenRecord) -> dict[str, Any]:
    numbers = _object(dict.fromkeys(manifest.names, NUMBER))
    if "label" in example.prediction:
        label = {"type": "string", "enum": list(manifest.names)}
        if "probabilities" not in example.prediction:
            return _object({"label": label})
        return _object({"label": label, "probabilities": numbers})
    return _object(
        {"value": NUMBER} if len(manifest.names) == 1 else {"values": numbers}
    )


REMARK = _object({"path": TEXT, "message": TEXT})

ANSWER = _object(
    {
        "model": _object({"name": TEXT, "version": TEXT}),
        "request_id": TEXT,
        "predictions": _list_of("Prediction"),
        "warnings": {
            "description": "What was noticed and let through",
            **_list_of("Remark"),
        },
    },
    "warnings",
)

PROBLEM_SCHEMA = {
    "description": "RFC 9457",
    **_object(
        {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string", "examples": list(TITLES.values())},
            "status": {"type": "integer"},
            "detail": TEXT,
            "request_id": TEXT,
            "errors": _list_of("Remark"),
        },
        "errors",
    ),
}
