"""LightGBM, XGBoost, imbalanced-learn and category_encoders, where installed."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from corpus import tables
from corpus.case import Case
from corpus.columns import read_single, read_typed
from corpus.estimators import prepare
from corpus.tables import Data

LIGHT: dict[str, Any] = {"n_estimators": 10, "n_jobs": 1, "verbose": -1}
EXTREME: dict[str, Any] = {"n_estimators": 10, "n_jobs": 1}
LOGISTIC = LogisticRegression(max_iter=500)
TREE = DecisionTreeClassifier(max_depth=5, random_state=0)

Form = tuple[str, Callable[[], Any], Callable[[], Data]]


def read_codes() -> Data:
    """Return the applications, good as 1 and bad as 0, as XGBoost wants them."""
    X, y = tables.read_credit()
    return Data(X, (y == "good").astype(int))


def read_typed_codes() -> Data:
    """Return the same with their categories as pandas categories."""
    return Data(read_typed().X, read_codes().y)


def list_lightgbm() -> Iterator[Form]:
    """Yield LightGBM's estimators in their usual forms."""
    lightgbm = import_module("lightgbm")
    classifier = partial(lightgbm.LGBMClassifier, **LIGHT)
    regressor = partial(lightgbm.LGBMRegressor, **LIGHT)
    yield "LGBMClassifier", classifier, tables.read_cancer
    yield "LGBMClassifier of three", classifier, tables.read_wine
    yield "LGBMClassifier of categories", classifier, read_typed
    yield "LGBMClassifier of float32", classifier, read_single
    yield (
        "LGBMClassifier behind columns",
        lambda: make_pipeline(prepare(), classifier()),
        tables.read_credit,
    )
    yield (
        "LGBMClassifier of dart",
        partial(classifier, boosting_type="dart"),
        (tables.read_cancer),
    )
    yield "LGBMRegressor", regressor, tables.read_diabetes
    yield (
        "LGBMRegressor of quantiles",
        partial(regressor, objective="quantile", alpha=0.9),
        tables.read_diabetes,
    )
    yield (
        "LGBMRegressor of Poisson",
        partial(regressor, objective="poisson"),
        (tables.read_diabetes),
    )
    yield (
        "LGBMRegressor behind columns",
        lambda: make_pipeline(prepare(), regressor()),
        tables.read_amounts,
    )


def list_xgboost() -> Iterator[Form]:
    """Yield XGBoost's estimators in their usual forms."""
    xgboost = import_module("xgboost")
    classifier = partial(xgboost.XGBClassifier, **EXTREME)
    regressor = partial(xgboost.XGBRegressor, **EXTREME)
    yield "XGBClassifier", classifier, tables.read_cancer
    yield "XGBClassifier of three", classifier, tables.read_wine
    yield (
        "XGBClassifier of categories",
        partial(classifier, enable_categorical=True),
        read_typed_codes,
    )
    yield "XGBClassifier of float32", classifier, read_single
    yield (
        "XGBClassifier behind columns",
        lambda: make_pipeline(prepare(), classifier()),
        read_codes,
    )
    yield (
        "XGBRFClassifier",
        partial(xgboost.XGBRFClassifier, **EXTREME),
        (tables.read_wine),
    )
    yield "XGBRegressor", regressor, tables.read_diabetes
    yield (
        "XGBRegressor of Gamma",
        partial(regressor, objective="reg:gamma"),
        (tables.read_diabetes),
    )
    yield (
        "XGBRegressor of linear models",
        partial(regressor, booster="gblinear"),
        (tables.read_diabetes),
    )
    yield (
        "XGBRFRegressor",
        partial(xgboost.XGBRFRegressor, **EXTREME),
        (tables.read_diabetes),
    )
    yield (
        "XGBRegressor behind columns",
        lambda: make_pipeline(prepare(), regressor()),
        tables.read_amounts,
    )


def list_imblearn() -> Iterator[Form]:
    """Yield pipelines with samplers, and the ensembles."""
    pipeline = import_module("imblearn.pipeline").make_pipeline
    over = import_module("imblearn.over_sampling")
    under = import_module("imblearn.under_sampling")
    ensembles = import_module("imblearn.ensemble")
    forest = RandomForestClassifier(n_estimators=10, random_state=0)
    few: dict[str, Any] = {"n_estimators": 5, "random_state": 0}
    for name, sampler, last in (
        ("SMOTE, LogisticRegression", over.SMOTE(random_state=0), LOGISTIC),
        ("SMOTE, RandomForestClassifier", over.SMOTE(random_state=0), forest),
        ("RandomOverSampler", over.RandomOverSampler(random_state=0), LOGISTIC),
        ("RandomUnderSampler", under.RandomUnderSampler(random_state=0), forest),
    ):
        yield name, partial(pipeline, prepare(), sampler, last), tables.read_credit
    for name in ("BalancedBaggingClassifier", "BalancedRandomForestClassifier"):
        yield name, partial(getattr(ensembles, name), **few), tables.read_cancer
    for name in ("EasyEnsembleClassifier", "RUSBoostClassifier"):
        yield name, partial(getattr(ensembles, name), **few), tables.read_cancer


# Encoders of category_encoders but GLMMEncoder, which needs statsmodels.
ENCODERS = (
    *("BackwardDifferenceEncoder", "BaseNEncoder", "BinaryEncoder", "CatBoostEncoder"),
    *("CountEncoder", "GrayEncoder", "HashingEncoder", "HelmertEncoder"),
    *("JamesSteinEncoder", "LeaveOneOutEncoder", "MEstimateEncoder", "OneHotEncoder"),
    *("OrdinalEncoder", "PolynomialEncoder", "QuantileEncoder", "RankHotEncoder"),
    *("SumEncoder", "SummaryEncoder", "TargetEncoder", "WOEEncoder"),
)


def list_encoders() -> Iterator[Form]:
    """Yield the encoders before a linear model or trees, on the whole frame."""
    encoders = import_module("category_encoders")
    for place, name in enumerate(ENCODERS):
        kind = getattr(encoders, name)
        options = {"max_process": 1} if name == "HashingEncoder" else {}
        last = (LOGISTIC, DecisionTreeClassifier(max_depth=5, random_state=0))[
            place % 2
        ]
        yield (
            name,
            partial(
                make_pipeline,
                kind(**options),
                SimpleImputer(),
                StandardScaler(),
                last,
            ),
            read_codes,
        )
    yield (
        "TargetEncoder in a regression",
        partial(make_pipeline, encoders.TargetEncoder(), SimpleImputer(), Ridge()),
        tables.read_amounts,
    )


LIBRARIES: dict[str, Callable[[], Iterator[Form]]] = {
    "lightgbm": list_lightgbm,
    "xgboost": list_xgboost,
    "imblearn": list_imblearn,
    "category_encoders": list_encoders,
}


def list_libraries() -> Iterator[Case]:
    """Yield the cases of the libraries that are installed."""
    for library, list_forms in LIBRARIES.items():
        if find_spec(library):
            for name, make, read in list_forms():
                yield Case(name, library, make, read)
