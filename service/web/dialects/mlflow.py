"""MLflow's scoring protocol: a frame, rows or columns in JSON, under a key of its own.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from werkzeug.exceptions import BadRequest

from service.model.contract.codec import Codec
from service.web.dialects.rows import (
    RowsReader,
    place_by_position,
    read_object,
    refuse_parameters,
    turn_lists,
    write_rows,
)
from service.web.dialects.table_answers import choose_write
from service.web.prediction_view import Reading, Write
from service.web.request import Dialect

PARAMS = "params"
SPLIT, RECORDS = "dataframe_split", "dataframe_records"
INSTANCES, INPUTS = "instances", "inputs"

# What pandas writes of a frame; the index is no part of an instance.
SPLIT_KEYS = frozenset(["columns", "data", "index"])
LABELS = frozenset([str, int])
FRAME = f"{SPLIT} must be an object with lists of columns and of data."


class MLflow:
    """Requests of a frame, and bare predictions. A NaN is a null: pandas writes it."""

    name: Dialect = "mlflow"

    def __init__(self, codec: Codec, offered: tuple[str, ...]) -> None:
        self._codec = codec
        self._offered = offered
        self._rows = RowsReader(codec)
        self._readers: dict[str, Callable[[Any, Write], Reading]] = {
            SPLIT: self._read_split,
            RECORDS: partial(self._read_rows, RECORDS),
            INSTANCES: partial(self._read_rows, INSTANCES),
            INPUTS: self._read_inputs,
        }

    def read(self, body: bytes) -> Reading:
        """Read a request. Raises what web.errors answers."""
        write = choose_write(write_rows, with_header=False, offered=self._offered)
        content = read_object(self._codec, body)
        refuse_parameters(content, PARAMS)
        keys = content.keys() - {PARAMS}
        if len(keys) != 1 or not keys <= self._readers.keys():
            names = ", ".join(self._readers)
            raise BadRequest(
                f"The body must have one of {names}; and no more but {PARAMS}."
            )
        [key] = keys
        return self._readers[key](content[key], write)

    def _read_rows(self, root: str, rows: Any, write: Write) -> Reading:
        return self._rows.read(rows, root, write)

    def _read_inputs(self, inputs: Any, write: Write) -> Reading:
        """Read rows, or columns by name."""
        if not isinstance(inputs, dict):
            return self._rows.read(inputs, INPUTS, write)
        document = self._codec.read_columns(inputs, _place_in_inputs, INPUTS)
        return Reading(document, write)

    def _read_split(self, split: Any, write: Write) -> Reading:
        """Read a frame: the names of its columns, and its rows."""
        if not isinstance(split, dict) or not split.keys() <= SPLIT_KEYS:
            raise BadRequest(FRAME)
        names, data = split.get("columns"), split.get("data")
        if not isinstance(names, list) or not isinstance(data, list):
            raise BadRequest(FRAME)
        if not LABELS.issuperset(map(type, names)):
            raise BadRequest(f"{SPLIT}.columns must be names.")
        names = [*map(str, names)]
        if len(set(names)) < len(names):
            raise BadRequest(f"{SPLIT}.columns has a name twice.")
        if not data:
            raise BadRequest(f"{SPLIT}.data must not be empty.")
        root = f"{SPLIT}.data"
        columns = turn_lists(data, names, root, self._rows.choose_names)
        positions = dict(zip(names, range(len(names)), strict=True))
        place = partial(place_by_position, root, positions)
        return Reading(self._codec.read_columns(columns, place, SPLIT), write)


def _place_in_inputs(name: str, index: int | None = None) -> str:
    return f"{INPUTS}.{name}" if index is None else f"{INPUTS}.{name}[{index}]"
