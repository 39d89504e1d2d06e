"""Steps that make sparse rows of texts.

scikit-learn's own analyser makes the tokens of a text, with whatever functions it was
given, so that they are the same. Their counts are in its order: by column.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfVectorizer,
)
from sklearn.utils import murmurhash3_32

from service.model.errors import NoPlanError
from service.model.plan.sparse import SparseRows, normalise_rows
from service.model.plan.steps import Objects, Row, Step, chain
from service.model.plan.transformers.sparse_rows import plan_tfidf_transformer

# The values of a text, or of a mapping, by column.
Count = Callable[[Any], Mapping[int, float]]

# Counts in these are the same numbers as doubles.
EXACT_DTYPES = (np.float64, np.int64, np.int32)


def plan_count_vectorizer(fitted: CountVectorizer) -> Step:
    analyse = _read_analyser(fitted)
    get_column = fitted.vocabulary_.get

    def count(text: str) -> dict[int, int]:
        counts = Counter(map(get_column, analyse(text)))
        counts.pop(None, None)
        return counts

    return build_rows(count, len(fitted.vocabulary_), is_binary=fitted.binary)


def plan_tfidf_vectorizer(fitted: TfidfVectorizer) -> Step:
    count = plan_count_vectorizer(fitted)
    weigh = plan_tfidf_transformer(fitted)
    return chain([count, Step(weigh, weigh)])


def plan_hashing_vectorizer(fitted: HashingVectorizer) -> Step:
    """Compile a HashingVectorizer, whose tokens are text unless a function is given."""
    if callable(fitted.analyzer) or fitted.tokenizer is not None:
        raise NoPlanError("HashingVectorizer has a tokenizer of its own.")
    analyse, norm = _read_analyser(fitted), fitted.norm
    width, is_signed = fitted.n_features, fitted.alternate_sign

    def count(text: str) -> dict[int, int]:
        hashes = Counter(map(murmurhash3_32, analyse(text)))
        counts: dict[int, int] = {}
        for hashed, times in hashes.items():
            column = abs(hashed) % width
            sign = -1 if is_signed and hashed < 0 else 1
            counts[column] = counts.get(column, 0) + sign * times
        return counts

    step = build_rows(count, width, is_binary=fitted.binary)
    if norm is None:
        return step
    return chain([step, Step(*[lambda rows: normalise_rows(rows, norm)] * 2)])


def _read_analyser(fitted: Any) -> Callable[[str], Iterable[Any]]:
    if fitted.input != "content":
        raise NoPlanError(f"{type(fitted).__name__} reads files.")
    if np.dtype(fitted.dtype) not in EXACT_DTYPES:
        raise NoPlanError(f"{type(fitted).__name__} gives {np.dtype(fitted.dtype)}.")
    analyse: Callable[[str], Iterable[Any]] = fitted.build_analyzer()
    return analyse


def build_rows(count: Count, width: int, *, is_binary: bool = False) -> Step:
    """Return the step from one column of texts to rows of counts, or of ones."""

    def read(text: Any) -> tuple[list[int], Sequence[float]]:
        counts = count(text)
        columns = sorted(counts)
        if is_binary:
            return columns, [1] * len(columns)
        return columns, [counts[column] for column in columns]

    def count_all(texts: Objects) -> SparseRows:
        columns: list[int] = []
        values: list[float] = []
        starts = [0]
        for text in texts[0]:
            found, counts = read(text)
            columns += found
            values += counts
            starts.append(len(columns))
        return SparseRows(
            np.array(values, dtype=np.float64),
            np.array(columns, dtype=np.int32),
            width,
            np.array(starts, dtype=np.int32),
        )

    def count_one(row: Row) -> SparseRows:
        columns, values = read(row[0])
        return SparseRows(
            np.array(values, dtype=np.float64), np.array(columns, dtype=np.intp), width
        )

    return Step(count_all, count_one)


TEXT_VECTORIZERS: dict[type, Callable[[Any], Step]] = {
    CountVectorizer: plan_count_vectorizer,
    TfidfVectorizer: plan_tfidf_vectorizer,
    HashingVectorizer: plan_hashing_vectorizer,
}
