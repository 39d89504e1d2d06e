"""What a version counts, read from the metrics of its replicas."""

import math
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from service.update.addresses import (
    SourceError,
    UnreachableError,
    fetch,
    split_address,
)
from service.update.counts import DURATION, LABELS, SCORE, Series

INFO = "model_info"
MISMATCHES = "model_golden_mismatch_workers"
READY = "service_workers_ready"
PSI = "model_drift_psi"
GAUGES = (INFO, MISMATCHES, READY, PSI)
COUNTERS = (f"{DURATION}_count", f"{DURATION}_bucket", f"{SCORE}_bucket", LABELS)
READ = {*GAUGES, *COUNTERS}


@dataclass
class Reading:
    """What one replica says: counters, and gauges, by their series.

    `age` is how many seconds ago it said so, where that is known.
    """

    counters: dict[Series, float] = field(default_factory=dict)
    gauges: dict[Series, float] = field(default_factory=dict)
    age: float = 0.0

    def add(self, name: str, labels: Mapping[str, str], value: float) -> None:
        """Add a series, if it is of those that a judge reads."""
        if name in READ and math.isfinite(value):
            of = self.gauges if name in GAUGES else self.counters
            of[name, frozenset(labels.items())] = value

    def list_models(self) -> set[tuple[str, str]]:
        """Return the names and versions that it is of."""
        found = (dict(pairs) for name, pairs in self.gauges if name == INFO)
        return {(by["name"], by["version"]) for by in found}

    def sum_gauge(self, name: str) -> float:
        return sum(value for (each, _), value in self.gauges.items() if each == name)


def list_replicas(url: str) -> list[str]:
    """Return the addresses of all replicas that one name stands for.

    Such a name is that of a headless Service in Kubernetes, or of a service that
    compose has scaled. Raises SourceError, or UnreachableError.
    """
    parts = split_address(url)
    if parts.scheme != "http":
        raise SourceError(f"{url} must be http: no certificate is of an address.")
    port = parts.port or 80
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError as error:
        # Where no server of names answers, nothing is known of the version.
        is_gone = error.errno != socket.EAI_AGAIN
        kind = UnreachableError if is_gone else SourceError
        raise kind(f"{parts.hostname} has no address: {error.strerror}.") from None
    hosts = sorted({str(address[0]) for *_, address in found})
    places = (f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host in hosts)
    return [parts._replace(netloc=place).geturl() for place in places]


def read_replica(url: str, key: str = "") -> Reading:
    """Read a replica's metrics. Raises SourceError, or UnreachableError."""
    address = url if url.endswith("/metrics") else f"{url.rstrip('/')}/metrics"
    text = fetch(address, key)
    reading = Reading()
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                reading.add(sample.name, sample.labels, sample.value)
        models = reading.list_models()
    except (ValueError, IndexError, KeyError):
        raise SourceError(f"{address} answers no metrics.") from None
    if not models:
        raise SourceError(f"{address} has no metrics of a model: {INFO} is missing.")
    return reading
