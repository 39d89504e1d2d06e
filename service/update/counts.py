"""What a version has answered, as its metrics count it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# A series by its name and its labels.
Series = tuple[str, frozenset[tuple[str, str]]]
Values = Mapping[Series, float]

# The routes of predictions, in whichever dialect.
PREDICT = re.compile(r".*[/:]predict|/invocations|/v2/models/.+/infer")
DURATION = "http_request_duration_seconds"
LABELS = "model_predictions_total"
SCORE = "model_score"

# A version's own fault, and what the contract of a version refuses.
REFUSED = "422"


@dataclass
class Counts:
    """Requests and their answers. Histograms are counts by upper bound, not added up.

    `durations` are in seconds, of the requests that were answered; `labels` counts
    instances by label, and `scores` by output and score.
    """

    requests: float = 0.0
    errors: float = 0.0
    refused: float = 0.0
    durations: dict[float, float] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)
    scores: dict[str, dict[float, float]] = field(default_factory=dict)

    @property
    def answered(self) -> float:
        """The requests that were answered with predictions."""
        return sum(self.durations.values())


def read_counts(values: Values) -> Counts:
    """Return what counters say."""
    counts = Counts()
    durations: dict[float, float] = defaultdict(float)
    scores: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    labels: dict[str, float] = defaultdict(float)
    for (name, pairs), value in values.items():
        by = dict(pairs)
        if name == f"{DURATION}_count" and is_prediction(by["route"]):
            counts.requests += value
            counts.errors += value * (by["status"][0] == "5")
            counts.refused += value * (by["status"] == REFUSED)
        elif name == f"{DURATION}_bucket" and _is_answered(by):
            durations[float(by["le"])] += value
        elif name == f"{SCORE}_bucket":
            scores[by.get("output", "")][float(by["le"])] += value
        elif name == LABELS:
            labels[by["label"]] += value
    counts.durations = take_apart(durations)
    counts.scores = {output: take_apart(found) for output, found in scores.items()}
    counts.labels = dict(labels)
    return counts


def _is_answered(by: Mapping[str, str]) -> bool:
    return is_prediction(by["route"]) and by.get("status") == "200"


def is_prediction(route: str) -> bool:
    """Return True for a route that answers with predictions."""
    return PREDICT.fullmatch(route) is not None


def take_apart(cumulative: Mapping[float, float]) -> dict[float, float]:
    """Return a histogram's counts by upper bound, of those that are added up."""
    before, counts = 0.0, {}
    for bound in sorted(cumulative):
        counts[bound] = max(0.0, cumulative[bound] - before)
        before = cumulative[bound]
    return counts


def move_up(buckets: Mapping[float, float]) -> dict[float, float]:
    """Return a distribution with each count, but the last, under the next bound."""
    bounds = sorted(buckets)
    moved: dict[float, float] = dict.fromkeys(bounds, 0.0)
    for bound, above in zip(bounds, [*bounds[1:], *bounds[-1:]], strict=True):
        moved[above] += buckets[bound]
    return moved


def find_shift(
    canary: Mapping[Any, float], stable: Mapping[Any, float]
) -> tuple[float, float]:
    """Return how far two distributions lie apart, by bounds or by labels.

    The largest difference of the cumulative shares: first where the canary's lie lower,
    as those of what is larger do, then at all.
    """
    totals = sum(canary.values()), sum(stable.values())
    if not all(totals):
        return 0.0, 0.0
    lower = either = gap = 0.0
    for bound in sorted({*canary, *stable}):
        gap += stable.get(bound, 0.0) / totals[1]
        gap -= canary.get(bound, 0.0) / totals[0]
        lower, either = max(lower, gap), max(either, abs(gap))
    return lower, either
