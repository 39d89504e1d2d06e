"""The contract proposed: by the training table, by the pipeline, by the owner.

The table says what was observed, the pipeline what it takes, and the owner tightens or
loosens that, but never past what the pipeline answers.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError
from msgspec.structs import replace

from service.model.contract.edges import TINY, UNSEEN, Range, nearest_to
from service.model.contract.features import Contract, Feature, UnknownFields
from service.model.contract.observation import observe_table, read_distinct, to_json
from service.model.contract.schema import compile_field, effective_bounds
from service.model.contract.tables import read_limits
from service.model.errors import ContractError
from service.model.packaging.edits import FeatureEdit, read_edits
from service.model.packaging.probe import MAGNITUDES, Probe
from service.model.pipeline import FittedPipeline
from service.model.prediction.rowwise import warn_of_dependence

QUANTITIES = ("number", "integer")
BOUNDED = (*QUANTITIES, "date-time")

# A quantity with no more different values than this may be a code for a category.
MAX_CODES = 256


def propose_contract(
    reference: FittedPipeline,
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
    known = {feature.name for feature in observed.features}
    changes = read_edits(edits, known)
    probe = Probe(reference, observed, X)
    warn_of_dependence(reference, X)
    proposed = _bound_together(probe, _propose(probe, X))
    edited = [
        _edit(probe, i, feature, changes.get(feature.name, {}), X)
        for i, feature in enumerate(proposed)
    ]
    _check_small_values(probe, edited)
    _check_together(probe, proposed, edited)
    return replace(observed, features=tuple(edited), unknown_fields=unknown_fields)


def _propose(probe: Probe, X: Any) -> list[Feature]:
    """Add what the pipeline takes to what was observed of the features."""
    features = probe.contract.features
    unseen = {
        (index, _unseen_value(feature))
        for index, feature in enumerate(features)
        if _is_categorical(feature)
    }
    nulls = {(index, None) for index in range(len(features))}
    taken = probe.find_taken([*nulls, *unseen])
    bounds = probe.find_bounds(
        i for i, feature in enumerate(features) if not _is_categorical(feature)
    )
    proposed = []
    for index, observed in enumerate(features):
        feature = replace(observed, nullable=(index, None) in taken)
        if index in bounds:
            feature = _bound(feature, index, bounds[index], X)
        elif (index, _unseen_value(feature)) not in taken:
            feature = replace(feature, categories=read_distinct(X, index))
        proposed.append(feature)
    return proposed


def _bound(feature: Feature, index: int, bounds: Range, X: Any) -> Feature:
    seen = feature.observed
    if feature.type in QUANTITIES and bounds == (seen.minimum, seen.maximum):
        codes = read_distinct(X, index)
        if len(codes) <= MAX_CODES:  # nothing beyond is taken: codes, not quantities
            return replace(feature, categories=codes)
    return replace(feature, minimum=to_json(bounds[0]), maximum=to_json(bounds[1]))


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
    bounds = _read_bounds(features)
    if probe.answers_extremes(bounds):
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
    return features


def _check_together(
    probe: Probe, proposed: list[Feature], edited: list[Feature]
) -> None:
    """Ask for extremes together again, if an edit has moved them.

    Raises ContractError where the edits are to blame, and warns where the proposal is.
    """
    before, after = _read_bounds(proposed), _read_bounds(edited)
    if probe.answers_extremes(after):
        return
    if before != after and probe.answers_extremes(before):
        names = [f.name for f, old in zip(edited, proposed, strict=True) if f != old]
        raise ContractError(
            f"The edits of {', '.join(map(repr, names))} let in numbers for which,"
            " together, the pipeline does not answer: declare narrower bounds."
        )
    warnings.warn(
        "The pipeline raises, or predicts NaN or an infinity, for some combinations of"
        " values that it takes one by one; such a request will be answered with 500.",
        stacklevel=4,
    )


def _read_bounds(features: list[Feature]) -> dict[int, Range]:
    """Return the limits of every quantity, by column."""
    return {
        index: find_limits(feature)
        for index, feature in enumerate(features)
        if feature.type in QUANTITIES and feature.categories is None
    }


def _narrow(feature: Feature, bounds: Range, magnitude: float) -> Range:
    """Return bounds within a magnitude, but never within what was observed."""
    limit = int(magnitude) if feature.type == "integer" else magnitude
    low, high = feature.observed.minimum, feature.observed.maximum
    narrow_low = max(bounds[0], -limit)
    narrow_high = min(bounds[1], limit)
    if low is None or high is None:
        return narrow_low, narrow_high
    return min(narrow_low, low), max(narrow_high, high)


def _check_small_values(probe: Probe, features: list[Feature]) -> None:
    """Refuse a pipeline that raises at zero, or next to it, within the bounds."""
    small = {
        (index, nearest_to(value, bounds, features[index])): None
        for index, bounds in _read_bounds(features).items()
        for value in (0.0, TINY, -TINY)
    }
    taken = probe.find_taken(small)
    for index, value in small:
        if (index, value) not in taken:
            raise ContractError(
                f"The pipeline does not answer when {features[index].name!r} is"
                f" {value}, which its bounds let in: declare a minimum or a maximum"
                " that leaves it out, or mend the pipeline."
            )


def _edit(
    probe: Probe, index: int, before: Feature, changes: Mapping[str, Any], X: Any
) -> Feature:
    """Return the feature as its owner wants it. Raises ContractError."""
    if not changes:
        return before
    changes = dict(changes)
    unseen = changes.pop("unseen", None)
    if unseen == "allow":
        changes["categories"] = None
    elif unseen == "reject":
        changes.setdefault("categories", before.categories or read_distinct(X, index))
    if "default" in changes:
        changes["required"] = False
    after = _apply(before, changes)
    known = _list_edges(before)
    new = [value for value in _list_edges(after) if value not in known]
    taken = probe.find_taken((index, value) for value in new)
    for value in new:
        if (index, value) not in taken:
            shown = "a null" if value is None else repr(value)
            raise ContractError(
                f"The edit of {after.name!r} lets in {shown}, for which the pipeline"
                " does not answer."
            )
    return after


def _apply(before: Feature, changes: dict[str, Any]) -> Feature:
    """Return the changed feature, every value of it checked by its own field."""
    bounds = [changes.get("minimum"), changes.get("maximum")]
    try:
        bare = replace(before, minimum=None, maximum=None, categories=None)
        field = compile_field(replace(bare, nullable=False, required=True))
        categories = changes.get("categories") or ()
        for value in [*bounds, changes.get("default"), *categories]:
            if value is not None:
                field.deserialize(value)
        after = replace(before, **changes)
        _check_order(after)
        if not after.required and not (after.default is None and after.nullable):
            compile_field(replace(after, required=True, default=None)).deserialize(
                after.default
            )
    except (ValidationError, TypeError, ValueError) as error:
        reason = error.messages[0] if isinstance(error, ValidationError) else error
        raise ContractError(
            f"An edit of {before.name!r} does not fit its type, bounds or categories:"
            f" it {reason}."
        ) from None
    return after


def _check_order(feature: Feature) -> None:
    """Refuse bounds where none belong, or in the wrong order. Raises ValueError."""
    if feature.type in BOUNDED:
        low, high = find_limits(feature)
        if low > high:
            raise ValueError("has a minimum above its maximum")
    elif (feature.minimum, feature.maximum) != (None, None):
        raise ValueError(f"is a {feature.type}, which has no minimum or maximum")


def _list_edges(feature: Feature) -> list[Any]:
    """Return the values that mark out what a feature lets in."""
    edges: list[Any] = [None] if feature.nullable else []
    if feature.categories is not None:
        return [*edges, *feature.categories]
    if _is_categorical(feature):
        edges.append(_unseen_value(feature))
    if feature.type in BOUNDED:
        edges += find_limits(feature)
    return edges


def find_limits(feature: Feature) -> Range:
    """Return the declared bounds, or the dtype's own where there are none."""
    limits: Range = read_limits(feature)
    declared = effective_bounds(feature)
    low, high = (
        d if d is not None else w for d, w in zip(declared, limits, strict=True)
    )
    return low, high
