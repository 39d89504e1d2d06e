"""The OpenAPI document of a model.

apispec makes the schema of a request from the marshmallow schema that validates it.
"""

from itertools import chain
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin

from service.model.contract.codec import Codec
from service.model.contract.mapping_rows import MappingInstance
from service.model.contract.positional_rows import takes_positions
from service.model.contract.strict_fields import StrictDateTime
from service.model.prediction.predictor import Predictor
from service.web.dialects.vertex import NO_ROUTES, VertexRoutes
from service.web.errors import PROBLEM
from service.web.media_types import JSON
from service.web.routes.openapi import invocations
from service.web.routes.openapi.dialects import SCHEMAS, iterate_dialects
from service.web.routes.openapi.drift import DRIFT_SCHEMAS
from service.web.routes.openapi.operations import ERRORS, iterate_operations
from service.web.routes.openapi.schemas import (
    ANSWER,
    EXPLAIN,
    EXPLANATION,
    MODEL,
    PROBLEM_SCHEMA,
    REMARK,
    SHADOW,
    TEXT,
    build_object,
    describe_columns,
    describe_prediction,
    describe_prediction_columns,
    refer_to,
)
from service.web.routes.openapi.vertex import describe_vertex

# An image of 8 x 8 is below, and one of 28 x 28 is not.
MAX_EXAMPLE_BYTES = 4096


def describe_api(
    predictor: Predictor, codec: Codec, vertex: VertexRoutes = NO_ROUTES
) -> dict[str, Any]:
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
    plugin.map_to_openapi_type(MappingInstance, "object", None)
    schemas = spec.components
    schemas.schema("PredictRequest", schema=codec.schema)
    schemas.schema("Explanation", EXPLANATION)
    if codec.contract.table != "mapping":
        schemas.schema("PredictColumns", describe_columns(schemas.schemas["Instance"]))
    if takes_positions(codec.contract):
        _take_positions(schemas.schemas)
    _offer_explanations(schemas.schemas)
    schemas.schema("Prediction", describe_prediction(predictor.form))
    schemas.schema("PredictionColumns", describe_prediction_columns(predictor.form))
    schemas.schema("PredictAnswer", ANSWER)
    schemas.schema("Remark", REMARK)
    schemas.schema("Problem", PROBLEM_SCHEMA)
    schemas.schema("Health", build_object({"status": TEXT}))
    schemas.schema("Model", MODEL)
    schemas.schema("Shadow", SHADOW)
    parts = (SCHEMAS, invocations.SCHEMAS, DRIFT_SCHEMAS)
    for name, schema in chain.from_iterable(part.items() for part in parts):
        schemas.schema(name, schema)
    for status, meaning in ERRORS.items():
        # JSON of no name below the paths of the dialects.
        content = {name: {"schema": refer_to("Problem")} for name in (PROBLEM, JSON)}
        schemas.response(str(status), {"description": meaning, "content": content})
    schemas.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    schemas.security_scheme(
        "header", {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    )
    operations = iterate_operations(manifest, example)
    described = dict(chain(operations, iterate_dialects(manifest, example)))
    # A route of another may be named for the health.
    for path, operation in (describe_vertex(vertex, example) | described).items():
        spec.path(path, operations=operation)
    document: dict[str, Any] = spec.to_dict()
    if codec.contract.table == "tensors":
        _drop_long_examples(document["paths"])
    return document


def _drop_long_examples(node: Any) -> None:
    """Leave out the examples of large tensors: one is as long as all else is."""
    if not isinstance(node, dict):
        return
    if "example" in node and len(orjson.dumps(node["example"])) > MAX_EXAMPLE_BYTES:
        del node["example"]
    for below in node.values():
        _drop_long_examples(below)


def _offer_explanations(schemas: dict[str, Any]) -> None:
    """Let a request want explanations, but for one that is in another's form."""
    bare = schemas["PredictRequest"]
    schemas["InstancesRequest"] = bare
    properties = {**bare["properties"], "explain": EXPLAIN}
    schemas["PredictRequest"] = {**bare, "properties": properties}


def _take_positions(schemas: dict[str, Any]) -> None:
    """Let an instance be a list of its values in the schema of a request."""
    values = list(schemas["Instance"]["properties"].values())
    row = {
        "type": "array",
        "prefixItems": values,
        "minItems": len(values),
        "maxItems": len(values),
    }
    instances = schemas["PredictRequest"]["properties"]["instances"]
    instances["items"] = {"anyOf": [instances["items"], row]}
