"""A single row through small trees, as the bits of one integer (QuickScorer).

As the splits on a feature that fail are the first of its sorted thresholds, a feature
costs one bisection and one AND, however many the trees.
"""

from bisect import bisect_left

import numpy as np

from service.model.plan.steps import Row
from service.model.plan.trees.numbered_trees import NumberedTrees, Split

# The size of all integers, any of which a row may need: what a CPU's cache holds.
MAX_BYTES = 4 * 2**20


class Bitvectors:
    """A model that is the sum of small trees.

    Raises NotImplementedError for any other.
    """

    def __init__(self, trees: NumberedTrees) -> None:
        count, width, outputs = trees.values.shape
        if trees.is_average or trees.classes * outputs > 1:
            raise NotImplementedError("The model is no sum of its trees.")
        splits = [split for of in trees.splits.values() for split in of]
        if any(split.categories is not None for split in splits):
            raise NotImplementedError("The trees have categories.")
        if sum(map(len, trees.cuts.values())) * count * width > 8 * MAX_BYTES:
            raise NotImplementedError("The trees are too large.")
        self._values = trees.values.ravel()
        self._all = (1 << count * width) - 1
        self._ones = sum(1 << index * width for index in range(count))
        self._features = [
            (feature, *_accumulate(self._all, width, splits))
            for feature, splits in trees.splits.items()
        ]
        self._word = np.dtype(f"u{width // 8}")
        self._size = count * width // 8
        # Up to the lowest bit of a tree are as many bits as its number and one.
        self._before = np.arange(count) * width - 1

    def score(self, row: Row) -> float:
        """Return the sum of the trees, in their order, for finite numbers."""
        left = self._all
        for feature, thresholds, remaining in self._features:
            left &= remaining[bisect_left(thresholds, row[feature])]
        # Of each tree the lowest bit and all below it: none is 0, so none borrows.
        up_to_lowest = (left ^ (left - self._ones)).to_bytes(self._size, "little")
        counts = np.bitwise_count(np.frombuffer(up_to_lowest, self._word))
        reached = self._values.take(counts + self._before)
        return np.add.accumulate(reached).item(-1)  # type: ignore[no-any-return]


def _accumulate(
    everything: int, width: int, splits: list[Split]
) -> tuple[list[float], list[int]]:
    """Return a feature's sorted thresholds, and the bits left if the first n fail."""
    left, after = everything, {}
    for split in sorted(splits):
        left &= ~(split.if_failed << split.tree * width)
        after[split.threshold] = left
    return list(after), [everything, *after.values()]
