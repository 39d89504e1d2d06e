"""The schemas of answers, and of this model's predictions."""

from typing import Any

from service.model.artefact.golden import GoldenRecord
from service.model.artefact.manifest import Manifest
from service.model.drift.figures import VERDICTS
from service.web.errors import TITLES

TEXT = {"type": "string"}
NUMBER = {"type": "number"}


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


def describe_prediction(manifest: Manifest, example: GoldenRecord) -> dict[str, Any]:
    """Return the schema of this model's predictions."""
    numbers = build_object(dict.fromkeys(manifest.names, NUMBER))
    if "label" in example.prediction:
        label = {"type": "string", "enum": list(manifest.names)}
        if "probabilities" not in example.prediction:
            return build_object({"label": label})
        return build_object({"label": label, "probabilities": numbers})
    return build_object(
        {"value": NUMBER} if len(manifest.names) == 1 else {"values": numbers}
    )


REMARK = build_object({"path": TEXT, "message": TEXT})

ANSWER = build_object(
    {
        "model": build_object({"name": TEXT, "version": TEXT}),
        "request_id": TEXT,
        "predictions": list_of("Prediction"),
        "warnings": {
            "description": "What was noticed and let through",
            **list_of("Remark"),
        },
    },
    "warnings",
)

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

SHARE = {"type": "number", "minimum": 0, "maximum": 1}
VERDICT = {"type": "string", "enum": list(VERDICTS)}

DRIFT_FIGURE = build_object(
    {
        "name": TEXT,
        "psi": {"description": "Population stability index", **NUMBER},
        "js_distance": {"description": "Jensen-Shannon distance", **NUMBER},
        "test": {"type": "string", "enum": ["chi-square", "kolmogorov-smirnov"]},
        "p_value": {"type": ["number", "null"]},
        "null_rate": SHARE,
        "unseen_rate": SHARE,
        "verdict": VERDICT,
    }
)

DRIFT_WINDOW = build_object(
    {
        "begins": {"type": "string", "format": "date-time"},
        "ends": {"type": "string", "format": "date-time"},
        "count": {"type": "integer"},
        "verdict": VERDICT,
        "features": list_of("DriftFigure"),
        "scores": list_of("DriftFigure"),
    }
)

DRIFT = build_object(
    {
        "window_seconds": {"type": "integer"},
        "minimum_count": {"type": "integer"},
        "current": refer_to("DriftWindow"),
        "previous": refer_to("DriftWindow"),
    }
)
