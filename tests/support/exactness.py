"""Holding a planned step against the estimator it was planned from."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from service.model.outputs import Outputs
from service.model.pipeline import FittedPipeline
from service.model.plan.blocks import NUMBERS
from service.model.plan.composition import Composer
from service.model.plan.inputs import Input
from service.model.plan.steps import FinalStep


@cache
def load_table(name: str) -> tuple[np.ndarray, np.ndarray]:
    loaders = {
        "wine": load_wine,
        "breast_cancer": load_breast_cancer,
        "diabetes": load_diabetes,
    }
    X, y = loaders[name](return_X_y=True)
    return np.ascontiguousarray((X - X.min(axis=0)) / np.ptp(X, axis=0)), y


def iterate_batches(X: np.ndarray) -> Iterator[np.ndarray]:
    yield X
    for row in (0, len(X) // 2, len(X) - 1):
        yield X[row : row + 1]
    for edge in (0.0, -0.0, 1e30, -1e30, 1e-300, -1.0):
        yield np.full((1, X.shape[1]), edge)
        mixed = X[:3].copy()
        mixed[:, 0] = edge
        yield mixed


def assert_alike(fitted: Any, step: FinalStep, X: np.ndarray) -> None:
    before = X.copy()
    with np.errstate(all="ignore"):
        found = step(X)
        labels = fitted.predict(X)
        if not is_classifier(fitted):
            values = np.asarray(labels).reshape(len(X), -1)
            assert_close(found.values, values)
        else:
            expected = np.array(
                [list(fitted.classes_).index(label) for label in labels]
            )
            assert found.classes is not None
            np.testing.assert_array_equal(found.classes, expected)
            assert_probabilities(fitted, found, X)
    np.testing.assert_array_equal(X, before)


def assert_probabilities(fitted: Any, found: Outputs, X: np.ndarray) -> None:
    if not hasattr(fitted, "predict_proba"):
        assert found.probabilities is None
    else:
        assert_close(found.probabilities, fitted.predict_proba(X))


def assert_close(found: np.ndarray | None, expected: np.ndarray) -> None:
    assert found is not None
    assert found.dtype == np.float64
    assert found.shape == expected.shape
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    scale = np.maximum(1.0, np.abs(expected[finite]))
    gap = np.abs(found[finite] - expected[finite]) / scale
    assert gap.max(initial=0.0) <= 1e-12


def name_case(value: Any) -> str:
    """Return the name of a case: without addresses, which each process has its own."""
    return re.sub(" at 0x[0-9a-f]+", "", repr(value))[:60]


def check_parity(fitted: Any, X: np.ndarray) -> None:
    """Compile all of a predictor of numbers, and hold it against its task's answers."""
    composer = Composer()
    step = composer.compile_final(fitted, Input(NUMBERS, X))
    assert composer.uncompiled == []
    ask = FittedPipeline(fitted).ask
    with np.errstate(all="ignore"):
        for batch in iterate_batches(X):
            before = batch.copy()
            expected = ask(batch)
            assert_same(step(batch), expected)
            np.testing.assert_array_equal(batch, before)
            if len(batch) == 1:
                assert_same(step.single(batch[0].tolist()), expected)


def assert_same(found: Outputs, expected: Outputs) -> None:
    if expected.classes is None:
        assert found.classes is None
    else:
        np.testing.assert_array_equal(found.classes, expected.classes)
    for part in ("probabilities", "values"):
        wanted, got = getattr(expected, part), getattr(found, part)
        if wanted is None:
            assert got is None
        else:
            assert_close(got, np.asarray(wanted, dtype=np.float64))
