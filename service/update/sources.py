"""Where the counts of a version come from: replicas' own metrics, or a Prometheus."""

import json
import math
import urllib.error
import urllib.parse
import urllib.request
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


class SourceError(Exception):
    """What was asked does not say what a version counts; the sentence says why."""


class UnreachableError(SourceError):
    """Nothing answers where a version should."""


@dataclass
class Reading:
    """What one source says: counters, and gauges, by their series."""

    counters: dict[Series, float] = field(default_factory=dict)
    gauges: dict[Series, float] = field(default_factory=dict)

    def list_models(self) -> set[tuple[str, str]]:
        """Return the names and versions that it is of."""
        found = (dict(pairs) for name, pairs in self.gauges if name == INFO)
        return {(by["name"], by["version"]) for by in found}

    def sum_gauge(self, name: str) -> float:
        return sum(value for (each, _), value in self.gauges.items() if each == name)


def read_replica(url: str, key: str = "") -> Reading:
    """Read a replica's metrics. Raises SourceError, or UnreachableError."""
    address = url if url.endswith("/metrics") else f"{url.rstrip('/')}/metrics"
    text = _fetch(address, key)
    reading = Reading()
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                _add(reading, sample.name, sample.labels, sample.value)
    except (ValueError, IndexError, KeyError):
        raise SourceError(f"{address} answers no metrics.") from None
    return _check(reading, address)


def read_prometheus(url: str, selector: str) -> Reading:
    """Read what a Prometheus has of a version, such as by `version="1.1.0"`.

    Its samples are of its last scrape. Raises SourceError, or UnreachableError.
    """
    names = "|".join(sorted(READ))
    inside = selector.strip().removeprefix("{").removesuffix("}").strip(", ")
    query = f'{{__name__=~"{names}"{"," if inside else ""}{inside}}}'
    address = f"{url.rstrip('/')}/api/v1/query"
    answer = _fetch(f"{address}?{urllib.parse.urlencode({'query': query})}", "")
    reading = Reading()
    try:
        for each in json.loads(answer)["data"]["result"]:
            labels = dict(each["metric"])
            _add(reading, labels.pop("__name__"), labels, float(each["value"][1]))
    except (ValueError, LookupError, TypeError):
        raise SourceError(f"{address} answers no Prometheus's result.") from None
    return _check(reading, f"{url} by {selector}")


def _add(reading: Reading, name: str, labels: dict[str, str], value: float) -> None:
    if name in READ and math.isfinite(value):
        of = reading.gauges if name in GAUGES else reading.counters
        of[name, frozenset(labels.items())] = value


def _check(reading: Reading, place: str) -> Reading:
    if not reading.list_models():
        raise SourceError(f"{place} has no metrics of a model: {INFO} is missing.")
    return reading


def _fetch(address: str, key: str) -> str:
    """Return the text of an address that answers with 200."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SourceError(f"{address} is no address of HTTP.")
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - checked
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            content: bytes = answer.read(MOST_BYTES)
    except urllib.error.HTTPError as error:
        hint = ": the key needs the scope metrics" if error.code in (401, 403) else ""
        raise SourceError(f"{parts.netloc} answers {error.code}{hint}.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UnreachableError(f"{parts.netloc} does not answer: {reason}.") from None
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise SourceError(f"{parts.netloc} answers no text.") from None
