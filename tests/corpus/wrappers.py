"""Estimators of estimators, around what people put into them."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from sklearn import ensemble
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
)
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.svm import SVC, SVR, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from corpus import tables
from corpus.case import Case
from corpus.estimators import prepare, to_array
from corpus.parameters import CLASSIFIERS, FOREST, LOGISTIC, REGRESSORS
from corpus.tables import Data

COSTS = {"C": [0.1, 1.0]}
TREES: dict[str, Any] = {"n_estimators": 5, "random_state": 0}
GRADIENT = ensemble.GradientBoostingRegressor(**TREES)
MIXED = [("svc", SVC(probability=True, random_state=0)), ("bayes", GaussianNB())]

SCALED: dict[str, Callable[[], Any]] = {
    "GridSearchCV of SVC": lambda: GridSearchCV(SVC(), COSTS, cv=2),
    "HalvingGridSearchCV": lambda: HalvingGridSearchCV(
        LOGISTIC, COSTS, cv=2, random_state=0
    ),
    "HalvingRandomSearchCV": lambda: HalvingRandomSearchCV(
        FOREST, {"max_depth": [2, 4]}, cv=2, random_state=0
    ),
    "RandomizedSearchCV of a forest": lambda: RandomizedSearchCV(
        FOREST, {"max_depth": [2, 4]}, n_iter=2, cv=2, random_state=0
    ),
    "calibrated forest": lambda: CalibratedClassifierCV(FOREST, cv=2),
    "calibrated SVC, isotonic": lambda: CalibratedClassifierCV(
        SVC(), method="isotonic", cv=2
    ),
    "calibrated LinearSVC": lambda: CalibratedClassifierCV(
        LinearSVC(random_state=0), cv=2, ensemble=False
    ),
    "voting of SVC and naive Bayes": lambda: ensemble.VotingClassifier(
        MIXED, voting="soft", weights=[2, 1]
    ),
    "hard voting": lambda: ensemble.VotingClassifier(CLASSIFIERS),
    "stacking with passthrough": lambda: ensemble.StackingClassifier(
        CLASSIFIERS, passthrough=True, cv=2
    ),
    "stacking of SVC and naive Bayes": lambda: ensemble.StackingClassifier(
        MIXED, final_estimator=FOREST, cv=2
    ),
    "bagging of neighbours": lambda: ensemble.BaggingClassifier(
        KNeighborsClassifier(), max_features=0.5, **TREES
    ),
    "bagging of SVC": lambda: ensemble.BaggingClassifier(SVC(), **TREES),
    "AdaBoost of deeper trees": lambda: ensemble.AdaBoostClassifier(
        DecisionTreeClassifier(max_depth=3), **TREES
    ),
    "one against the rest of SVC": lambda: OneVsRestClassifier(SVC()),
    "neighbours as a step": lambda: make_pipeline(
        KNeighborsTransformer(n_neighbors=10, mode="distance"),
        KNeighborsClassifier(3, metric="precomputed"),
    ),
}

REGRESSIONS: dict[str, Callable[[], Any]] = {
    "logarithm of the target": lambda: TransformedTargetRegressor(
        Ridge(), func=np.log1p, inverse_func=np.expm1
    ),
    "scaled target of SVR": lambda: TransformedTargetRegressor(
        SVR(), transformer=StandardScaler()
    ),
    "quantiles of the target": lambda: TransformedTargetRegressor(
        LinearRegression(), transformer=QuantileTransformer(n_quantiles=50)
    ),
    "stacking of regressors": lambda: ensemble.StackingRegressor(
        [*REGRESSORS, ("svr", SVR())], final_estimator=Ridge(), cv=2
    ),
    "voting of regressors": lambda: ensemble.VotingRegressor(
        [*REGRESSORS, ("neighbours", KNeighborsRegressor())]
    ),
    "bagging of linear models": lambda: ensemble.BaggingRegressor(Ridge(), **TREES),
    "GridSearchCV of gradient boosting": lambda: GridSearchCV(
        GRADIENT, {"max_depth": [2, 3]}, cv=2
    ),
    "a frozen model": lambda: FrozenEstimator(
        Ridge().fit(*tables.read_diabetes().take(tables.TRAINING))
    ),
}


def search_whole() -> Any:
    """Return a search over a whole pipeline of mixed columns, its usual form."""
    pipeline = make_pipeline(prepare(), LOGISTIC)
    return GridSearchCV(pipeline, {"logisticregression__C": [0.1, 1.0]}, cv=2)


def calibrate_whole() -> Any:
    return CalibratedClassifierCV(make_pipeline(prepare(), FOREST), cv=2)


def stack_pipelines() -> Any:
    """Return pipelines of mixed columns stacked, each with its own preparation."""
    parts = [
        ("linear", make_pipeline(prepare(), LOGISTIC)),
        ("trees", make_pipeline(prepare(), FOREST)),
    ]
    return ensemble.StackingClassifier(parts, cv=2)


Whole = tuple[str, Callable[[], Any], Callable[[], Data]]
WHOLE: tuple[Whole, ...] = (
    ("GridSearchCV of a pipeline", search_whole, tables.read_credit),
    ("calibrated pipeline", calibrate_whole, tables.read_credit),
    ("stacking of pipelines", stack_pipelines, tables.read_credit),
    ("multilabel forest", lambda: FOREST, tables.read_flags),
    ("multilabel neighbours", KNeighborsClassifier, tables.read_flags),
    (
        "multilabel network",
        lambda: MLPClassifier((8,), max_iter=50, random_state=0),
        tables.read_flags,
    ),
    (
        "multilabel one against the rest",
        lambda: OneVsRestClassifier(LOGISTIC),
        to_array(tables.read_flags),
    ),
    (
        "an output each of forests",
        lambda: MultiOutputClassifier(FOREST),
        tables.read_flags,
    ),
    (
        "an output each of gradient boosting",
        lambda: MultiOutputRegressor(GRADIENT),
        tables.read_linnerud,
    ),
    (
        "tree of several outputs",
        lambda: DecisionTreeRegressor(max_depth=4),
        tables.read_linnerud,
    ),
    (
        "linear model of several outputs",
        LinearRegression,
        tables.read_linnerud,
    ),
    ("SVC of a kernel", lambda: SVC(kernel="precomputed"), tables.read_kernel),
)


def list_wrappers() -> Iterator[Case]:
    """Yield all cases of estimators of estimators, and of several outputs."""
    for name, make in SCALED.items():
        yield Case(
            name,
            "wrappers",
            lambda make=make: make_pipeline(StandardScaler(), make()),  # type: ignore[misc]
            tables.read_wine,
        )
    for name, make in REGRESSIONS.items():
        yield Case(name, "wrappers", make, tables.read_diabetes)
    for name, make, read in WHOLE:
        yield Case(name, "wrappers", make, read)
