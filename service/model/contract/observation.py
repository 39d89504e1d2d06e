"""The training table read: what kind of table it is, and each of its columns."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from msgspec.structs import replace

from service.model.contract.columns import observe_column
from service.model.contract.features import (
    Contract,
    Feature,
    Observed,
    Storage,
    is_text,
)
from service.model.contract.mapping_rows import KINDS
from service.model.contract.plain_values import to_plain
from service.model.contract.table_rows import is_one_column
from service.model.contract.tensor_observation import observe_tensors
from service.model.errors import ContractError

# Arrays that do not index as plain ones do.
ODD_ARRAYS = (np.matrix, np.ma.MaskedArray)


def observe_table(X: Any, names: Iterable[str] | None = None) -> Contract:
    """Return the contract of a training table of n rows, with nothing enforced.

    `X` is a DataFrame, or a numpy array of shape (n, features) whose columns are called
    `names`, or x0, x1, ..., or a list, a Series or an array of texts, called by the
    Series' name or `text`, or of mappings, or a dict of arrays (n, ...), called by its
    keys. Raises ContractError, naming the column.
    """
    if isinstance(X, Mapping):
        if names is not None:
            raise ContractError(
                "names= is for a table: arrays are named by their keys."
            )
        return observe_tensors(X)
    if is_one_column(X) and any(isinstance(value, str) for value in X):
        return _observe_texts(X, names)
    if is_one_column(X) and any(isinstance(value, Mapping) for value in X):
        return _observe_mappings(X)
    if isinstance(X, pd.DataFrame):
        return _observe_frame(X, names)
    if not isinstance(X, np.ndarray) or isinstance(X, ODD_ARRAYS) or X.ndim != 2:
        raise ContractError(
            "The training table must be a pandas DataFrame, a numpy array of two"
            " dimensions, a list or a Series of texts or dicts, or a dict of arrays,"
            f" not {type(X).__name__}."
        )
    listed = [f"x{i}" for i in range(X.shape[1])] if names is None else names
    return _observe_array(X, _list_names(listed))


def _observe_frame(X: pd.DataFrame, names: Iterable[str] | None) -> Contract:
    """Return the contract of a frame; columns named by integers may be given names."""
    labels = list(X.columns)
    is_numbered = all(map(_is_integer, labels))
    if names is None:
        listed = list(map(str, labels)) if is_numbered else labels
    elif not is_numbered:
        raise ContractError("names= is for a table whose columns have no names yet.")
    else:
        listed = _list_names(names)
    _check_names(listed, len(labels))
    columns = [X.iloc[:, index] for index in range(X.shape[1])]
    features = tuple(map(observe_column, listed, columns))
    if is_numbered:
        features = tuple(map(_set_label, features, labels))
    return Contract(features=features)


def _is_integer(label: Any) -> bool:
    return isinstance(label, int | np.integer) and not isinstance(label, bool)


def _set_label(feature: Feature, label: Any) -> Feature:
    return replace(feature, storage=replace(feature.storage, label=int(label)))


def _observe_texts(X: Any, names: Iterable[str] | None) -> Contract:
    """Return a contract of one feature, of which no two instances are alike."""
    own_name = X.name if isinstance(X, pd.Series) and X.name else "text"
    listed = _list_names([own_name] if names is None else names)
    _check_names(listed, 1)
    if isinstance(X, np.ndarray):
        contract = _observe_array(X.reshape(-1, 1), listed)
    else:
        is_list = isinstance(X, list)
        column = pd.Series(X, dtype=object) if is_list else X
        contract = Contract(
            features=(observe_column(listed[0], column),),
            array_dtype="list" if is_list else None,
        )
    [feature] = contract.features
    observed = Observed(nulls=feature.observed.nulls)
    features = (replace(feature, observed=observed),)
    return replace(contract, features=features, table="text")


def _observe_mappings(X: Any) -> Contract:
    """Return a contract of any fields. Raises ContractError, naming one."""
    for row in X:
        if not isinstance(row, dict):
            raise ContractError(f"A column of dicts holds {type(row).__name__}, too.")
        for name, value in row.items():
            if not is_text(name) or type(to_plain(value)) not in KINDS:
                raise ContractError(
                    f"The field {name!r} of a dict must have a name that is text, and"
                    f" be text, a number or a boolean, not {type(value).__name__}."
                )
    dtypes = {list: "list", pd.Series: None}
    array_dtype = dtypes.get(type(X), "object")
    feature = Feature(name="fields", type="object", storage=Storage(dtype="object"))
    return Contract(features=(feature,), table="mapping", array_dtype=array_dtype)


def _list_names(names: Any) -> list[Any]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise ContractError("names= must list the names of the columns.")
    return list(names)


def _observe_array(X: np.ndarray, names: list[Any]) -> Contract:
    if X.dtype.kind not in "fiubOU":
        raise ContractError(
            f"A numpy array of {X.dtype} is not served: fit the pipeline on a DataFrame"
            " of its columns."
        )
    _check_names(names, X.shape[1])
    dtype = object if X.dtype.kind == "U" else X.dtype
    columns = [pd.Series(column.copy(), dtype=dtype) for column in X.T]
    features = tuple(map(observe_column, names, columns))
    if X.dtype.kind == "U":
        features = tuple(replace(each, storage=Storage(dtype="U")) for each in features)
        return Contract(features=features, table="array", array_dtype="str")
    return Contract(features=features, table="array", array_dtype=str(X.dtype))


def _check_names(names: list[Any], count: int) -> None:
    """Raise ContractError unless a number of columns have names of their own."""
    if not count:
        raise ContractError("The training table has no columns.")
    if len(names) != count:
        raise ContractError(f"names= has {len(names)} names for {count} columns.")
    for name in names:
        if not isinstance(name, str):
            raise ContractError(
                f"The column {name!r} must be named by a string: name it so, as by"
                " X.columns = [...], and fit the pipeline again."
            )
        if not is_text(name):
            raise ContractError(f"The column {name!r} has a name that is no text.")
    counts = Counter(names)
    for name in counts:
        if counts[name] > 1:
            raise ContractError(
                f"The column {name!r} occurs twice: rename or drop one of them, and fit"
                " the pipeline again."
            )
