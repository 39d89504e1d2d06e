"""The credit data as it was, and as it comes in once the world has changed."""

from typing import Any

import pandas as pd
from sklearn.model_selection import train_test_split

import train

DRIFTED = {"Income", "Home"}


def read_test_rows() -> pd.DataFrame:
    """Return the quarter of the data that the credit model was not fitted on."""
    X, y = train.read_data()
    return train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)[1]


def shift(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with Income halved and one category of Home renamed."""
    home = rows["Home"].replace("owner", "homeowner")
    return rows.assign(Income=rows["Income"] / 2, Home=home)


def to_instances(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as a request holds them."""
    return [
        {name: None if pd.isna(value) else value for name, value in row.items()}
        for row in rows.to_dict("records")
    ]
