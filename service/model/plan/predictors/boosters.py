"""LightGBM and XGBoost, which need not be installed."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import treelite
from scipy.special import expit

from service.model.contract.features import Contract
from service.model.errors import NoPlanError
from service.model.plan.scores import (
    as_columns,
    link_probabilities,
    link_values,
    softmax,
    two_columns,
)
from service.model.plan.steps import FinalStep, Numbers, Step
from service.model.plan.tables import read_category, read_codes, read_known
from service.model.plan.trees.tree_step import TreeStep

# LightGBM's kZeroThreshold, which is also the least of its thresholds beside zero.
NEAR_ZERO = float(np.float32(1e-35))

# What LightGBM makes of its margins, by its objective.
FINISHES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "binary": lambda margins: two_columns(expit(margins[:, 0])),
    "multiclass": softmax,
    "poisson": np.exp,
    "gamma": np.exp,
    "tweedie": np.exp,
}


def plan_lightgbm(fitted: Any) -> TreeStep:
    """Plan a LightGBM model.

    Raises NoPlanError if its objective is a function, or if it stops before its last
    tree where a margin is wide.
    """
    if callable(fitted.objective_):
        raise NoPlanError(f"{type(fitted).__name__} has a function for its objective.")
    if fitted.get_params().get("pred_early_stop"):
        raise NoPlanError(f"{type(fitted).__name__} stops early as it predicts.")
    booster = fitted.booster_
    is_classifier = hasattr(fitted, "classes_")

    def score(X: Numbers) -> np.ndarray:
        scores = booster.predict(X, num_threads=1)
        if is_classifier and scores.ndim == 1:
            return two_columns(scores)
        return as_columns(scores)

    step = TreeStep(score, link_probabilities if is_classifier else link_values)
    step.try_treelite(
        lambda: load_lightgbm(booster),
        fitted.n_features_in_,
        finish=FINISHES.get(str(fitted.objective_), np.asarray),
        codes=_find_codes(booster),
    )
    return step


def load_lightgbm(booster: Any) -> Any:
    """Load by treelite, with what LightGBM takes for zero on one side of a threshold.

    It takes whatever is as near to zero as 1e-35 for zero before it compares.
    """
    model = treelite.frontend.from_lightgbm(booster)
    for index in range(model.num_tree):
        tree = model.get_tree_accessor(index)
        thresholds = tree.get_field("threshold")
        is_edge = thresholds == -NEAR_ZERO
        below = np.nextafter(-NEAR_ZERO, -np.inf)
        tree.set_field("threshold", np.where(is_edge, below, thresholds))
    return model


def _find_codes(booster: Any) -> dict[int, np.ndarray]:
    """Return the known codes by column: a range is in brackets, and codes are not."""
    header = booster.model_to_string(num_iteration=1)
    infos = re.search("^feature_infos=(.*)$", header, re.MULTILINE)[1].split(" ")  # type: ignore[index]
    return {
        column: np.array([float(code) for code in info.split(":") if code != "-1"])
        for column, info in enumerate(infos)
        if info[0] in "-0123456789"
    }


def code_lightgbm(fitted: Any, contract: Contract) -> tuple[Step, Any]:
    """Return how to read a table of pandas categories as codes, and the model."""
    columns = _find_categorical(contract)
    found = fitted.booster_.pandas_categorical or []
    if len(columns) != len(found):
        raise NoPlanError(f"{type(fitted).__name__} was fitted on other categories.")
    categories = dict(zip(columns, map(read_category, found), strict=True))
    return read_codes(contract, categories, range(len(contract.features))), fitted


def code_xgboost(fitted: Any, contract: Contract) -> tuple[Step, Any]:
    """Return the same for XGBoost, whose codes follow the dtypes it was fitted on.

    It answers an unseen category as one that sorts near it, or refuses it: that is left
    to it.
    """
    features = contract.features
    categories = {
        column: read_known(features[column].storage.categories or ())
        for column in _find_categorical(contract)
    }
    return read_codes(contract, categories, range(len(features))), fitted


def _find_categorical(contract: Contract) -> list[int]:
    dtypes = [feature.storage.dtype for feature in contract.features]
    return [column for column, dtype in enumerate(dtypes) if dtype == "category"]


def plan_xgboost_classifier(fitted: Any) -> TreeStep:
    """Plan an XGBClassifier, asked itself: treelite sums float32 in another order."""
    if fitted.objective not in ("binary:logistic", "multi:softprob"):
        raise NoPlanError(f"XGBClassifier has the objective {fitted.objective}.")
    ask = _ask_array(fitted, fitted.predict_proba)
    return TreeStep(lambda X: as_columns(ask(X)), link_probabilities)


def plan_xgboost_regressor(fitted: Any) -> TreeStep:
    """Plan an XGBRegressor or an XGBRanker, asked itself."""
    ask = _ask_array(fitted, fitted.predict)
    return TreeStep(lambda X: as_columns(ask(X)), link_values)


def _ask_array(fitted: Any, method: Callable[..., Any]) -> Callable[[Numbers], Any]:
    """Return what asks a method for an array, where the model may know a frame.

    Of trees it takes one as it is; of linear models only if it checks no names.
    """
    if fitted.booster == "gblinear":
        return partial(method, validate_features=False)
    return method


# By f"{module}.{name}" of the type.
BOOSTERS: dict[str, Callable[[Any], FinalStep]] = {
    "lightgbm.sklearn.LGBMClassifier": plan_lightgbm,
    "lightgbm.sklearn.LGBMRegressor": plan_lightgbm,
    "lightgbm.sklearn.LGBMRanker": plan_lightgbm,
    "xgboost.sklearn.XGBClassifier": plan_xgboost_classifier,
    "xgboost.sklearn.XGBRFClassifier": plan_xgboost_classifier,
    "xgboost.sklearn.XGBRegressor": plan_xgboost_regressor,
    "xgboost.sklearn.XGBRFRegressor": plan_xgboost_regressor,
    "xgboost.sklearn.XGBRanker": plan_xgboost_regressor,
}
CODED_BOOSTERS: dict[str, Callable[[Any, Contract], tuple[Step, Any]]] = {
    name: code_lightgbm if name.startswith("lightgbm") else code_xgboost
    for name in BOOSTERS
}
