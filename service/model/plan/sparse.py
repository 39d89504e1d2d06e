"""Rows of which the zeros are left out, as a vectoriser of texts makes them.

A single row is two arrays, and no matrix: scipy takes 30 microseconds to make one.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from scipy import sparse
from sklearn.preprocessing import normalize

from service.model.errors import NoPlanError

# A request of 10,000 instances of this many numbers takes 160 MB when it is made dense.
MAX_DENSE_WIDTH = 2048

# A single row of more terms than this is multiplied by scipy, which keeps none of them.
MAX_TERMS = 2**16


class SparseRows(msgspec.Struct, frozen=True):
    """Values and their columns, row after row, in scikit-learn's order.

    `starts` says where rows begin and end, as scipy's indptr; None for a single row.
    """

    values: np.ndarray
    columns: np.ndarray
    width: int
    starts: np.ndarray | None = None

    def __matmul__(self, weights: np.ndarray) -> np.ndarray:
        """Multiply by weights of shape (width,) or (width, k), summing as scipy does.

        So a function of `X @ weights` is one of sparse rows, too.
        """
        count = self.columns.size
        if self.starts is not None or not 0 < weights[0].size * count <= MAX_TERMS:
            return np.asarray(self.to_csr() @ weights)
        terms = weights.take(self.columns, axis=0)
        terms *= self.values if weights.ndim == 1 else self.values[:, np.newaxis]
        # To accumulate is to add one after the other, where to sum is not.
        return np.add.accumulate(terms, axis=0)[-1:]

    def __mul__(self, weight: float) -> "SparseRows":
        return self.replace_values(self.values * weight)

    def replace_values(self, values: np.ndarray) -> "SparseRows":
        """Return rows of other values in the same columns."""
        return SparseRows(values, self.columns, self.width, self.starts)

    def take_columns(self, targets: np.ndarray, width: int) -> "SparseRows":
        """Return rows of some columns: `targets` has the new one of each, or -1."""
        columns = targets.take(self.columns)
        is_kept = columns >= 0
        starts = self.starts
        if starts is not None:
            starts = np.concatenate([[0], np.cumsum(is_kept)])[starts]
        return SparseRows(self.values[is_kept], columns[is_kept], width, starts)

    def to_csr(self) -> Any:
        """Return a matrix as scikit-learn hands it on."""
        starts = [0, self.columns.size] if self.starts is None else self.starts
        shape = (len(starts) - 1, self.width)
        return sparse.csr_matrix((self.values, self.columns, starts), shape=shape)

    def to_dense(self) -> np.ndarray:
        """Return an array of shape (n, width)."""
        return self.to_csr().toarray()  # type: ignore[no-any-return]


def read_csr(matrix: Any) -> SparseRows:
    """Return the rows of any sparse matrix, as doubles."""
    csr = matrix.tocsr()
    values = csr.data.astype(np.float64, copy=False)
    return SparseRows(values, csr.indices, csr.shape[1], csr.indptr)


def read_row(row: Any) -> SparseRows:
    """Return a single row that is sparse, or a sequence of floats."""
    if isinstance(row, SparseRows):
        return row
    values = np.array(row, dtype=np.float64)
    columns = np.flatnonzero(values)
    return SparseRows(values[columns], columns, values.size)


def read_rows(block: Any) -> SparseRows:
    """Return rows that are sparse, or an array of numbers."""
    if isinstance(block, SparseRows):
        return block
    return read_csr(sparse.csr_matrix(block))


def put_side_by_side(rows: Sequence[SparseRows]) -> SparseRows:
    """Return rows joined, those of one branch after those of another."""
    if all(part.starts is None for part in rows):
        widths = [part.width for part in rows]
        offsets = np.cumsum([0, *widths[:-1]])
        columns = [p.columns + o for p, o in zip(rows, offsets, strict=True)]
        values = np.concatenate([part.values for part in rows])
        return SparseRows(values, np.concatenate(columns), sum(widths))
    return read_csr(sparse.hstack([part.to_csr() for part in rows], format="csr"))


def normalise_rows(rows: SparseRows, norm: str) -> SparseRows:
    """Divide each row by its norm, `l1`, `l2` or `max`, summed as scikit-learn does."""
    if rows.starts is None and norm != "max" and rows.values.size:
        sizes = rows.values**2 if norm == "l2" else np.abs(rows.values)
        total = float(np.add.accumulate(sizes)[-1])
        if 0 < total < np.inf:
            return rows.replace_values(
                rows.values / (total**0.5 if norm == "l2" else total)
            )
    copied = rows.replace_values(rows.values.copy())
    return rows.replace_values(normalize(copied.to_csr(), norm=norm, copy=False).data)


def require_narrow(width: int) -> None:
    """Raise NoPlanError where rows would take too much memory when made dense."""
    if width > MAX_DENSE_WIDTH:
        raise NoPlanError(f"It takes dense rows, and these are {width} numbers wide.")
