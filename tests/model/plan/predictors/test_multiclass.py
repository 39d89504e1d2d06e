"""One classifier a class, a pair or a bit, of two classes, of three and of labels."""

from typing import Any

import numpy as np
import pytest
from exactness import check_parity, load_table, name_case
from sklearn import linear_model as linear
from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.multiclass import (
    OneVsOneClassifier,
    OneVsRestClassifier,
    OutputCodeClassifier,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from service.model.plan.blocks import SPARSE
from service.model.plan.composition import Composer
from service.model.plan.inputs import Input
from service.model.plan.sparse import read_rows

MEMBERS = [
    linear.LogisticRegression(),
    LinearSVC(random_state=0),
    make_pipeline(StandardScaler(), linear.SGDClassifier(random_state=0)),
    RandomForestClassifier(4, random_state=0),
    # Of which many scores are equal.
    DecisionTreeClassifier(max_depth=2, random_state=0),
    GradientBoostingClassifier(n_estimators=2, random_state=0),
]


WRAPS: list[Any] = [
    OneVsRestClassifier,
    OneVsOneClassifier,
    lambda member: OutputCodeClassifier(member, code_size=3, random_state=0),
]


@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
@pytest.mark.parametrize(
    ("wrap", "member"),
    [
        *[(wrap, member) for wrap in WRAPS for member in MEMBERS],
        (OneVsRestClassifier, linear.Ridge()),
    ],
)
def test_a_class_is_chosen_exactly(wrap: Any, member: Any, data: str) -> None:
    X, y = load_table(data)
    names = np.array(["red", "green", "blue"])[y]
    check_parity(wrap(clone(member)).fit(X, names), X)


@pytest.mark.parametrize("member", MEMBERS, ids=name_case)
def test_labels_are_chosen_exactly(member: Any) -> None:
    X, y = load_table("wine")
    labels = np.column_stack([y == 0, y != 1, X[:, 0] > 0.5]).astype(int)
    check_parity(OneVsRestClassifier(clone(member)).fit(X, labels), X)


def test_a_tie_is_the_first_class() -> None:
    X, y = load_table("wine")
    fitted = OneVsRestClassifier(linear.LogisticRegression()).fit(X, y)
    for part in fitted.estimators_:
        part.coef_, part.intercept_ = np.zeros((1, X.shape[1])), np.zeros(1)
    check_parity(fitted, X)


@pytest.mark.parametrize("wrap", [OneVsRestClassifier, OneVsOneClassifier])
def test_sparse_rows_stay_sparse(wrap: Any) -> None:
    X, y = load_table("wine")
    X = np.where(X > 0.6, X, 0.0)
    rows = read_rows(X)
    fitted = wrap(LinearSVC(random_state=0)).fit(rows.to_csr(), y)
    composer = Composer()
    step = composer.compile_final(fitted, Input(SPARSE, rows))
    assert composer.uncompiled == []
    np.testing.assert_array_equal(step(rows).classes, fitted.predict(rows.to_csr()))


@pytest.mark.filterwarnings("ignore:Label .* is present in all:UserWarning")
@pytest.mark.parametrize("member", [MEMBERS[0], MEMBERS[4]], ids=name_case)
def test_a_label_that_all_have_is_planned_exactly(member: Any) -> None:
    X, y = load_table("wine")
    labels = np.column_stack([y == 0, y < 9, y == 2]).astype(int)
    check_parity(OneVsRestClassifier(clone(member)).fit(X, labels), X)
