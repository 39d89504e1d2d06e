"""The contract proposed: by the training table, by the pipeline, by the owner.

The table says what was observed, the pipeline what it takes, and the owner tightens or
loosens that, but never past what the pipeline answers.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from marshmallow import ValidationError
from msgspec.structs import replace

from service.model.contract import Contract, Feature, Scalar, UnknownFields
from service.model.errors import ContractError
from service.model.observation import observe_table, read_distinct, to_json
from service.model.probe import (
    MAGNITUDES,
    TINY,
    UNSEEN,
    Bounds,
    Probe,
    nearest_to,
    read_limits,
)
from service.model.reference import Reference
from service.model.schema import compile_field

QUANTITIES = ("number", "integer")

# A quantity with no more different values than this may be a code for a category.
MAX_CODES = 256


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


def propose_contract(
    reference: Reference,
    X: Any,
    *,
    names: Sequence[str] | None = None,
    edits: Mapping[str, FeatureEdit] | None = None,
    unknown_fields: UnknownFields = "reject",
) -> Contract:
    """Return the contract of a fitted pipeline and the table it was fitted on.

    Raises ContractError, naming the column, for what cannot be represented and for an
    edit that lets in what the pipeline does not answer.
    """
    observed = observe_table(X, names)
    edits = edits or {}
    for name in edits:
        if name not in {feature.name for feature in observed.features}:
            raise ContractError(f"There is no feature {name!r} to edit.")
    probe = Probe(reference, observed, X)
    features = [_propose(probe, i, X) for i in range(len(observed.features))]
    features = _bound_together(probe, features)
    features = [
        _edit(probe, i, feature, edits.get(feature.name, {}), X)
        for i, feature in enumerate(features)
    ]
    for index, feature in enumerate(features):
        _check_small_values(probe, index, feature)
    return replace(observed, features=tuple(features), unknown_fields=unknown_fields)


def _propose(probe: Probe, index: int, X: Any) -> Feature:
    """Add what the pipeline takes to what was observed of a feature."""
    feature = probe.contract.features[index]
    feature = replace(feature, nullable=probe.takes(index, None))
    if _is_categorical(feature):
        if probe.takes(index, _unseen_value(feature)):
            return feature
        return replace(feature, categories=read_distinct(X, index))
    low, high = probe.find_bounds(index)
    seen = feature.observed
    if feature.type in QUANTITIES and (low, high) == (seen.minimum, seen.maximum):
        codes = read_distinct(X, index)
        if len(codes) <= MAX_CODES:  # nothing beyond is taken: codes, not quantities
            return replace(feature, categories=codes)
    return replace(feature, minimum=to_json(low), maximum=to_json(high))


def _is_categorical(feature: Feature) -> bool:
    return feature.type in ("string", "boolean") or (
        feature.storage.dtype == "category"
    )


def _unseen_value(feature: Feature) -> Any:
    seen = feature.storage.categories or feature.observed.categories or ()
    if feature.type == "string":
        return UNSEEN
    if feature.type == "boolean":
        return next((value for value in (True, False) if value not in seen), True)
    return max((v for v in seen if isinstance(v, int | float)), default=0) + 1


def _bound_together(probe: Probe, features: list[Feature]) -> list[Feature]:
    """Narrow the bounds of all quantities until extremes are answered together."""
    bounds = {
        index: _effective_bounds(feature)
        for index, feature in enumerate(features)
        if feature.type in QUANTITIES and feature.categories is None
    }
    if not bounds or probe.answers_extremes(bounds):
        return features
    for magnitude in MAGNITUDES[1:]:
        narrowed = {
            index: _narrow(features[index], limits, magnitude)
            for index, limits in bounds.items()
        }
        if probe.answers_extremes(narrowed):
            return [
                replace(feature, minimum=narrowed[i][0], maximum=narrowed[i][1])
                if i in narrowed
                else feature
                for i, feature in enumerate(features)
            ]
    warnings.warn(
        "The pipeline raises, or predicts NaN or an infinity, for some combinations of"
        " values that it takes one by one; such a request will be answered with 500.",
        stacklevel=4,
    )
    return features


def _effective_bounds(feature: Feature) -> Bounds:
    low, high = read_limits(feature)
    return (
        low if feature.minimum is None else feature.minimum,
        high if feature.maximum is None else feature.maximum,
    )


def _narrow(feature: Feature, bounds: Bounds, magnitude: float) -> Bounds:
    """Return bounds within a magnitude, but never within what was observed."""
    limit = int(magnitude) if feature.type == "integer" else magnitude
    low, high = feature.observed.minimum, feature.observed.maximum
    narrow_low = max(bounds[0], -limit)
    narrow_high = min(bounds[1], limit)
    if low is None or high is None:
        return narrow_low, narrow_high
    return min(narrow_low, low), max(narrow_high, high)


def _check_small_values(probe: Probe, index: int, feature: Feature) -> None:
    """Refuse a pipeline that raises at zero, or next to it, within the bounds."""
    if feature.type not in QUANTITIES or feature.categories is not None:
        return
    bounds = _effective_bounds(feature)
    for value in {nearest_to(v, bounds, feature) for v in (0.0, TINY, -TINY)}:
        if not probe.takes(index, value):
            raise ContractError(
                f"The pipeline does not answer when {feature.name!r} is {value}, which"
                " its bounds let in: declare a minimum or a maximum that leaves it out,"
                " or mend the pipeline."
            )


def _edit(
    probe: Probe,
    index: int,
    feature: Feature,
    edit: FeatureEdit,
    X: Any,
) -> Feature:
    """Apply the owner's edit, and ask the pipeline for whatever it lets in."""
    known = FeatureEdit.__annotations__
    for key in edit:
        if key not in known:
            choices = ", ".join(known)
            raise ContractError(
                f"The edit of {feature.name!r} has {key!r}, not one of {choices}."
            )
    changes: dict[str, Any] = {k: v for k, v in edit.items() if k != "unseen"}
    if "default" in edit:
        changes["required"] = False
    if edit.get("unseen") == "allow":
        changes["categories"] = None
    elif edit.get("unseen") == "reject":
        changes.setdefault("categories", feature.categories or read_distinct(X, index))
    if changes.get("categories") is not None:
        changes["categories"] = tuple(changes["categories"])
    edited = replace(feature, **changes)
    _check_edit(probe, index, feature, edited)
    return edited


def _check_edit(probe: Probe, index: int, before: Feature, after: Feature) -> None:
    asked: list[Any] = []
    if after.nullable and not before.nullable:
        asked.append(None)
    if after.categories is None and before.categories is not None:
        asked.append(_unseen_value(after))
    if after.categories != before.categories:
        asked.extend(after.categories or ())
    asked.extend(
        bound
        for bound, old in (
            (after.minimum, before.minimum),
            (after.maximum, before.maximum),
        )
        if bound is not None and bound != old
    )
    try:
        field = compile_field(replace(after, required=True))
        asked = [
            value if value is None else field.deserialize(value) for value in asked
        ]
        if not after.required and not (after.default is None and after.nullable):
            field.deserialize(after.default)
    except (ValidationError, TypeError, ValueError) as error:
        reason = error.messages[0] if isinstance(error, ValidationError) else error
        raise ContractError(
            f"An edit of {after.name!r} does not fit its type, bounds or categories:"
            f" it {reason}."
        ) from None
    for value in asked:
        if not probe.takes(index, value):
            shown = "a null" if value is None else repr(value)
            raise ContractError(
                f"The edit of {after.name!r} lets in {shown}, for which the pipeline"
                " does not answer."
            )
