"""Bounds and evidence, held to simulations and to what the papers say."""

import math

import numpy as np
import pytest
from scipy.stats import beta

from service.update.statistics import (
    RATIOS,
    bound_distance,
    bound_rate,
    find_p_value,
    weigh_excess,
)

LOOKS = [*range(10, 200, 10), *range(200, 3000, 100)]


def bound_both(events: float, count: float) -> tuple[float, float]:
    low = bound_rate(events, count, 0.05, is_upper=False)
    return low, bound_rate(events, count, 0.05, is_upper=True)


def test_no_event_is_no_evidence() -> None:
    assert find_p_value(weigh_excess(0, 0, 0.1)) == 1.0
    assert find_p_value(weigh_excess(5, 5, 0.0)) == 1.0
    assert find_p_value(weigh_excess(5, 5, 1.0)) == 1.0


def test_the_evidence_of_an_event_is_its_likelihood_ratio() -> None:
    """Under "alike" the canary has it with the probability of its share."""
    share = 0.2
    on_canary, on_stable = weigh_excess(1, 0, share), weigh_excess(0, 1, share)
    means = share * np.exp(on_canary) + (1 - share) * np.exp(on_stable)
    assert means == pytest.approx(np.ones(len(RATIOS)))
    thetas = share * np.exp(on_canary)
    odds = thetas / (1 - thetas) / (share / (1 - share))
    assert odds == pytest.approx(RATIOS)


def test_evidence_adds_up_over_looks_of_different_shares() -> None:
    found = [
        sum(pair)
        for pair in zip(weigh_excess(3, 9, 0.1), weigh_excess(5, 2, 0.5), strict=True)
    ]
    assert found[0] == pytest.approx(
        math.log(1.25) * 8
        - 12 * math.log(0.1 * 1.25 + 0.9)
        - 7 * math.log(0.5 * 1.25 + 0.5)
    )


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_looking_at_each_event_raises_few_false_alarms(share: float) -> None:
    rng = np.random.default_rng(0)
    on_canary = (rng.random((1000, 500)) < share).cumsum(axis=1)
    events = np.arange(1, 501)
    logs = np.stack(
        [
            on_canary * canary + (events - on_canary) * stable
            for canary, stable in zip(
                weigh_excess(1, 0, share), weigh_excess(0, 1, share), strict=True
            )
        ]
    )
    means = np.exp(logs).mean(axis=0)
    alarms = (means >= 1 / 0.05).any(axis=1).mean()
    assert alarms <= 0.05


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.3, 1.0])
def test_a_rate_is_within_its_bounds_at_every_look(rate: float) -> None:
    rng = np.random.default_rng(1)
    misses = 0
    for _ in range(200):
        events = (rng.random(LOOKS[-1]) < rate).cumsum()
        bounds = [bound_both(float(events[n - 1]), n) for n in LOOKS]
        misses += any(not low <= rate <= high for low, high in bounds)
    assert misses <= 0.05 * 200


def test_bounds_of_a_rate_narrow_and_hold_the_rate_seen() -> None:
    assert bound_both(0, 0) == (0.0, 1.0)
    assert bound_both(0, 100)[0] == 0.0
    assert bound_both(100, 100)[1] == 1.0
    widths = []
    for count in (10, 100, 1000, 10_000):
        low, high = bound_both(count / 10, count)
        assert low < 0.1 < high
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    # Wider than what is only true at one look (C. Clopper, E. Pearson, 1934).
    low, high = bound_both(100, 1000)
    assert low < beta.ppf(0.025, 100, 901)
    assert high > beta.ppf(0.975, 101, 900)


def test_a_distribution_is_within_its_distance_at_every_look() -> None:
    rng = np.random.default_rng(2)
    points = np.linspace(0.05, 0.95, 19)
    misses = 0
    for _ in range(200):
        values = rng.random(LOOKS[-1])
        shares = (values[:, np.newaxis] <= points).cumsum(axis=0)
        misses += any(
            np.abs(shares[n - 1] / n - points).max() > bound_distance(n, 0.05)
            for n in LOOKS
        )
    assert misses <= 0.05 * 200


def test_a_distance_narrows() -> None:
    distances = [bound_distance(10**power, 0.05) for power in range(7)]
    assert distances[0] == bound_distance(0, 0.05) == 1.0
    assert distances == sorted(distances, reverse=True)
    assert distances[6] < 0.004
