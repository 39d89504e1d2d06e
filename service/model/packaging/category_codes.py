"""Which numbers are codes for categories, and no quantities."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from service.model.contract.features import Feature
from service.model.contract.instances import spread
from service.model.contract.table_rows import read_distinct
from service.model.packaging.bounds import Bound
from service.model.packaging.brackets import read_observed
from service.model.packaging.probe import BASE_ROWS, Probe, Question

# Numbers are codes for categories only if there are no more different ones than this,
# and each is an integer or occurs so often on average.
MAX_CODES = 256
OFTEN = 10

# How many numbers between the observed ones are asked for.
GAPS = 8


def holds_codes(probe: Probe, index: int, ends: Sequence[Bound | None], X: Any) -> bool:
    """Return True if no numbers are answered but a few, which are codes."""
    feature = probe.contract.features[index]
    seen = read_observed(feature)
    if feature.is_date or [end and end.value for end in ends] != [*seen]:
        return False
    values: Sequence[Any] = read_distinct(X, index)
    is_whole = all(float(value).is_integer() for value in values)
    is_often = len(values) * OFTEN <= len(X)
    gaps = [*_iterate_gaps(feature, values)]
    if len(values) > MAX_CODES or not (is_whole or is_often) or not gaps:
        return False
    asked = [(gap, row) for gap in spread(gaps, GAPS) for row in range(BASE_ROWS)]
    return not probe.find_answered(Question(index, *each) for each in asked)


def _iterate_gaps(feature: Feature, values: Sequence[Any]) -> Iterator[Any]:
    """Yield a number in the middle of every two that are not next to each other."""
    for low, high in pairwise(values):
        middle = (low + high) // 2 if feature.type == "integer" else (low + high) / 2
        if low < middle < high:
            yield middle
