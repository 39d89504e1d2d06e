"""The data: real sets that scikit-learn ships, and the credit data, cut small.

Each is a table and its target. Even rows are what a pipeline is fitted on, and odd rows
what is asked.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from prose import read_prose
from sklearn import datasets
from sklearn.metrics.pairwise import rbf_kernel

import train
from service.model.contract.table_rows import take_rows


class Data(NamedTuple):
    """A table of n rows, or n texts or dicts, and a target of n answers, if any."""

    X: Any
    y: Any = None

    def take(self, rows: slice) -> "Data":
        """Return some rows."""
        chosen = list(range(*rows.indices(len(self.X))))
        return Data(*(p if p is None else take_rows(p, chosen) for p in self))

    def to_array(self) -> "Data":
        """Return the same without the names of columns."""
        return Data(np.ascontiguousarray(self.X), np.asarray(self.y))


TRAINING, ASKED = slice(0, None, 2), slice(1, None, 2)


def _read_set(name: str, step: int) -> Data:
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True, as_frame=True)
    return Data(X, y).take(slice(0, None, step))


@cache
def read_iris() -> Data:
    """Return 150 flowers of three kinds by four lengths."""
    return _read_set("iris", 1)


@cache
def read_wine() -> Data:
    """Return 178 wines of three kinds by thirteen quantities."""
    return _read_set("wine", 1)


@cache
def read_cancer() -> Data:
    """Return 190 tumours of two kinds by thirty quantities."""
    return _read_set("breast_cancer", 3)


@cache
def read_digits() -> Data:
    """Return 300 images of ten digits by 64 pixels."""
    return _read_set("digits", 6)


@cache
def read_diabetes() -> Data:
    """Return 221 patients by ten quantities, and their progression."""
    return _read_set("diabetes", 2)


@cache
def read_weights() -> Data:
    """Return the patients by their weight alone, and their progression."""
    X, y = read_diabetes()
    return Data(X[["bmi"]], y)


@cache
def read_linnerud() -> Data:
    """Return 20 men by three exercises, and three quantities of each."""
    return _read_set("linnerud", 1)


@cache
def read_credit() -> Data:
    """Return 279 applications by thirteen mixed columns with nulls; good or bad."""
    X, y = train.read_data()
    return Data(X, y).take(slice(0, None, 16))


@cache
def read_amounts() -> Data:
    """Return the applications, and the amount that each asks for."""
    X, _ = read_credit()
    return Data(X.drop(columns="Amount"), X["Amount"].astype(float))


@cache
def read_sums() -> Data:
    """Return the applications, and two sums for each."""
    X, _ = read_credit()
    sums = ["Amount", "Price"]
    return Data(X.drop(columns=sums), X[sums].astype(float))


@cache
def read_flags() -> Data:
    """Return wines, and of each whether it is of two kinds and whether it is strong."""
    X, y = read_wine()
    flags = {"first": y == 0, "last": y == 2, "strong": X["alcohol"] > 13}
    return Data(X, pd.DataFrame(flags).astype(int))


@cache
def read_kernel() -> Data:
    """Return the similarities of flowers to those that a pipeline is fitted on."""
    X, y = read_iris().to_array()
    return Data(rbf_kernel(X, X[TRAINING]), y)


@cache
def read_topics() -> Data:
    """Return paragraphs of prose, and what each is about."""
    return Data(*map(list, read_prose()))


@cache
def read_dicts() -> Data:
    """Return a dict of each paragraph, with text, a number and a boolean."""
    texts, topics = read_topics()
    rows = [
        {"first": words[0], "words": len(words), "has note": "note" in words}
        for words in map(str.split, texts)
    ]
    return Data(rows, topics)


@cache
def read_numbers() -> Data:
    """Return the nine quantities of the applications, with nulls."""
    X, y = read_credit()
    return Data(X.select_dtypes("number"), y)


@cache
def read_categories() -> Data:
    """Return the four categories of the applications, without nulls."""
    X, y = read_credit()
    categories = X.select_dtypes(exclude="number")
    return Data(categories.fillna("unknown"), (y == "good").astype(int))
