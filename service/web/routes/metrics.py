"""GET /metrics, which adds up the counts of all workers."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path

import orjson
from flask import Blueprint, request
from prometheus_client import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry
from prometheus_client.samples import Sample

from service.web.access.auth import requires
from service.web.flask_app import Answer
from service.web.monitoring.counts import read_numbers, read_used
from service.web.runtime_folder import open_folder

# Most files hold no more.
FIRST_READ_BYTES = 16 * 1024


def build_metrics(*others: Collector) -> Blueprint:
    """Build the route that Prometheus scrapes: the counts, and other collectors."""
    blueprint = Blueprint("metrics", __name__)
    registry = CollectorRegistry(auto_describe=False)
    for collector in (MergedFiles(open_folder()), *others):
        registry.register(collector)

    @blueprint.get("/metrics")
    @requires("metrics")
    def metrics() -> Answer:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Answer(encode(registry), content_type=content_type)

    return blueprint


class MergedFiles(Collector):
    """The counts of all processes, dead ones' too, as one.

    It does what prometheus-client's MultiProcessCollector does, which handles each
    number of each process by itself and takes three times as long.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def collect(self) -> Iterable[Metric]:
        """Add up the files, and group the samples by metric."""
        metrics: dict[str, Metric] = {}
        for kind, numbers in self._merge().items():
            for key, value in numbers.items():
                name, sample, labels, documentation = orjson.loads(key)
                if name not in metrics:
                    metrics[name] = Metric(name, documentation, kind.partition("_")[0])
                metrics[name].add_sample(sample, labels, value)
        for metric in metrics.values():
            if metric.type == "histogram":
                metric.samples = [*_accumulate(metric)]
        return metrics.values()

    def _merge(self) -> dict[str, dict[bytes, float]]:
        """Return the numbers of each kind of metric, by key.

        Files are added in one order, or a sum of fractions could fall by a bit.
        """
        merged: dict[str, dict[bytes, float]] = {}
        for path in sorted(self._folder.glob("*.db")):
            kind = path.stem.rpartition("_")[0]
            numbers = merged.setdefault(kind, {})
            for key, _, value in read_numbers(_read(path)):
                before = numbers.get(key, 0.0)
                is_largest = kind == "gauge_livemax"
                numbers[key] = max(before, value) if is_largest else before + value
        return merged


def _read(path: Path) -> bytes:
    """Return the used part of a file: nothing if it was opened just now."""
    try:
        with path.open("rb") as file:
            begun = file.read(FIRST_READ_BYTES)
            return begun + file.read(max(0, read_used(begun) - len(begun)))
    except FileNotFoundError:  # its worker died meanwhile
        return b""


def _accumulate(metric: Metric) -> Iterator[Sample]:
    """Yield the samples of a histogram, each bucket with those below it."""
    buckets: dict[frozenset[tuple[str, str]], list[Sample]] = {}
    for sample in metric.samples:
        if "le" not in sample.labels:
            yield sample
            continue
        labels = frozenset(sample.labels.items() - {("le", sample.labels["le"])})
        buckets.setdefault(labels, []).append(sample)
    for labels, found in buckets.items():
        found.sort(key=lambda sample: float(sample.labels["le"]))
        counts = list(accumulate(sample.value for sample in found))
        for sample, count in zip(found, counts, strict=True):
            yield sample._replace(value=count)
        yield Sample(f"{metric.name}_count", dict(labels), counts[-1])
