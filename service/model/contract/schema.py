"""The contract compiled to a marshmallow schema, which decides what is valid.

apispec turns the same schema into the JSON Schema that is published.
"""

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, fields, validate

from service.model.contract.edges import describe_range, find_valid_range
from service.model.contract.features import Contract, Feature, FeatureType
from service.model.contract.mapping_rows import NO_OBJECT, MappingInstance
from service.model.contract.positional_rows import describe_row
from service.model.contract.request_limits import UNBOUNDED, RequestLimits
from service.model.contract.strict_fields import (
    StrictBoolean,
    StrictDateTime,
    StrictInteger,
    StrictNumber,
    StrictString,
)
from service.model.contract.tensor_field import TensorField
from service.model.contract.violations import Violation

# A numpy array of strings drops NUL characters at the end of a text.
NO_NUL_AT_END = r"^([\s\S]*[^\x00])?$"

# How many categories an error names.
NAMED_CATEGORIES = 20

FIELDS: dict[FeatureType, type[fields.Field[Any]]] = {
    "number": StrictNumber,
    "integer": StrictInteger,
    "boolean": StrictBoolean,
    "string": StrictString,
}

NO_FEATURE = Violation("unknown", "is not a feature of this model")
UNEXPECTED = Violation("unknown", "is not expected here")
REQUIRED = Violation("missing", "is required")
NO_LIST = Violation("type", "must be a list")


def compile_schema(contract: Contract, limits: RequestLimits) -> Schema:
    """Compile the schema of a request: `instances`, at least one.

    Its fields are called f0, f1, ..., so that no feature's name can collide with
    marshmallow's own (`fields`, `context`) or be read as a path (`a.b`).
    """
    columns = {
        f"f{i}": compile_field(feature, limits.max_string_length)
        for i, feature in enumerate(contract.features)
    }
    unknown = EXCLUDE if contract.unknown_fields == "ignore" else RAISE
    no_row = describe_row(contract)
    instance = _make_schema("Instance", columns, NO_FEATURE, unknown, no_row)
    empty = Violation("empty", "must not be empty")
    each: Any = fields.Nested(instance, error_messages={"null": no_row})
    if contract.table == "mapping":
        each = MappingInstance(limits)
    instances = fields.List(
        each,
        required=True,
        validate=validate.Length(1, limits.max_instances, error=empty),
        error_messages={"required": REQUIRED, "null": NO_LIST, "invalid": NO_LIST},
    )
    return _make_schema("PredictRequest", {"instances": instances}, UNEXPECTED, RAISE)()


def _make_schema(
    name: str,
    columns: dict[str, Any],
    unknown_field: Violation,
    unknown: str,
    other_type: Violation = NO_OBJECT,
) -> type[Schema]:
    messages = {"type": other_type, "unknown": unknown_field}
    meta = type("Meta", (), {"unknown": unknown})
    return type(name, (Schema,), {**columns, "error_messages": messages, "Meta": meta})


def compile_field(
    feature: Feature, max_string_length: int = UNBOUNDED.max_string_length
) -> fields.Field[Any]:
    """Compile the field that validates one feature."""
    validators = _compile_validators(feature)
    options: dict[str, Any] = {
        "data_key": feature.name,
        "allow_none": feature.nullable,
        "metadata": _describe(feature),
        "error_messages": {
            "required": REQUIRED,
            "null": Violation("null", "must not be null"),
        },
        "validate": validators,
    }
    default: Any = feature.default
    if default is not None and not feature.required:  # it does not come in a request
        default = _make_field(feature, options).deserialize(default)
    if feature.type == "string" and feature.categories is None:
        longer = Violation("length", "must have at most {max} characters")
        validators.append(validate.Length(max=max_string_length, error=longer))
    presence = {"required": True} if feature.required else {"load_default": default}
    return _make_field(feature, options | presence)


def _make_field(feature: Feature, options: dict[str, Any]) -> fields.Field[Any]:
    if feature.is_date:
        takes_days = feature.type == "date"
        return StrictDateTime(feature.storage.dtype, takes_days=takes_days, **options)
    if feature.type == "object":
        return MappingInstance()
    if feature.type == "tensor":
        return TensorField(feature, **options)
    return FIELDS[feature.type](**options)


def _compile_validators(feature: Feature) -> list[validate.Validator]:
    validators: list[validate.Validator] = []
    if feature.type == "tensor":  # whose elements have the bounds
        return validators
    low, high = found = find_valid_range(feature)
    if found != (None, None):
        outside = Violation("range", describe_range(found))
        validators.append(validate.Range(low, high, error=outside))
    if feature.categories is not None:
        choices = dict.fromkeys(feature.categories)  # found by hash, however many
        other = Violation("category", _describe_categories(feature.categories))
        validators.append(validate.OneOf(choices, error=other))
    elif feature.storage.dtype == "U":
        text = Violation("text", "must not end in a NUL character")
        validators.append(validate.Regexp(NO_NUL_AT_END, error=text))
    return validators


def _describe_categories(categories: tuple[Any, ...]) -> str:
    named = ", ".join(map(str, categories[:NAMED_CATEGORIES]))
    more = ", ..." if len(categories) > NAMED_CATEGORIES else ""
    # marshmallow formats its messages, and a category may hold braces.
    return f"must be one of {named}{more}".replace("{", "{{").replace("}", "}}")


def _describe(feature: Feature) -> dict[str, Any]:
    """Return what JSON Schema says beyond what is enforced."""
    observed = feature.observed
    extra = {
        "description": feature.description,
        "x-unit": feature.unit,
        "x-observed-minimum": observed.minimum,
        "x-observed-maximum": observed.maximum,
        "x-observed-categories": observed.categories,
    }
    return {key: value for key, value in extra.items() if value not in (None, "")}
