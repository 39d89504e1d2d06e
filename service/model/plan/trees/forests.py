"""scikit-learn's trees and forests."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn import ensemble, tree
from sklearn.utils import get_tags

from service.model.outputs import Outputs
from service.model.plan.checks import has_infinite, has_non_finite
from service.model.plan.scores import (
    Link,
    Scores,
    as_columns,
    drop_names,
    link_probabilities,
    link_values,
)
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.trees.interpreter import load_by_treelite, round_to_single
from service.model.plan.trees.tree_step import TreeStep


def plan_tree(fitted: Any) -> TreeStep:
    """Plan one tree. Its own predict is as fast as an interpreter."""
    return _plan_average(fitted, [fitted])


def plan_forest(fitted: Any) -> TreeStep:
    """Plan a random forest or extra trees."""
    step = _plan_average(fitted, fitted.estimators_)
    if fitted.n_outputs_ == 1 or not hasattr(fitted, "classes_"):
        step.try_treelite(
            lambda: load_forest(fitted), fitted.n_features_in_, round_to_single
        )
    return step


def load_forest(fitted: Any) -> Any:
    """Load a forest by treelite, with the very probabilities of scikit-learn's leaves.

    treelite divides them by their sum, which may be 1 but for its last bit.
    """
    model = load_by_treelite(fitted)
    if hasattr(fitted, "classes_"):
        for index, member in enumerate(fitted.estimators_):
            inner = member.tree_
            leaves = inner.value[inner.children_left < 0]
            model.get_tree_accessor(index).set_field("leaf_vector", leaves.ravel())
    return model


def _plan_average(fitted: Any, members: list[Any]) -> TreeStep:
    bare = drop_names(fitted)
    if fitted.n_outputs_ != 1 and hasattr(fitted, "classes_"):
        width = fitted.n_outputs_ * max(fitted.n_classes_)
        score = _average_trees(members, width, bare.predict_proba)
        return TreeStep(score, _link_outputs(fitted.n_classes_))
    if hasattr(fitted, "classes_"):
        score = _average_trees(members, fitted.n_classes_, bare.predict_proba)
        return TreeStep(score, link_probabilities)
    score = _average_trees(members, fitted.n_outputs_, bare.predict)
    return TreeStep(score, link_values)


def _link_outputs(counts: Sequence[int]) -> Link:
    """Return the link of several outputs, each as wide as that of the most classes."""

    def link(scores: np.ndarray) -> Outputs:
        outputs = scores.reshape(len(scores), len(counts), -1)
        found = [outputs[:, k, :count] for k, count in enumerate(counts)]
        classes = np.column_stack([each.argmax(axis=1) for each in found])
        return Outputs(classes, np.concatenate(found, axis=1))

    return link


def _average_trees(members: list[Any], width: int, ask_itself: Scores) -> Scores:
    """Average trees one after another, as scikit-learn does with one job.

    Rows that it may refuse go to `ask_itself`: that takes eight times as long.
    """
    trees = [member.tree_ for member in members]
    takes_null = get_tags(members[0]).input_tags.allow_nan
    may_refuse = has_infinite if takes_null else has_non_finite

    def score(X: Numbers) -> np.ndarray:
        single = X.astype(np.float32)
        if may_refuse(single):
            return as_columns(ask_itself(X))
        total = np.zeros((len(X), width))
        for one in trees:
            total += one.predict(single).reshape(len(X), -1)[:, :width]
        total /= len(trees)
        return total

    return score


FORESTS: dict[type, Callable[[Any], FinalStep]] = {
    tree.DecisionTreeClassifier: plan_tree,
    tree.DecisionTreeRegressor: plan_tree,
    tree.ExtraTreeClassifier: plan_tree,
    tree.ExtraTreeRegressor: plan_tree,
    ensemble.RandomForestClassifier: plan_forest,
    ensemble.RandomForestRegressor: plan_forest,
    ensemble.ExtraTreesClassifier: plan_forest,
    ensemble.ExtraTreesRegressor: plan_forest,
}
