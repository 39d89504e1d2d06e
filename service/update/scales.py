"""What each figure says of a canary, weighed against the stable version."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from service.update.counts import Counts, find_shift, move_up
from service.update.evidence import CANARY, STABLE, Evidence
from service.update.statistics import bound_distance, bound_rate, find_p_value

Finding = Literal["alike", "open", "worse"]


@dataclass(frozen=True)
class Tolerance:
    """What a new version may do differently, and how often the judge may be wrong.

    `alpha` is the chance that a version that is no worse is rolled back, at whatever
    look. `max_shift` is the share of requests, or of instances, that may take longer,
    be labelled or scored otherwise; `max_errors` by how much of all requests more may
    fail or be refused.
    """

    alpha: float = 0.05
    max_shift: float = 0.1
    max_errors: float = 0.01


DEFAULT_TOLERANCE = Tolerance()


@dataclass(frozen=True)
class Reason:
    """What one figure says of the canary."""

    figure: str
    finding: Finding
    sentence: str


def weigh_counts(evidence: Evidence, tolerance: Tolerance) -> Iterator[Reason]:
    """Yield what errors, refusals, durations, labels and scores say."""
    canary, stable = evidence.count(CANARY), evidence.count(STABLE)
    outputs = sorted({*canary.scores, *stable.scores})
    # Each figure may be wrong with its part of the chance, and so may each stage with
    # one of it: 1/2 + 1/6 + 1/12 + ... is 1.
    alpha = tolerance.alpha / (4 + len(outputs))
    of_stage = alpha / (evidence.stages * (evidence.stages + 1))
    scales = _Scales(canary, stable, tolerance, alpha, of_stage)
    yield scales.weigh_rate("errors", evidence.errors)
    yield scales.weigh_rate("refused", evidence.refused)
    # What is slower lies higher; what is faster is no harm. A bound is twice the one
    # before: up to there a canary is slower by its weight alone, since what few ask for
    # is in no cache, by a bucket for half of its answers on a busy machine.
    shift, _ = find_shift(canary.durations, move_up(stable.durations))
    yield scales.weigh_shift("latency", shift)
    if canary.labels or stable.labels:
        _, shift = find_shift(canary.labels, stable.labels)
        yield scales.weigh_shift("labels", shift)
    for output in outputs:
        found = canary.scores.get(output, {}), stable.scores.get(output, {})
        _, shift = find_shift(*found)
        yield scales.weigh_shift(f"score {output}".strip(), shift)


@dataclass(frozen=True)
class _Scales:
    """Weighs the figures of two versions.

    Each may find harm where there is none with the chance `alpha`, and in this stage
    with `alpha_of_stage`. That none is found where there is some has the chance that
    was asked for: all figures have to be alike.
    """

    canary: Counts
    stable: Counts
    tolerance: Tolerance
    alpha: float
    alpha_of_stage: float

    def weigh_rate(self, name: str, evidence: list[float]) -> Reason:
        """Weigh what happened to some requests: `name` is a field of Counts."""
        canary, stable = self.canary, self.stable
        events = getattr(canary, name), getattr(stable, name)
        p_value = find_p_value(evidence)
        alpha = self.tolerance.alpha / 2
        most = bound_rate(events[0], canary.requests, alpha, is_upper=True)
        least = bound_rate(events[1], stable.requests, alpha, is_upper=False)
        more = max(0.0, most - least)
        finding: Finding = "alike" if more <= self.tolerance.max_errors else "open"
        return Reason(
            name,
            "worse" if p_value <= self.alpha else finding,
            f"{events[0]:.0f} of {canary.requests:.0f} requests, {events[1]:.0f} of"
            f" {stable.requests:.0f} in the stable version (p {p_value:.2g}, at most"
            f" {more:.2%} more)",
        )

    def weigh_shift(self, name: str, shift: float) -> Reason:
        """Weigh how far two distributions lie apart.

        Instances of one request are no independent answers, so requests are counted.
        """
        counts = [each.answered for each in (self.canary, self.stable)]
        of_stage, at_all = (
            sum(bound_distance(count, alpha / 2) for count in counts)
            for alpha in (self.alpha_of_stage, self.tolerance.alpha)
        )
        finding: Finding = "open"
        if shift - of_stage > self.tolerance.max_shift:
            finding = "worse"
        elif shift + at_all <= self.tolerance.max_shift:
            finding = "alike"
        return Reason(name, finding, f"{shift:.1%} lie elsewhere, within {at_all:.1%}")
