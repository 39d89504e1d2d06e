"""The features of a contract, each as a field of a form.

All of it is published by /openapi.json, too: what else the manifest holds, such as how
many nulls training saw, is not for whoever has no key.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from service.model.contract.features import Bound, Contract, Feature, Scalar
from service.model.contract.nested_lists import write_shape

# A list to choose from, a line of text with suggestions, a number or a date as one
# types it, a text of several lines, or the JSON of a tensor.
Control = Literal["choice", "suggestions", "number", "date", "text", "json"]

# A form of more fields is no help: it is one field, for the instance as JSON.
MAX_FIELDS = 100

# A longer tensor is of no use to look at: its field begins empty.
MAX_TENSOR = 4096

# Of longer lists the browser shows no more than this many anyway.
MAX_SUGGESTIONS = 200

# The table names no more categories; the form and /openapi.json have all of them.
MAX_NAMED = 20

DATE_EXAMPLES = {"date": "2024-01-31", "date-time": "2024-01-31T09:30:00"}


@dataclass(frozen=True)
class Choice:
    """An option of a list: its value as JSON, empty where nothing is sent."""

    json: str
    text: str


@dataclass(frozen=True)
class Field:
    """A feature with the value that the form begins with, `json` as it is sent."""

    feature: Feature
    json: str
    text: str
    control: Control
    choices: tuple[Choice, ...]
    suggestions: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name as JSON, in which it survives any markup."""
        return write_json(self.feature.name)

    @property
    def is_null(self) -> bool:
        """True if the form begins with null."""
        return self.json == "null"

    @property
    def has_null_box(self) -> bool:
        """True if null is chosen by a box of its own: an empty text is a value."""
        return self.feature.nullable and self.control in ("suggestions", "text")

    @property
    def kind(self) -> str:
        """The type without its null, of a tensor that of its elements and the shape."""
        feature = self.feature
        if feature.shape is None:
            return feature.type
        shape = write_shape(feature.shape, feature.dimensions)
        return f"{feature.storage.dtype} {shape}".rstrip()

    @property
    def type(self) -> str:
        """The type in words."""
        kinds = [self.kind, *(["null"] if self.feature.nullable else [])]
        return " or ".join(kinds)

    @property
    def default(self) -> str:
        """What stands in where the field is absent, nothing where it must not be."""
        return "" if self.feature.required else write_json(self.feature.default)

    @property
    def valid(self) -> str:
        """The values that are accepted, in words."""
        feature = self.feature
        return (
            _name_categories(feature.categories)
            or _describe_range(feature.minimum, feature.maximum)
            or "any"
        )

    @property
    def observed(self) -> str:
        """The values that training saw, in words; nothing where none are told."""
        observed = self.feature.observed
        return _name_categories(observed.categories) or _describe_range(
            observed.minimum, observed.maximum
        )

    @property
    def placeholder(self) -> str:
        """An example of what is no number and no free text."""
        return DATE_EXAMPLES.get(self.feature.type, "")


def list_fields(contract: Contract, instance: Mapping[str, Any]) -> list[Field]:
    """Return the features as fields that begin with the values of an instance."""
    return [build_field(feature, instance) for feature in contract.features]


def is_form(contract: Contract) -> bool:
    """Return True if an instance has a field for each feature of the form."""
    return contract.table != "mapping" and len(contract.features) <= MAX_FIELDS


def build_field(feature: Feature, instance: Mapping[str, Any]) -> Field:
    """Return a feature as the field that suits its values."""
    value = instance.get(feature.name)
    json = write_json(value) if feature.name in instance else ""
    if feature.type == "tensor" and len(json) > MAX_TENSOR:
        json = ""
    return Field(
        feature,
        json,
        text=value if isinstance(value, str) else "" if value is None else json,
        control=find_control(feature),
        choices=tuple(_iterate_choices(feature)),
        suggestions=tuple(map(str, _list_suggestions(feature))),
    )


def shorten_tensors(contract: Contract, instance: Mapping[str, Any]) -> dict[str, Any]:
    """Return an instance with three points in place of the bytes of long tensors."""
    names = {each.name for each in contract.features if each.type == "tensor"}
    return {
        name: {"b64": "..."}
        if name in names and len(write_json(value)) > MAX_TENSOR
        else value
        for name, value in instance.items()
    }


def find_control(feature: Feature) -> Control:
    """Return how a value is entered.

    Numbers are text to the browser: its own field of numbers drops what is none, which
    the contract is to refuse in its words.
    """
    if feature.type == "tensor":
        return "json"
    if feature.categories is not None or feature.type == "boolean":
        return "choice"
    if feature.type in ("number", "integer"):
        return "number"
    if feature.is_date:
        return "date"
    return "text" if feature.observed.categories is None else "suggestions"


def _iterate_choices(feature: Feature) -> Iterator[Choice]:
    if find_control(feature) != "choice":
        return
    values: tuple[Scalar, ...] = feature.categories or (True, False)
    for value in values:
        json = write_json(value)
        yield Choice(json, value if isinstance(value, str) else json)
    if feature.nullable:
        yield Choice("null", "null")
    if not feature.required:
        yield Choice("", f"absent: {write_json(feature.default)}")


def _list_suggestions(feature: Feature) -> tuple[Scalar, ...]:
    if find_control(feature) != "suggestions":
        return ()
    return (feature.observed.categories or ())[:MAX_SUGGESTIONS]


def _name_categories(categories: tuple[Scalar, ...] | None) -> str:
    named = [str(category) for category in (categories or ())[:MAX_NAMED]]
    more = len(categories or ()) - len(named)
    return ", ".join(named) + (f" and {more} more" if more else "")


def _describe_range(low: Bound, high: Bound) -> str:
    if low is None and high is None:
        return ""
    if high is None:
        return f"at least {low}"
    return f"at most {high}" if low is None else f"{low} to {high}"


def write_json(value: Any) -> str:
    """Return a value as the JSON that is sent."""
    return orjson.dumps(value).decode()
