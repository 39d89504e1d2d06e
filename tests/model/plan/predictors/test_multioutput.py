"""Several targets, each with its own predictor, or in a chain."""

from typing import Any

import numpy as np
import pytest
from exactness import check_parity, load_table, name_case
from sklearn import linear_model as linear
from sklearn import multioutput
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from service.model.plan.blocks import NUMBERS
from service.model.plan.composition import Composer
from service.model.plan.inputs import Input

CLASSIFIERS = [
    linear.LogisticRegression(),
    LinearSVC(random_state=0),
    make_pipeline(StandardScaler(), linear.LogisticRegression()),
    RandomForestClassifier(4, random_state=0),
]
REGRESSORS = [
    linear.Ridge(),
    make_pipeline(StandardScaler(), linear.Lasso(alpha=0.1)),
    RandomForestRegressor(4, random_state=0),
]


@pytest.mark.parametrize("member", CLASSIFIERS, ids=name_case)
@pytest.mark.parametrize(
    "wrap",
    [
        multioutput.MultiOutputClassifier,
        multioutput.ClassifierChain,
        lambda member: multioutput.ClassifierChain(member, order=[2, 0, 1], cv=2),
    ],
)
def test_classes_are_planned_exactly(wrap: Any, member: Any) -> None:
    X, y = load_table("wine")
    targets = np.column_stack([y == 0, y != 1, X[:, 0] > 0.5]).astype(int)
    check_parity(wrap(clone(member)).fit(X, targets), X)


@pytest.mark.parametrize("method", ["predict", "predict_proba"])
def test_a_chain_hands_on_what_it_was_told_to(method: str) -> None:
    X, y = load_table("wine")
    targets = np.column_stack([y == 0, y != 1]).astype(int) + 3
    member = linear.LogisticRegression()
    chain = multioutput.ClassifierChain(member, chain_method=method)
    check_parity(chain.fit(X, targets), X)


def test_words_and_several_classes_are_planned_exactly() -> None:
    X, y = load_table("wine")
    words = np.array(["red", "green", "blue"])[y]
    targets = np.column_stack([words, np.where(y == 1, "yes", "no")])
    member = linear.LogisticRegression()
    check_parity(multioutput.MultiOutputClassifier(member).fit(X, targets), X)


@pytest.mark.parametrize("member", REGRESSORS, ids=name_case)
@pytest.mark.parametrize(
    "wrap",
    [
        multioutput.MultiOutputRegressor,
        multioutput.RegressorChain,
        lambda member: multioutput.RegressorChain(member, order=[2, 0, 1]),
    ],
)
def test_values_are_planned_exactly(wrap: Any, member: Any) -> None:
    X, y = load_table("diabetes")
    targets = np.column_stack([y, -y, y**0.5])
    check_parity(wrap(clone(member)).fit(X, targets), X)


def test_a_chain_of_three_classes_runs_as_itself() -> None:
    X, y = load_table("wine")
    targets = np.column_stack([y == 0, y])
    fitted = multioutput.ClassifierChain(linear.Perceptron()).fit(X, targets)
    composer = Composer()
    step = composer.compile_final(fitted, Input(NUMBERS, X))
    assert [reason for _, reason in composer.uncompiled] == [
        "ClassifierChain has a target of other than two classes."
    ]
    assert step(X).classes is not None
