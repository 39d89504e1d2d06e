"""The judge's error rates, by simulated rollouts that are looked at at every step."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest

from service.update.addresses import SourceError
from service.update.counts import Counts, Series
from service.update.evidence import CANARY, STABLE, Evidence
from service.update.judge import find_versions, judge
from service.update.scales import Tolerance, weigh_counts
from service.update.sources import Reading

ROLLOUTS = 1000
LOOKS = 10
REQUESTS = 2000
# The shares that a rollout gives the canary before it gets the half of the requests.
WEIGHTS = (0.05, 0.25)

SECONDS = np.array([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, np.inf])
SCORES = np.linspace(0.1, 1.0, 10)


@dataclass(frozen=True)
class Behaviour:
    """What a version does: shares of requests, and distributions by bound."""

    errors: float = 0.002
    refused: float = 0.01
    durations: tuple[float, ...] = (0.02, 0.2, 0.45, 0.25, 0.06, 0.02, 0.0)
    labels: tuple[float, ...] = (0.7, 0.3)
    scores: tuple[float, ...] = (0.1,) * 10


GOOD = Behaviour()
FAULTS = {
    "3 % errors, of 0.2 %": Behaviour(errors=0.03),
    "5 % refused, of 1 %": Behaviour(refused=0.05),
    "requests that take four times as long": Behaviour(
        durations=(0.0, 0.0, 0.02, 0.2, 0.45, 0.25, 0.08)
    ),
    "labels that are swapped": Behaviour(labels=(0.3, 0.7)),
    "scores that are moved by 0.3": Behaviour(scores=(0.0,) * 3 + (1 / 7,) * 7),
}


class Simulated(Evidence):
    """Evidence whose counts are drawn, where a service would count requests."""

    def __init__(self, canary: Behaviour, seed: int) -> None:
        super().__init__()
        self._behaviours = {CANARY: canary, STABLE: GOOD}
        self._rng = np.random.default_rng(seed)
        self._counts = {CANARY: Counts(), STABLE: Counts()}

    def count(self, arm: str) -> Counts:
        return self._counts[arm]

    def look(self, weight: float) -> None:
        if weight != self.weight:
            self._counts = {CANARY: Counts(), STABLE: Counts()}
        self.begin_stage(weight)
        to_canary = int(self._rng.binomial(REQUESTS, weight))
        drawn = {
            CANARY: self._draw(self._behaviours[CANARY], to_canary),
            STABLE: self._draw(GOOD, REQUESTS - to_canary),
        }
        self.weigh(drawn[STABLE], drawn[CANARY])
        for arm, counts in drawn.items():
            self._counts[arm] = add(self._counts[arm], counts)
        self.looks += 1

    def _draw(self, behaviour: Behaviour, requests: int) -> Counts:
        draw = self._rng.multinomial
        good = 1 - behaviour.errors - behaviour.refused
        errors, refused, answered = draw(
            requests, [behaviour.errors, behaviour.refused, good]
        ).tolist()
        durations = draw(answered, behaviour.durations).tolist()
        labels = draw(answered, behaviour.labels).tolist()
        scores = draw(answered, behaviour.scores).tolist()
        return Counts(
            requests=requests,
            errors=errors,
            refused=refused,
            durations=dict(zip(SECONDS.tolist(), durations, strict=True)),
            labels=dict(zip(("bad", "good"), labels, strict=True)),
            scores={"good": dict(zip(SCORES.tolist(), scores, strict=True))},
        )


def add(one: Counts, other: Counts) -> Counts:
    def join(a: Mapping[float, float], b: Mapping[float, float]) -> dict[float, float]:
        return {key: a.get(key, 0) + b.get(key, 0) for key in {*a, *b}}

    return Counts(
        requests=one.requests + other.requests,
        errors=one.errors + other.errors,
        refused=one.refused + other.refused,
        durations=join(one.durations, other.durations),
        labels=join(one.labels, other.labels),  # type: ignore[arg-type]
        scores={"good": join(one.scores.get("good", {}), other.scores["good"])},
    )


def roll_out(canary: Behaviour, seed: int, weights: tuple[float, ...]) -> str:
    """Return "rolled back", or what a rollout that looks at every step comes to."""
    evidence = Simulated(canary, seed)
    verdict = "undecided"
    for weight in weights:
        for _ in range(LOOKS):
            evidence.look(weight)
            reasons = list(weigh_counts(evidence, Tolerance()))
            if any(reason.finding == "worse" for reason in reasons):
                return "rolled back"
            if all(reason.finding == "alike" for reason in reasons):
                verdict = "promoted"
    return verdict


def test_few_versions_that_are_no_worse_are_rolled_back() -> None:
    verdicts = Counter(
        roll_out(GOOD, seed, (*WEIGHTS, 0.5)) for seed in range(ROLLOUTS)
    )
    print(f"\nno difference: {dict(verdicts)}")
    assert verdicts["rolled back"] <= 0.05 * ROLLOUTS
    assert verdicts["promoted"] >= 0.5 * ROLLOUTS


def test_a_version_that_only_few_ask_may_take_twice_as_long() -> None:
    cold = Behaviour(durations=(0.0, 0.02, 0.2, 0.45, 0.25, 0.06, 0.02))
    verdicts = {roll_out(cold, seed, (*WEIGHTS, 0.5)) for seed in range(ROLLOUTS // 50)}
    assert "rolled back" not in verdicts


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_before_half_of_the_requests_meet_it(fault: str) -> None:
    verdicts = Counter(
        roll_out(FAULTS[fault], seed, WEIGHTS) for seed in range(ROLLOUTS // 5)
    )
    print(f"\n{fault}: {dict(verdicts)}")
    assert verdicts["rolled back"] >= 0.95 * ROLLOUTS / 5
    assert not verdicts["promoted"]


def test_nothing_is_promoted_on_no_requests() -> None:
    reasons = list(weigh_counts(Evidence(), Tolerance()))
    assert {reason.finding for reason in reasons} == {"open"}


def test_nothing_is_promoted_on_few_requests() -> None:
    evidence = Simulated(GOOD, 0)
    evidence.look(0.05)
    reasons = list(weigh_counts(evidence, Tolerance()))
    assert {reason.finding for reason in reasons} == {"open"}


def test_what_was_refused_is_no_answer_that_distributions_are_told_by() -> None:
    evidence = Simulated(GOOD, 0)
    for counts in evidence._counts.values():
        counts.requests, counts.refused = 100_000, 99_990
        counts.durations, counts.labels = {0.01: 10.0}, {"good": 10.0}
    found = {r.figure: r.finding for r in weigh_counts(evidence, Tolerance())}
    assert (found["latency"], found["labels"]) == ("open", "open")


def read(
    version: str = "1.0.0",
    name: str = "credit",
    gauges: Mapping[str, float] = MappingProxyType({}),
) -> Reading:
    """Return what a replica says of its state: gauges by name."""
    info: dict[Series, float] = {
        ("model_info", frozenset({("name", name), ("version", version)})): 1.0
    }
    return Reading(
        gauges=info | {(gauge, frozenset()): value for gauge, value in gauges.items()}
    )


def drifting(reading: Reading, psi: float) -> Reading:
    labels = frozenset({("of", "score"), ("feature", "probabilities.bad")})
    reading.gauges["model_drift_psi", labels] = psi
    return reading


READY = {"service_workers_ready": 2.0, "model_golden_mismatch_workers": 0.0}
WRONG = {"service_workers_ready": 1.0, "model_golden_mismatch_workers": 1.0}


@pytest.mark.parametrize(
    ("canary", "verdict", "figure"),
    [
        (read("1.1.0", gauges=WRONG), "roll back", "golden records"),
        (read("1.1.0", gauges={"service_workers_ready": 0.0}), "undecided", "state"),
        (drifting(read("1.1.0", gauges=READY), 0.3), "undecided", "drift"),
        (drifting(read("1.1.0", gauges=READY), 0.2), "undecided", ""),
    ],
)
def test_what_a_canary_says_of_itself_counts(
    canary: Reading, verdict: str, figure: str
) -> None:
    readings = {STABLE: {"a": read(gauges=READY)}, CANARY: {"b": canary}}
    found = judge(Evidence(), readings)
    assert found.verdict == verdict
    states = {"golden records", "state", "drift"}
    assert [r.figure for r in found.reasons if r.figure in states] == (
        [figure] if figure else []
    )


def test_what_drifts_in_both_versions_is_no_reason() -> None:
    readings = {
        STABLE: {"a": drifting(read(gauges=READY), 0.4)},
        CANARY: {"b": drifting(read("1.1.0", gauges=READY), 0.5)},
    }
    found = judge(Evidence(), readings)
    assert "drift" not in [reason.figure for reason in found.reasons]


@pytest.mark.parametrize(
    ("stable", "canary", "sentence"),
    [
        ([read()], [read()], "Both are version 1.0.0"),
        (
            [read()],
            [read("1.1.0", "wine")],
            "These are different models: wine and credit",
        ),
        ([read(), read("0.9.0")], [read("1.1.0")], "The stable version is not one"),
    ],
)
def test_what_cannot_be_compared_is_told(
    stable: list[Reading], canary: list[Reading], sentence: str
) -> None:
    arms = {STABLE: stable, CANARY: canary}
    readings = {
        arm: {str(place): reading for place, reading in enumerate(each)}
        for arm, each in arms.items()
    }
    with pytest.raises(SourceError, match=sentence):
        find_versions(readings)


def test_what_was_scraped_long_ago_leaves_it_undecided() -> None:
    canary = read("1.1.0", gauges=READY)
    canary.age = 300
    found = judge(
        Evidence(), {STABLE: {"a": read(gauges=READY)}, CANARY: {"b": canary}}
    )
    sentences = [r.sentence for r in found.reasons if r.figure == "state"]
    assert sentences == ["b was last scraped 300 seconds ago"]
