"""What flows between the steps of a plan, and how one form becomes another.

A block is a Table (columns of plain values, as a request brought them), Numbers, or
Objects. Which one it is at each step is known when the plan is built: its Source.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from service.model.contract.features import Contract, Feature
from service.model.contract.observation import observe_table, to_plain
from service.model.contract.tables import build_table
from service.model.errors import ContractError, NoPlanError
from service.model.plan.checks import refuse_infinite
from service.model.plan.steps import Numbers, Objects, Row, Step

Block = Any

# numpy and scikit-learn keep arithmetic on these in their own precision.
NARROW = ("float16", "float32", "Float32")


@dataclass(frozen=True)
class Source:
    """What a step is given: a table of a contract, or numbers, or objects.

    `contract` is None once the columns of the request have become one array.
    """

    contract: Contract | None = None
    is_objects: bool = False

    @property
    def names(self) -> list[str]:
        """The columns' names; none for an array."""
        if self.contract is None:
            return []
        return [feature.name for feature in self.contract.features]

    @property
    def holds_columns(self) -> bool:
        """Say whether this is columns of plain values, and no array."""
        return self.is_objects or self.contract is not None


NUMBERS = Source()
OBJECTS = Source(is_objects=True)


def take_numbers(source: Source) -> Step:
    """Return what turns a block into numbers. Raises NoPlanError where that loses."""
    if source.contract is None:
        if source.is_objects:
            raise NoPlanError("Strings are no numbers.")
        return KEEP
    for feature in source.contract.features:
        _check_number(feature)
    if source.contract.array_dtype in NARROW:
        raise NoPlanError(f"The table is {source.contract.array_dtype}.")

    def take(table: Sequence[Sequence[Any]]) -> Numbers:
        count = len(table) * len(table[0])
        numbers = np.fromiter(chain.from_iterable(table), np.float64, count)
        return np.ascontiguousarray(numbers.reshape(len(table), -1).T)

    return Step(take, _read_numbers)


def take_objects(source: Source) -> Step:
    """Return what turns a block into objects. Raises NoPlanError where that loses."""
    if source.contract is None:
        return KEEP if source.is_objects else Step(_list_numbers, _read_nulls)
    for feature in source.contract.features:
        storage = feature.storage
        if feature.type == "date-time":
            raise NoPlanError(f"{feature.name!r} is a date-time.")
        if storage.dtype == "object" and storage.null != "NaN":
            raise NoPlanError(f"A null of {feature.name!r} is {storage.null}.")
    return KEEP


def take_original(source: Source, fitted: Any) -> Callable[[Block], Any]:
    """Return what turns a block into what scikit-learn would hand to a step."""
    contract = source.contract
    if contract is not None:
        return lambda table: build_table(contract, table)
    if source.is_objects:
        raise NoPlanError("What comes before gives an array of objects.")
    names = getattr(fitted, "feature_names_in_", None)
    if names is not None:  # the step before was set to give frames
        return lambda numbers: pd.DataFrame(numbers.copy(), columns=names)
    return np.copy  # it may write into what it is given, as no step does


def select(source: Source, indices: list[int]) -> tuple[Step, Source]:
    """Return what takes some columns out of a block, and what that leaves."""
    take = _plan_items(indices)
    if source.contract is None:
        if source.is_objects:
            return Step(take, take), source
        return Step(lambda numbers: numbers.take(indices, axis=1), take), source
    features = tuple(source.contract.features[index] for index in indices)
    part = Contract(
        features=features,
        table=source.contract.table,
        array_dtype=source.contract.array_dtype,
    )
    return Step(take, take), Source(part)


def describe_output(output: Any) -> tuple[Callable[[Any], Block], Source]:
    """Return how to take what a step returned, and what it is, from one example."""
    if isinstance(output, pd.DataFrame):
        try:
            contract = observe_table(output)
        except ContractError as error:
            raise NoPlanError(str(error)) from None
        return _list_frame, Source(contract)
    if issparse(output):
        return (lambda matrix: matrix.toarray()), NUMBERS
    if isinstance(output, np.ndarray) and output.ndim == 2 and output.dtype == float:
        return keep, NUMBERS
    raise NoPlanError(f"A step gives {type(output).__name__}, no array of float64.")


def _check_number(feature: Feature) -> None:
    if feature.type not in ("number", "integer", "boolean"):
        raise NoPlanError(f"{feature.name!r} is a {feature.type}.")
    if feature.storage.dtype in NARROW:
        raise NoPlanError(f"{feature.name!r} is {feature.storage.dtype}.")


def keep(block: Block) -> Block:
    """Return the block as it is: a step that a chain leaves out."""
    return block


KEEP = Step(keep, keep)


def _plan_items(indices: list[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    if len(indices) == 1:
        return itemgetter(slice(indices[0], indices[0] + 1))
    return itemgetter(*indices)


def _read_numbers(row: Row) -> Row:
    return [math.nan if value is None else float(value) for value in row]


def _read_nulls(row: Row) -> Row:
    if not math.isfinite(sum(row)):
        refuse_infinite(np.array([row]))
    return [None if value != value else value for value in row]  # noqa: PLR0124


def _list_frame(frame: pd.DataFrame) -> list[list[Any]]:
    return [[to_plain(value) for value in column] for _, column in frame.items()]


def _list_numbers(numbers: Numbers) -> Objects:
    refuse_infinite(numbers)  # which a table to look it up in would not know
    return [
        [None if value != value else value for value in column]  # noqa: PLR0124
        for column in numbers.T.tolist()
    ]
