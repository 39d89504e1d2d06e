"""What a feature's owner says of it in the training script, read and applied."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, TypedDict

import msgspec
import numpy as np
from marshmallow import ValidationError
from msgspec.structs import replace

from service.model.contract.edges import find_valid_range
from service.model.contract.features import Feature, Scalar
from service.model.contract.plain_values import to_json
from service.model.contract.schema import compile_field
from service.model.errors import ContractError


class FeatureEdit(TypedDict, total=False):
    """What the owner says of a feature; each overrides what was proposed."""

    nullable: bool
    default: Scalar
    minimum: str | int | float | None
    maximum: str | int | float | None
    categories: Sequence[str | int | float | bool] | None
    unseen: Literal["reject", "allow"]
    unit: str
    description: str
    shape: Sequence[int | str | None]


def read_edits(
    edits: Mapping[str, FeatureEdit] | None, known: Iterable[str]
) -> dict[str, FeatureEdit]:
    """Return the edits by feature, as plain Python values. Raises ContractError."""
    if not isinstance(edits, Mapping | None):
        raise ContractError("features= must map the names of features to their edits.")
    names = set(known)
    for name in edits or {}:
        if name not in names:
            raise ContractError(f"There is no feature {name!r} to edit.")
    return {name: _read_edit(name, edit) for name, edit in (edits or {}).items()}


def _read_edit(name: str, edit: Any) -> FeatureEdit:
    choices = ", ".join(FeatureEdit.__annotations__)
    if not isinstance(edit, Mapping):
        raise ContractError(f"The edit of {name!r} must map some of {choices}.")
    for key in edit:
        if key not in FeatureEdit.__annotations__:
            raise ContractError(
                f"The edit of {name!r} has {key!r}, not one of {choices}."
            )
    try:
        plain = {key: _to_plain(value) for key, value in edit.items()}
        return msgspec.convert(plain, FeatureEdit)
    except (msgspec.ValidationError, ValueError) as error:
        raise ContractError(f"The edit of {name!r} cannot be read: {error}.") from None


def _to_plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, str):
        value.encode()  # UnicodeEncodeError, a ValueError, of half a surrogate pair
    elif isinstance(value, Iterable) and not isinstance(value, Mapping):
        return [_to_plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else to_json(value)


def apply_edit(before: Feature, edit: FeatureEdit) -> Feature:
    """Return the feature as its owner wants it, every value checked by its own field.

    Raises ContractError.
    """
    changes: dict[str, Any] = {**edit}
    if "shape" in changes:
        raise ContractError(f"{before.name!r} is no tensor, and has no shape to edit.")
    if changes.pop("unseen", None) == "allow":
        changes["categories"] = None
    if (categories := changes.get("categories")) is not None:
        changes["categories"] = tuple(categories)
    if "default" in changes:
        changes["required"] = False
    bare = replace(before, minimum=None, maximum=None, categories=None)
    field = compile_field(replace(bare, nullable=False, required=True))
    single = [changes.get(key) for key in ("minimum", "maximum", "default")]
    values = [*single, *(categories or ())]
    try:
        for value in values:
            if value is not None:
                field.deserialize(value)
        after = replace(before, **changes)
        _check_order(after)
        if not after.required and not (after.default is None and after.nullable):
            compile_field(replace(after, required=True)).deserialize(after.default)
    except (ValidationError, TypeError, ValueError) as error:
        reason = error.messages[0] if isinstance(error, ValidationError) else error
        raise ContractError(
            f"An edit of {before.name!r} does not fit its type, bounds or categories:"
            f" it {reason}."
        ) from None
    return after


def _check_order(feature: Feature) -> None:
    """Refuse bounds where none belong, or in the wrong order. Raises ValueError."""
    low, high = find_valid_range(feature)
    if feature.type in ("string", "boolean") and (low, high) != (None, None):
        raise ValueError(f"is a {feature.type}, which has no minimum or maximum")
    if low is not None and high is not None and low > high:
        raise ValueError("has a minimum above its maximum")
