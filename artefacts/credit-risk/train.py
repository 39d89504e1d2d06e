"""Train and package the credit model: `make train`, into build/artefacts.

The data: 4,454 credit applications, 13 features of mixed type, 455 missing values, from
the R package modeldata; originally G. Sanchez's CreditScoring data.
"""

import sys
from pathlib import Path

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, brier_score_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    StandardScaler,
)

from credit_features import compute_financed_share
from service.model import package

HERE = Path(__file__).parent
VERSION = "1.0.0"


def read_data() -> tuple[pd.DataFrame, pd.Series]:
    """Return the applications and their status, good or bad."""
    data = pd.read_csv(HERE / "data.csv")
    return data.drop(columns="Status"), data["Status"]


def build_pipeline() -> BaseEstimator:
    """Return the pipeline, not yet fitted."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
    )
    share = make_pipeline(
        SimpleImputer(strategy="median"), FunctionTransformer(compute_financed_share)
    )
    return make_pipeline(
        make_column_transformer(
            (numbers, make_column_selector(dtype_include="number")),
            (categories, make_column_selector(dtype_exclude="number")),
            (share, ["Amount", "Price"]),
        ),
        HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=150, max_leaf_nodes=15, random_state=0
        ),
    )


def main(to: str = str(HERE.parent)) -> None:
    """Fit on three quarters of the data, measure on the rest, and package."""
    X, y = read_data()
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.25, stratify=y, random_state=0
    )
    pipeline = build_pipeline().fit(X_train, y_train)
    probability_bad = pipeline.predict_proba(X_test)[:, 0]
    is_bad = y_test == "bad"
    folder = package(
        pipeline,
        X_train,
        y_train,
        name="credit-risk",
        version=VERSION,
        description="The risk that a credit application turns out bad.",
        metrics={
            "auc": float(roc_auc_score(is_bad, probability_bad)),
            "accuracy": float(accuracy_score(y_test, pipeline.predict(X_test))),
            "brier": float(brier_score_loss(is_bad, probability_bad)),
        },
        code=["credit_features"],
        features={
            "Seniority": {"unit": "years", "description": "time in the present job"},
            "Home": {"description": "kind of home ownership"},
            "Time": {"unit": "months", "description": "duration of the loan"},
            "Age": {"minimum": 18, "maximum": 120, "unit": "years"},
            "Expenses": {"minimum": 0},
            "Income": {"minimum": 0},
            "Amount": {"minimum": 0, "description": "amount asked for"},
            "Price": {"minimum": 0, "description": "price of the goods"},
        },
        to=to,
    )
    print(f"packaged {folder}")


if __name__ == "__main__":
    main(*sys.argv[1:])
