"""scikit-learn's trees, forests and boosted trees."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import ensemble, tree
from sklearn.utils import get_tags

from service.model.errors import NoPlanError
from service.model.plan.checks import has_infinite, has_non_finite
from service.model.plan.links import (
    as_columns,
    link_margins,
    link_probabilities,
    link_values,
)
from service.model.plan.scores import Scores, drop_names
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.trees.histogram_boosting import HISTOGRAM_BOOSTING
from service.model.plan.trees.interpreter import load_boosted, load_by_treelite
from service.model.plan.trees.tree_step import TreeStep


def _to_single(X: Numbers) -> Numbers:
    """Round as scikit-learn's trees do before they compare."""
    return X.astype(np.float32).astype(np.float64)


def _require_one_output(fitted: Any) -> None:
    if fitted.n_outputs_ != 1:
        raise NoPlanError(f"{type(fitted).__name__} has several outputs.")


def _average(fitted: Any, members: list[Any], ask: Scores) -> Scores:
    """Average trees one after another, as scikit-learn does with one job.

    Whatever it may refuse, it is asked itself: that takes eight times as long.
    """
    trees = [member.tree_ for member in members]
    width = getattr(fitted, "n_classes_", 1)
    takes_null = get_tags(members[0]).input_tags.allow_nan
    is_doubtful = has_infinite if takes_null else has_non_finite

    def own(X: Numbers) -> np.ndarray:
        single = X.astype(np.float32)
        if is_doubtful(single):
            return as_columns(ask(X))
        total = np.zeros((len(X), width))
        for one in trees:
            total += one.predict(single)[:, :width]
        total /= len(trees)
        return total

    return own


def plan_tree(fitted: Any) -> TreeStep:
    """Plan one tree. Its own predict is as fast as an interpreter."""
    _require_one_output(fitted)
    bare = drop_names(fitted)
    if hasattr(fitted, "classes_"):
        own = _average(fitted, [fitted], bare.predict_proba)
        return TreeStep(own, link_probabilities)
    return TreeStep(_average(fitted, [fitted], bare.predict), link_values)


def plan_forest(fitted: Any) -> TreeStep:
    """Plan a random forest or extra trees."""
    _require_one_output(fitted)
    bare = drop_names(fitted)
    is_classifier = hasattr(fitted, "classes_")
    ask = bare.predict_proba if is_classifier else bare.predict
    own = _average(fitted, fitted.estimators_, ask)
    step = TreeStep(own, link_probabilities if is_classifier else link_values)
    step.try_treelite(
        lambda: load_by_treelite(fitted), fitted.n_features_in_, _to_single
    )
    return step


def plan_boosted_classifier(fitted: Any) -> TreeStep:
    """Plan a GradientBoostingClassifier."""
    bare = drop_names(fitted)
    scale = 2.0 if fitted.loss == "exponential" else 1.0
    step = TreeStep(
        lambda X: as_columns(bare.decision_function(X)),
        link_margins(scale, tie_is_second=True),
        gives_decisions=True,
    )
    step.try_treelite(lambda: load_boosted(fitted), fitted.n_features_in_, _to_single)
    return step


def plan_boosted_regressor(fitted: Any) -> TreeStep:
    """Plan a GradientBoostingRegressor."""
    bare = drop_names(fitted)
    step = TreeStep(lambda X: as_columns(bare.predict(X)), link_values)
    step.try_treelite(lambda: load_boosted(fitted), fitted.n_features_in_, _to_single)
    return step


TREES: dict[type, Callable[[Any], FinalStep]] = {
    tree.DecisionTreeClassifier: plan_tree,
    tree.DecisionTreeRegressor: plan_tree,
    tree.ExtraTreeClassifier: plan_tree,
    tree.ExtraTreeRegressor: plan_tree,
    ensemble.RandomForestClassifier: plan_forest,
    ensemble.RandomForestRegressor: plan_forest,
    ensemble.ExtraTreesClassifier: plan_forest,
    ensemble.ExtraTreesRegressor: plan_forest,
    ensemble.GradientBoostingClassifier: plan_boosted_classifier,
    ensemble.GradientBoostingRegressor: plan_boosted_regressor,
    **HISTOGRAM_BOOSTING,
}
