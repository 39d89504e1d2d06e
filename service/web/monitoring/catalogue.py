"""The metrics, by Prometheus's conventions for names and units."""

from functools import partial
from typing import Literal, get_args

from service.web.monitoring.instruments import Counter, Histogram, MaxGauge, SumGauge
from service.web.monitoring.worker_slots import open_counts

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


class Instruments:
    """What this service counts. `scores` are the bounds of the buckets of a score."""

    def __init__(self, scores: tuple[float, ...]) -> None:
        counts = open_counts()
        counter, histogram = partial(Counter, counts), partial(Histogram, counts)
        total, largest = partial(SumGauge, counts), partial(MaxGauge, counts)
        self.durations = histogram(
            "http_request_duration_seconds",
            "From the last byte of a request to its answer.",
            ("route", "status"),
            bounds=DURATIONS,
        )
        self.rejections = counter(
            "http_requests_rejected",
            "Requests that were not answered as asked.",
            ("reason",),
        )
        self.in_flight = total(
            "http_requests_in_flight",
            "Requests that workers have taken and not answered.",
        )
        self.stages = histogram(
            "model_stage_duration_seconds",
            "What the time of a prediction went to.",
            ("stage",),
            bounds=STAGE_DURATIONS,
        )
        self.instances = histogram(
            "model_request_instances",
            "Instances of a request that was answered.",
            bounds=BATCHES,
        )
        self.batches = histogram(
            "model_batch_instances",
            "Instances that were predicted together, of one request or of several.",
            bounds=BATCHES,
        )
        self.labels = counter("model_predictions", "Predictions by label.", ("label",))
        self.scores = histogram(
            "model_score",
            "Probability of the last class, or what was predicted.",
            ("output",),
            bounds=scores,
        )
        self.violations = counter(
            "model_contract_violations",
            "Values and fields that the contract refuses.",
            ("field", "kind"),
        )
        self.nulls = counter(
            "model_feature_nulls", "Nulls that were predicted.", ("feature",)
        )
        self.unseen = counter(
            "model_feature_unseen",
            "Categories that training did not see.",
            ("feature",),
        )
        self.out_of_range = counter(
            "model_feature_out_of_range",
            "Values out of the range that training saw.",
            ("feature",),
        )
        self.lines_dropped = counter(
            "model_prediction_log_dropped",
            "Predictions that were to be logged and are not.",
            ("reason",),
        )
        self.model = largest(
            "model_info",
            "What is served, and what answers: plan or scikit-learn.",
            ("name", "version", "engine", "digest"),
        )
        self.mismatches = total(
            "model_golden_mismatch_workers",
            "Workers that do not answer the golden records as training did.",
        )
        self.workers = total("service_workers", "Workers that live.")
        self.ready = total("service_workers_ready", "Workers that are ready.")
        self.exits = counter(
            "service_worker_exits", "Workers that ended and were replaced."
        )
        self.memory = largest(
            "service_worker_resident_memory_bytes",
            "Memory of a worker, with what it shares.",
            ("worker",),
        )
        self.storage = total(
            "rate_limit_storage_workers",
            "Workers by where they count limits.",
            ("storage",),
        )
        self.keys_refused = largest(
            "api_keys_file_refused",
            "1 while the key file cannot be used, and the last keys stay in force.",
        )
