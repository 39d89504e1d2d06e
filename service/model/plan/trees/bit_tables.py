"""Many rows through small trees: by feature, a table of the leaves that are left.

This is QuickScorer for a block of rows at a time. The values of a feature are found
among its sorted cuts; the place picks a row of the feature's table, which holds for
each tree, as the bits of a word, the leaves that the feature does not rule out. The AND
of a row of each table has those that no feature rules out, of which the lowest is
reached.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.model.plan.steps import Numbers
from service.model.plan.trees.numbered_trees import NumberedTrees, Split

MAX_BYTES = 32 * 2**20  # of all tables

# Features of few cuts share a table, which halves the time of one-hot columns.
MAX_SHARED_BYTES = 64 * 2**10

# Values of leaves that a block of rows looks up: half a megabyte stays in the cache.
BLOCK_VALUES = 64 * 2**10
MIN_BLOCK = 16  # rows


class BitTables:
    """Small trees, added up as scikit-learn adds them: one after another.

    Raises NotImplementedError if the tables would be too large.
    """

    def __init__(self, trees: NumberedTrees) -> None:
        count, width, outputs = trees.values.shape
        # Of trees of a leaf alone there is no cut, and one table.
        cuts_of = trees.cuts or {0: np.array([np.inf])}
        rows = sum(len(cuts) + 1 for cuts in cuts_of.values())
        if rows * count * width > 8 * MAX_BYTES:
            raise NotImplementedError("The tables would be too large.")
        everything = np.full((1, count), -1).astype(f"u{width // 8}")
        tables = [
            _build_table(feature, cuts, trees.splits[feature], everything)
            for feature, cuts in cuts_of.items()
        ]
        self._tables = _share_tables(tables)
        self._values = trees.values.reshape(-1, outputs)
        # Up to the lowest bit of a tree are as many bits as its number and one.
        self._before = (np.arange(count) * width - 1)[:, np.newaxis]
        self._turns = count // trees.classes, trees.classes
        self._outputs = outputs
        self._divisor = count if trees.is_average else 1
        self._block = max(MIN_BLOCK, BLOCK_VALUES // (count * outputs))

    @property
    def nbytes(self) -> int:
        return sum(table.left.nbytes for table in self._tables)

    def score(self, X: Numbers) -> np.ndarray:
        """Return the sums of the trees, or their means, shape (n, k)."""
        if len(X) == 1:  # of which NumPy would add pairs, and then the pairs
            return self.score(np.repeat(X, 2, axis=0))[:1]
        # All of half a block or more, so that no row is left alone.
        blocks = np.array_split(X, max(1, math.ceil(len(X) / self._block)))
        return np.concatenate([self._score_block(block) for block in blocks])

    def _score_block(self, X: Numbers) -> np.ndarray:
        columns = np.ascontiguousarray(X.T)
        first, *others = self._tables
        left = first.find_left(columns)
        for table in others:
            left &= table.find_left(columns)
        numbers = np.bitwise_count(left ^ (left - 1)).T
        reached = np.add(numbers, self._before, order="C")
        values = self._values.take(reached, axis=0)
        by_turn = values.reshape(*self._turns, len(X), self._outputs)
        # From 0, as scikit-learn adds them, or -0.0 could be the sum.
        sums: np.ndarray = np.add.reduce(by_turn, axis=0, initial=0.0)
        if self._divisor > 1:
            sums /= self._divisor
        return sums.swapaxes(0, 1).reshape(len(X), -1)


class _Table(NamedTuple):
    """Of each tree the leaves left, by the places of values among features' cuts."""

    features: tuple[tuple[int, np.ndarray], ...]
    left: np.ndarray

    def find_left(self, columns: np.ndarray) -> np.ndarray:
        """Return the leaves left, shape (n, trees)."""
        (feature, cuts), *others = self.features
        places = cuts.searchsorted(columns[feature])
        for feature, cuts in others:
            places *= len(cuts) + 1
            places += cuts.searchsorted(columns[feature])
        left: np.ndarray = self.left.take(places, axis=0)
        return left

    def share(self, other: "_Table") -> "_Table":
        """Return one table of the features of both."""
        left = self.left[:, np.newaxis] & other.left
        return _Table(self.features + other.features, left.reshape(-1, left.shape[-1]))


def _build_table(
    feature: int, cuts: np.ndarray, splits: list[Split], everything: np.ndarray
) -> _Table:
    """Return a table with a row for each place among the cuts, the last one for NaN."""
    left = everything.repeat(len(cuts) + 1, axis=0)
    ordered = [split for split in splits if split.categories is None]
    first_failed = cuts.searchsorted([split.threshold for split in ordered]) + 1
    _rule_out(left, first_failed, ordered, [split.if_failed for split in ordered])
    np.bitwise_and.accumulate(left, axis=0, out=left)
    for split in splits:
        if split.categories is not None:
            passed = np.isin(np.floor(cuts), list(split.categories))
            _rule_out(left, np.flatnonzero(~passed), [split], [split.if_failed])
    left[-1] = everything
    _rule_out(left, [-1], splits, [split.if_null for split in splits])
    return _Table(((feature, cuts),), left)


def _rule_out(
    left: np.ndarray,
    rows: Sequence[int] | np.ndarray,
    splits: list[Split],
    leaves: list[int],
) -> None:
    """Clear the bits of leaves of each split's tree, in a row for each or in all."""
    trees = np.array([split.tree for split in splits], dtype=np.intp)
    remaining = ~np.array(leaves, dtype=left.dtype)
    np.bitwise_and.at(left, (np.asarray(rows, dtype=np.intp), trees), remaining)


def _share_tables(tables: list[_Table]) -> list[_Table]:
    """Return fewer tables: the smallest become one, as long as it stays small."""
    smallest, *others = sorted(tables, key=lambda table: len(table.left))
    shared = [smallest]
    for table in others:
        if shared[-1].left.nbytes * len(table.left) <= MAX_SHARED_BYTES:
            shared[-1] = shared[-1].share(table)
        else:
            shared.append(table)
    return shared
