"""Small trees of numbers, the leaves of each numbered from the left, a bit each.

This is how QuickScorer (C. Lucchese et al., SIGIR 2015, doi:10.1145/2766462.2767733)
sees a tree. A split that a row fails rules out the leaves on its left; of those that
no split rules out, the lowest is reached. Splits may be tried in any order, so those of
all trees are kept by feature.
"""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

MAX_LEAVES = 64

# treelite's numbers for what a tree's fields hold.
LEAF, NUMERICAL_TEST, CATEGORICAL_TEST = 0, 1, 2
LESS_OR_EQUAL = 3


class Split(NamedTuple):
    """A test of x <= threshold or int(x) in categories, and the leaves it rules out."""

    threshold: float
    tree: int
    if_failed: int
    if_null: int
    categories: frozenset[int] | None


class NumberedTrees:
    """The trees of a model of treelite, which it adds up in their order.

    Raises NotImplementedError for a model of large trees, or of other tests.
    """

    def __init__(self, model: Any) -> None:
        header = model.get_header_accessor()
        if header.get_field("base_scores").any():
            raise NotImplementedError("The model adds more than its trees.")
        self.is_average = bool(header.get_field("average_tree_output").any())
        outputs = int(header.get_field("leaf_vector_shape").prod())
        self.classes = _count_classes(header, model.num_tree, outputs)
        trees = [_Tree(model.get_tree_accessor(i)) for i in range(model.num_tree)]
        self.width = _find_width(max(tree.leaf_count for tree in trees))
        self.splits: dict[int, list[Split]] = defaultdict(list)
        # By tree and leaf, what it adds to each output, or to that of the tree's class.
        self.values = np.zeros((len(trees), self.width, outputs))
        for index, tree in enumerate(trees):
            values = tree.read_values(outputs)
            leaves = tree.number_leaves(index, self.splits)
            self.values[index, : len(leaves)] = values[leaves]
        # By feature: values up to a cut and above the one before reach the same leaves.
        self.cuts = {feature: _find_cuts(of) for feature, of in self.splits.items()}


class _Tree:
    """A tree of treelite: fields with an item for each node, the root first."""

    def __init__(self, accessor: Any) -> None:
        self._read = accessor.get_field
        kinds = self._read("node_type")
        comparisons = self._read("cmp")[kinds == NUMERICAL_TEST]
        is_inverse = self._read("category_list_right_child")[kinds == CATEGORICAL_TEST]
        if (comparisons != LESS_OR_EQUAL).any() or is_inverse.any():
            raise NotImplementedError("A tree has other tests than x <= t.")
        self.leaf_count = int((kinds == LEAF).sum())
        if self.leaf_count > MAX_LEAVES:
            raise NotImplementedError("A tree has too many leaves.")
        names = ("node_type", "cleft", "cright", "split_index", "threshold")
        fields = [self._read(name).tolist() for name in (*names, "default_left")]
        self._nodes = list(zip(*fields, strict=True))
        nodes = np.flatnonzero(kinds == CATEGORICAL_TEST).tolist()
        self._categories = self._read_categories(nodes) if nodes else {}

    def read_values(self, outputs: int) -> np.ndarray:
        """Return the values of each node, of which those of the leaves count."""
        if outputs == 1:
            return self._read("leaf_value")[:, np.newaxis]  # type: ignore[no-any-return]
        begin = self._read("leaf_vector_begin").astype(np.intp)
        places = begin[:, np.newaxis] + np.arange(outputs)
        return self._read("leaf_vector").take(places, mode="clip")  # type: ignore[no-any-return]

    def _read_categories(self, nodes: list[int]) -> dict[int, frozenset[int]]:
        """Return the categories that go to the left, by node."""
        names = ("category_list", "category_list_begin", "category_list_end")
        categories, begin, end = (self._read(name).tolist() for name in names)
        return {node: frozenset(categories[begin[node] : end[node]]) for node in nodes}

    def number_leaves(self, index: int, splits: dict[int, list[Split]]) -> list[int]:
        """Return the nodes that are leaves from left to right, and add to the splits.

        `index` is the number of the tree.
        """
        leaves: list[int] = []

        def visit(node: int) -> int:
            kind, left, right, feature, threshold, null_is_left = self._nodes[node]
            if kind == LEAF:
                leaves.append(node)
                return 1 << (len(leaves) - 1)
            lefts, rights = visit(left), visit(right)
            if_null = rights if null_is_left else lefts
            categories = self._categories.get(node)
            splits[feature].append(Split(threshold, index, lefts, if_null, categories))
            return lefts | rights

        visit(0)
        return leaves


def _find_cuts(splits: list[Split]) -> np.ndarray:
    """Return sorted cuts, of which the last is infinite: above it is NaN alone.

    A category is all numbers from itself to below the next, as it is for treelite.
    """
    cuts = [split.threshold for split in splits if split.categories is None]
    categories = [code for split in splits for code in split.categories or ()]
    ends = np.nextafter([*categories, *[code + 1.0 for code in categories]], -np.inf)
    return np.unique([*cuts, *ends.tolist(), np.inf])


def _count_classes(header: Any, trees: int, outputs: int) -> int:
    """Return of how many classes each has a tree in turn: 1 if trees are of all."""
    if outputs > 1:
        return 1
    of = header.get_field("class_id")
    classes = max(1, int(of.max()) + 1)
    in_turn = np.resize(np.arange(classes), trees)
    if trees % classes or (of != in_turn).any() or header.get_field("target_id").any():
        raise NotImplementedError("The trees are not of each class in turn.")
    return classes


def _find_width(leaves: int) -> int:
    """Return how many bits a tree takes: those of a machine's word."""
    return next(width for width in (8, 16, 32, MAX_LEAVES) if width >= leaves)
