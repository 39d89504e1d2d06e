"""Which type a fitted estimator is planned as.

Its own, or scikit-learn's for those of imbalanced-learn that inherit all of their
predictions: they are known by name, as that library need not be installed.
"""

from typing import Any

from sklearn import ensemble
from sklearn.pipeline import Pipeline

# By f"{module}.{name}" of the type. Its samplers change training tables alone.
INHERITING: dict[str, type] = {
    "imblearn.pipeline.Pipeline": Pipeline,
    "imblearn.ensemble._bagging.BalancedBaggingClassifier": ensemble.BaggingClassifier,
    "imblearn.ensemble._easy_ensemble.EasyEnsembleClassifier": (
        ensemble.BaggingClassifier
    ),
    "imblearn.ensemble._forest.BalancedRandomForestClassifier": (
        ensemble.RandomForestClassifier
    ),
    "imblearn.ensemble._weight_boosting.RUSBoostClassifier": (
        ensemble.AdaBoostClassifier
    ),
}


def find_type(fitted: Any) -> type:
    """Return the type that has the planner."""
    return INHERITING.get(read_name(fitted), type(fitted))


def read_name(fitted: Any) -> str:
    return f"{type(fitted).__module__}.{type(fitted).__qualname__}"


def is_sampler(part: Any) -> bool:
    """Return True for a step of imbalanced-learn's that predictions leave out."""
    return hasattr(part, "fit_resample")
