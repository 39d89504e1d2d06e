"""A transformer that no library has, for the scenario of a pipeline without a plan."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin


class Ratios(TransformerMixin, BaseEstimator):
    """Adds what share of the price and of the income the amount is."""

    def fit(self, X: pd.DataFrame, y: Any = None) -> "Ratios":
        """Learn nothing."""
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the table with two more columns."""
        return X.assign(
            OfPrice=X["Amount"] / np.maximum(X["Price"], 1),
            OfIncome=X["Amount"] / np.maximum(X["Income"], 1),
        )
