"""Many rows through small trees: by feature, a table of the leaves that are left.

This is QuickScorer for a block of rows at a time. The values of a feature are found
among its sorted cuts; the place picks a row of the feature's table. The AND of a row of
each table has the leaves that no feature rules out, of which the lowest is reached.
"""

import math
from collections.abc import Sequence

import numpy as np

from service.model.outputs import is_plainly_finite
from service.model.plan.steps import Numbers
from service.model.plan.trees.leaf_tables import build_tables
from service.model.plan.trees.numbered_trees import NumberedTrees

# Values of leaves that a block of rows looks up: half a megabyte stays in the cache.
BLOCK_VALUES = 64 * 2**10
MIN_BLOCK = 16  # rows

# Numbers of the rows whose places are found at a time: a megabyte, of many blocks.
PLACED_NUMBERS = 128 * 2**10

# By the bits of a word, a factor that moves each power of two to another number in the
# highest bits (a de Bruijn sequence): what numpy counts bits in takes twice the time.
FACTORS = {8: 0x17, 16: 0x09AF, 32: 0x077CB531, 64: 0x03F79D71B4CB0A89}


class BitTables:
    """Small trees, added up as scikit-learn adds them: one after another.

    Raises NotImplementedError if the tables would be too large.
    """

    def __init__(self, trees: NumberedTrees) -> None:
        count, width, outputs = trees.values.shape
        self._tables = build_tables(trees)
        self._word = self._tables[0].left.dtype
        self._factor = self._word.type(FACTORS[width])
        self._shift = self._word.type(width - width.bit_length() + 1)
        values = np.empty_like(trees.values)
        bits = np.left_shift(1, np.arange(width, dtype=self._word))
        values[:, self._number(bits)] = trees.values
        self._values = values.reshape(-1, outputs)
        # The numbers of the trees before, as narrow as they can be.
        before = np.arange(count) * width
        size = np.promote_types(self._word, np.min_scalar_type(count * width))
        self._before = before.astype(size)
        self._turns = count // trees.classes, trees.classes
        self._divisor = count if trees.is_average else 1
        self._block = max(MIN_BLOCK, BLOCK_VALUES // (count * outputs))

    @property
    def nbytes(self) -> int:
        return sum(table.left.nbytes for table in self._tables)

    def score(self, X: Numbers) -> np.ndarray:
        """Return the sums of the trees, or their means, shape (n, k)."""
        if len(X) == 1:  # of which NumPy would add pairs, and then the pairs
            return self.score(np.repeat(X, 2, axis=0))[:1]
        sums = np.empty((len(X), self._turns[1] * self._values.shape[1]))
        size = max(self._block, PLACED_NUMBERS // X.shape[1])
        for part in _split(len(X), size):
            self._score_part(X[part], sums[part])
        return sums

    def _score_part(self, X: Numbers, sums: np.ndarray) -> None:
        columns = np.ascontiguousarray(X.T)
        has_null = not is_plainly_finite(columns)
        places = [
            table.find_places(columns, has_null=has_null) for table in self._tables
        ]
        blocks = _split(len(X), self._block)
        scratch = _Scratch(blocks[-1], self._word, self._before, self._values)
        for block in blocks:
            sums[block] = self._score_block([each[block] for each in places], scratch)

    def _score_block(
        self, places: Sequence[np.ndarray], scratch: "_Scratch"
    ) -> np.ndarray:
        """Return the sums of rows, given by their places in each table."""
        rows = len(places[0])
        left, other, numbers, reached, values = scratch.cut(rows)
        first, *others = self._tables
        # Each place is within; what numpy does else is buffered.
        first.left.take(places[0], axis=0, out=left, mode="clip")
        for table, each in zip(others, places[1:], strict=True):
            table.left.take(each, axis=0, out=other, mode="clip")
            left &= other
        np.negative(left, out=other)
        left &= other
        np.add(self._number(left), self._before, out=numbers)
        np.copyto(reached, numbers.T)
        self._values.take(reached, axis=0, out=values, mode="clip")
        by_turn = values.reshape(*self._turns, rows, -1)
        # From 0, as scikit-learn adds them, or -0.0 could be the sum.
        sums: np.ndarray = np.add.reduce(by_turn, axis=0, initial=0.0)
        if self._divisor > 1:
            sums /= self._divisor
        return sums.swapaxes(0, 1).reshape(rows, -1)

    def _number(self, bits: np.ndarray) -> np.ndarray:
        """Return the number of each word of one bit; `bits` are overwritten."""
        bits *= self._factor
        bits >>= self._shift
        return bits


class _Scratch:
    """What blocks of rows are reckoned in, one after another."""

    def __init__(
        self, largest: slice, word: np.dtype, before: np.ndarray, values: np.ndarray
    ) -> None:
        self._trees, self._outputs = len(before), values.shape[1]
        size = (largest.stop - largest.start) * self._trees
        self._flat = (
            *(np.empty(size, word), np.empty(size, word)),
            *(np.empty(size, before.dtype), np.empty(size, np.intp)),
            np.empty(size * self._outputs),
        )

    def cut(self, rows: int) -> Sequence[np.ndarray]:
        """Return arrays for so many rows: those by row, and then those by tree."""
        by_row, by_tree = (rows, self._trees), (self._trees, rows)
        shapes = (by_row, by_row, by_row, by_tree, (*by_tree, self._outputs))
        return [
            flat[: math.prod(shape)].reshape(shape)
            for flat, shape in zip(self._flat, shapes, strict=True)
        ]


def _split(rows: int, size: int) -> list[slice]:
    """Return blocks of rows, all of half the size or more: none is left alone.

    The last one is the largest.
    """
    count = math.ceil(rows / size)
    edges = [rows * number // count for number in range(count + 1)]
    return [*map(slice, edges, edges[1:])]
