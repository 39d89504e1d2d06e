"""Numbers have the places that a search among the cuts gives them."""

import sys
from typing import Any

import numpy as np
import pytest

from service.model.plan.trees.cuts import FEW_NUMBERS, Cuts

TINY, HUGE = sys.float_info.min, sys.float_info.max
RANDOM = np.random.default_rng(0)
CUTS: dict[str, Any] = {
    "none": [],
    "one": [0.5],
    "three": [-1.0, 0.0, 2.5],
    "even": np.arange(100) / 7,
    "of quantiles": np.exp(RANDOM.normal(size=200)),
    "two in a cell": [*range(50), 49 + 1e-9],
    "neighbours": [1.0, *np.nextafter([1.0, 2.0], 3), 2.0, 5.0, 6.0],
    "both zeros' sides": [-5e-324, 0.0, 5e-324, 1.0, 2.0],
    "all tiny": np.arange(1, 9) * 5e-324,
    "huge": [-HUGE, -1.0, 0.0, 1.0, HUGE],
    "huge alone": HUGE / np.arange(9, 1, -1),
}


@pytest.mark.parametrize("has_null", [False, True])
@pytest.mark.parametrize("name", CUTS)
def test_places_are_those_of_a_search(name: str, has_null: bool) -> None:
    cuts = np.array([*np.unique(CUTS[name]), np.inf])
    with np.errstate(over="ignore"):
        beside = [np.nextafter(cuts, side) for side in (-np.inf, np.inf)]
    least, most = min(CUTS[name], default=0.0), max(CUTS[name], default=1.0)
    spread = RANDOM.uniform(least / 2, most / 2, 1000)
    far = [-np.inf, np.inf, -HUGE, HUGE, -TINY, TINY, -0.0, 0.0]
    numbers = np.concatenate([cuts, *beside, spread, RANDOM.normal(size=1000), far])
    if has_null:
        numbers = np.concatenate([numbers, [np.nan, -np.nan]])
    for found in (numbers, numbers[: FEW_NUMBERS // 2]):
        places = Cuts(cuts).find(found, has_null=has_null)
        assert places.dtype == np.intp
        assert places.tolist() == cuts.searchsorted(found).tolist()
