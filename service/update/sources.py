"""What a version counts, read from the metrics of its replicas."""

import http.client
import math
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from service.update.counts import DURATION, LABELS, SCORE, Series

SECONDS = 10
MOST_BYTES = 64 * 2**20

INFO = "model_info"
MISMATCHES = "model_golden_mismatch_workers"
READY = "service_workers_ready"
PSI = "model_drift_psi"
GAUGES = (INFO, MISMATCHES, READY, PSI)
COUNTERS = (f"{DURATION}_count", f"{DURATION}_bucket", f"{SCORE}_bucket", LABELS)
READ = {*GAUGES, *COUNTERS}

KEY_HINT = ": the key needs the scope metrics"
HINTS = {
    400: ": Prometheus does not understand the selector",
    401: KEY_HINT,
    403: KEY_HINT,
}


class SourceError(Exception):
    """What was asked does not say what a version counts; the sentence says why."""


class UnreachableError(SourceError):
    """Nothing answers where a version should."""


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
    parts = _split_address(url)
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


def fetch(address: str, key: str = "") -> str:
    """Return the text of an address that answers with 200.

    Raises SourceError, or UnreachableError.
    """
    parts = _split_address(address)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            content: bytes = answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        hint = HINTS.get(error.code, "")
        raise SourceError(f"{parts.netloc} answers {error.code}{hint}.") from None
    except http.client.HTTPException:
        raise UnreachableError(f"{parts.netloc} does not answer in HTTP.") from None
    except ValueError:  # whose text would quote the key
        raise SourceError(f"{parts.netloc} cannot be asked with this key.") from None
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{parts.netloc} does not answer: {reason}.") from None
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SourceError(f"{parts.netloc} answers no text.") from None


def _split_address(address: str) -> urllib.parse.SplitResult:
    place = address.partition("?")[0]
    refusal = SourceError(f"{place} is no address of HTTP.")
    try:
        parts = urllib.parse.urlsplit(address)
        is_known = parts.scheme in ("http", "https") and parts.port != 0
    except ValueError:
        raise refusal from None
    if not is_known or not parts.hostname:
        raise refusal
    return parts
