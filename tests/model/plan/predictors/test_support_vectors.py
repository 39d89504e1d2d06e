from typing import Any

import numpy as np
import pytest
from exactness import (
    assert_alike,
    assert_close,
    iterate_batches,
    load_table,
    name_case,
)
from prose import read_prose
from scipy import sparse
from sklearn import svm
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.metrics.pairwise import linear_kernel

from service.model.errors import NoPlanError
from service.model.plan.predictors.support_vectors import (
    DECISIONS,
    PREDICTORS,
    SCORES,
)
from service.model.plan.sparse import read_csr

pytestmark = [
    pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning"),
    pytest.mark.filterwarnings(
        f"ignore::{ConvergenceWarning.__module__}.ConvergenceWarning"
    ),
]

CLASSIFIERS = [
    svm.SVC(),
    svm.SVC(kernel="linear", C=100),
    svm.SVC(kernel="poly", degree=2, coef0=1.0),
    svm.SVC(kernel="sigmoid", gamma=0.1),
    svm.SVC(break_ties=True),
    svm.SVC(decision_function_shape="ovo", class_weight="balanced"),
    svm.SVC(probability=True, random_state=0),
    svm.SVC(kernel="linear", probability=True, random_state=0),
    svm.NuSVC(nu=0.2),
    svm.NuSVC(nu=0.2, probability=True, random_state=0),
]
OTHERS = [
    svm.SVR(),
    svm.SVR(kernel="poly", C=1e3),
    svm.SVR(kernel="linear"),
    svm.NuSVR(C=10),
    svm.NuSVR(kernel="sigmoid"),
]
DETECTORS = [
    svm.OneClassSVM(nu=0.1),
    svm.OneClassSVM(kernel="poly", degree=2),
]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_a_classifier_is_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    fitted = clone(estimator).fit(X, np.array(["red", "green", "blue"])[y])
    step = PREDICTORS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=name_case)
def test_decisions_are_planned_exactly(estimator: Any, data: str) -> None:
    X, y = load_table(data)
    fitted = clone(estimator).fit(X, y)
    decide, score = DECISIONS[type(fitted)](fitted), SCORES[type(fitted)](fitted)
    for batch in iterate_batches(X):
        expected = fitted.decision_function(batch).reshape(len(batch), -1)
        assert_close(decide(batch).values, expected)
        found = score(batch)
        assert_close(found.values, expected)
        np.testing.assert_array_equal(found.classes, fitted.predict(batch))


@pytest.mark.parametrize("estimator", OTHERS, ids=name_case)
def test_a_regressor_is_planned_exactly(estimator: Any) -> None:
    X, y = load_table("diabetes")
    fitted = clone(estimator).fit(X, y)
    step = PREDICTORS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        assert_alike(fitted, step, batch)


@pytest.mark.parametrize("estimator", DETECTORS, ids=name_case)
def test_a_detector_is_planned_exactly(estimator: Any) -> None:
    X, _ = load_table("wine")
    fitted = clone(estimator).fit(X)
    step = PREDICTORS[type(fitted)](fitted)
    for batch in iterate_batches(X):
        found = step(batch)
        np.testing.assert_array_equal(found.classes, fitted.predict(batch) > 0)
        assert_close(found.values, fitted.score_samples(batch).reshape(-1, 1))


@pytest.mark.parametrize(
    "estimator",
    [
        svm.SVC(probability=True, random_state=0),
        svm.SVC(kernel="linear"),
        svm.NuSVC(nu=0.02),
    ],
    ids=name_case,
)
def test_a_model_of_sparse_rows_is_planned_exactly(estimator: Any) -> None:
    texts, topics = read_prose()
    chosen = [place for place, topic in enumerate(topics) if topic < "d"]
    rows = TfidfVectorizer().fit_transform([texts[place] for place in chosen])
    fitted = clone(estimator).fit(rows, [topics[place] for place in chosen])
    step = PREDICTORS[type(fitted)](fitted)
    empty = sparse.csr_matrix((2, rows.shape[1]))
    shuffled = rows[:9].copy()
    shuffled.indices[:2] = shuffled.indices[1::-1]
    shuffled.data[:2] = shuffled.data[1::-1]
    shuffled.has_sorted_indices = False
    for batch in (rows, rows[:1], rows[:1] * 0, empty, shuffled):
        found = step(read_csr(batch))
        expected = [list(fitted.classes_).index(c) for c in fitted.predict(batch)]
        np.testing.assert_array_equal(found.classes, expected)
        if hasattr(fitted, "predict_proba"):
            np.testing.assert_array_equal(
                found.probabilities, fitted.predict_proba(batch)
            )
        dense = step(batch.toarray())
        np.testing.assert_array_equal(dense.classes, expected)


@pytest.mark.parametrize("estimator", [svm.SVC(), svm.NuSVC()], ids=name_case)
def test_a_kernel_that_is_given_is_taken(estimator: Any) -> None:
    X, y = load_table("wine")
    kernel = np.ascontiguousarray(linear_kernel(X, X[::2]))
    fitted = clone(estimator).set_params(kernel="precomputed", probability=True)
    fitted.fit(kernel[::2], y[::2])
    step = PREDICTORS[type(fitted)](fitted)
    for batch in iterate_batches(kernel):
        assert_alike(fitted, step, batch)
    with pytest.raises(ValueError, match="another width"):
        step(kernel[:, :3].copy())


def test_probabilities_of_infinite_scores_are_libsvms() -> None:
    X, y = load_table("wine")
    fitted = svm.SVC(kernel="linear", probability=True, random_state=0).fit(X, y)
    far = np.vstack([np.full_like(X[0], 1e308), np.full_like(X[0], -1e308), X[0]])
    assert_alike(fitted, PREDICTORS[svm.SVC](fitted), far)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (svm.SVC(kernel=linear_kernel), "a kernel of its own"),
        (svm.SVR(epsilon=1e9), "no support vectors"),
        (svm.SVC(break_ties=True, decision_function_shape="ovo"), "ties of pairs"),
    ],
    ids=["kernel", "none", "ties"],
)
def test_what_has_no_plan(estimator: Any, reason: str) -> None:
    X, y = load_table("wine")
    fitted = clone(estimator).fit(X, y)
    with pytest.raises(NoPlanError, match=reason):
        PREDICTORS[type(fitted)](fitted)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    X, y = load_table("wine")
    fitted = svm.SVC().fit(X, y)
    with pytest.raises(ValueError, match="null or an infinite"):
        PREDICTORS[svm.SVC](fitted)(np.full((1, X.shape[1]), value))
