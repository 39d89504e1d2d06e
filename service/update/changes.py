"""What a new version changes for its callers: does it break them?"""

from collections.abc import Iterator
from dataclasses import dataclass

from service.model.artefact.manifest import Manifest
from service.model.contract.features import Bound, Feature
from service.model.contract.nested_lists import write_shape


@dataclass(frozen=True)
class Change:
    """One difference of two contracts; a caller of the old version may break by it."""

    is_breaking: bool
    sentence: str


def list_changes(old: Manifest, new: Manifest) -> list[Change]:
    """Return how the new contract, and what is answered, differ from the old ones."""
    return [*_compare_answers(old, new), *_compare_fields(old, new)]


def _compare_answers(old: Manifest, new: Manifest) -> Iterator[Change]:
    if old.task != new.task:
        yield Change(True, f"the task is {new.task}, and was {old.task}")
        return
    gone = [name for name in old.names if name not in new.names]
    come = [name for name in new.names if name not in old.names]
    if gone:
        yield Change(True, f"{_list(gone)} is answered no more")
    if come:
        yield Change(True, f"{_list(come)} is answered as well")
    if old.prediction != new.prediction and not gone and not come:
        yield Change(True, "a prediction has another form")


def _compare_fields(old: Manifest, new: Manifest) -> Iterator[Change]:
    before = {feature.name: feature for feature in old.contract.features}
    after = {feature.name: feature for feature in new.contract.features}
    is_strict = new.contract.unknown_fields == "reject"
    for name in [name for name in before if name not in after]:
        yield Change(is_strict, f"{name} is no field any more")
    for name, feature in after.items():
        if name in before:
            for change in _compare_feature(before[name], feature):
                yield Change(change.is_breaking, f"{name} {change.sentence}")
        elif feature.required:
            yield Change(True, f"{name} is a new field, and required")
        else:
            yield Change(False, f"{name} is a new field, which may be absent")
    if is_strict and old.contract.unknown_fields == "ignore":
        yield Change(True, "unknown fields are refused")


def _compare_feature(old: Feature, new: Feature) -> Iterator[Change]:
    if old.type != new.type:
        is_wider = (old.type, new.type) == ("integer", "number")
        yield Change(not is_wider, f"is of type {new.type}, and was {old.type}")
        return
    if new.shape is not None and old.shape is not None:
        yield from _compare_tensors(old, new)
    if old.nullable != new.nullable:
        words = "may be null" if new.nullable else "may be null no more"
        yield Change(old.nullable, words)
    if old.required != new.required:
        words = "is required" if new.required else "may be absent"
        yield Change(new.required, words)
    yield from _compare_bounds("minimum", old.minimum, new.minimum)
    yield from _compare_bounds("maximum", old.maximum, new.maximum)
    yield from _compare_categories(old, new)
    if old.unit != new.unit:
        # Where none was told before, callers may always have sent that one.
        words = f", and was in {old.unit}" if old.unit else ", which was not told"
        yield Change(bool(old.unit), f"is in {new.unit or 'no unit'}{words}")


def _compare_tensors(old: Feature, new: Feature) -> Iterator[Change]:
    before, after = old.storage.dtype, new.storage.dtype
    if before != after:
        yield Change(True, f"holds {after}, and held {before}")
    was, shape = old.shape or (), new.shape or ()
    if was != shape:
        is_wider = len(was) == len(shape) and all(
            size in (None, fixed) for size, fixed in zip(shape, was, strict=True)
        )
        told = f"has the shape {write_shape(shape)}, and had {write_shape(was)}"
        yield Change(not is_wider, told)
    for name in new.dimensions:
        if name is not None and name not in old.dimensions:
            yield Change(True, f"must agree with others in the dimension {name}")


def _compare_bounds(name: str, old: Bound, new: Bound) -> Iterator[Change]:
    if old == new:
        return
    if new is None:
        yield Change(False, f"has no {name} any more, which was {old}")
    elif old is None:
        yield Change(True, f"has a {name} of {new}")
    else:
        is_higher = new > old  # type: ignore[operator]
        yield Change(
            is_higher == (name == "minimum"), f"has a {name} of {new}, and had {old}"
        )


def _compare_categories(old: Feature, new: Feature) -> Iterator[Change]:
    if new.categories is None:
        if old.categories is not None:
            yield Change(False, "takes any category")
        return
    if old.categories is None:
        yield Change(True, f"takes {_list(new.categories)} alone")
        return
    gone = [each for each in old.categories if each not in new.categories]
    come = [each for each in new.categories if each not in old.categories]
    if gone:
        yield Change(True, f"does not take {_list(gone)} any more")
    if come:
        yield Change(False, f"takes {_list(come)} as well")


def _list(items: object) -> str:
    return ", ".join(map(str, items))  # type: ignore[call-overload]
