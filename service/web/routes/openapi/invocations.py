"""The operation that MLflow and SageMaker share."""

from typing import Any

from service.model.artefact.golden import GoldenRecord
from service.model.artefact.manifest import Manifest
from service.web.media_types import CSV, JSON, JSON_LINES
from service.web.routes.openapi.operations import (
    PREDICT_ERRORS,
    SECURED,
    Operation,
    describe_answer,
    name_operation,
    offer_tables,
    respond,
)
from service.web.routes.openapi.schemas import TEXT, build_object, refer_to

ROWS = {"type": "array"}
PARAMETERS = {"type": ["object", "null"], "maxProperties": 0}
FORMS = {
    "dataframe_split": build_object(
        {
            "columns": {"type": "array", "items": TEXT},
            "data": {"type": "array", "items": ROWS},
            "index": ROWS,
        },
        "index",
    ),
    "dataframe_records": ROWS,
    "instances": ROWS,
    "inputs": {"type": ["array", "object"]},
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "InvocationRequest": {
        "description": "Just one of the forms",
        "additionalProperties": False,
        **build_object(
            {**FORMS, "params": PARAMETERS},
            *(*FORMS, "params"),
        ),
    }
}


def describe_invocations(
    manifest: Manifest, example: GoldenRecord
) -> tuple[str, dict[str, Operation]]:
    """Return the path and what is done there."""
    operation = name_operation("invoke", "dialects", "As MLflow and SageMaker do")
    names = ", ".join(feature.name for feature in manifest.contract.features)
    instance = example.instance
    frame = {"columns": [*instance], "data": [[*instance.values()]]}
    content: dict[str, Any] = {
        JSON: {
            "schema": refer_to("InvocationRequest"),
            "example": {"dataframe_split": frame},
        },
        CSV: {"schema": {"description": f"In this order: {names}", **TEXT}},
        **{type_: {"schema": TEXT} for type_ in JSON_LINES},
    }
    if manifest.contract.table == "tensors":
        del content[CSV]
    operation |= SECURED | {"requestBody": {"required": True, "content": content}}
    answer = describe_answer("The predictions", "BarePredictions")
    offer_tables(answer)
    return "/invocations", {"post": respond(operation, answer, *PREDICT_ERRORS, 406)}
