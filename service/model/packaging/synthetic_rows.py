"""Synthetic rows: a typical one, of no real person, and variants of it.

A variant is at an edge of the contract: it has a null or an unseen category wherever
the contract lets it in, or leaves out what has a default.
"""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from service.model.contract.edges import UNSEEN
from service.model.contract.features import Contract, Feature
from service.model.contract.mapping_rows import compose_row
from service.model.contract.tensor_columns import TensorColumn
from service.model.contract.texts import compose_text, is_prose
from service.model.errors import PackagingError
from service.model.outputs import Outputs

MAX_VARIANTS = 128

# How much of a typical instance is kept where there is no answer for all of it.
SHARES = (1.0, 0.5, 0.25, 0.1, 0.01, 0.0)

# Of tensors, as a median looks at each of their elements.
MEDIAN_ROWS = 64

Row = list[Any]
Ask = Callable[[Sequence[Row]], Outputs]

# Stands for a value that an instance leaves out.
ABSENT = object()


def find_typical_row(
    ask: Ask, contract: Contract, columns: Sequence[Sequence[Any]], real: Row
) -> Row:
    """Return medians and most frequent values: of columns, and not of a person.

    Where the pipeline has no answer for these, they are moved towards a real row.
    """
    middles = [*map(_find_middle, contract.features, columns)]
    for share in SHARES:
        values = zip(contract.features, middles, real, strict=True)
        row = [_blend(*each, share) for each in values]
        if _is_answered(ask, [row]):
            return row
    return real


def _find_middle(feature: Feature, values: Sequence[Any]) -> Any:
    """Return the median or the most frequent value; of prose, its most frequent words.

    It is shown with the API.
    """
    if isinstance(values, TensorColumn):
        return values[:MEDIAN_ROWS].find_median()
    if feature.type == "object":
        return compose_row(values)
    present = pd.Series([value for value in values if value is not None], dtype=object)
    if present.empty:
        return None
    if feature.type == "string" and is_prose(present.tolist()):
        return compose_text(present)
    if feature.observed.categories is not None or feature.type == "string":
        return present.value_counts().index[0]
    return sorted(present)[len(present) // 2]


def _blend(feature: Feature, middle: Any, real: Any, share: float) -> Any:
    if share == 1.0:
        return middle
    is_quantity = feature.type in ("number", "integer") and feature.categories is None
    if not is_quantity or middle is None or real is None:
        return real
    blended = real + share * (middle - real)
    return round(blended) if feature.type == "integer" else blended


def find_variants(ask: Ask, contract: Contract, typical: Row) -> list[Row]:
    """Return typical instances with another value in one feature, where answered."""
    variants: list[Row] = []
    for index, feature in enumerate(contract.features):
        is_open = feature.type == "string" and feature.categories is None
        cases: tuple[tuple[Any, bool], ...] = (
            (None, feature.nullable),
            (UNSEEN, is_open),
            ({}, feature.type == "object"),
            ({UNSEEN: 1.0}, feature.type == "object"),
            (ABSENT, not feature.required),
        )
        variants += (
            [*typical[:index], value, *typical[index + 1 :]]
            for value, is_let_in in cases
            if is_let_in
        )
    variants = variants[:MAX_VARIANTS]
    if not variants or _is_answered(ask, variants):
        return variants
    return [row for row in variants if _is_answered(ask, [row])]


def _is_answered(ask: Ask, rows: Sequence[Row]) -> bool:
    try:
        ask(rows)
    except PackagingError:
        return False
    return True
