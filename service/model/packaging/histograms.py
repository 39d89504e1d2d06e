"""Histograms of the training table, whose rows are counted as requests are.

The bins of numbers are deciles, as is usual for the population stability index.
"""

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from service.model.contract.features import Contract, Feature
from service.model.contract.instances import Instances, Predictions
from service.model.contract.prediction_form import WatchedColumn
from service.model.contract.timestamps import read_timestamp
from service.model.drift.histograms import (
    Histogram,
    HistogramKind,
    Histograms,
    find_kind,
)
from service.model.drift.tally import READERS, Tally

BINS = 10

# Chance moves a small bin much, and the index with it.
LEAST_BIN = 0.05

# This many instances place a decile to within half a percent of the rows.
MAX_REFERENCE_ROWS = 10_000

# There must be an edge above it, and JSON has no infinity.
LARGEST = math.nextafter(sys.float_info.max, 0.0)


def build_histograms(
    contract: Contract, instances: Instances, predictions: Predictions
) -> Histograms:
    """Return the histograms of the training table's instances, and of the scores.

    The predictions may be of other instances.
    """
    features = tuple(
        _choose_bins(feature, values)
        for feature, values in zip(contract.features, instances.columns, strict=True)
    )
    scores = tuple(
        _choose_score_bins(column, values)
        for column, values in zip(
            predictions.form.columns, predictions.read_columns(), strict=True
        )
    )
    return Histograms(
        count=instances.count,
        features=_count(features, (), instances, predictions),
        scores=_count((), scores, Instances((), len(predictions)), predictions),
    )


def _count(
    features: tuple[Histogram, ...],
    scores: tuple[Histogram, ...],
    instances: Instances,
    predictions: Predictions,
) -> tuple[Histogram, ...]:
    """Return the histograms with their counts."""
    empty = Histograms(count=0, features=features, scores=scores)
    tally = Tally(empty)
    cells = memoryview(bytearray(8 * tally.width)).cast("q")
    tally.count(instances, predictions, cells)
    return tuple(
        replace(each, counts=tuple(part[1:-2]), nulls=part[-1])
        for each, part in zip(empty.all, tally.split(list(cells)), strict=True)
    )


def _choose_bins(feature: Feature, values: Sequence[Any]) -> Histogram:
    observed = feature.observed
    kind = find_kind(feature.type, observed.categories)
    if kind == "category":
        return _make_categories(feature.name, observed.categories or ())
    limits: list[Any] = [observed.minimum, observed.maximum]
    if limits == [None, None] or kind == "mean":  # those are of elements
        limits = []
    elif kind == "date-time":
        limits = [read_timestamp(str(v), feature.storage.dtype) for v in limits]
    return _make_numbers(feature.name, kind, values, limits)


def _choose_score_bins(column: WatchedColumn, values: Sequence[Any]) -> Histogram:
    if column.labels:
        return _make_categories(column.path, column.labels)
    return _make_numbers(column.path, "number", values, [])


def _make_categories(name: str, categories: Sequence[Any]) -> Histogram:
    return Histogram(
        name=name,
        kind="category",
        counts=(0,) * len(categories),
        categories=tuple(categories),
    )


def _make_numbers(
    name: str, kind: HistogramKind, values: Sequence[Any], limits: Sequence[Any]
) -> Histogram:
    """Return empty bins of the values, which reach as far as the limits do."""
    read = READERS[kind]
    numbers = np.array([read(value) for value in values if value is not None], float)
    reach = np.append(numbers, [read(limit) for limit in limits])
    if not reach.size:
        return Histogram(name=name, kind=kind, counts=())
    high = min(float(reach.max()), LARGEST)
    low, above = min(float(reach.min()), high), math.nextafter(high, math.inf)
    cuts = {cut for cut in find_cuts(numbers) if low < cut < above}
    edges = sorted({low, *cuts, above})
    return Histogram(
        name=name, kind=kind, counts=(0,) * (len(edges) - 1), edges=tuple(edges)
    )


def find_cuts(numbers: np.ndarray) -> list[float]:
    """Return where bins begin, so that each tenth of the values begins one.

    A cut is the least value with k tenths of all below it, so that a value that many
    have, such as 0, does not share its bin with those above it. It is left out where a
    bin would hold less than `LEAST_BIN` of the values.
    """
    values, counts = np.unique(numbers, return_counts=True)
    below = np.cumsum(counts) - counts
    wanted = np.arange(1, BINS) * numbers.size
    least, begun = LEAST_BIN * numbers.size, 0
    cuts = []
    for index in np.searchsorted(BINS * below, wanted).tolist():
        if index < values.size and below[index] - begun >= least:
            if numbers.size - below[index] < least:
                break
            begun = below[index]
            cuts.append(float(values[index]))
    return cuts
