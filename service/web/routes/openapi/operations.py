"""The operations of the API: what each route takes and answers."""

from collections.abc import Iterator
from typing import Any

from service.model.artefact.golden import GoldenRecord
from service.model.artefact.manifest import Manifest
from service.model.contract.arrow_stream import ARROW, has_arrow
from service.web.media_types import CSV, JSON_LINES
from service.web.routes.openapi.schemas import TEXT, refer_to

# What each error status of the API means; docs/errors.md lists the same.
ERRORS = {
    400: "The body is not strict JSON, or no CSV or Arrow",
    401: "No API key, or none that is known",
    403: "The key lacks the scope",
    404: "There is no such route",
    405: "The route does not take this method",
    406: "The caller accepts none of the answers on offer",
    408: "The body did not arrive in time",
    413: "The body has too many bytes or instances",
    415: "The body is of another type, not in UTF-8, or compressed",
    422: "The contract is violated, at the places named",
    429: "The client's limit, or that of failed attempts, is reached",
    500: "The service could not answer, and its log says why",
    503: "This process is not ready, or has too much to do",
    504: "The deadline passed before the answer was ready",
}

Operation = dict[str, Any]

# An answer of bytes, and what is said of requests, where pyarrow is installed.
BYTES: dict[str, Any] = {}
ALSO_ARROW = f", or as {ARROW}" if has_arrow() else ""

# What is answered to whoever asks for predictions and does not get them.
PREDICT_ERRORS = (400, 401, 403, 408, 413, 415, 422, 429, 500, 503, 504)

SECURED: dict[str, Any] = {"security": [{"bearer": []}, {"header": []}]}


def iterate_operations(
    manifest: Manifest, example: GoldenRecord
) -> Iterator[tuple[str, dict[str, Operation]]]:
    """Yield each path with its operations, by method."""
    yield "/v1/predict", {"post": describe_predict(manifest, example)}
    model = name_operation(
        "describeModel",
        "model",
        "Name, version, contract, digests, libraries, metrics and start of service",
    )
    described = describe_answer("The manifest that is served", "Model")
    errors = [401, 403, 408, 429, 500, 503, 504]
    yield "/v1/model", {"get": respond(model | SECURED, described, *errors)}
    drift = name_operation(
        "measureDrift",
        "model",
        "How far what came in lies from what the model was fitted on",
    )
    windows = describe_answer("The window under way, and the one before it", "Drift")
    errors = [401, 403, 404, 408, 429, 500, 503, 504]
    yield "/v1/drift", {"get": respond(drift | SECURED, windows, *errors)}
    shadow = name_operation(
        "compareShadow", "model", "How a second version answers what was answered"
    )
    figures = describe_answer("What both answered since the server started", "Shadow")
    yield "/v1/shadow", {"get": respond(shadow | SECURED, figures, *errors)}
    for path, operation_id in (("/health", "health"), ("/health/ready", "ready")):
        summary = "Ready: this process has reproduced its golden records"
        ready = name_operation(operation_id, "health", summary)
        yield path, {"get": respond(ready, describe_answer("Ready", "Health"), 503)}
    live = name_operation("live", "health", "Live: the process answers")
    yield "/health/live", {"get": respond(live, describe_answer("Live", "Health"))}


def describe_predict(manifest: Manifest, example: GoldenRecord) -> Operation:
    """Return the operation of POST /v1/predict."""
    predictions = describe_answer(
        "The predictions, in the order of the instances", "PredictAnswer"
    )
    predictions["content"]["application/json"]["example"] = {
        "model": {"name": manifest.name, "version": manifest.version},
        "request_id": "9f86d081884c7d659a2feaa0c55ad015",
        "predictions": [example.prediction],
    }
    content = {
        "schema": refer_to("PredictRequest"),
        "example": {"instances": [example.instance]},
    }
    offer_tables(predictions)
    body = {"required": True, "content": {"application/json": content}}
    predict = name_operation("predict", "model", "Predict instances")
    also = f"; or as {CSV}, with a header of the features' names"
    if manifest.contract.table == "tensors":  # which CSV cannot hold
        also = ""
    # No schema can say that columns are equally long, or what CSV is, so neither is in
    # that above.
    predict["description"] = (
        f"Also by column, a list for each feature: PredictColumns{also}{ALSO_ARROW}."
        " The answer is by column then, too."
    )
    predict |= SECURED | {"requestBody": body}
    return respond(predict, predictions, *PREDICT_ERRORS, 406)


def offer_tables(answer: dict[str, Any]) -> None:
    """Let an answer be CSV or JSON Lines, where the caller accepts that."""
    for type_ in (CSV, *JSON_LINES):
        answer["content"][type_] = {"schema": TEXT}
    if has_arrow():
        answer["content"][ARROW] = {"schema": BYTES}


def name_operation(operation_id: str, tag: str, summary: str) -> Operation:
    """Begin an operation."""
    return {"operationId": operation_id, "tags": [tag], "summary": summary}


def respond(operation: Operation, answer: dict[str, Any], *errors: int) -> Operation:
    """Return an operation with what it answers, and the errors among that."""
    refused = {str(e): {"$ref": f"#/components/responses/{e}"} for e in errors}
    return {**operation, "responses": {"200": answer, **refused}}


def describe_answer(description: str, schema: str) -> dict[str, Any]:
    """Return an answer that has a schema of the document."""
    content = {"application/json": {"schema": refer_to(schema)}}
    return {"description": description, "content": content}
