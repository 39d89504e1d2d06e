"""How both versions compare, from the counts of all processes."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import Metric

from service.web.shadow.metrics import (
    DROPS,
    EXITS,
    OUTCOMES,
    PREFIX,
    VERSIONS,
)

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "most": 1.0}


class Figures:
    """The metrics of the shadow, by their names without what all of them begin with."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = {
            metric.name.removeprefix(PREFIX): metric
            for metric in metrics
            if metric.name.startswith(PREFIX)
        }

    def describe(self, sample: float) -> dict[str, Any]:
        """Return the body of GET /v1/shadow."""
        instances, changed = self._count("instances"), self._count("labels_changed")
        return {
            "sample": sample,
            "is_ready": self._count("ready") > 0,
            "shadow": self._describe_model(),
            "requests": self._count_each("requests", OUTCOMES),
            "dropped": self._count_each("dropped", DROPS),
            "exits": self._count_each("exits", EXITS),
            "instances": instances,
            "labels_changed": changed,
            "labels_changed_share": changed / instances if instances else None,
            "labels": self._list("labels", "instances"),
            "differences": self._find_quantiles("difference", {}),
            "contract_violations": self._list("contract_violations", "count"),
            "duration_seconds": {
                version: self._find_quantiles("duration_seconds", {"version": version})
                for version in VERSIONS
            },
        }

    def _read(self, name: str, sample: str = "") -> Iterable[tuple[Any, float]]:
        """Yield the labels and the value of each sample of a metric."""
        metric = self._metrics.get(name)
        for each in metric.samples if metric else ():
            if each.name.endswith(sample):
                yield each.labels, each.value

    def _count(self, name: str) -> int:
        return int(sum(value for _, value in self._read(name)))

    def _count_each(self, name: str, values: Iterable[str]) -> dict[str, int]:
        counts = dict.fromkeys(values, 0)
        for labels, value in self._read(name):
            counts[next(iter(labels.values()))] = int(value)
        return counts

    def _list(self, name: str, counted: str) -> list[dict[str, Any]]:
        """Return a row for each set of labels, the most frequent first."""
        rows = [{**labels, counted: int(value)} for labels, value in self._read(name)]
        return sorted(rows, key=lambda row: -row[counted])

    def _describe_model(self) -> Mapping[str, str] | None:
        return next((labels for labels, _ in self._read("info")), None)

    def _find_quantiles(
        self, name: str, wanted: Mapping[str, str]
    ) -> dict[str, float | None]:
        """Return bounds that so large a share of the values does not exceed.

        They are those of the buckets, and None beyond the last, or without values.
        """
        buckets = [
            (float(labels["le"]), count)
            for labels, count in self._read(name, "_bucket")
            if wanted.items() <= labels.items()
        ]
        total = buckets[-1][1] if buckets else 0
        found: dict[str, float | None] = {}
        for called, share in QUANTILES.items():
            bounds = (b for b, count in buckets if count >= share * total > 0)
            bound = next(bounds, float("inf"))
            found[called] = None if bound == float("inf") else bound
        return found
