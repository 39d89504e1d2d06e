"""The arguments of package() that are about no table, checked."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np

from service.model.artefact.folder import refuse_overwriting
from service.model.artefact.manifest import NAME, VERSION
from service.model.contract.features import UnknownFields, is_text
from service.model.errors import PackagingError
from service.model.tasks.task import Extras
from service.model.tolerances import WIDEST_BATCH

UNKNOWN_FIELDS = get_args(UnknownFields)


def read_extras(scores: Any, *, std: Any) -> Extras:
    """Return what is answered beside, or instead of, what a task answers."""
    is_decision = isinstance(scores, str) and scores == "decision"
    if not (scores is None or is_decision) or not isinstance(std, bool):
        raise PackagingError('scores= must be "decision", and std= True or False.')
    return Extras(scores=is_decision, std=std)


def check_place(to: str | Path, name: str, version: str) -> Path:
    """Return the folder of a version, which must not be there yet."""
    if not isinstance(to, str | Path):
        raise PackagingError("to= must be the path of a folder.")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise PackagingError(f"The name {name!r} must match {NAME.pattern}.")
    if not isinstance(version, str) or not VERSION.fullmatch(version):
        raise PackagingError(f"The version {version!r} must be semantic: 1.0.0.")
    target = Path(to) / name / version
    if target.exists():
        raise PackagingError(refuse_overwriting(target))
    return target


def check_unknown_fields(unknown_fields: Any) -> None:
    if not isinstance(unknown_fields, str) or unknown_fields not in UNKNOWN_FIELDS:
        raise PackagingError('unknown_fields= must be "reject" or "ignore".')


class Metadata(NamedTuple):
    """What the owner says of a version."""

    name: str
    version: str
    description: str
    metrics: dict[str, float]
    batch_tolerance: float | None = None


def read_metadata(
    name: str,
    version: str,
    description: Any,
    metrics: Mapping[str, float] | None,
    batch_tolerance: Any,
) -> Metadata:
    """Return what the owner says of a version. Raises PackagingError."""
    measured = _read_metrics({} if metrics is None else metrics)
    if not is_text(description):
        raise PackagingError("The description must be text.")
    bound = None if batch_tolerance is None else _read_bound(batch_tolerance)
    return Metadata(name, version, description, measured, bound)


def _read_bound(bound: Any) -> float:
    """Return how far an answer in a batch may lie from that alone."""
    is_number = isinstance(bound, int | float | np.number)
    if not is_number or isinstance(bound, bool) or not 0 <= bound <= WIDEST_BATCH:
        raise PackagingError(f"batch_tolerance= must be from 0 to {WIDEST_BATCH:g}.")
    return float(bound)


def _read_metrics(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the metrics as floats."""
    if not isinstance(metrics, Mapping):
        raise PackagingError("metrics= must map names to numbers.")
    for name, value in metrics.items():
        is_number = isinstance(value, int | float | np.number)
        if not is_text(name) or not is_number or not math.isfinite(value):
            raise PackagingError(f"The metric {name!r} is not a finite number.")
    return {str(name): float(value) for name, value in metrics.items()}
