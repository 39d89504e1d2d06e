"""The metrics, by Prometheus's conventions for names and units."""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, Literal, TypeVar, get_args

from service.web.monitoring.metric_kinds import Counter, Histogram, MaxGauge, SumGauge
from service.web.monitoring.worker_slots import open_counts

Kind = TypeVar("Kind")

# One instance takes some 0.2 ms, a large batch a second; callers wait for 10.
DURATIONS = (
    *(0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
STAGE_DURATIONS = (0.00001, 0.000025, 0.00005, 0.0001, *DURATIONS[::2])
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)

# Why the prediction log is without a line: the queue was full, the disk did not take
# it, it is longer than a file may be, or it could not be made.
Drop = Literal["queue_full", "disk", "too_long", "unreadable"]
DROPS: tuple[Drop, ...] = get_args(Drop)


def _declare(
    kind: Callable[..., Kind], name: str, help_text: str, *labels: str, **options: Any
) -> "cached_property[Kind]":
    """Return a metric that is made where it is first asked for."""

    def make(instruments: "Instruments") -> Kind:
        return kind(instruments.counts, name, help_text, labels, **options)

    return cached_property(make)


counter, histogram = partial(_declare, Counter), partial(_declare, Histogram)
total, largest = partial(_declare, SumGauge), partial(_declare, MaxGauge)


class Instruments:
    """What this service counts. `score_bounds` are those of the buckets of a score."""

    durations = histogram(
        "http_request_duration_seconds",
        "From the last byte of a request to its answer.",
        *("route", "status"),
        bounds=DURATIONS,
    )
    rejections = counter(
        "http_requests_rejected",
        "Requests that were not answered as asked.",
        "reason",
    )
    in_flight = total(
        "http_requests_in_flight",
        "Requests that workers have taken and not answered.",
    )
    stages = histogram(
        "model_stage_duration_seconds",
        "What the time of a prediction went to.",
        "stage",
        bounds=STAGE_DURATIONS,
    )
    instances = histogram(
        "model_request_instances",
        "Instances of a request that was answered.",
        "dialect",
        bounds=BATCHES,
    )
    batches = histogram(
        "model_batch_instances",
        "Instances that were predicted together, of one request or of several.",
        bounds=BATCHES,
    )
    labels = counter("model_predictions", "Predictions by label.", "label")
    violations = counter(
        "model_contract_violations",
        "Values and fields that the contract refuses.",
        *("field", "kind"),
    )
    nulls = counter("model_feature_nulls", "Nulls that were predicted.", "feature")
    unseen = counter(
        "model_feature_unseen",
        "Categories that training did not see.",
        "feature",
    )
    out_of_range = counter(
        "model_feature_out_of_range",
        "Values out of the range that training saw.",
        "feature",
    )
    lines_dropped = counter(
        "model_prediction_log_dropped",
        "Predictions that were to be logged and are not.",
        "reason",
    )
    model = largest(
        "model_info",
        "What is served, and what answers: plan or scikit-learn.",
        *("name", "version", "engine", "digest"),
    )
    mismatches = total(
        "model_golden_mismatch_workers",
        "Workers that do not answer the golden records as training did.",
    )
    workers = total("service_workers", "Workers that live.")
    ready = total("service_workers_ready", "Workers that are ready.")
    exits = counter("service_worker_exits", "Workers that ended and were replaced.")
    memory = largest(
        "service_worker_resident_memory_bytes",
        "Memory of a worker, with what it shares.",
        "worker",
    )
    storage = total(
        "rate_limit_storage_workers",
        "Workers by where they count limits.",
        "storage",
    )
    keys_refused = largest(
        "api_keys_file_refused",
        "1 while the key file cannot be used, and the last keys stay in force.",
    )

    def __init__(self, score_bounds: tuple[float, ...]) -> None:
        self.counts = open_counts()
        self.scores = Histogram(
            self.counts,
            "model_score",
            "Probability of the last class, or what was predicted.",
            ("output",),
            bounds=score_bounds,
        )
