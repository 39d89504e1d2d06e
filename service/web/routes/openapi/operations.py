"""What each route of the API takes and answers."""

from collections.abc import Iterator
from typing import Any

from service.model.artefact.golden import GoldenRecord
from service.model.artefact.manifest import Manifest
from service.web.routes.openapi.schemas import refer_to

# What each error status of the API means; docs/errors.md lists the same.
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


Operation = dict[str, Any]

SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"header": []}]


def iterate_operations(
    manifest: Manifest, example: GoldenRecord
) -> Iterator[tuple[str, dict[str, Operation]]]:
    """Yield each path with what is done at it, by method."""
    yield "/v1/predict", {"post": _describe_predict(manifest, example)}
    yield "/v1/model", {"get": _describe_model()}
    yield "/v1/drift", {"get": _describe_drift()}
    for path, name in (("/health", "health"), ("/health/ready", "ready")):
        yield path, {"get": {"operationId": name, **_describe_ready()}}
    yield "/health/live", {"get": _describe_live()}


def _describe_predict(manifest: Manifest, example: GoldenRecord) -> Operation:
    answer = {
        "model": {"name": manifest.name, "version": manifest.version},
        "request_id": "9f86d081884c7d659a2feaa0c55ad015",
        "predictions": [example.prediction],
    }
    return {
        "operationId": "predict",
        "tags": ["model"],
        "summary": "Predict instances",
        "security": SECURITY,
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": refer_to("PredictRequest"),
                    "example": {"instances": [example.instance]},
                }
            },
        },
        "responses": {
            **_answer("The predictions, in the order of the instances", answer),
            **_errors(400, 401, 403, 408, 413, 415, 422, 429, 500, 503, 504),
        },
    }


def _describe_model() -> Operation:
    return {
        "operationId": "describeModel",
        "tags": ["model"],
        "summary": "Name, version, contract, digests, libraries and metrics",
        "security": SECURITY,
        "responses": {
            "200": _body("The manifest that is served", "Model"),
            **_errors(401, 403, 408, 429, 500, 503, 504),
        },
    }


def _describe_drift() -> Operation:
    return {
        "operationId": "measureDrift",
        "tags": ["model"],
        "summary": "How far what came in lies from what the model was fitted on",
        "security": SECURITY,
        "responses": {
            "200": _body("The window under way, and the one before it", "Drift"),
            **_errors(401, 403, 404, 408, 429, 500, 503, 504),
        },
    }


def _describe_ready() -> Operation:
    return {
        "tags": ["health"],
        "summary": "Ready: this process has reproduced its golden records",
        "responses": {"200": _body("Ready", "Health"), **_errors(503)},
    }


def _describe_live() -> Operation:
    return {
        "operationId": "live",
        "tags": ["health"],
        "summary": "Live: the process answers",
        "responses": {"200": _body("Live", "Health")},
    }


def _body(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": refer_to(schema)}}
    return {"description": description, "content": content}


def _answer(description: str, example: dict[str, Any]) -> dict[str, Any]:
    body = _body(description, "PredictAnswer")
    body["content"]["application/json"]["example"] = example
    return {"200": body}


def _errors(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses
    }
