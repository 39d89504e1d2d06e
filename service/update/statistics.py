"""Bounds and evidence that stay valid however often they are looked at.

A test that is repeated until it finds something is fooled by chance: a z test of two
error rates, looked at every 200 requests, raises a false alarm in a quarter of all
rollouts. What is here holds at every look at once.
"""

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import betaln

# How many times as often as it should an event may happen to one of two versions: the
# alternatives that are bet on, in equal parts.
RATIOS = (1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)

# How far outside of the exact bound of a rate the one that is found may lie.
PRECISION = 1e-9


def weigh_excess(canary: float, stable: float, share: float) -> list[float]:
    """Return the evidence in some events that they happen to the canary too often.

    `canary` and `stable` are the events that happened to each, `share` the canary's of
    all requests. If the versions are alike, an event happens to the canary with the
    probability `share`, whatever the rate of events. The logarithms of likelihood
    ratios are returned, one for each of RATIOS: those of later events are added to
    them, though the share be another by then.
    """
    if not 0 < share < 1:
        return [0.0] * len(RATIOS)
    evidence = []
    for ratio in RATIOS:
        theta = share * ratio / (share * ratio + 1 - share)
        rest = math.log((1 - theta) / (1 - share))
        evidence.append(canary * math.log(theta / share) + stable * rest)
    return evidence


def find_p_value(evidence: Sequence[float]) -> float:
    """Return the anytime-valid p-value of evidence.

    The mean of the likelihood ratios is an e-process: under the hypothesis its mean is
    at most 1, at whatever look, and so the chance that it ever exceeds 1/p is at most p
    (Ville's inequality). A. Ramdas, P. Gruenwald, V. Vovk, G. Shafer, "Game-theoretic
    statistics and safe anytime-valid inference", Statistical Science 38(4), 2023,
    doi:10.1214/23-STS894.
    """
    mean = np.logaddexp.reduce(evidence) - math.log(len(evidence))
    return float(min(1.0, math.exp(-mean)))


def bound_rate(events: float, count: float, alpha: float, *, is_upper: bool) -> float:
    """Return a bound of a rate, of which `events` happened in `count` trials.

    At all looks at once the lower and the upper bound hold the true rate between them,
    but for a chance of `alpha`: H. Robbins, "Statistical methods related to the law of
    the iterated logarithm", Annals of Mathematical Statistics 41(5), 1970,
    doi:10.1214/aoms/1177696786, with a uniform mixture of rates.
    """
    outside = float(is_upper)
    if not count:
        return outside
    rest, inside = count - events, events / count
    least = float(betaln(1 + events, 1 + rest)) + math.log(alpha)

    def is_refuted(guess: float) -> bool:
        return _times_log(events, guess) + _times_log(rest, 1 - guess) < least

    if not is_refuted(outside):
        return outside
    while abs(outside - inside) > PRECISION:
        middle = (inside + outside) / 2
        if is_refuted(middle):
            outside = middle
        else:
            inside = middle
    return outside


def _times_log(count: float, rate: float) -> float:
    if not count:
        return 0.0
    return count * math.log(rate) if rate > 0 else -math.inf


def bound_distance(count: float, alpha: float) -> float:
    """Return how far an empirical distribution may lie from the true one.

    It is the largest difference of the two cumulative distributions, at all looks at
    once but for a chance of `alpha`: S. R. Howard, A. Ramdas, "Sequential estimation of
    quantiles with applications to A/B testing and best-arm identification", Bernoulli
    28(3), 2022, doi:10.3150/21-BEJ1388, corollary 2.
    """
    if count < 1:
        return 1.0
    iterated = math.log(math.log(math.e * count))
    return min(1.0, 0.85 * math.sqrt((iterated + 0.8 * math.log(1612 / alpha)) / count))
