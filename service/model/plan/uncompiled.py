"""Steps that have no compiled form, and run as scikit-learn itself.

An estimator is handed the very table it would be handed by its pipeline, built of just
the columns that it takes.
"""

import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from service.model.contract.observation import observe_table
from service.model.contract.plain_values import to_plain
from service.model.contract.table_rows import is_one_column
from service.model.contract.tables import build_table
from service.model.errors import ContractError, NoPlanError
from service.model.pipeline import FittedPipeline
from service.model.plan.blocks import (
    NUMBERS,
    SPARSE,
    Block,
    BlockType,
    adapt,
)
from service.model.plan.inputs import Compiled, Input
from service.model.plan.scores import drop_names
from service.model.plan.sparse import SparseRows, read_csr
from service.model.plan.steps import Step, chain
from service.model.tasks.methods import transform_rows
from service.model.tasks.task import NO_EXTRAS, Extras


def transform_as_itself(fitted: Any, given: Input) -> Compiled:
    """Return the step that calls transform, and what it gives by the sample.

    Raises NoPlanError where that is neither numbers nor a table.
    """
    restore = _restore_input(given.type, fitted)
    transform = partial(transform_rows, fitted)
    read, gives = _describe_output(transform(restore(given.sample)))
    step = adapt(lambda block: read(transform(restore(block))), given.type, gives)
    return [step], gives


def predict_as_itself(
    fitted: Any, given: Input, extras: Extras = NO_EXTRAS
) -> tuple[Step, bool]:
    """Return the step that asks a predictor, and whether it asks for an array."""
    try:
        return _predict_on_array(fitted, given, extras), True
    except NoPlanError:
        restore = _restore_input(given.type, fitted)
        reference = FittedPipeline(fitted, extras)
        ask = adapt(lambda block: reference.predict(restore(block)), given.type, None)
        return ask, False


def _predict_on_array(fitted: Any, given: Input, extras: Extras) -> Step:
    """Return the step that asks a predictor of a frame for an array instead.

    scikit-learn takes a frame apart in three times the time of most predictions.
    Raises NoPlanError where the frame is not one of doubles, or where a part within
    warns that it misses the names.
    """
    contract = given.type.contract
    if not type(fitted).__module__.startswith("sklearn."):
        raise NoPlanError("Another's estimator may tell a frame from an array.")
    if contract is None or contract.table != "frame" or given.type.is_bare:
        raise NoPlanError("It is given no frame.")
    if "float64" not in {feature.storage.dtype for feature in contract.features}:
        raise NoPlanError("The frame is none of doubles.")
    reference = FittedPipeline(drop_names(fitted), extras)
    final = adapt(lambda X: reference.predict(np.copy(X)), NUMBERS, None)
    step = chain([*given.convert(NUMBERS), final])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error")
        try:
            step([values[:1] for values in given.sample])
        except Exception as error:  # noqa: BLE001 - whatever it is, a frame it stays
            raise NoPlanError(f"An array raises {type(error).__name__}.") from None
    return step


def _restore_input(given: BlockType, fitted: Any) -> Callable[[Block], Any]:
    """Return what turns a block into the object that scikit-learn hands on."""
    if given.is_bare:
        restore = _restore_input(replace(given, is_bare=False), None)
        return lambda block: _take_only_column(restore(block))
    contract = given.contract
    if contract is not None:
        return lambda table: build_table(contract, table)
    if given.is_sparse:
        return SparseRows.to_csr
    if given.is_objects:
        raise NoPlanError("The step before it gives an array of objects.")
    names = getattr(fitted, "feature_names_in_", None)
    if names is not None:  # the step before was set to give frames
        return lambda numbers: pd.DataFrame(numbers.copy(), columns=names)
    return np.copy  # an estimator may write into what it is given, and no step does


def _take_only_column(table: Any) -> Any:
    return table.iloc[:, 0] if isinstance(table, pd.DataFrame) else table[:, 0]


def _describe_output(output: Any) -> tuple[Callable[[Any], Block], BlockType]:
    """Return how to read what an estimator returned, and its type, by one example."""
    if isinstance(output, pd.DataFrame):
        try:
            return _list_frame, BlockType(observe_table(output))
        except ContractError as error:
            raise NoPlanError(str(error)) from None
    if issparse(output) and (output.dtype == float or output.dtype.kind in "iub"):
        return read_csr, SPARSE
    if is_one_column(output) and all(isinstance(text, str) for text in output):
        return (lambda texts: [list(texts)]), BlockType(observe_table(output))
    if isinstance(output, np.ndarray) and output.ndim == 2 and output.dtype == float:
        return np.asarray, NUMBERS
    raise NoPlanError(f"It gives {type(output).__name__}, no array of float64.")


def _list_frame(frame: pd.DataFrame) -> list[list[Any]]:
    return [[to_plain(value) for value in column] for _, column in frame.items()]
