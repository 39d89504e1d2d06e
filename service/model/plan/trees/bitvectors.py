"""A single row through small trees: its leaf in each is the lowest bit that is left.

This is QuickScorer (C. Lucchese et al., SIGIR 2015, doi:10.1145/2766462.2767733). The
leaves of a tree are numbered from the left, a bit each. A test that fails rules out the
leaves on its left; of those that no test rules out, the lowest is reached. Here all
trees' bits are one integer. As the tests on a feature that fail are the first of its
sorted thresholds, a feature costs one bisection and one AND, however many the trees.
"""

from bisect import bisect_left
from collections import defaultdict
from typing import Any

import numpy as np

from service.model.plan.steps import Row

# The size of all integers, any of which a row may need: what a CPU's cache holds.
MAX_BYTES = 4 * 2**20
MAX_LEAVES = 64

# treelite's numbers for what a tree's fields hold.
LEAF, NUMERICAL_TEST = 0, 1
LESS_OR_EQUAL = 3

# By feature, the tests of all trees: the threshold, the number of the tree, and the
# bits of the leaves that a failed test rules out.
Tests = defaultdict[int, list[tuple[float, int, int]]]


class Bitvectors:
    """A model of treelite that is the sum of small numeric trees.

    Raises NotImplementedError for any other.
    """

    def __init__(self, model: Any) -> None:
        header = model.get_header_accessor()
        is_sum = header.get_field("leaf_vector_shape").tolist() == [1, 1] and not (
            header.get_field("base_scores").any()
            or header.get_field("average_tree_output").any()
        )
        if not is_sum or header.get_field("class_id").any():
            raise NotImplementedError("The model is no sum of its trees.")
        trees = [_Tree(model.get_tree_accessor(i)) for i in range(model.num_tree)]
        width = _find_width(max(tree.leaf_count for tree in trees))
        tests: Tests = defaultdict(list)
        self._values = np.zeros(len(trees) * width)
        for index, tree in enumerate(trees):
            values = tree.number_leaves(index, tests)
            self._values[index * width :][: len(values)] = values
        thresholds = {(f, threshold) for f in tests for threshold, _, _ in tests[f]}
        if len(thresholds) * len(trees) * width > 8 * MAX_BYTES:
            raise NotImplementedError("The trees are too large.")
        self._all = (1 << len(trees) * width) - 1
        self._ones = sum(1 << index * width for index in range(len(trees)))
        self._features = [
            (feature, *_accumulate(self._all, width, tests[feature]))
            for feature in tests
        ]
        self._word = np.dtype(f"u{width // 8}")
        self._size = len(trees) * width // 8
        # Up to the lowest bit of a tree are as many bits as its number and one.
        self._before = np.arange(len(trees)) * width - 1

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


class _Tree:
    """A tree of treelite: fields with an item for each node, the root first."""

    def __init__(self, accessor: Any) -> None:
        types, comparisons = accessor.get_field("node_type"), accessor.get_field("cmp")
        is_test = types == NUMERICAL_TEST
        is_plain = (is_test | (types == LEAF)).all()
        if not (is_plain and (comparisons[is_test] == LESS_OR_EQUAL).all()):
            raise NotImplementedError("A tree has a test other than x <= t.")
        self.leaf_count = int((types == LEAF).sum())
        names = ("cleft", "cright", "split_index", "threshold", "leaf_value")
        fields = [accessor.get_field(name).tolist() for name in names]
        self._nodes = list(zip(is_test.tolist(), *fields, strict=True))

    def number_leaves(self, index: int, tests: Tests) -> list[float]:
        """Return the leaves' values from left to right, and add to the tests.

        `index` is the number of the tree.
        """
        values: list[float] = []

        def visit(node: int) -> int:
            is_test, left, right, feature, threshold, value = self._nodes[node]
            if not is_test:
                values.append(value)
                return 1 << (len(values) - 1)
            ruled_out = visit(left)
            tests[feature].append((threshold, index, ruled_out))
            return ruled_out | visit(right)

        visit(0)
        return values


def _find_width(leaves: int) -> int:
    """Return how many bits a tree takes: those of a machine's word."""
    if leaves > MAX_LEAVES:
        raise NotImplementedError("A tree has too many leaves.")
    return next(width for width in (8, 16, 32, MAX_LEAVES) if width >= leaves)


def _accumulate(
    everything: int, width: int, tests: list[tuple[float, int, int]]
) -> tuple[list[float], list[int]]:
    """Return a feature's sorted thresholds, and the bits left if the first n fail."""
    left, after = everything, {}
    for threshold, index, ruled_out in sorted(tests):
        left &= ~(ruled_out << index * width)
        after[threshold] = left
    return list(after), [everything, *after.values()]
