"""IsolationForest: how anomalous a row is, by the depth at which trees isolate it."""

from typing import Any

import numpy as np
from sklearn.ensemble import IsolationForest

from service.model.errors import NoPlanError
from service.model.outputs import Outputs
from service.model.plan.scores import Scores
from service.model.plan.steps import FinalStep, Numbers

# scikit-learn's _average_path_length of up to two samples.
SHORT_PATHS = (0.0, 0.0, 1.0)


def plan_isolation_forest(fitted: IsolationForest) -> FinalStep:
    """Plan predict and score_samples, as tasks/outliers.py asks for them."""
    score, offset = plan_isolation_scores(fitted), fitted.offset_

    def predict(X: Numbers) -> Outputs:
        scores = score(X)
        is_inlier = scores - offset >= 0
        return Outputs(classes=is_inlier.astype(int), values=scores.reshape(-1, 1))

    return predict


def plan_isolation_scores(fitted: IsolationForest) -> Scores:
    """Plan score_samples, shape (n,): the opposite of the anomaly score.

    decision_function is that less `offset_`, and predict says -1 where it is negative.
    """
    members = list(_list_trees(fitted))
    greatest = len(members) * _find_average_path(fitted.max_samples_)
    if not greatest:
        raise NoPlanError("IsolationForest was fitted on one sample.")

    def score(X: Numbers) -> np.ndarray:
        with np.errstate(over="ignore"):  # scikit-learn answers infinities, too
            single = X.astype(np.float32)
        depths = np.zeros(len(X))
        for apply, features, lengths, averages in members:
            leaves = apply(single if features is None else single[:, features])
            depths += lengths[leaves] + averages[leaves] - 1.0
        scores: np.ndarray = -(2 ** -(depths / greatest))
        return scores

    return score


def _list_trees(fitted: IsolationForest) -> Any:
    """Return each tree's apply, columns, and by node its depth and what it cut off."""
    takes_all = fitted._max_features == fitted.n_features_in_
    return zip(
        [member.tree_.apply for member in fitted.estimators_],
        [None if takes_all else columns for columns in fitted.estimators_features_],
        fitted._decision_path_lengths,
        fitted._average_path_length_per_tree,
        strict=True,
    )


def _find_average_path(samples: int) -> float:
    if samples < len(SHORT_PATHS):
        return SHORT_PATHS[samples]
    # In scikit-learn's order, for its bits.
    return float(
        2.0 * (np.log(samples - 1.0) + np.euler_gamma) - 2.0 * (samples - 1.0) / samples
    )


ISOLATION = {IsolationForest: plan_isolation_forest}
