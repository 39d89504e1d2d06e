"""Where a pipeline stops answering numbers and dates.

Most pipelines answer far beyond what training saw. Where one does not, its last answer
is found by bisection: to a billionth of it, or of the largest number observed, and to
a second of a date. It becomes a bound only where it does not depend on the other
features: where every base row is answered up to the same value.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from service.model.contract.edges import read_dtype_range, read_far_dates
from service.model.contract.features import Feature
from service.model.packaging.brackets import Bracket, Side, read_observed
from service.model.packaging.probe import BASE_ROWS, Probe, Question

# Numbers far from any data, widest first: the largest double, the largest float32
# (trees compare in it), and one whose powers and sums with others stay finite.
FAR = (1.7976931348623157e308, 3.4028234663852886e38, 1e18)

WIDEST = frozenset((-FAR[0], FAR[0]))

# Where there are more sides to bisect, at some 60 questions each, none is: they get no
# bound, and a row that is not answered is refused when it comes.
MAX_BISECTED = 32


class Bound(NamedTuple):
    """A bound, and how it was found."""

    value: Any
    found: Literal["far", "bisected", "observed"]


def find_bounds(probe: Probe, indices: Iterable[int]) -> dict[Side, Bound]:
    """Return the bounds of columns of numbers and dates, the dtype's own among them.

    A side that has none is answered differently with other values beside it, or takes
    too long to find.
    """
    features = {index: probe.contract.features[index] for index in indices}
    far = {
        (index, side): values
        for index, feature in features.items()
        for side, values in enumerate(_list_far(feature))
    }
    found = _find_far(probe, far)
    bounds = {side: Bound(value, "far") for side, value in found.items()}
    brackets = [
        Bracket((index, side), feature, observed, observed, far[index, side][-1])
        for index, feature in features.items()
        for side, observed in enumerate(read_observed(feature))
        if observed is not None and (index, side) not in found
    ]
    if len(brackets) <= MAX_BISECTED:
        bounds |= _bisect(probe, brackets)
    return bounds


def _list_far(feature: Feature) -> tuple[list[Any], list[Any]]:
    """Return the far values on either side, widest first."""
    if feature.is_date:
        return read_far_dates(feature.storage.dtype)
    low, high = read_dtype_range(feature)
    seen = [abs(value) for value in read_observed(feature) if value is not None]
    kind = int if feature.type == "integer" else float
    far = [kind(value) for value in FAR if max(seen, default=0) < value < high]
    return [low, *(-value for value in far if -value > low)], [high, *far]


def _find_far(probe: Probe, far: Mapping[Side, list[Any]]) -> dict[Side, Any]:
    """Return the widest far value that is answered on each side, if one is.

    All numbers are asked together first: so hundreds of columns take few questions, and
    no sum of them overflows.
    """
    features = probe.contract.features
    numbers = {index for index, _ in far if not features[index].is_date}
    for level in range(len(FAR)):
        found = {s: (v[level:] or v[-1:])[0] for s, v in far.items() if s[0] in numbers}
        if probe.answers_extremes({i: (found[i, 0], found[i, 1]) for i in numbers}):
            break
    else:
        found = {}
    # Hardly a pipeline answers the largest double, and each that raises is asked anew.
    left = {s: [v for v in values if v not in WIDEST] for s, values in far.items()}
    while left := {
        s: values for s, values in left.items() if values and s not in found
    }:
        questions = {s: Question(s[0], values.pop(0)) for s, values in left.items()}
        answered = probe.find_answered(questions.values(), MAX_BISECTED)
        found |= {s: q.value for s, q in questions.items() if q in answered}
    return found


def _bisect(probe: Probe, brackets: list[Bracket]) -> dict[Side, Bound]:
    """Find the last value that is answered, between an observed and a far one."""
    observed = {b.side: Question(b.side[0], b.observed) for b in brackets}
    answered = probe.find_answered(observed.values())
    brackets = [b for b in brackets if observed[b.side] in answered]
    while middles := [(b, m) for b in brackets if (m := b.find_middle()) is not None]:
        _narrow(probe, middles)
    _narrow(probe, [(b, value) for b in brackets for value in b.list_round()])
    return {
        b.side: Bound(b.good, "observed" if b.good == b.observed else "bisected")
        for b in brackets
        if _is_independent(probe, b)
    }


def _narrow(probe: Probe, values: list[tuple[Bracket, Any]]) -> None:
    questions = [Question(bracket.side[0], value) for bracket, value in values]
    answered = probe.find_answered(questions)
    for (bracket, value), question in zip(values, questions, strict=True):
        bracket.narrow(value, is_answered=question in answered)


def _is_independent(probe: Probe, bracket: Bracket) -> bool:
    """Return True if all base rows are answered up to the same value."""
    index, rows = bracket.side[0], range(BASE_ROWS)
    within, beyond = (
        [Question(index, value, row) for row in rows]
        for value in (bracket.good, bracket.bad)
    )
    return probe.find_answered([*within, *beyond]) == set(within)
