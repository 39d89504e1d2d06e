"""What a feature's owner says of it, read from the training script."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

import numpy as np

from service.model.contract.features import Scalar, is_text
from service.model.contract.observation import to_json
from service.model.errors import ContractError


class FeatureEdit(TypedDict, total=False):
    """What the owner says of a feature; each overrides what was proposed."""

    nullable: bool
    default: Scalar
    minimum: str | float | None
    maximum: str | float | None
    categories: Sequence[Scalar] | None
    unseen: Literal["reject", "allow"]
    unit: str
    description: str


def read_edits(
    edits: Mapping[str, FeatureEdit] | None, known: Iterable[str]
) -> dict[str, dict[str, Any]]:
    """Return the edits by feature, as plain Python values. Raises ContractError."""
    if not isinstance(edits, Mapping | None):
        raise ContractError("features= must map the names of features to their edits.")
    names = set(known)
    for name in edits or {}:
        if name not in names:
            raise ContractError(f"There is no feature {name!r} to edit.")
    return {name: _read_edit(name, edit) for name, edit in (edits or {}).items()}


def _read_edit(name: str, edit: Any) -> dict[str, Any]:
    choices = ", ".join(FeatureEdit.__annotations__)
    if not isinstance(edit, Mapping):
        raise ContractError(f"The edit of {name!r} must map some of {choices}.")
    for key in edit:
        if key not in FeatureEdit.__annotations__:
            raise ContractError(
                f"The edit of {name!r} has {key!r}, not one of {choices}."
            )
    return {key: _read_value(name, key, value) for key, value in edit.items()}


def _read_value(name: str, key: str, value: Any) -> Any:
    if key == "categories" and value is not None:
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise ContractError(f"The categories of {name!r} must be a list.")
        values = tuple(_read_scalar(name, key, category) for category in value)
        if not values or None in values:
            raise ContractError(f"The categories of {name!r} must be values, not null.")
        return values
    value = _read_scalar(name, key, value)
    if key == "unseen" and value not in ("reject", "allow"):
        raise ContractError(f"unseen of {name!r} must be 'reject' or 'allow'.")
    if key == "nullable" and not isinstance(value, bool):
        raise ContractError(f"nullable of {name!r} must be True or False.")
    if key in ("unit", "description") and not isinstance(value, str):
        raise ContractError(f"The {key} of {name!r} must be text.")
    return value


def _read_scalar(name: str, key: str, value: Any) -> Scalar:
    plain = to_json(value.item() if isinstance(value, np.generic) else value)
    if not isinstance(plain, Scalar) or (isinstance(plain, str) and not is_text(plain)):
        raise ContractError(
            f"The {key} of {name!r} must be a number, text, true, false or null."
        )
    return plain
