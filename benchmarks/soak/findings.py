"""What was counted in a phase, its figure and the bound it is held to."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from benchmarks.charts import format_figure
from benchmarks.soak.caller import Outcome


@dataclass(frozen=True)
class Finding:
    """A figure with at most one bound; without any it is only told."""

    phase: str
    counted: str
    figure: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def passes(self) -> bool:
        """Whether the bound is kept."""
        return (self.most is None or self.figure <= self.most) and (
            self.least is None or self.figure >= self.least
        )

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        bound = "" if self.most is None else f"at most {self._format(self.most)}"
        if self.least is not None:
            bound = f"at least {self._format(self.least)}"
        verdict = ("pass" if self.passes else "**FAIL**") if bound else ""
        return [self.phase, self.counted, self._format(self.figure), bound, verdict]

    def _format(self, value: float) -> str:
        number = f"{value:,}" if isinstance(value, int) else format_figure(value)
        return f"{number} {self.unit}".strip()


def find_percentile(outcomes: Iterable[Outcome], share: float) -> float:
    """Return the seconds within which such a share of the answers came, if any did."""
    seconds = sorted(each.seconds for each in outcomes if each.status)
    return (
        math.inf
        if not seconds
        else seconds[min(len(seconds) - 1, int(share * len(seconds)))]
    )


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
