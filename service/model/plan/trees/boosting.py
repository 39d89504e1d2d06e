"""Gradient boosting and histogram gradient boosting.

The categories of the latter are numbers with a meaning of their own.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import ensemble

from service.model.contract.features import Contract
from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.scores import (
    as_columns,
    drop_names,
    link_margins,
    link_values,
)
from service.model.plan.steps import FinalStep, Numbers, Step
from service.model.plan.tables import read_category, read_codes
from service.model.plan.trees.edge_rows import add_unknown
from service.model.plan.trees.interpreter import load_boosted, round_to_single
from service.model.plan.trees.tree_step import Change, TreeStep


def plan_boosting(fitted: Any) -> TreeStep:
    step = _plan_model(
        drop_names(fitted),
        scale=2.0 if fitted.loss == "exponential" else 1.0,
        tie_is_second=True,
    )
    step.try_treelite(
        lambda: load_boosted(fitted), fitted.n_features_in_, round_to_single
    )
    return step


def plan_histogram_boosting(fitted: Any) -> TreeStep:
    codes = _find_codes(fitted)
    is_coded = fitted._preprocessor is None  # then no other code is given
    step = _plan_model(_drop_inner_names(fitted, codes), tie_is_second=False)
    finish: Change = np.exp if fitted.loss in ("poisson", "gamma") else np.asarray
    step.try_treelite(
        lambda: load_boosted(fitted),
        fitted.n_features_in_,
        CategoryCleaner(codes) if codes and not is_coded else None,
        finish,
        codes if is_coded else add_unknown(codes),
    )
    return step


def plan_boosted_decision(fitted: Any) -> FinalStep:
    """Plan decision_function, with one column for two classes."""
    step = BOOSTED[type(fitted)](fitted)
    return lambda X: Outputs(values=step.score(X))


def _plan_model(bare: Any, *, tie_is_second: bool, scale: float = 1.0) -> TreeStep:
    if not hasattr(bare, "classes_"):
        return TreeStep(lambda X: as_columns(bare.predict(X)), link_values)
    return TreeStep(
        lambda X: as_columns(bare.decision_function(X)),
        link_margins(scale, tie_is_second=tie_is_second),
        gives_decisions=True,
    )


class CategoryCleaner:
    """Makes a null of every unknown category, as HistGradientBoosting does.

    Treelite would send it down the right branch.
    """

    def __init__(self, codes: dict[int, np.ndarray]) -> None:
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
    if fitted._preprocessor is None:
        known = fitted._bin_mapper.known_categories  # the columns of categories first
        return {i: values for i, values in enumerate(known) if values is not None}
    encoder = fitted._preprocessor.named_transformers_["encoder"]
    found = encoder.categories_
    if any(values.dtype.kind not in "fiub" for values in found):
        raise NoPlanError(f"{type(fitted).__name__} has categories that are no codes.")
    columns = np.flatnonzero(fitted.is_categorical_).tolist()
    return {
        column: values[np.isfinite(values)].astype(np.float64)
        for column, values in zip(columns, found, strict=True)
    }


def code_histogram_boosting(fitted: Any, contract: Contract) -> tuple[Step, Any]:
    """Return how to read a table of categories as codes, and the model of these.

    scikit-learn puts the columns of categories first.
    """
    is_category = fitted.is_categorical_
    if is_category is None:
        raise NoPlanError(f"{type(fitted).__name__} has no categories.")
    found = fitted._preprocessor.named_transformers_["encoder"].categories_
    columns = np.flatnonzero(is_category).tolist()
    categories = [read_category(values.tolist()) for values in found]
    order = [*columns, *np.flatnonzero(~is_category).tolist()]
    coded = copy.copy(drop_names(fitted))
    coded._preprocessor = None
    coded.is_categorical_ = fitted._is_categorical_remapped
    readers = dict(zip(columns, categories, strict=True))
    return read_codes(contract, readers, order), coded


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


BOOSTED: dict[type, Callable[[Any], TreeStep]] = {
    ensemble.GradientBoostingClassifier: plan_boosting,
    ensemble.GradientBoostingRegressor: plan_boosting,
    ensemble.HistGradientBoostingClassifier: plan_histogram_boosting,
    ensemble.HistGradientBoostingRegressor: plan_histogram_boosting,
}
CODED: dict[type, Callable[[Any, Contract], tuple[Step, Any]]] = {
    ensemble.HistGradientBoostingClassifier: code_histogram_boosting,
    ensemble.HistGradientBoostingRegressor: code_histogram_boosting,
}
BOOSTED_DECISIONS: dict[type, Callable[[Any], FinalStep]] = {
    ensemble.GradientBoostingClassifier: plan_boosted_decision,
    ensemble.HistGradientBoostingClassifier: plan_boosted_decision,
}
