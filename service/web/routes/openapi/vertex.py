"""The operations of the routes that Vertex AI names."""

from typing import Any

from service.model.artefact.golden import GoldenRecord
from service.web.dialects.vertex import VertexRoutes
from service.web.media_types import JSON
from service.web.routes.openapi.invocations import PARAMETERS, ROWS
from service.web.routes.openapi.operations import (
    PREDICT_ERRORS,
    SECURED,
    Operation,
    describe_answer,
    name_operation,
    respond,
)
from service.web.routes.openapi.schemas import build_object

REQUEST = build_object({"instances": ROWS, "parameters": PARAMETERS}, "parameters")


def describe_vertex(
    routes: VertexRoutes, example: GoldenRecord
) -> dict[str, dict[str, Operation]]:
    """Return the operations of each path, of those that are named."""
    described: dict[str, dict[str, Operation]] = {}
    if routes.health:
        ready = name_operation("vertexReady", "dialects", "Ready, as Vertex AI asks")
        answer = {"description": "Ready", "content": {JSON: {"schema": {}}}}
        described[routes.health] = {"get": respond(ready, answer, 503)}
    if routes.predict:
        predict = name_operation("vertexPredict", "dialects", "As Vertex AI does")
        instances = {"instances": [example.instance]}
        content: dict[str, Any] = {JSON: {"schema": REQUEST, "example": instances}}
        predict |= SECURED | {"requestBody": {"required": True, "content": content}}
        answer = describe_answer("The predictions", "BarePredictions")
        described[routes.predict] = {"post": respond(predict, answer, *PREDICT_ERRORS)}
    return described
