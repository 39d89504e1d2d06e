"""Trees and their ensembles: where the scores come from, and what link they pass."""

import copy
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import treelite
from scipy.special import expit
from sklearn import ensemble, tree
from sklearn.utils import get_tags

from service.model.errors import NoPlanError
from service.model.plan.checks import has_infinite, has_non_finite
from service.model.plan.interpreter import lead_with_baseline
from service.model.plan.linear import Scores, drop_names, pair, softmax
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.treestep import CategoryCleaner, Link, TreeStep
from service.model.reference import Outputs


def _link_probabilities(scores: np.ndarray) -> Outputs:
    return Outputs(classes=scores.argmax(axis=1), probabilities=scores)


def _link_values(scores: np.ndarray) -> Outputs:
    return Outputs(values=scores)


def _link_margins(scale: float, *, tie_is_second: bool) -> Link:
    """Return the link of boosting: two classes share one margin, more have one each."""
    is_second = operator.ge if tie_is_second else operator.gt

    def link_one(margin: float) -> Outputs:
        # The same on plain numbers, which spares a lone instance 1.5 microseconds.
        second = float(expit(scale * margin))
        classes = np.array([int(is_second(margin, 0))])
        return Outputs(classes, np.array([[1.0 - second, second]]))

    def link(margins: np.ndarray) -> Outputs:
        if margins.shape[1] > 1:
            return Outputs(margins.argmax(axis=1), softmax(margins))
        if len(margins) == 1:
            return link_one(margins.item())
        margin = margins[:, 0]
        classes = is_second(margin, 0).astype(np.intp)
        return Outputs(classes, pair(expit(scale * margin)))

    return link


def _as_columns(scores: np.ndarray) -> np.ndarray:
    return np.asarray(scores, dtype=np.float64).reshape(len(scores), -1)


def _to_single(X: Numbers) -> Numbers:
    """Round as scikit-learn's trees do before they compare."""
    return X.astype(np.float32).astype(np.float64)


def _load(fitted: Any) -> Any:
    """Load by treelite, which trusts n_estimators even after an early stop."""
    counted = copy.copy(fitted)
    if hasattr(fitted, "estimators_"):
        counted.n_estimators = len(fitted.estimators_)
    return treelite.sklearn.import_model(counted)


def _load_boosted(fitted: Any) -> Any:
    return lead_with_baseline(_load(fitted), fitted.n_features_in_)


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
            return _as_columns(ask(X))
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
        return TreeStep(own, _link_probabilities)
    return TreeStep(_average(fitted, [fitted], bare.predict), _link_values)


def plan_forest(fitted: Any) -> TreeStep:
    """Plan a random forest or extra trees."""
    _require_one_output(fitted)
    bare = drop_names(fitted)
    is_classifier = hasattr(fitted, "classes_")
    ask = bare.predict_proba if is_classifier else bare.predict
    own = _average(fitted, fitted.estimators_, ask)
    step = TreeStep(own, _link_probabilities if is_classifier else _link_values)
    step.try_treelite(lambda: _load(fitted), fitted.n_features_in_, _to_single)
    return step


def plan_boosted_classifier(fitted: Any) -> TreeStep:
    """Plan a GradientBoostingClassifier."""
    bare = drop_names(fitted)
    scale = 2.0 if fitted.loss == "exponential" else 1.0
    step = TreeStep(
        lambda X: _as_columns(bare.decision_function(X)),
        _link_margins(scale, tie_is_second=True),
        gives_decisions=True,
    )
    step.try_treelite(lambda: _load_boosted(fitted), fitted.n_features_in_, _to_single)
    return step


def plan_boosted_regressor(fitted: Any) -> TreeStep:
    """Plan a GradientBoostingRegressor."""
    bare = drop_names(fitted)
    step = TreeStep(lambda X: _as_columns(bare.predict(X)), _link_values)
    step.try_treelite(lambda: _load_boosted(fitted), fitted.n_features_in_, _to_single)
    return step


def _find_codes(fitted: Any) -> dict[int, np.ndarray]:
    """Return the known categories by column, which no public attribute holds."""
    if fitted.is_categorical_ is None or not fitted.is_categorical_.any():
        return {}
    encoder = fitted._preprocessor.named_transformers_["encoder"]
    found = encoder.categories_
    if any(values.dtype.kind not in "fiub" for values in found):
        raise NoPlanError(f"{type(fitted).__name__} has categories that are no codes.")
    columns = np.flatnonzero(fitted.is_categorical_).tolist()
    return {
        column: values[np.isfinite(values)].astype(np.float64)
        for column, values in zip(columns, found, strict=True)
    }


