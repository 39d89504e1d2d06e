"""The contract compiled to a marshmallow schema, which is what validates.

apispec turns the same schema into the JSON Schema that is published.
"""

import sys
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from service.model.contract.features import Contract, Feature
from service.model.contract.request_limits import UNBOUNDED, RequestLimits
from service.model.contract.strict_fields import (
    StrictBoolean,
    StrictDateTime,
    StrictInteger,
    StrictNumber,
    StrictString,
)
from service.model.contract.tables import read_limits, read_timestamp

# A double beyond it is infinite, and refused as such.
LARGEST_DOUBLE = sys.float_info.max

# An array of strings drops what NUL characters a text ends in.
NO_NUL_AT_END = r"^([\s\S]*[^\x00])?$"

# What kind of fault a message tells of, by how it begins.
VIOLATIONS = {
    "is required": "missing",
    "is not ": "unknown",
    "must not be null": "null",
    "must not be empty": "empty",
    "must not end ": "text",
    "must have at most ": "length",
    "must be a ": "type",
    "must be an ": "type",
    "must be true ": "type",
    "must be at ": "range",
    "must be between ": "range",
    "must be one of ": "category",
}


class InstanceSchema(Schema):
    """The base of a compiled schema, with this service's wording."""

    error_messages = {
        "type": "must be an object",
        "unknown": "is not a feature of this model",
    }


class RequestSchema(Schema):
    """The base of the schema of a request's body."""

    error_messages = {"type": "must be an object", "unknown": "is not expected here"}


def compile_schema(contract: Contract, bounds: RequestLimits) -> RequestSchema:
    """Compile the schema of a request: `instances`, from one to as many as may be.

    A feature's field is called f0, f1, ... within, so that no feature name can collide
    with marshmallow's own (`fields`, `context`) or be read as a path (`a.b`).
    """
    columns = {
        f"f{i}": compile_field(f, bounds.max_string_length)
        for i, f in enumerate(contract.features)
    }
    meta = {"unknown": EXCLUDE if contract.unknown_fields == "ignore" else RAISE}
    instance = type(
        "Instance", (InstanceSchema,), {**columns, "Meta": type("Meta", (), meta)}
    )
    instances = fields.List(
        fields.Nested(instance, error_messages={"null": "must be an object"}),
        required=True,
        validate=validate.Length(1, bounds.max_instances, error="must not be empty"),
        error_messages={
            "required": "is required",
            "null": "must be a list",
            "invalid": "must be a list",
        },
    )
    request = type("PredictRequest", (RequestSchema,), {"instances": instances})
    schema: RequestSchema = request()
    return schema


def compile_field(
    feature: Feature, max_string_length: int = UNBOUNDED.max_string_length
) -> fields.Field[Any]:
    """Compile the field that validates one feature."""
    options: dict[str, Any] = {
        "data_key": feature.name,
        "allow_none": feature.nullable,
        "metadata": _describe(feature),
        "error_messages": {"required": "is required", "null": "must not be null"},
        "validate": _compile_validators(feature),
    }
    default: Any = feature.default
    if default is not None and not feature.required:  # it does not come in a request
        default = _make_field(feature, options).deserialize(default)
    if feature.type == "string" and feature.categories is None:
        options["validate"].append(
            validate.Length(
                max=max_string_length,
                error="must have at most {max} characters",
            )
        )
    if feature.required:
        return _make_field(feature, {**options, "required": True})
    return _make_field(feature, {**options, "load_default": default})


def find_violation(message: str) -> str:
    """Return the kind of fault that a message tells of."""
    begins = (kind for begin, kind in VIOLATIONS.items() if message.startswith(begin))
    return next(begins, "other")


def _make_field(feature: Feature, options: dict[str, Any]) -> fields.Field[Any]:
    if feature.type == "date-time":
        return StrictDateTime(feature.storage.dtype, **options)
    strict: dict[str, type[fields.Field[Any]]] = {
        "number": StrictNumber,
        "integer": StrictInteger,
        "boolean": StrictBoolean,
        "string": StrictString,
    }
    return strict[feature.type](**options)


def effective_bounds(feature: Feature) -> tuple[Any, Any]:
    """Return the declared bounds, or those of what the column's dtype can hold."""
    low, high = feature.minimum, feature.maximum
    if feature.type == "date-time":
        dtype = feature.storage.dtype
        return (
            low if low is None else read_timestamp(str(low), dtype),
            high if high is None else read_timestamp(str(high), dtype),
        )
    if feature.type in ("integer", "number") and feature.categories is None:
        limits = read_limits(feature)
        if limits[1] != LARGEST_DOUBLE:
            low = limits[0] if low is None else low
            high = limits[1] if high is None else high
    return low, high


def _compile_validators(feature: Feature) -> list[validate.Validator]:
    validators: list[validate.Validator] = []
    low, high = effective_bounds(feature)
    if low is not None or high is not None:
        sentence = _describe_range(low, high)
        validators.append(validate.Range(low, high, error=sentence))
    if feature.categories is not None:
        allowed = ", ".join(str(category) for category in feature.categories[:20])
        more = ", ..." if len(feature.categories) > 20 else ""
        sentence = _without_format(f"must be one of {allowed}{more}")
        choices = dict.fromkeys(feature.categories)  # found by hash, however many
        validators.append(validate.OneOf(choices, error=sentence))
    elif feature.storage.dtype == "U":
        sentence = "must not end in a NUL character"
        validators.append(validate.Regexp(NO_NUL_AT_END, error=sentence))
    return validators


def _without_format(sentence: str) -> str:
    """Escape braces: marshmallow formats its messages, and a category may hold some."""
    return sentence.replace("{", "{{").replace("}", "}}")


def _describe_range(low: Any, high: Any) -> str:
    if high is None:
        return f"must be at least {low}"
    if low is None:
        return f"must be at most {high}"
    return f"must be between {low} and {high}"


def _describe(feature: Feature) -> dict[str, Any]:
    """Return what JSON Schema says beyond what is enforced."""
    observed = feature.observed
    said = {
        "description": feature.description,
        "x-unit": feature.unit,
        "x-observed-minimum": observed.minimum,
        "x-observed-maximum": observed.maximum,
        "x-observed-categories": observed.categories,
    }
    return {key: value for key, value in said.items() if value not in (None, "")}
