"""Promote a canary, roll it back, or wait: what the evidence says, with reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from service.model.drift.figures import LARGE_PSI
from service.update.addresses import SourceError
from service.update.evidence import CANARY, STABLE, Evidence, Readings
from service.update.scales import DEFAULT_TOLERANCE, Reason, Tolerance, weigh_counts
from service.update.sources import MISMATCHES, PSI, READY, Reading

Verdict = Literal["promote", "undecided", "roll back"]

# More than the longest interval at which services are usually scraped, a minute.
STALE_SECONDS = 120


@dataclass(frozen=True)
class Judgement:
    """The verdict, and what each figure says."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


def judge(
    evidence: Evidence,
    readings: Readings,
    tolerance: Tolerance = DEFAULT_TOLERANCE,
    away: Sequence[str] = (),
) -> Judgement:
    """Say what to do with the canary; `away` says which replicas do not answer."""
    reasons = (
        *(Reason("state", "open", sentence) for sentence in away),
        *_look_at_states(readings),
        *weigh_counts(evidence, tolerance),
    )
    return Judgement(_decide(reasons), reasons)


def refuse_unreachable(sentence: str) -> Judgement:
    """Return the judgement on a canary that does not answer at all."""
    return Judgement("roll back", (Reason("state", "worse", sentence),))


def _decide(reasons: tuple[Reason, ...]) -> Verdict:
    findings = {reason.finding for reason in reasons}
    if "worse" in findings:
        return "roll back"
    return "undecided" if "open" in findings else "promote"


def find_versions(readings: Readings) -> dict[str, list[str]]:
    """Return which versions are compared. Raises SourceError where they cannot be."""
    versions: dict[str, list[str]] = {}
    for arm, sources in readings.items():
        models = {model for each in sources.values() for model in each.list_models()}
        if len(models) != 1:
            found = ", ".join(" ".join(model) for model in sorted(models))
            raise SourceError(f"The {arm} version is not one: {found}.")
        versions[arm] = list(*models)
    if versions[CANARY][0] != versions[STABLE][0]:
        names = versions[CANARY][0], versions[STABLE][0]
        raise SourceError(f"These are different models: {names[0]} and {names[1]}.")
    if versions[CANARY] == versions[STABLE]:
        raise SourceError(f"Both are version {versions[CANARY][1]}.")
    return versions


def _look_at_states(readings: Readings) -> Iterator[Reason]:
    """Yield what gauges say at this look, and where that is old."""
    for sources in readings.values():
        for source, reading in sources.items():
            if reading.age > STALE_SECONDS:
                words = f"{source} was last scraped {reading.age:.0f} seconds ago"
                yield Reason("state", "open", words)
    for source, reading in readings[CANARY].items():
        if count := reading.sum_gauge(MISMATCHES):
            words = (
                f"{count:.0f} workers of {source} do not reproduce the golden records"
            )
            yield Reason("golden records", "worse", words)
        elif not reading.sum_gauge(READY):
            yield Reason("state", "open", f"no worker of {source} is ready")
    drifted = {arm: _find_drifted(readings[arm]) for arm in readings}
    for name in sorted(drifted[CANARY].keys() - drifted[STABLE].keys()):
        psi = drifted[CANARY][name]
        words = f"{name} has a PSI of {psi:.2f}, and less in the stable version"
        yield Reason("drift", "open", words)


def _find_drifted(sources: Mapping[str, Reading]) -> dict[str, float]:
    found: dict[str, float] = {}
    for reading in sources.values():
        for (name, pairs), value in reading.gauges.items():
            if name == PSI and value >= LARGE_PSI:
                found[dict(pairs)["feature"]] = value
    return found
