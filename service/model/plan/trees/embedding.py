"""RandomTreesEmbedding: the leaf of each tree that a row comes to, one-hot."""

from typing import Any

import numpy as np
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.utils import get_tags

from service.model.errors import NoPlanError
from service.model.plan.checks import has_infinite, has_non_finite
from service.model.plan.scores import drop_names
from service.model.plan.sparse import SparseRows, read_csr
from service.model.plan.steps import Numbers, Row, Step


def plan_tree_embedding(fitted: RandomTreesEmbedding) -> Step:
    """Compile an embedding to sparse rows. Rows that it may refuse go to itself."""
    if not fitted.sparse_output:
        raise NoPlanError("RandomTreesEmbedding gives dense rows.")
    trees = [member.tree_ for member in fitted.estimators_]
    by_tree = _number_leaves(fitted)
    width = sum(map(len, fitted.one_hot_encoder_.categories_))
    takes_null = get_tags(fitted.estimators_[0]).input_tags.allow_nan
    may_refuse = has_infinite if takes_null else has_non_finite
    bare = drop_names(fitted)

    def find_columns(single: np.ndarray) -> np.ndarray:
        leaves = (tree.apply(single) for tree in trees)
        found = [column[leaf] for column, leaf in zip(by_tree, leaves, strict=True)]
        return np.stack(found, axis=1).reshape(-1)

    def embed(X: Numbers) -> SparseRows:
        single = X.astype(np.float32)
        if may_refuse(single):
            return read_csr(bare.transform(X))
        columns = find_columns(single)
        starts = np.arange(0, columns.size + 1, len(trees), dtype=np.int32)
        return SparseRows(np.ones(columns.size), columns, width, starts)

    def embed_row(row: Row) -> SparseRows:
        rows = embed(np.array([row]))
        return SparseRows(rows.values, rows.columns, width)

    return Step(embed, embed_row)


def _number_leaves(fitted: RandomTreesEmbedding) -> list[np.ndarray]:
    """Return the column of each leaf, by its node, for each tree."""
    columns, start = [], 0
    for member, leaves in zip(
        fitted.estimators_, fitted.one_hot_encoder_.categories_, strict=True
    ):
        tree = member.tree_
        if len(leaves) != tree.n_leaves:
            raise NoPlanError("RandomTreesEmbedding refuses a leaf that it never saw.")
        column = np.zeros(tree.node_count, dtype=np.int32)
        column[leaves] = np.arange(start, start + len(leaves), dtype=np.int32)
        columns.append(column)
        start += len(leaves)
    return columns


EMBEDDINGS: dict[type, Any] = {RandomTreesEmbedding: plan_tree_embedding}
