"""HistGradientBoosting, whose categories are numbers with a meaning of their own."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import ensemble

from service.model.errors import NoPlanError
from service.model.plan.links import as_columns, link_margins, link_values
from service.model.plan.scores import drop_names
from service.model.plan.steps import FinalStep, Numbers
from service.model.plan.trees.interpreter import load_boosted
from service.model.plan.trees.tree_step import TreeStep


class CategoryCleaner:
    """Makes a null of every unknown category, as HistGradientBoosting does.

    Treelite would send it down the right branch.
    """

    def __init__(self, codes: dict[int, np.ndarray]) -> None:
        self.codes = codes
        width = max(len(values) for values in codes.values())
        self._columns = list(codes)
        self._known = np.array(
            [[*values, *[np.nan] * (width - len(values))] for values in codes.values()]
        )

    def __call__(self, X: Numbers) -> Numbers:
        given = X[:, self._columns]
        is_known = (given[:, :, np.newaxis] == self._known).any(axis=2)
        if is_known.all():
            return X
        cleaned = X.copy()
        # An infinity stays, for scikit-learn to refuse.
        cleaned[:, self._columns] = np.where(is_known | np.isinf(given), given, np.nan)
        return cleaned


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
        lambda X: as_columns(bare.decision_function(X)),
        link_margins(1.0, tie_is_second=False),
        gives_decisions=True,
    )
    prepare = _keep_or_clean(codes)
    step.try_treelite(lambda: load_boosted(fitted), fitted.n_features_in_, prepare)
    return step


def plan_histogram_regressor(fitted: Any) -> TreeStep:
    """Plan a HistGradientBoostingRegressor, whose loss names its link."""
    codes = _find_codes(fitted)
    bare = _drop_inner_names(fitted, codes)
    step = TreeStep(lambda X: as_columns(bare.predict(X)), link_values)
    finish = np.exp if fitted.loss in ("poisson", "gamma") else np.asarray
    prepare = _keep_or_clean(codes)
    step.try_treelite(
        lambda: load_boosted(fitted), fitted.n_features_in_, prepare, finish
    )
    return step


HISTOGRAM_BOOSTING: dict[type, Callable[[Any], FinalStep]] = {
    ensemble.HistGradientBoostingClassifier: plan_histogram_classifier,
    ensemble.HistGradientBoostingRegressor: plan_histogram_regressor,
}
