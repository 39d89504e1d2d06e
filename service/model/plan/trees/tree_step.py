"""How trees are asked: few rows by treelite, many by the model itself.

Treelite is used only for a model that it agreed with on edge rows (at the model's own
thresholds), and only up to the batch size at which it was measured to be the faster.
"""

import math
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from treelite.core import TreeliteError

from service.model.outputs import Outputs
from service.model.plan.checks import has_infinite, has_non_finite
from service.model.plan.scores import Link, Scores
from service.model.plan.steps import Numbers, Row
from service.model.plan.timing import time_call
from service.model.plan.trees.bitvectors import Bitvectors
from service.model.plan.trees.edge_rows import gather_rows
from service.model.plan.trees.interpreter import Interpreter
from service.model.tolerances import TIED_SCORES

Change = Callable[[np.ndarray], np.ndarray]

SIZES = (1, 4, 16, 64, 256, 1024, 4096)
MEASURING_SECONDS = 0.4


class TreeStep:
    """A model of trees, read by treelite for batches of up to `crossover` rows.

    `score_by_model` gives what the link takes: margins, probabilities or values,
    shape (n, k). `gives_decisions` is True if they decide the class, and may tie.
    """

    def __init__(
        self, score_by_model: Scores, link: Link, *, gives_decisions: bool = False
    ) -> None:
        self.crossover = 0
        self._score_by_model = score_by_model
        self._link = link
        self._gives_decisions = gives_decisions
        self._interpreter: Any = None
        self._prepare: Change = np.asarray
        self._finish: Change = np.asarray
        self._reads_null = False
        self._bitvectors: Bitvectors | None = None

    def __call__(self, X: Numbers) -> Outputs:
        return self._link(self.score(X))

    def score(self, X: Numbers) -> np.ndarray:
        """Return what the link takes, by treelite where that is as good and faster."""
        if len(X) > self.crossover:
            return self._score_by_model(X)
        prepared = self._prepare(X)
        if (has_infinite if self._reads_null else has_non_finite)(prepared):
            return self._score_by_model(X)
        margins = self._interpreter.score(prepared)
        if self._gives_decisions and _has_tie(margins):
            return self._score_by_model(X)
        return self._finish(margins)

    @property
    def single(self) -> Callable[[Row], Outputs] | None:
        """The single-row path, if there is one: the same bits, faster."""
        bitvectors = self._bitvectors
        if bitvectors is None:
            return None

        def predict(row: Row) -> Outputs:
            if not math.isfinite(sum(row)):
                return self(np.array([row]))
            margins = np.array([[bitvectors.score(row)]])
            if self._gives_decisions and _has_tie(margins):
                return self(np.array([row]))
            return self._link(self._finish(margins))

        return predict

    def try_treelite(
        self,
        load: Callable[[], Any],
        columns: int,
        prepare: Change | None = None,
        finish: Change = np.asarray,
        codes: dict[int, np.ndarray] | None = None,
    ) -> None:
        """Set `crossover` to what is measured; it stays 0 if treelite is not exact.

        `prepare` is applied to the rows, `finish` to treelite's margins. `codes` are
        what columns of categories may hold.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # it casts a null code
                model = load()
            self._interpreter = Interpreter(model)
        except (TreeliteError, NotImplementedError, AssertionError):
            return
        self._prepare, self._finish = prepare or np.asarray, finish
        rows = gather_rows(model, columns, codes or {})
        is_null = np.isnan(rows).any(axis=1)
        plain, nulls = rows[~is_null], rows[is_null]
        self.crossover = len(rows)
        if not self._agrees(plain):
            self.crossover = 0
            return
        self._reads_null = True
        self._reads_null = self._takes(nulls[:1]) and self._agrees(nulls)
        self.crossover = self._measure(plain)
        if prepare is None:
            self._try_bitvectors(model, plain)

    def _try_bitvectors(self, model: Any, rows: Numbers) -> None:
        """Use bit vectors if they add up to the bits of what answers a single row."""
        try:
            bitvectors = Bitvectors(model)
        except NotImplementedError:
            return
        margins = np.array([[bitvectors.score(row)] for row in rows.tolist()])
        if self.crossover:
            is_same = np.array_equal(margins, self._interpreter.score(rows))
        else:  # the model itself is faster, and its link may round differently
            is_same = np.array_equal(self._finish(margins), self._score_by_model(rows))
        if is_same:
            self._bitvectors = bitvectors

    def _takes(self, rows: Numbers) -> bool:
        try:
            self._score_by_model(rows)
        except ValueError:
            return False
        return True

    def _agrees(self, rows: Numbers) -> bool:
        expected = self._link(self._score_by_model(rows))
        return self._link(self.score(rows)).is_close_to(expected)

    def _measure(self, rows: Numbers) -> int:
        best, deadline = 0, time.perf_counter() + MEASURING_SECONDS
        for size in SIZES:
            X = np.resize(rows, (size, rows.shape[1]))
            self.crossover = size
            by_treelite = time_call(self.score, X)
            by_model = time_call(self._score_by_model, X)
            if by_treelite >= by_model:
                break
            best = size
            # The next size is four times this one, and a slow one is run once.
            if time.perf_counter() + 4 * (by_treelite + by_model) > deadline:
                break
        return best


def _has_tie(margins: np.ndarray) -> bool:
    """Return True if a label could depend on the order in which trees were summed."""
    if margins.size == 1:  # what most requests ask for, in a tenth of the time
        return bool(abs(margins.item()) < TIED_SCORES)
    if margins.shape[1] == 1:
        return bool((np.abs(margins) < TIED_SCORES).any())
    ordered = np.sort(margins, axis=1)
    return bool((ordered[:, -1] - ordered[:, -2] < TIED_SCORES).any())
