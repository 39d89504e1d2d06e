"""libsvm's functions, with a fitted model bound to them.

It multiplies, exponentiates and adds in an order of its own, which no transcription
would keep. So it is asked itself, with arguments that are prepared once.
"""

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
from sklearn.svm import _libsvm, _libsvm_sparse
from sklearn.svm._base import LIBSVM_IMPL

from service.model.errors import NoPlanError
from service.model.outputs import is_plainly_finite
from service.model.plan.scores import Scores
from service.model.plan.sparse import read_rows

# libsvm's kernels, in the order of their numbers.
KERNELS = ("linear", "poly", "rbf", "sigmoid")


def plan_libsvm(fitted: Any, method: str) -> Scores:
    """Return one of libsvm's functions of rows, with a fitted model bound to it."""
    kernels = KERNELS if fitted._sparse else (*KERNELS, "precomputed")
    if fitted.kernel not in kernels:
        raise NoPlanError(f"{type(fitted).__name__} has a kernel of its own.")
    if not len(fitted.support_):
        raise NoPlanError(f"{type(fitted).__name__} has no support vectors.")
    return _bind_sparse(fitted, method) if fitted._sparse else _bind(fitted, method)


def _bind(fitted: Any, method: str) -> Scores:
    ask = getattr(_libsvm, method)
    model = (
        fitted.support_,
        fitted.support_vectors_,
        fitted._n_support,
        fitted._dual_coef_,
        fitted._intercept_,
        fitted._probA,
        fitted._probB,
        LIBSVM_IMPL.index(fitted._impl),
        fitted.kernel,
        fitted.degree,
        fitted._gamma,
        fitted.coef0,
    )
    width = fitted.n_features_in_

    def answer(X: Any) -> np.ndarray:
        if X.shape[1] != width:  # libsvm would read beyond what it is given
            raise ValueError("Rows of another width than the model was fitted on.")
        found: np.ndarray = ask(X, *model)
        return found

    return answer


def _bind_sparse(fitted: Any, method: str) -> Scores:
    """Return the same of a model that was fitted on sparse rows."""
    ask = getattr(_libsvm_sparse, f"libsvm_sparse_{method}")
    vectors = fitted.support_vectors_
    model = (
        vectors.data,
        vectors.indices,
        vectors.indptr,
        fitted._dual_coef_.data,
        fitted._intercept_,
        LIBSVM_IMPL.index(fitted._impl),
        KERNELS.index(fitted.kernel),
        fitted.degree,
        fitted._gamma,
        fitted.coef0,
        fitted.tol,
        fitted.C,
        getattr(fitted, "class_weight_", np.empty(0)),
        fitted.nu,
        fitted.epsilon,
        fitted.shrinking,
        method == "predict_proba",
        fitted._n_support,
        fitted._probA,
        fitted._probB,
    )

    def answer(X: Any) -> np.ndarray:
        rows = read_rows(X).to_csr().sorted_indices()
        found: np.ndarray = ask(rows.data, rows.indices, rows.indptr, *model)
        return found

    return answer


def plan_coupling(fitted: Any) -> Callable[[Any, np.ndarray], np.ndarray]:
    """Return what couples the scores of pairs of classes, as libsvm does.

    libsvm couples what it scored itself: it is given a model with one support vector
    for each pair, whose kernel is the score. That of infinite scores would be NaN.
    """
    count = len(fitted.classes_)
    pairs = list(combinations(range(count), 2))
    weights = np.zeros((count - 1, len(pairs)))
    for column, (_, second) in enumerate(pairs):
        weights[second - 1, column] = 1.0
    couple = partial(
        _libsvm.predict_proba,
        support=np.arange(len(pairs), dtype=np.int32),
        SV=np.empty((0, 0)),
        nSV=np.arange(count - 1, -1, -1, dtype=np.int32),
        sv_coef=weights,
        intercept=np.zeros(len(pairs)),
        probA=fitted._probA,
        probB=fitted._probB,
        svm_type=LIBSVM_IMPL.index(fitted._impl),
        kernel="precomputed",
    )
    ask_again = plan_libsvm(fitted, "predict_proba")

    def find_probabilities(X: Any, scores: np.ndarray) -> np.ndarray:
        return couple(scores) if is_plainly_finite(scores) else ask_again(X)

    return find_probabilities
