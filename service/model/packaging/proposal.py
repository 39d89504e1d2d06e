"""The contract proposed: by the training table, by the pipeline, by the owner.

The table says what was observed, and the pipeline what it answers. The owner tightens
or loosens that, but lets in no null and no category for which there is no answer.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from service.model.contract.edges import UNSEEN, read_dtype_range
from service.model.contract.features import Contract, Feature, UnknownFields
from service.model.contract.observation import observe_table
from service.model.contract.plain_values import to_json
from service.model.contract.table_rows import read_distinct
from service.model.errors import ContractError
from service.model.packaging.bounds import Bound, find_bounds
from service.model.packaging.brackets import Side
from service.model.packaging.category_codes import holds_codes
from service.model.packaging.edits import FeatureEdit, apply_edit, read_edits
from service.model.packaging.probe import Probe, Question
from service.model.packaging.tensor_proposal import propose_tensors
from service.model.pipeline import FittedPipeline
from service.model.prediction.rowwise import warn_of_dependence

FOUND = {
    "bisected": "where the pipeline stops answering",
    "observed": "the last value of training, beyond which none was answered",
}


class Proposal(NamedTuple):
    """A contract, and a line for each feature that takes less than its type."""

    contract: Contract
    notes: tuple[str, ...]


def propose_contract(
    reference: FittedPipeline,
    X: Any,
    *,
    names: Sequence[str] | None = None,
    edits: Mapping[str, FeatureEdit] | None = None,
    unknown_fields: UnknownFields = "reject",
) -> Proposal:
    """Return the contract of a fitted pipeline and the table it was fitted on.

    Raises ContractError, naming the column, for what cannot be represented and for an
    edit that lets in a null or a category that the pipeline does not answer.
    """
    observed = observe_table(X, names)
    changes = read_edits(edits, [feature.name for feature in observed.features])
    probe = Probe(reference, observed, X)
    warn_of_dependence(reference, X)
    if observed.table == "mapping":
        if changes:
            raise ContractError("The fields of dicts are open, and have no edits.")
        return Proposal(observed, ())
    if observed.table == "tensors":
        return Proposal(propose_tensors(probe, changes, unknown_fields), ())
    quantities = [i for i, f in enumerate(observed.features) if not _is_category(f)]
    bounds = find_bounds(probe, quantities)
    proposed = _propose(probe, X, bounds)
    edited = tuple(
        _edit(probe, index, feature, changes.get(feature.name, {}), X)
        for index, feature in enumerate(proposed)
    )
    contract = replace(observed, features=edited, unknown_fields=unknown_fields)
    return Proposal(contract, tuple(_iterate_notes(proposed, edited, bounds)))


def _propose(probe: Probe, X: Any, bounds: Mapping[Side, Bound]) -> list[Feature]:
    """Add what the pipeline answers to what was observed of the features."""
    features = probe.contract.features
    unseen = {
        index: Question(index, _find_unseen(feature))
        for index, feature in enumerate(features)
        if _is_category(feature)
    }
    nullable = probe.find_nullable()
    answered = probe.find_answered(unseen.values())
    proposed = []
    for index, feature in enumerate(features):
        ends = [bounds.get((index, side)) for side in (0, 1)]
        if index in unseen:
            is_closed = unseen[index] not in answered
        else:
            is_closed = holds_codes(probe, index, ends, X)
        low, high = (
            None if is_closed or end is None or end.value == limit else end.value
            for end, limit in zip(ends, read_dtype_range(feature), strict=True)
        )
        proposed.append(
            replace(
                feature,
                nullable=index in nullable,
                categories=read_distinct(X, index) if is_closed else None,
                minimum=to_json(low, feature.type),
                maximum=to_json(high, feature.type),
            )
        )
    return proposed


def _is_category(feature: Feature) -> bool:
    is_category = feature.storage.dtype == "category"
    return feature.type in ("string", "boolean") or is_category


def _find_unseen(feature: Feature) -> Any:
    """Return a value that no row of the training table holds."""
    if feature.type == "string":
        return UNSEEN
    seen = feature.storage.categories or feature.observed.categories or ()
    if feature.type == "boolean":
        return True not in seen or False in seen
    numbers = (*seen, feature.observed.maximum, 0)
    return max(value for value in numbers if isinstance(value, int | float)) + 1


def _edit(
    probe: Probe, index: int, before: Feature, edit: FeatureEdit, X: Any
) -> Feature:
    """Return the feature as its owner wants it. Raises ContractError."""
    if edit.get("unseen") == "reject":
        observed: Any = before.categories or read_distinct(X, index)
        edit = {"categories": observed, **edit}
    after = apply_edit(before, edit)
    known = _list_special(before, before)
    new = [Question(index, v) for v in _list_special(after, before) if v not in known]
    answered = probe.find_answered(new)
    for question in new:
        if question not in answered:
            shown = "a null" if question.value is None else repr(question.value)
            raise ContractError(
                f"The edit of {after.name!r} lets in {shown}, for which the pipeline"
                " does not answer."
            )
    return after


def _list_special(feature: Feature, before: Feature) -> list[Any]:
    """Return the null and the categories that a feature lets in."""
    nulls = [None] if feature.nullable else []
    if feature.categories is not None:
        return [*nulls, *feature.categories]
    is_opened = _is_category(before) or before.categories is not None
    return [*nulls, _find_unseen(before)] if is_opened else nulls


def _iterate_notes(
    proposed: Sequence[Feature], edited: Sequence[Feature], bounds: Mapping[Side, Bound]
) -> Iterator[str]:
    """Yield a line for each feature whose proposal is stricter than its type.

    Warns of a bound that is no more than what training saw.
    """
    for index, (before, after) in enumerate(zip(proposed, edited, strict=True)):
        limits = []
        if before.categories and after.categories == before.categories:
            count = len(before.categories)
            limits.append(f"one of {count} values: the pipeline answers no other")
        for side, key in enumerate(("minimum", "maximum")):
            value, bound = getattr(before, key), bounds.get((index, side))
            if value is None or value != getattr(after, key) or bound is None:
                continue
            if bound.found in FOUND:
                limits.append(f"{key} {value}, {FOUND[bound.found]}")
            if bound.found == "observed":
                warnings.warn(
                    f"The {key} of {after.name!r} is {value}, the last value of"
                    " training: the pipeline answered none beyond it that was tried."
                    f" features={{{after.name!r}: {{{key!r}: None}}}} lifts it.",
                    stacklevel=5,
                )
        if limits:
            yield f"{after.name}: {'; '.join(limits)}"
