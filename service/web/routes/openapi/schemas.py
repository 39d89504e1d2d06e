"""The schemas of answers, and of this model's predictions."""

from collections.abc import Iterable
from typing import Any

from service.model.contract.prediction_form import PredictionForm
from service.web.errors import TITLES
from service.web.shadow.figures import QUANTILES
from service.web.shadow.metrics import DROPS, EXITS, OUTCOMES, VERSIONS

TEXT = {"type": "string"}
NUMBER = {"type": "number"}
MOMENT = {"type": "string", "format": "date-time"}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
COUNT = {"type": "integer", "minimum": 0}


EXPLAIN = {
    "description": "Whether to say what each feature contributed to each answer",
    "type": "boolean",
}


def build_object(properties: dict[str, Any], *optional: str) -> dict[str, Any]:
    """Return the schema of an object that requires all but the optional properties."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def refer_to(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(name: str) -> dict[str, Any]:
    """Return the schema of a list whose items have a schema of the document."""
    return {"type": "array", "items": refer_to(name)}


def describe_prediction(form: PredictionForm) -> dict[str, Any]:
    """Return the schema of what this very model predicts."""
    if form.outputs:
        outputs = {name: describe_prediction(f) for name, f in form.outputs.items()}
        return build_object({"outputs": build_object(outputs)})
    properties: dict[str, Any] = {}
    if form.labels:
        properties["label"] = {"type": "string", "enum": list(form.labels)}
    properties.update(dict.fromkeys(form.scalars, NUMBER))
    if form.group:
        properties[form.group] = build_object(dict.fromkeys(form.names, NUMBER))
    return build_object(properties)


def describe_prediction_columns(form: PredictionForm) -> dict[str, Any]:
    """Return the schema of what this very model predicts, by column."""

    def take_lists(schema: dict[str, Any]) -> dict[str, Any]:
        if schema["type"] != "object":
            return {"type": "array", "items": schema}
        properties = schema["properties"].items()
        return build_object({name: take_lists(each) for name, each in properties})

    return take_lists(describe_prediction(form))


def describe_columns(instance: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a request by column, from the schema of an instance."""
    columns = {
        **instance,
        "properties": {
            name: {"type": "array", "items": each}
            for name, each in instance["properties"].items()
        },
    }
    return {
        "description": "Instances by column: lists of one length",
        "additionalProperties": False,
        **build_object({"columns": columns, "explain": EXPLAIN}, "explain"),
    }


REMARK = build_object({"path": TEXT, "message": TEXT})

ANSWER = build_object(
    {
        "model": build_object({"name": TEXT, "version": TEXT}),
        "request_id": TEXT,
        "predictions": {
            "anyOf": [list_of("Prediction"), refer_to("PredictionColumns")]
        },
        "warnings": {
            "description": "What was noticed and let through",
            **list_of("Remark"),
        },
        "explanations": {
            "description": "By output, on the scale of its score",
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": refer_to("Explanation"),
            },
        },
        "not_explained_because": TEXT,
    },
    *("warnings", "explanations", "not_explained_because"),
)

EXPLANATION = {
    "description": "The baseline and the contributions add up to the score",
    **build_object(
        {
            "score": NUMBER,
            "baseline": {"description": "The mean score in training", **NUMBER},
            "contributions": {"type": "object", "additionalProperties": NUMBER},
        }
    ),
}

PROBLEM_SCHEMA = {
    "description": "RFC 9457",
    **build_object(
        {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string", "examples": list(TITLES.values())},
            "status": {"type": "integer"},
            "detail": TEXT,
            "request_id": TEXT,
            "errors": list_of("Remark"),
        },
        "errors",
    ),
}

MODEL = build_object(
    {
        "name": TEXT,
        "version": TEXT,
        "digest": {"description": "SHA-256 of the manifest", **TEXT},
        "serving_since": {
            "description": "When this start of the service loaded the version",
            **MOMENT,
        },
    }
)

BOUND = {"type": ["number", "null"]}


def _count_each(names: Iterable[str]) -> dict[str, Any]:
    return build_object(dict.fromkeys(names, COUNT))


SHADOW = build_object(
    {
        "sample": SHARE,
        "is_ready": {"type": "boolean"},
        "shadow": {
            "description": "The version that is compared; null while it is not ready",
            "type": ["object", "null"],
        },
        "requests": _count_each(OUTCOMES),
        "dropped": _count_each(DROPS),
        "exits": _count_each(EXITS),
        "instances": COUNT,
        "labels_changed": COUNT,
        "labels_changed_share": {"type": ["number", "null"]},
        "labels": {
            "type": "array",
            "items": build_object({"stable": TEXT, "shadow": TEXT, "instances": COUNT}),
        },
        "differences": {
            "description": "What such a share of the instances does not exceed",
            **build_object(dict.fromkeys(QUANTILES, BOUND)),
        },
        "contract_violations": {
            "type": "array",
            "items": build_object({"field": TEXT, "kind": TEXT, "count": COUNT}),
        },
        "duration_seconds": build_object(
            dict.fromkeys(VERSIONS, build_object(dict.fromkeys(QUANTILES, BOUND)))
        ),
    }
)
