"""How well a version answers rows whose truth is known."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# The probabilities that calibration tells apart: tenths.
BINS = 10

# The least probability that the logarithmic loss takes an answer for.
LEAST = 1e-15


@dataclass
class Scores:
    """Figures of the answers to rows whose truth is known; refused rows do not count.

    Of labels: accuracy, logarithmic loss, and the calibration of the probability of the
    label that was answered. Of values: mean absolute and root mean square error.
    """

    rows: int = 0
    right: int = 0
    loss: float = 0.0
    absolute: float = 0.0
    square: float = 0.0
    answered: Counter[int] = field(default_factory=Counter)
    correct: Counter[int] = field(default_factory=Counter)
    certainty: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, answer: dict[str, Any] | None, truth: Any) -> None:
        if answer is None or truth is None:
            return
        self.rows += 1
        if "label" in answer:
            self._add_label(answer, str(truth))
        elif "value" in answer:
            error = answer["value"] - float(truth)
            self.absolute += abs(error)
            self.square += error**2

    def _add_label(self, answer: Mapping[str, Any], truth: str) -> None:
        label = answer["label"]
        self.right += label == truth
        probabilities = answer.get("probabilities")
        if probabilities:
            self.loss -= math.log(max(probabilities.get(truth, 0.0), LEAST))
            certainty = probabilities[label]
            place = min(int(certainty * BINS), BINS - 1)
            self.answered[place] += 1
            self.correct[place] += label == truth
            self.certainty[place] += certainty

    def list_figures(self) -> dict[str, float]:
        """Return the figures that there are, by name."""
        if not self.rows:
            return {}
        if self.absolute or self.square:
            return {
                "mean absolute error": self.absolute / self.rows,
                "root mean square error": math.sqrt(self.square / self.rows),
            }
        figures = {"accuracy": self.right / self.rows}
        if self.answered:
            figures["logarithmic loss"] = self.loss / self.rows
            figures["calibration error"] = self._find_calibration_error()
        return figures

    def _find_calibration_error(self) -> float:
        """Return the expected calibration error.

        The mean distance of the certainty of answers from how many of them are right:
        M. P. Naeini, G. Cooper, M. Hauskrecht, AAAI 2015.
        """
        gaps = (abs(self.certainty[p] - self.correct[p]) for p in self.answered)
        return sum(gaps) / self.rows

    def list_calibration(self) -> list[tuple[float, float, int]]:
        """Return for each tenth the certainty, the share that is right, and rows."""
        return [
            (self.certainty[p] / n, self.correct[p] / n, n)
            for p, n in sorted(self.answered.items())
        ]
