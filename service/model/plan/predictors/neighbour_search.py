"""How scikit-learn searches a whole table for the nearest rows.

Of doubles it keeps the nearest as it goes, in C. Of whole numbers and sparse rows, and
by the cosine, it works out all distances first.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import issparse
from sklearn.metrics._pairwise_distances_reduction import ArgKmin, sqeuclidean_row_norms
from sklearn.preprocessing import normalize
from sklearn.utils import check_array
from sklearn.utils._chunking import get_chunk_n_rows
from sklearn.utils.extmath import row_norms

from service.model.errors import NoPlanError
from service.model.plan.pairwise import plan_squared_distances
from service.model.plan.sparse import read_rows
from service.model.plan.transformers.texts import EXACT_DTYPES

# Finds the indices of a number of nearest rows, and their distances where these are
# wanted, before the indices.
Find = Callable[..., Any]

# From rows, an array or a matrix of scipy's, to the distance to each of a table.
Measure = Callable[[Any], np.ndarray]


def plan_query(fitted: Any) -> Find:
    """Plan kneighbors: by its tree, or a search of the whole table."""
    return _plan_search(fitted) if fitted._tree is None else fitted._tree.query


def _plan_search(fitted: Any) -> Find:
    """Plan kneighbors without a tree. Raises NoPlanError for an uncommon search."""
    table, metric = fitted._fit_X, fitted.effective_metric_
    if table.dtype not in EXACT_DTYPES:
        raise NoPlanError(f"{type(fitted).__name__} was fitted in {table.dtype}.")
    is_dense = type(table) is np.ndarray
    if is_dense and ArgKmin.is_usable_for(table, table, metric):
        return plan_reduction(table, metric, fitted.effective_metric_params_)
    plan = {"euclidean": _plan_squares, "cosine": _plan_cosines}.get(metric)
    if (
        plan is None
        or fitted.effective_metric_params_
        or fitted.n_jobs not in (None, 1)
    ):
        raise NoPlanError(f"{type(fitted).__name__} searches in an uncommon way.")
    # Made doubles as scikit-learn makes them, which sorts the terms of whole numbers.
    measure = plan(check_array(table, accept_sparse="csr", dtype=np.float64))
    return _plan_whole(measure, table, np.sqrt if plan is _plan_squares else np.asarray)


def plan_reduction(table: np.ndarray, metric: str, params: dict[str, Any]) -> Find:
    """Plan the search of doubles, which keeps the nearest rows as it goes."""
    options = dict(params)
    if metric == "euclidean":
        options["Y_norm_squared"] = sqeuclidean_row_norms(table, 1)

    def find(X: np.ndarray, count: int, *, return_distance: bool) -> Any:
        return ArgKmin.compute(
            X,
            table,
            count,
            metric=metric,
            metric_kwargs=options.copy(),  # ArgKmin pops entries
            strategy="auto",
            return_distance=return_distance,
        )

    return find


def _plan_whole(measure: Measure, table: Any, finish: Measure) -> Find:
    """Plan the nearest by all distances, of as many rows at once as scikit-learn."""
    read = (lambda X: read_rows(X).to_csr()) if issparse(table) else np.asarray
    row_bytes = 8 * table.shape[0]

    def find_part(X: Any, count: int) -> tuple[np.ndarray, np.ndarray]:
        distances = measure(X)
        indices = np.argpartition(distances, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(distances, indices, axis=1))
        indices = np.take_along_axis(indices, order, axis=1)
        return finish(np.take_along_axis(distances, indices, axis=1)), indices

    def find(X: Any, count: int, *, return_distance: bool) -> Any:
        rows = read(X)
        size = get_chunk_n_rows(row_bytes, max_n_rows=rows.shape[0])
        starts = range(0, rows.shape[0], size)
        parts = [find_part(rows[start : start + size], count) for start in starts]
        distances, indices = (np.vstack(each) for each in zip(*parts, strict=True))
        return (distances, indices) if return_distance else indices

    return find


def _plan_squares(table: Any) -> Measure:
    """Plan euclidean_distances(X, table, squared=True)."""
    if not issparse(table):
        return plan_squared_distances(table)
    multiply, norms = _plan_products(table), row_norms(table, squared=True)

    def measure(X: Any) -> np.ndarray:
        distances: np.ndarray = -2 * multiply(X)
        distances += row_norms(X, squared=True)[:, np.newaxis]
        distances += norms
        np.maximum(distances, 0, out=distances)
        return distances

    return measure


def _plan_cosines(table: Any) -> Measure:
    """Plan cosine_distances(X, table)."""
    multiply = _plan_products(normalize(table, copy=True))

    def measure(X: Any) -> np.ndarray:
        distances = multiply(normalize(X, copy=True))
        distances *= -1
        distances += 1
        return np.clip(distances, 0.0, 2.0, out=distances)

    return measure


def _plan_products(table: Any) -> Measure:
    """Plan X @ table.T, of a sparse table turned once and not for each product."""
    if not issparse(table):
        weights = table.T
        return lambda X: np.asarray(X @ weights)
    columns = table.T.tocsr()
    return lambda X: np.asarray((X @ columns).toarray())
