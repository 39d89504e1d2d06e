"""Of small trees, by feature, a table of the leaves that are left.

The place of a value among the feature's sorted cuts picks a row, which holds for each
tree, as the bits of a word, the leaves that the feature does not rule out.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from service.model.plan.trees.cuts import Cuts
from service.model.plan.trees.numbered_trees import NumberedTrees, Split

MAX_BYTES = 32 * 2**20  # of all tables

# Features of few cuts share a table, which halves the time of one-hot columns.
MAX_SHARED_BYTES = 64 * 2**10


class LeafTable(NamedTuple):
    """Of each tree the leaves left, by the places of values among features' cuts."""

    features: tuple[tuple[int, Cuts], ...]
    left: np.ndarray

    def find_places(self, columns: np.ndarray, *, has_null: bool) -> np.ndarray:
        """Return the row of the table for each of the rows, given by column."""
        (feature, cuts), *others = self.features
        places = cuts.find(columns[feature], has_null=has_null)
        for feature, cuts in others:
            places *= len(cuts) + 1
            places += cuts.find(columns[feature], has_null=has_null)
        return places

    def share(self, other: "LeafTable") -> "LeafTable":
        """Return one table of the features of both."""
        left = self.left[:, np.newaxis] & other.left
        features = self.features + other.features
        return LeafTable(features, left.reshape(-1, left.shape[-1]))


def build_tables(trees: NumberedTrees) -> list[LeafTable]:
    """Return the tables of all features.

    Raises NotImplementedError if they would be too large.
    """
    count, width, _ = trees.values.shape
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
    return _share_tables(tables)


def _build_table(
    feature: int, cuts: np.ndarray, splits: list[Split], everything: np.ndarray
) -> LeafTable:
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
    return LeafTable(((feature, Cuts(cuts)),), left)


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


def _share_tables(tables: list[LeafTable]) -> list[LeafTable]:
    """Return fewer tables: the smallest become one, as long as it stays small."""
    smallest, *others = sorted(tables, key=lambda table: len(table.left))
    shared = [smallest]
    for table in others:
        if shared[-1].left.nbytes * len(table.left) <= MAX_SHARED_BYTES:
            shared[-1] = shared[-1].share(table)
        else:
            shared.append(table)
    return shared
