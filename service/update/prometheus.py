"""What a version counts, read from a Prometheus that scrapes its replicas.

https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries
"""

import json
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from service.update.addresses import SourceError, UnreachableError, fetch
from service.update.sources import (
    INFO,
    READ,
    Reading,
)


class UnmatchedError(SourceError):
    """A Prometheus has no model by a selector."""


def read_prometheus(url: str, selector: str) -> dict[str, Reading]:
    """Read what a Prometheus has of a version's replicas, by their `instance`.

    A selector is such as `job="model", pod=~"canary-.*"`. Samples are of the last
    scrape; a replica that it did not reach has none. Raises SourceError, or
    UnmatchedError.
    """
    inside = selector.strip().removeprefix("{").removesuffix("}").strip(", ")
    names = "|".join(sorted(READ))
    found: dict[str, Reading] = defaultdict(Reading)
    every = f'{{__name__=~"{names}"{"," if inside else ""}{inside}}}'
    for labels, value in _query(url, every):
        name = labels.pop("__name__", "")
        found[labels.get("instance", url)].add(name, labels, value)
    readings = {name: each for name, each in found.items() if each.list_models()}
    if not readings:
        raise UnmatchedError(f"{url} has no metrics of a model by {selector}.")
    for labels, value in _query(url, f"time() - timestamp({INFO}{{{inside}}})"):
        if reading := readings.get(labels.get("instance", url)):
            reading.age = value
    return readings


def _query(url: str, expression: str) -> Iterator[tuple[dict[str, str], float]]:
    """Yield the labels and the value of each series of an expression, now."""
    address = f"{url.rstrip('/')}/api/v1/query"
    asked = urllib.parse.urlencode({"query": expression})
    try:
        answer = fetch(f"{address}?{asked}")
    except UnreachableError as error:  # which says nothing of the versions
        raise SourceError(str(error)) from None
    try:
        series: list[dict[str, Any]] = json.loads(answer)["data"]["result"]
        yield from [(dict(s["metric"]), float(s["value"][1])) for s in series]
    except (ValueError, LookupError, TypeError):
        raise SourceError(f"{address} answers no Prometheus's result.") from None