def _drop_inner_names(fitted: Any, codes: dict[int, np.ndarray]) -> Any:
    bare = drop_names(fitted)
    if bare is fitted or not codes:
        return bare
    inner = copy.deepcopy(bare._preprocessor)
    for part in (inner, *inner.named_transformers_.values()):
        if not isinstance(part, str):
            vars(part).pop("feature_names_in_", None)
    bare._preprocessor = inner
    return bare


def _keep_or_clean(codes: dict[int, np.ndarray]) -> Any:
    return CategoryCleaner(codes) if codes else np.asarray


def plan_histogram_classifier(fitted: Any) -> TreeStep:
    """Plan a HistGradientBoostingClassifier."""
    codes = _find_codes(fitted)
    bare = _drop_inner_names(fitted, codes)
    step = TreeStep(
        lambda X: _as_columns(bare.decision_function(X)),
        _link_margins(1.0, tie_is_second=False),
        gives_decisions=True,
    )
    prepare = _keep_or_clean(codes)
    step.try_treelite(lambda: _load_boosted(fitted), fitted.n_features_in_, prepare)
    return step


def plan_histogram_regressor(fitted: Any) -> TreeStep:
    """Plan a HistGradientBoostingRegressor, whose loss names its link."""
    codes = _find_codes(fitted)
    bare = _drop_inner_names(fitted, codes)
    step = TreeStep(lambda X: _as_columns(bare.predict(X)), _link_values)
    finish = np.exp if fitted.loss in ("poisson", "gamma") else np.asarray
    prepare = _keep_or_clean(codes)
    step.try_treelite(
        lambda: _load_boosted(fitted), fitted.n_features_in_, prepare, finish
    )
    return step


def _share_lightgbm(fitted: Any) -> Callable[[np.ndarray], np.ndarray]:
    finishes: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "binary": lambda margins: pair(expit(margins[:, 0])),
        "multiclass": softmax,
        "poisson": np.exp,
        "gamma": np.exp,
        "tweedie": np.exp,
    }
    return finishes.get(str(fitted.objective_), np.asarray)


def plan_lightgbm(fitted: Any) -> TreeStep:
    """Plan a LightGBM model. One whose objective is a function is not covered."""
    if callable(fitted.objective_):
        raise NoPlanError(f"{type(fitted).__name__} has an objective of its own.")
    booster = fitted.booster_
    is_classifier = hasattr(fitted, "classes_")

    def own(X: Numbers) -> np.ndarray:
        scores = booster.predict(X, num_threads=1)
        if is_classifier and scores.ndim == 1:
            return pair(scores)
        return _as_columns(scores)

    step = TreeStep(own, _link_probabilities if is_classifier else _link_values)
    step.try_treelite(
        lambda: treelite.frontend.from_lightgbm(booster),
        fitted.n_features_in_,
        finish=_share_lightgbm(fitted),
    )
    return step


def plan_xgboost_classifier(fitted: Any) -> TreeStep:
    """Plan an XGBClassifier by itself: treelite sums its float32 in another order."""
    if fitted.objective not in ("binary:logistic", "multi:softprob"):
        raise NoPlanError(f"XGBClassifier has the objective {fitted.objective}.")
    return TreeStep(lambda X: _as_columns(fitted.predict_proba(X)), _link_probabilities)


def plan_xgboost_regressor(fitted: Any) -> TreeStep:
    """Plan an XGBRegressor by itself."""
    return TreeStep(lambda X: _as_columns(fitted.predict(X)), _link_values)


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
    ensemble.HistGradientBoostingClassifier: plan_histogram_classifier,
    ensemble.HistGradientBoostingRegressor: plan_histogram_regressor,
}

# By f"{module}.{name}" of the type: these libraries need not be installed.
NAMED_TREES: dict[str, Callable[[Any], FinalStep]] = {
    "lightgbm.sklearn.LGBMClassifier": plan_lightgbm,
    "lightgbm.sklearn.LGBMRegressor": plan_lightgbm,
    "xgboost.sklearn.XGBClassifier": plan_xgboost_classifier,
    "xgboost.sklearn.XGBRegressor": plan_xgboost_regressor,
}
