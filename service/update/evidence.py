"""What both versions have answered since the canary began, kept between looks."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from service.update.counts import Counts, Series, Values, read_counts
from service.update.sources import Reading
from service.update.statistics import RATIOS, weigh_excess

CANARY, STABLE = "canary", "stable"
ARMS = (STABLE, CANARY)
FORMAT = 1

Readings = Mapping[str, Mapping[str, Reading]]


class EvidenceError(Exception):
    """The file of evidence cannot be used; the sentence says why."""


def _weigh_nothing() -> list[float]:
    return [0.0] * len(RATIOS)


@dataclass
class Evidence:
    """What was counted from the first look to the last.

    `versions` are the names and versions that are compared, by arm. `last` is what each
    source said at the last look, and `totals` what has been counted since the stage
    began, by arm and series. `errors` and `refused` are the evidence that the canary
    has too many of them: see statistics.py.

    A stage is a time in which the canary gets one share of the requests. Distributions
    are compared within it: over several, a version that got most of its requests by
    night would differ from one that got them by day.
    """

    versions: dict[str, list[str]] = field(default_factory=dict)
    looks: int = 0
    weight: float | None = None
    stages: int = 1
    last: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)
    totals: dict[str, dict[str, float]] = field(default_factory=dict)
    errors: list[float] = field(default_factory=_weigh_nothing)
    refused: list[float] = field(default_factory=_weigh_nothing)

    def begin_stage(self, weight: float | None) -> None:
        """Begin a new stage, if the canary has another weight by now."""
        if weight == self.weight:
            return
        if self.looks:
            self.stages += 1
        self.weight, self.totals = weight, {}

    def add(self, readings: Readings) -> None:
        """Add what has been counted since the last look.

        A counter that fell began again from zero. What a source had counted before it
        was first read does not count.
        """
        found = {arm: read_counts(self._count(arm, readings[arm])) for arm in ARMS}
        self.weigh(found[STABLE], found[CANARY])
        self.looks += 1

    def weigh(self, stable: Counts, canary: Counts) -> None:
        """Weigh the errors and the refusals of one look, at its share of requests."""
        requests = canary.requests + stable.requests
        share = canary.requests / requests if requests else 0.0
        for name in ("errors", "refused"):
            excess = weigh_excess(getattr(canary, name), getattr(stable, name), share)
            added = zip(getattr(self, name), excess, strict=True)
            setattr(self, name, [sum(pair) for pair in added])

    def count(self, arm: str) -> Counts:
        """Return what a version has answered in this stage."""
        totals = self.totals.get(arm, {})
        return read_counts({_read_name(name): n for name, n in totals.items()})

    def _count(self, arm: str, readings: Mapping[str, Reading]) -> Values:
        last = self.last.setdefault(arm, {})
        totals = self.totals.setdefault(arm, {})
        found: dict[Series, float] = {}
        for source, reading in readings.items():
            before = last.get(source)
            now = {_write_name(s): value for s, value in reading.counters.items()}
            last[source] = now
            if before is None:
                continue
            for series, value in reading.counters.items():
                name = _write_name(series)
                known = before.get(name, 0.0)
                more = value - known if value >= known else value
                found[series] = found.get(series, 0.0) + more
                totals[name] = totals.get(name, 0.0) + more
        return found


def read_evidence(path: Path) -> Evidence:
    """Read a file of evidence; there is none before the first look.

    Raises EvidenceError.
    """
    try:
        return _decode(path.read_bytes())
    except FileNotFoundError:
        return Evidence()
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        raise EvidenceError(f"{path} is no file of this release's evidence.") from None


def _decode(raw: bytes) -> Evidence:
    document = json.loads(raw)
    if document.pop("format") != FORMAT:
        raise ValueError("of another release")
    Evidence(**document)  # which refuses what it does not know
    evidence = msgspec.convert(document, Evidence)
    for arm in ARMS:
        evidence.count(arm)  # which refuses names that are of no series
    if {len(evidence.errors), len(evidence.refused)} != {len(RATIOS)}:
        raise ValueError("of other ratios")
    return evidence


def write_evidence(evidence: Evidence, path: Path) -> None:
    """Replace the file at once: whoever stops half-way leaves the former one."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.write_text(json.dumps({"format": FORMAT, **asdict(evidence)}))
    new.replace(path)


def _write_name(series: Series) -> str:
    name, pairs = series
    return json.dumps([name, *sorted(pairs)])


def _read_name(name: str) -> Series:
    first, *pairs = json.loads(name)
    return first, frozenset((key, value) for key, value in pairs)
