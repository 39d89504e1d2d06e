"""What was found: one sentence, and whether something is wrong."""

from dataclasses import dataclass
from typing import Literal

# Wrong is what an alert is raised for, and what keeps a version from being served.
Level = Literal["wrong", "advice"]


def count_of(count: float, noun: str) -> str:
    """Return a count with its noun: `1 worker`, `2 workers`."""
    return f"{count:,.0f} {noun}{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Finding:
    """What is so, and what to do. `subject` is a word for what it is about."""

    level: Level
    subject: str
    sentence: str
