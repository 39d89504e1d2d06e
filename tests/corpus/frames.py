"""Pipelines of numbers, as people write them."""

from collections.abc import Callable, Iterator
from typing import Any

from sklearn import decomposition, ensemble, feature_selection, preprocessing
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import (
    BayesianRidge,
    ElasticNetCV,
    LassoCV,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeCV,
    SGDClassifier,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    StandardScaler,
)
from sklearn.svm import SVC, SVR

from corpus import tables
from corpus.case import Case
from corpus.tables import Data

LOGISTIC = LogisticRegression(max_iter=500)
TREES: dict[str, Any] = {"n_estimators": 10, "random_state": 0}
FOREST = ensemble.RandomForestClassifier(**TREES)

SCALED: dict[str, Any] = {
    "PCA, LogisticRegression": lambda: [decomposition.PCA(0.95), LOGISTIC],
    "whitened PCA, SVC": lambda: [decomposition.PCA(5, whiten=True), SVC()],
    "PCA, KNeighborsClassifier": lambda: [
        decomposition.PCA(5),
        KNeighborsClassifier(weights="distance"),
    ],
    "PCA, RandomForestClassifier": lambda: [decomposition.PCA(5), FOREST],
    "PolynomialFeatures, LogisticRegression": lambda: [
        preprocessing.PolynomialFeatures(2, include_bias=False),
        LOGISTIC,
    ],
    "SplineTransformer, LogisticRegression": lambda: [
        preprocessing.SplineTransformer(),
        LOGISTIC,
    ],
    "SelectKBest, GaussianNB": lambda: [
        feature_selection.SelectKBest(k=5),
        GaussianNB(),
    ],
    "RFE, SVC": lambda: [
        feature_selection.RFE(LOGISTIC, n_features_to_select=5),
        SVC(kernel="linear"),
    ],
    "SelectFromModel, LogisticRegression": lambda: [
        feature_selection.SelectFromModel(FOREST),
        LOGISTIC,
    ],
    "LinearDiscriminantAnalysis as a step": lambda: [
        LinearDiscriminantAnalysis(),
        KNeighborsClassifier(),
    ],
    "Nystroem, SGDClassifier": lambda: [
        Nystroem(n_components=20, random_state=0),
        SGDClassifier(random_state=0),
    ],
    "RBFSampler, SGDClassifier": lambda: [
        RBFSampler(random_state=0),
        SGDClassifier(random_state=0),
    ],
    "SVC of probabilities": lambda: [SVC(probability=True, random_state=0)],
    "SVC of a polynomial": lambda: [SVC(kernel="poly", degree=2)],
    "MLPClassifier of tanh": lambda: [
        MLPClassifier((20, 10), activation="tanh", max_iter=20, random_state=0)
    ],
    "KNeighborsClassifier of Manhattan": lambda: [KNeighborsClassifier(3, p=1)],
}

REGRESSIONS: dict[str, Any] = {
    "PolynomialFeatures, Ridge": lambda: [
        preprocessing.PolynomialFeatures(2),
        Ridge(),
    ],
    "SplineTransformer, RidgeCV": lambda: [
        preprocessing.SplineTransformer(n_knots=4),
        RidgeCV(),
    ],
    "QuantileTransformer, LinearRegression": lambda: [
        preprocessing.QuantileTransformer(
            n_quantiles=50, output_distribution="normal", random_state=0
        ),
        LinearRegression(),
    ],
    "PowerTransformer, LassoCV": lambda: [
        preprocessing.PowerTransformer(),
        LassoCV(cv=2),
    ],
    "RobustScaler, ElasticNetCV": lambda: [
        preprocessing.RobustScaler(),
        ElasticNetCV(cv=2),
    ],
    "MinMaxScaler, SVR": lambda: [preprocessing.MinMaxScaler(), SVR(C=10)],
    "StandardScaler, KNeighborsRegressor": lambda: [
        StandardScaler(),
        KNeighborsRegressor(7, weights="distance"),
    ],
    "StandardScaler, PCA, LinearRegression": lambda: [
        StandardScaler(),
        decomposition.PCA(4),
        LinearRegression(),
    ],
    "GradientBoostingRegressor of quantiles": lambda: [
        ensemble.GradientBoostingRegressor(loss="quantile", alpha=0.9, **TREES)
    ],
    "HistGradientBoostingRegressor of Poisson": lambda: [
        ensemble.HistGradientBoostingRegressor(loss="poisson", max_iter=10)
    ],
    "RandomForestRegressor": lambda: [ensemble.RandomForestRegressor(**TREES)],
}

EXTRAS: tuple[tuple[str, Any, Callable[[], Data], dict[str, Any]], ...] = (
    ("SVC of decision scores", SVC(), tables.read_wine, {"scores": "decision"}),
    (
        "LogisticRegression of scores",
        LOGISTIC,
        tables.read_wine,
        {"scores": "decision"},
    ),
    ("BayesianRidge with std", BayesianRidge(), tables.read_diabetes, {"std": True}),
)


def list_frames() -> Iterator[Case]:
    """Yield all cases of tables."""
    for name, make in SCALED.items():
        yield Case(
            name,
            "tables",
            lambda make=make: make_pipeline(StandardScaler(), *make()),  # type: ignore[misc]
            tables.read_cancer,
        )
    for name, make in REGRESSIONS.items():
        yield Case(
            name,
            "tables",
            lambda make=make: make_pipeline(*make()),  # type: ignore[misc]
            tables.read_diabetes,
        )
    for name, last, read, options in EXTRAS:
        yield Case(
            name,
            "extras",
            lambda last=last: make_pipeline(StandardScaler(), last),  # type: ignore[misc]
            read,
            options,
        )
