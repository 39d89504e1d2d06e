"""How the answers of two versions differ, gathered row by row in bounded memory."""

import heapq
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Answer = dict[str, Any] | None
Pair = tuple[str, str]

# Differences are counted by powers of ten, each cut in so many: a quantile is right to
# a third of itself, whatever the numbers are of.
STEPS = 8
LEAST = -15

# The rows that differ most, and the values of a column that are told apart.
MOST_ROWS = 10
MOST_SEGMENTS = 50
OTHERS = "(others)"

REFUSED = "(refused)"
QUANTILES = (0.5, 0.9, 0.99, 0.999, 1.0)


@dataclass
class Spread:
    """Absolute differences of numbers, by powers of ten: an upper bound of each."""

    counts: Counter[int] = field(default_factory=Counter)
    total: float = 0.0
    most: float = 0.0

    def add(self, difference: float) -> None:
        self.total += difference
        self.most = max(self.most, difference)
        if difference > 0:
            step = math.ceil(math.log10(difference) * STEPS)
            self.counts[max(step, LEAST * STEPS)] += 1
        else:
            self.counts[LEAST * STEPS] += 1

    def find_quantile(self, share: float) -> float:
        """Return what a share of the differences does not exceed."""
        wanted, seen = share * self.counts.total(), 0
        for step in sorted(self.counts):
            seen += self.counts[step]
            if seen >= wanted:
                bound = 10 ** (step / STEPS) if step > LEAST * STEPS else 0.0
                return min(bound, self.most)
        return 0.0


@dataclass
class Segment:
    """The rows that have one value of a column."""

    rows: int = 0
    changed: int = 0
    total: float = 0.0


@dataclass
class Differences:
    """What was seen of two versions' answers to the same rows.

    `labels` counts rows by the label that was answered and the label that is. `numbers`
    are the largest absolute differences in a row, of what both versions answer by one
    name. `furthest` has the rows that differ most.
    """

    rows: int = 0
    changed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    labels: Counter[Pair] = field(default_factory=Counter)
    numbers: Spread = field(default_factory=Spread)
    segments: dict[str, dict[str, Segment]] = field(default_factory=dict)
    furthest: list[tuple[float, int, Answer, Answer, str]] = field(default_factory=list)

    def add(
        self, old: Answer, new: Answer, segments: Mapping[str, Any], name: str = ""
    ) -> None:
        """Add a row, with its values of the columns that are told apart.

        `name` is what a person finds the row by, where that is not its number.
        """
        number = self.rows
        self.rows += 1
        self.refused["old"] += old is None
        self.refused["new"] += new is None
        before, after = read_label(old), read_label(new)
        if before or after:
            self.labels[before, after] += 1
        has_changed = before != after
        difference = find_difference(old, new)
        self.changed += has_changed
        if old is not None and new is not None:
            self.numbers.add(difference)
        self._keep(difference + has_changed, (-number, old, new, name))
        for column, value in segments.items():
            segment = self._find_segment(column, str(value))
            segment.rows += 1
            segment.changed += has_changed
            segment.total += difference

    def _keep(self, far: float, row: tuple[int, Answer, Answer, str]) -> None:
        if far <= 0 or (len(self.furthest) == MOST_ROWS and far <= self.furthest[0][0]):
            return
        entry = (far, *row)
        if len(self.furthest) < MOST_ROWS:
            heapq.heappush(self.furthest, entry)
        else:
            heapq.heapreplace(self.furthest, entry)

    def _find_segment(self, name: str, value: str) -> Segment:
        known = self.segments.setdefault(name, {})
        if value not in known and len(known) >= MOST_SEGMENTS:
            value = OTHERS
        return known.setdefault(value, Segment())


def read_label(answer: Answer) -> str:
    """Return the label of an answer, those of several outputs as one, "" if none."""
    if answer is None:
        return REFUSED
    if "outputs" in answer:
        parts = answer["outputs"].items()
        return ", ".join(f"{n}={part['label']}" for n, part in parts if "label" in part)
    return str(answer.get("label", ""))


def read_numbers(
    answer: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, float]]:
    """Yield the numbers of an answer, each with its path."""
    for name, value in answer.items():
        if isinstance(value, dict):
            yield from read_numbers(value, f"{path}{name}.")
        elif not isinstance(value, str):
            yield f"{path}{name}", value


def find_difference(old: Answer, new: Answer) -> float:
    """Return the largest absolute difference of what both answer by one name."""
    if old is None or new is None:
        return 0.0
    after = dict(read_numbers(new))
    return max(
        (
            abs(value - after[path])
            for path, value in read_numbers(old)
            if path in after
        ),
        default=0.0,
    )
