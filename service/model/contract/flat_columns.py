"""Predictions as columns with names of their own, none of which lies within another."""

from collections.abc import Iterator
from typing import Any

# One name and its values, one for each instance: ("probabilities.bad", [0.25, 0.5]).
FlatColumn = tuple[str, Any]


def flatten(columns: dict[str, Any], prefix: str = "") -> Iterator[FlatColumn]:
    """Yield the columns of predictions, in order, each under its path."""
    for name, values in columns.items():
        path = f"{prefix}{name}"
        if isinstance(values, dict):
            yield from flatten(values, f"{path}.")
        else:
            yield path, values
