"""What was measured in a phase, and the bound that it is held to."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from benchmarks.soak.caller import Outcome
from benchmarks.tables import format_figure


@dataclass(frozen=True)
class Finding:
    """A figure with at most one bound; one without is for information.

    `detail` differs from run to run, such as how many requests there were.
    """

    phase: str
    measure: str
    figure: float
    unit: str = ""
    most: float | None = None
    least: float | None = None
    detail: str = ""

    @property
    def passes(self) -> bool:
        """Whether the bound is kept."""
        return (self.most is None or self.figure <= self.most) and (
            self.least is None or self.figure >= self.least
        )

    @property
    def bound(self) -> str:
        """The bound in words, if there is one."""
        if self.least is not None:
            return f"at least {self._format(self.least)}"
        return "" if self.most is None else f"at most {self._format(self.most)}"

    @property
    def text(self) -> str:
        """The figure with its unit."""
        return self._format(self.figure)

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        verdict = ("pass" if self.passes else "**FAIL**") if self.bound else ""
        measure = f"{self.measure}, {self.detail}" if self.detail else self.measure
        return [self.phase, measure, self.text, self.bound, verdict]

    def _format(self, value: float) -> str:
        number = f"{value:,}" if isinstance(value, int) else format_figure(value)
        return f"{number} {self.unit}".strip()


def find_percentile(outcomes: Iterable[Outcome], share: float) -> float:
    """Return the seconds within which such a share of the answers came, if any did."""
    seconds = sorted(each.seconds for each in outcomes if each.status)
    if not seconds:
        return math.inf
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))]


def fill_waits(outcomes: Iterable[Outcome], pace_seconds: float) -> Iterator[Outcome]:
    """Yield them, and what a caller of a steady pace had asked for during each wait.

    One that asks again only when it is answered asks next to nothing while it waits, so
    that a percentile hides the longest waits of all ("coordinated omission").
    """
    for outcome in outcomes:
        seconds = outcome.seconds
        while seconds > 0:
            yield replace(outcome, seconds=seconds)
            seconds -= pace_seconds


def count_wrong(outcomes: Iterable[Outcome]) -> int:
    """Return how many requests did not get the right answer."""
    return sum(not each.is_right for each in outcomes)
