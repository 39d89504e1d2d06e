"""How trees are asked: few rows by treelite's interpreter, many by the model itself.

Treelite is used only for a model on whose probing rows (its own thresholds among
them) it agreed with the model itself, and only up to the batch size at which it was
measured to be the faster of the two.
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
from service.model.plan.links import Link
from service.model.plan.scores import Scores
from service.model.plan.steps import Numbers, Row
from service.model.plan.timing import time_call
from service.model.plan.trees.bitvectors import Bitvectors
from service.model.plan.trees.interpreter import Interpreter
from service.model.plan.trees.probing_rows import gather_rows
from service.model.tolerances import TIED_SCORES

Prepare = Callable[[Numbers], Numbers]

SIZES = (1, 4, 16, 64, 256, 1024, 4096)
MEASURING_SECONDS = 0.4


class TreeStep:
    """A model of trees, read by treelite for batches of up to `crossover` rows."""

    def __init__(
        self, own: Scores, link: Link, *, gives_decisions: bool = False
    ) -> None:
        self.crossover = 0
        self.gives_decisions = gives_decisions
        self._own = own
        self._link = link
        self._interpreter: Any = None
        self._prepare: Prepare = np.asarray
        self._finish: Prepare = np.asarray
        self._reads_null = False
        self._bitvectors: Bitvectors | None = None

    def __call__(self, X: Numbers) -> Outputs:
        return self._link(self.score(X))

    def score(self, X: Numbers) -> np.ndarray:
        """Return what the link takes: margins, probabilities or values, (n, k)."""
        if len(X) > self.crossover:
            return self._own(X)
        ready = self._prepare(X)
        if (has_infinite if self._reads_null else has_non_finite)(ready):
            return self._own(X)
        margins = self._interpreter.score(ready)
        if self.gives_decisions and _has_tie(margins):
            return self._own(X)
        return self._finish(margins)

    @property
    def lone(self) -> Callable[[Row], Outputs] | None:
        """Return the way of a lone instance, if there is one: the same bits, sooner."""
        bitvectors = self._bitvectors
        if bitvectors is None:
            return None

        def ask(row: Row) -> Outputs:
            if not math.isfinite(sum(row)):
                return self(np.array([row]))
            margins = np.array([[bitvectors.score(row)]])
            if self.gives_decisions and _has_tie(margins):
                return self(np.array([row]))
            return self._link(self._finish(margins))

        return ask

    def try_treelite(
        self,
        load: Callable[[], Any],
        columns: int,
        prepare: Prepare = np.asarray,
        finish: Prepare = np.asarray,
    ) -> None:
        """Set `crossover` to what is measured; it stays 0 if treelite is not exact.

        `prepare` is applied to the rows, `finish` to treelite's margins.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)  # it casts a null code
                model = load()
            self._interpreter = Interpreter(model)
        except (TreeliteError, NotImplementedError, AssertionError):
            return
        self._prepare, self._finish = prepare, finish
        known = getattr(prepare, "codes", {})
        rows = gather_rows(model, columns, known)
        is_null = np.isnan(rows).any(axis=1)
        plain, nulls = rows[~is_null], rows[is_null]
        self.crossover = len(rows)
        if not self._agrees(plain):
            self.crossover = 0
            return
        self._reads_null = True
        self._reads_null = self._answers(nulls[:1]) and self._agrees(nulls)
        self.crossover = self._measure(plain)
        if prepare is np.asarray:  # which keeps them as they are
            self._try_bitvectors(model, plain)

    def _try_bitvectors(self, model: Any, rows: Numbers) -> None:
        """Use them if they are for such trees, and add up as what answers one row."""
        try:
            bitvectors = Bitvectors(model)
        except NotImplementedError:
            return
        margins = np.array([[bitvectors.score(row)] for row in rows.tolist()])
        if self.crossover:
            same = np.array_equal(margins, self._interpreter.score(rows))
        else:  # the model itself is faster, and its link may round otherwise
            same = np.array_equal(self._finish(margins), self._own(rows))
        if same:
            self._bitvectors = bitvectors

    def _answers(self, rows: Numbers) -> bool:
        try:
            self._own(rows)
        except ValueError:
            return False
        return True

    def _agrees(self, rows: Numbers) -> bool:
        ours, own = self._link(self.score(rows)), self._link(self._own(rows))
        return ours.is_close_to(own)

    def _measure(self, rows: Numbers) -> int:
        best, deadline = 0, time.perf_counter() + MEASURING_SECONDS
        for size in SIZES:
            X = np.resize(rows, (size, rows.shape[1]))
            self.crossover = size
            mine, own = time_call(self.score, X), time_call(self._own, X)
            if mine >= own:
                break
            best = size
            # The next size is four times this one, and what is slow is run once.
            if time.perf_counter() + 4 * (mine + own) > deadline:
                break
        return best


def _has_tie(margins: np.ndarray) -> bool:
    """Say whether a label could hang on the order in which trees were summed."""
    if margins.size == 1:  # what most requests ask for, in a tenth of the time
        return bool(abs(margins.item()) < TIED_SCORES)
    if margins.shape[1] == 1:
        return bool((np.abs(margins) < TIED_SCORES).any())
    ordered = np.sort(margins, axis=1)
    return bool((ordered[:, -1] - ordered[:, -2] < TIED_SCORES).any())
