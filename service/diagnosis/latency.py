"""Where the time of a prediction goes, by the histograms of a server."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from service.diagnosis.facts import ServerFacts
from service.diagnosis.finding import Finding
from service.diagnosis.samples import Samples

SUBJECT = "latency"
STAGE = "model_stage_duration_seconds"
STAGES = ("queue", "validate", "predict", "encode")

# What an alert is raised for: `ModelServiceSlow`.
MOST_SECONDS = 1.0

# Less than a millisecond in the queue is no wait.
LEAST_MICROSECONDS = 1e3

CURES = {
    "queue": "add workers or servers",
    "validate": "send columns in place of instances, or fewer at a time",
    "predict": "let python -m service doctor ARTEFACT say which step is slow",
    "encode": "ask for fewer instances at a time",
}


@dataclass(frozen=True)
class StageTime:
    """What one stage of predictions took: the 99th percentile is a bucket's bound."""

    stage: str
    count: int
    mean_microseconds: float
    p99_microseconds: float


def list_stages(samples: Samples) -> list[StageTime]:
    """Return what each stage took since the server was started, if it says so."""
    return [_read_stage(samples, s) for s in STAGES if samples.has(f"{STAGE}_count")]


def _read_stage(samples: Samples, stage: str) -> StageTime:
    count = samples.sum(f"{STAGE}_count", stage=stage)
    seconds = samples.sum(f"{STAGE}_sum", stage=stage)
    p99 = find_quantile(read_buckets(samples, STAGE, stage=stage), 0.99)
    mean = seconds / count if count else 0.0
    return StageTime(stage, int(count), round(1e6 * mean, 1), round(1e6 * p99, 1))


def read_buckets(samples: Samples, name: str, **labels: str) -> dict[float, float]:
    """Return the cumulative counts of a histogram, by their bounds."""
    buckets: dict[float, float] = defaultdict(float)
    for sample in samples.find(f"{name}_bucket", **labels):
        buckets[float(sample.labels["le"])] += sample.value
    return dict(sorted(buckets.items()))


def find_quantile(buckets: dict[float, float], quantile: float) -> float:
    """Return the bound that so large a part lies below; the last is that of all."""
    total = buckets.get(math.inf, 0.0)
    finite = [bound for bound in buckets if math.isfinite(bound)]
    reached = (b for b in finite if buckets[b] >= quantile * total)
    return next(reached, max(finite)) if total and finite else 0.0


def find_slow_stage(facts: ServerFacts) -> Iterator[Finding]:
    """Yield the stage that takes longest, where predictions are slow."""
    stages = list_stages(facts.samples)
    slowest = max(stages, key=lambda each: each.p99_microseconds, default=None)
    if slowest and slowest.p99_microseconds >= 1e6 * MOST_SECONDS:
        yield Finding(
            "wrong",
            SUBJECT,
            f"One prediction in a hundred spends"
            f" {slowest.p99_microseconds / 1e6:g} seconds or more in the stage"
            f" {slowest.stage}: {CURES[slowest.stage]}.",
        )


def find_queue(facts: ServerFacts) -> Iterator[Finding]:
    """Yield that predictions wait for longer than they take."""
    mean = {each.stage: each.mean_microseconds for each in list_stages(facts.samples)}
    queue = mean.pop("queue", 0.0)
    work = sum(mean.values())
    if queue > max(work, LEAST_MICROSECONDS):
        yield Finding(
            "advice",
            SUBJECT,
            f"A prediction waits for {queue:,.0f} microseconds and takes"
            f" {work:,.0f}: {CURES['queue']}.",
        )


CHECKS: tuple[Callable[[ServerFacts], Iterator[Finding]], ...] = (
    find_slow_stage,
    find_queue,
)
