"""How trees are asked: few rows by treelite, more by tables of bits or by the model.

Treelite is used only for a model that it agreed with on edge rows (at the model's own
thresholds), the tables only if they had its very bits. Up to how many rows each of them
answers is measured.
"""

import math
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from treelite.core import TreeliteError

from service.model.outputs import Outputs
from service.model.plan.checks import has_infinite, has_non_finite
from service.model.plan.scores import Link, Scores
from service.model.plan.steps import Numbers, Row
from service.model.plan.trees.bit_tables import BitTables
from service.model.plan.trees.bitvectors import Bitvectors
from service.model.plan.trees.edge_rows import gather_rows
from service.model.plan.trees.interpreter import Interpreter
from service.model.plan.trees.limits import (
    BY_MODEL,
    BY_TABLES,
    BY_TREELITE,
    Limits,
    measure_limits,
)
from service.model.plan.trees.numbered_trees import NumberedTrees
from service.model.tolerances import TIED_SCORES

Change = Callable[[np.ndarray], np.ndarray]


class TreeStep:
    """A model of trees, read by treelite for batches of few rows.

    `score_by_model` gives what the link takes: margins, probabilities or values,
    shape (n, k). `gives_decisions` is True if they decide the class, and may tie.
    """

    def __init__(
        self, score_by_model: Scores, link: Link, *, gives_decisions: bool = False
    ) -> None:
        self.limits = BY_MODEL
        self._score_by_model = score_by_model
        self._link = link
        self._gives_decisions = gives_decisions
        self._interpreter: Any = None
        self._prepare: Change = np.asarray
        self._finish: Change = np.asarray
        self._reads_null = False
        self._bitvectors: Bitvectors | None = None
        self._tables: Any = None

    def __call__(self, X: Numbers) -> Outputs:
        return self._link(self.score(X))

    def score(self, X: Numbers) -> np.ndarray:
        """Return what the link takes, by what is as good and the fastest."""
        return self._score_by(self.limits, X)

    def _score_by(self, limits: Limits, X: Numbers) -> np.ndarray:
        if len(X) > max(limits):
            return self._score_by_model(X)
        prepared = self._prepare(X)
        if (has_infinite if self._reads_null else has_non_finite)(prepared):
            return self._score_by_model(X)
        is_few = len(X) <= limits.treelite
        margins = (self._interpreter if is_few else self._tables).score(prepared)
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
        """Set `limits` to what is measured; they stay 0 if treelite is not exact.

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
        self.limits = BY_TREELITE
        if not self._agrees(plain):
            self.limits = BY_MODEL
            return
        self._reads_null = True
        self._reads_null = self._takes(nulls[:1]) and self._agrees(nulls)
        trees = _number_trees(model)
        if trees:
            self._try_tables(trees, rows if self._reads_null else plain)
        self.limits = self._measure(plain)
        if not self.limits.tables:
            self._tables = None
        if trees and prepare is None:
            self._try_bitvectors(trees, plain)

    def _try_tables(self, trees: NumberedTrees, rows: Numbers) -> None:
        """Use tables if they have the bits of the model itself."""
        try:
            tables = BitTables(trees)
        except NotImplementedError:
            return
        found = Outputs(values=self._finish(tables.score(self._prepare(rows))))
        if found.has_same_bits(Outputs(values=self._score_by_model(rows))):
            self._tables = tables

    def _try_bitvectors(self, trees: NumberedTrees, rows: Numbers) -> None:
        """Use bit vectors if they add up to the bits of what answers a single row."""
        try:
            bitvectors = Bitvectors(trees)
        except NotImplementedError:
            return
        margins = np.array([[bitvectors.score(row)] for row in rows.tolist()])
        if self.limits.treelite:
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

    def _measure(self, rows: Numbers) -> Limits:
        ways = [BY_TREELITE, *([BY_TABLES] if self._tables else []), BY_MODEL]
        return measure_limits(ways, lambda way: partial(self._score_by, way), rows)


def _number_trees(model: Any) -> NumberedTrees | None:
    try:
        return NumberedTrees(model)
    except NotImplementedError:
        return None


def _has_tie(margins: np.ndarray) -> bool:
    """Return True if a label could depend on the order in which trees were summed."""
    if margins.size == 1:  # what most requests ask for, in a tenth of the time
        return bool(abs(margins.item()) < TIED_SCORES)
    if margins.shape[1] == 1:
        return bool((np.abs(margins) < TIED_SCORES).any())
    ordered = np.sort(margins, axis=1)
    return bool((ordered[:, -1] - ordered[:, -2] < TIED_SCORES).any())
