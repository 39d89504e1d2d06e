"""Rows that put a model of trees to the proof: at its thresholds, and beside them."""

from typing import Any

import numpy as np

from service.model.plan.steps import Numbers

PROBING_ROWS = 512
PROBED_TREES = 64  # their thresholds stand for those of the others


def gather_rows(model: Any, columns: int, known: dict[int, np.ndarray]) -> Numbers:
    """Return rows at the model's thresholds and beside them, half with nulls."""
    random = np.random.default_rng(0)
    edges = np.array([0.0, -0.0, 1.0, -1.0, 1e30, -1e30, 1e-40])
    pools: list[list[np.ndarray]] = [[edges] for _ in range(columns)]
    step = max(1, model.num_tree // PROBED_TREES)
    for index in range(0, model.num_tree, step):
        accessor = model.get_tree_accessor(index)
        thresholds = accessor.get_field("threshold").astype(np.float64)
        for feature, threshold in zip(
            accessor.get_field("split_index").tolist(), thresholds, strict=True
        ):
            if feature >= 0 and feature not in known and np.isfinite(threshold):
                beside = np.nextafter(threshold, [-np.inf, np.inf])
                ends = np.array([-np.inf, np.inf], dtype=np.float32)
                single = np.nextafter(np.float32(threshold), ends)
                pools[feature] += [threshold[np.newaxis], beside, single]
    for feature, codes in known.items():
        far = np.array([5e9, 255.0])
        pools[feature] += [np.tile(codes, 3), codes + 0.5, codes + 1, far]
    rows = np.empty((PROBING_ROWS, columns))
    for feature, pool in enumerate(pools):
        rows[:, feature] = random.choice(np.concatenate(pool), PROBING_ROWS)
    half = rows[: PROBING_ROWS // 2]
    half[random.random(half.shape) < 0.3] = np.nan
    half[:, 0][~np.isnan(half).any(axis=1)] = np.nan
    return rows
