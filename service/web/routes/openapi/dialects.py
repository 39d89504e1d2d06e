"""The operations of the dialects, and the schemas of what they take and answer.

That the tensors of a request are equally long, and that each fits its shape, is more
than a schema can say: the protocols themselves are what is to be read.
"""

import re
from collections.abc import Iterator
from typing import Any

from service.model.artefact.golden import GoldenRecord
from service.model.artefact.manifest import Manifest
from service.model.contract.features import Feature
from service.web.dialects.tensor_values import DATATYPES, describe_input
from service.web.media_types import JSON
from service.web.routes.openapi.invocations import describe_invocations
from service.web.routes.openapi.operations import (
    PREDICT_ERRORS,
    SECURED,
    Operation,
    describe_answer,
    describe_predict,
    name_operation,
    respond,
)
from service.web.routes.openapi.schemas import (
    TEXT,
    build_object,
    list_of,
    refer_to,
)

TENSOR = build_object(
    {
        "name": TEXT,
        "shape": {"type": "array", "items": {"type": "integer", "minimum": -1}},
        "datatype": {"type": "string", "enum": sorted(DATATYPES)},
        "data": {"type": "array"},
    },
    "data",
)
SCHEMAS: dict[str, dict[str, Any]] = {
    "Tensor": TENSOR,
    "InferRequest": build_object(
        {"id": TEXT, "inputs": list_of("Tensor"), "outputs": {"type": "array"}},
        *("id", "outputs"),
    ),
    "InferAnswer": build_object(
        {
            "model_name": TEXT,
            "model_version": TEXT,
            "id": TEXT,
            "outputs": list_of("Tensor"),
            "parameters": {"type": "object", "properties": {"warnings": TEXT}},
        },
        "parameters",
    ),
    "ServerMetadata": build_object(
        {"name": TEXT, "version": TEXT, "extensions": {"type": "array", "items": TEXT}}
    ),
    "ModelMetadata": build_object(
        {
            "name": TEXT,
            "versions": {"type": "array", "items": TEXT},
            "platform": TEXT,
            "inputs": list_of("Tensor"),
            "outputs": list_of("Tensor"),
        }
    ),
    "Ready": build_object({"ready": {"type": "boolean"}}),
    "Live": build_object({"live": {"type": "boolean"}}),
    "Alive": build_object({"status": TEXT}),
    "BarePredictions": build_object(
        {
            "predictions": {
                "anyOf": [list_of("Prediction"), refer_to("PredictionColumns")]
            },
            "warnings": list_of("Remark"),
        },
        "warnings",
    ),
}

Operations = Iterator[tuple[str, dict[str, Operation]]]


def iterate_dialects(manifest: Manifest, example: GoldenRecord) -> Operations:
    """Yield what callers of other servers ask."""
    name, version = manifest.name, manifest.version
    content = describe_predict(manifest, example)["requestBody"]["content"]
    bare = {**content[JSON], "schema": refer_to("InstancesRequest")}
    body = {"required": True, "content": {JSON: bare}}
    path = f"/v1/models/{name}"
    yield _ask(path, "Ready, as KServe v1 asks", "Ready")
    yield _predict(f"{path}:predict", "As KServe v1 does", body, "BarePredictions")
    yield describe_invocations(manifest, example)
    yield _ask("/ping", "Ready, as MLflow and SageMaker ask", None)
    yield _ask("/version", "The version of the model, as MLflow asks", None)
    yield _ask("/", "Alive, as KServe and Azure ask", "Alive")
    yield _ask("/v2", "Metadata of the server", "ServerMetadata")
    yield _ask("/v2/health/live", "Live, as the Open Inference Protocol asks", "Live")
    yield _ask("/v2/health/ready", "Ready, as that protocol asks", "Ready")
    tensors = [
        _describe_tensor(feature, example.instance[feature.name])
        for feature in manifest.contract.features
        if feature.name in example.instance
    ]
    content = {"schema": refer_to("InferRequest"), "example": {"inputs": tensors}}
    body = {"required": True, "content": {JSON: content}}
    for path in (f"/v2/models/{name}", f"/v2/models/{name}/versions/{version}"):
        yield _ask(path, "Metadata of the model", "ModelMetadata")
        yield _ask(f"{path}/ready", "Ready, as the protocol asks", "Ready")
        summary = "Predict by the Open Inference Protocol"
        yield _predict(f"{path}/infer", summary, body, "InferAnswer")


def _ask(
    path: str, summary: str, schema: str | None
) -> tuple[str, dict[str, Operation]]:
    """Describe a question that everybody may ask; without a schema, it is for text."""
    operation = name_operation(_name_path(path), "dialects", summary)
    answer = {"description": summary, "content": {"text/plain": {"schema": TEXT}}}
    if schema:
        answer = describe_answer(summary, schema)
    return path, {"get": respond(operation, answer, 503)}


def _predict(
    path: str, summary: str, body: dict[str, Any], schema: str
) -> tuple[str, dict[str, Operation]]:
    operation = name_operation(_name_path(path), "dialects", summary)
    operation |= SECURED | {"requestBody": body}
    answer = describe_answer("The predictions", schema)
    return path, {"post": respond(operation, answer, *PREDICT_ERRORS)}


def _name_path(path: str) -> str:
    """Return the id of the operation at a path."""
    return re.sub(r"\W+", "_", path).strip("_")


def _describe_tensor(feature: Feature, value: Any) -> dict[str, Any]:
    """Return a value of one instance as a tensor."""
    shape, inner = [1], value
    for _ in feature.shape or ():
        shape.append(len(inner))
        inner = inner[0]
    return {**describe_input(feature), "shape": shape, "data": [value]}
