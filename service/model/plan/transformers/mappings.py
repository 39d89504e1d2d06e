"""Steps that make rows of mappings of names to values."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.utils import murmurhash3_32

from service.model.errors import NoPlanError
from service.model.plan.sparse import SparseRows
from service.model.plan.steps import Row, Step
from service.model.plan.transformers.texts import EXACT_DTYPES, build_rows


def plan_dict_vectorizer(fitted: DictVectorizer) -> Step:
    if not fitted.sparse:
        raise NoPlanError("DictVectorizer gives dense rows.")
    return _read_mappings(fitted)


def plan_dense_dict_vectorizer(fitted: DictVectorizer) -> Step:
    if fitted.sparse:
        raise NoPlanError("DictVectorizer gives sparse rows.")
    read = _read_mappings(fitted)

    def list_dense(row: Row) -> Row:
        dense: SparseRows = read.single(row)
        return dense.to_dense()[0].tolist()  # type: ignore[no-any-return]

    return Step(lambda block: read.batch(block).to_dense(), list_dense)


def _read_mappings(fitted: DictVectorizer) -> Step:
    _require_doubles(fitted)
    get_column, separator = fitted.vocabulary_.get, fitted.separator

    def read(mapping: Mapping[str, Any]) -> dict[int, float]:
        values: dict[int, float] = {}
        for name, value in mapping.items():
            is_text = isinstance(value, str)
            column = get_column(f"{name}{separator}{value}" if is_text else name)
            if column is not None:
                found = 1.0 if is_text else float(value)
                values[column] = values.get(column, 0.0) + found
        return values

    return build_rows(read, len(fitted.vocabulary_))


def plan_feature_hasher(fitted: FeatureHasher) -> Step:
    """Compile a FeatureHasher of mappings."""
    _require_doubles(fitted)
    if fitted.input_type != "dict":
        raise NoPlanError("FeatureHasher takes no mappings.")
    width, is_signed = fitted.n_features, fitted.alternate_sign

    def read(mapping: Mapping[str, Any]) -> dict[int, float]:
        values: dict[int, float] = {}
        for name, value in mapping.items():
            found = value
            if isinstance(value, str):
                name, found = f"{name}={value}", 1.0  # noqa: PLW2901 - as sklearn does
            if found == 0:
                continue
            hashed = murmurhash3_32(name)
            column = abs(hashed) % width
            sign = -1.0 if is_signed and hashed < 0 else 1.0
            values[column] = values.get(column, 0.0) + sign * found
        return values

    return build_rows(read, width)


def _require_doubles(fitted: Any) -> None:
    if np.dtype(fitted.dtype) not in EXACT_DTYPES[:1]:
        raise NoPlanError(f"{type(fitted).__name__} gives {np.dtype(fitted.dtype)}.")


MAPPING_VECTORIZERS: dict[type, Callable[[Any], Step]] = {
    DictVectorizer: plan_dict_vectorizer,
    FeatureHasher: plan_feature_hasher,
}
DENSE_MAPPING_VECTORIZERS: dict[type, Callable[[Any], Step]] = {
    DictVectorizer: plan_dense_dict_vectorizer,
}
