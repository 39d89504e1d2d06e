"""Rows to compare two answers of trees on: at their thresholds, and beside them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from service.model.plan.steps import Numbers

EDGE_ROWS = 512
SAMPLED_TREES = 64  # their thresholds stand for those of the others


EDGES = np.array([0.0, -0.0, 1.0, -1.0, 1e30, -1e30, 1e-40])


def add_unknown(codes: dict[int, np.ndarray]) -> dict[int, np.ndarray]:
    """Return the known codes of categories with others that a column may hold."""
    far = [5e9, 255.0, *EDGES]
    return {
        column: np.concatenate([np.tile(known, 3), known + 0.5, known + 1, far])
        for column, known in codes.items()
    }


def gather_rows(model: Any, columns: int, codes: dict[int, np.ndarray]) -> Numbers:
    """Return rows at the model's thresholds and beside them, half with nulls.

    `codes` are what a column of categories may hold, by its position.
    """
    random = np.random.default_rng(0)
    pools = [[EDGES] for _ in range(columns)]
    for feature, thresholds in _find_thresholds(model):
        if feature not in codes:
            beside = np.nextafter(thresholds, [[-np.inf], [np.inf]]).ravel()
            ends = np.array([[-np.inf], [np.inf]], dtype=np.float32)
            single = np.nextafter(thresholds.astype(np.float32), ends).ravel()
            pools[feature] += [thresholds, beside, single]
    for feature, known in codes.items():
        pools[feature] = [known]
    rows = np.empty((EDGE_ROWS, columns))
    for feature, pool in enumerate(pools):
        rows[:, feature] = random.choice(np.concatenate(pool), EDGE_ROWS)
    half = rows[: EDGE_ROWS // 2]
    half[random.random(half.shape) < 0.3] = np.nan
    half[:, 0][~np.isnan(half).any(axis=1)] = np.nan
    return rows


def _find_thresholds(model: Any) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the features that trees test, each with its finite thresholds."""
    step = max(1, model.num_tree // SAMPLED_TREES)
    trees = [model.get_tree_accessor(i) for i in range(0, model.num_tree, step)]
    features = np.concatenate([tree.get_field("split_index") for tree in trees])
    thresholds = np.concatenate([tree.get_field("threshold") for tree in trees])
    is_test = (features >= 0) & np.isfinite(thresholds)
    for feature in np.unique(features[is_test]).tolist():
        found = thresholds[is_test & (features == feature)]
        yield feature, found.astype(np.float64)
