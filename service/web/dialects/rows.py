"""Rows of a request, each an object or a list of values, as columns.

Bare predictions, one for each of them, are what these dialects answer.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import orjson
from werkzeug.exceptions import BadRequest

from service.model.contract.codec import Codec
from service.model.contract.faults import INSTANCES
from service.model.contract.instances import Instances, Predictions
from service.model.contract.positional_rows import find_bare_name, name_tensors
from service.model.contract.strict_json import check_keys, decode_nan, pausing_collector
from service.web.prediction_view import Reading, Write
from service.web.request import RequestContext

# Which of the names of a request are read.
Choose = Callable[[Collection[str]], Collection[str]]


def read_object(codec: Codec, body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body, in which a NaN is a null.

    Raises BadRequest, or what the codec raises.
    """
    codec.check_containers(body)
    with pausing_collector():
        content = decode_nan(body)
    if not isinstance(content, dict):
        raise BadRequest("The body must be an object.")
    check_keys(content, body)
    return content


def refuse_parameters(content: Mapping[str, Any], name: str) -> None:
    """Raise BadRequest where there are parameters, which no model here takes."""
    if content.get(name):
        raise BadRequest(f"{name} must be empty: this model takes no parameters.")


def write_rows(
    _: RequestContext, predictions: Predictions, instances: Instances
) -> dict[str, Any]:
    """Write bare predictions, with what was noticed of their instances."""
    answer: dict[str, Any] = {"predictions": predictions.to_json()}
    if instances.warnings:
        answer["warnings"] = instances.warnings
    return answer


class RowsReader:
    """Reads rows by a contract: by name, or all values in the contract's order."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._names = [each.name for each in codec.contract.features]
        self._positions = {name: index for index, name in enumerate(self._names)}
        self._bare_name = find_bare_name(codec.contract)
        self._is_open = codec.contract.table == "mapping"
        self._has_defaults = not any(f.required for f in codec.contract.features)
        self._is_ignoring = codec.contract.unknown_fields == "ignore"

    def read(self, rows: Any, root: str, write: Write) -> Reading:
        """Read rows that the caller wrote at `root`. Raises BadRequest.

        Instances of any fields, or without any, have no columns and stay rows.
        """
        if self._is_open or (self._has_defaults and self._lacks_columns(rows)):
            own = orjson.dumps({INSTANCES: rows})
            return Reading(self._codec.decode(own), write, own)
        if not isinstance(rows, list) or not rows:
            raise BadRequest(f"{root} must be a list of instances, at least one.")
        if self._bare_name is not None:
            rows = name_tensors(rows, self._bare_name)
        if isinstance(rows[0], dict):
            columns = _turn_objects(rows, root, self.choose_names)
            place = partial(_place_by_name, root)
        else:
            columns = turn_lists(rows, self._names, root)
            place = partial(place_by_position, root, self._positions)
        return Reading(self._codec.read_columns(columns, place, root), write)

    def choose_names(self, names: Collection[str]) -> Collection[str]:
        """Return the names to read: of those of no feature, one more than are told of.

        A row may have 700,000, each of which would take a list. Those that are ignored
        are all counted.
        """
        most = self._codec.limits.max_errors + 1
        if self._is_ignoring or len(names) <= most:
            return names
        told = {*islice((each for each in names if each not in self._positions), most)}
        return [each for each in names if each in self._positions or each in told]

    def _lacks_columns(self, rows: Any) -> bool:
        """Return True if the first row has no feature, and so all have defaults."""
        first = rows[0] if isinstance(rows, list) and rows else None
        return isinstance(first, dict) and self._positions.keys().isdisjoint(first)


def _turn_objects(
    rows: Sequence[Any], root: str, choose: Choose
) -> dict[str, list[Any]]:
    """Return the columns of objects, all of which have the same fields."""
    names = rows[0].keys()
    for index, row in enumerate(rows):
        if not isinstance(row, dict) or row.keys() != names:
            first = f"{root}[0]"
            raise BadRequest(f"{root}[{index}] must have the fields that {first} has.")
    return {name: [row[name] for row in rows] for name in choose(names)}


def turn_lists(
    rows: Sequence[Any], names: Sequence[str], root: str, choose: Choose = tuple
) -> dict[str, list[Any]]:
    """Return the columns of lists. A bare value is the list of it, of a single name."""
    width = len(names)
    if width == 1:
        rows = [row if isinstance(row, list) else [row] for row in rows]
    for index, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != width:
            raise BadRequest(f"{root}[{index}] must be a list of {width} values.")
    chosen = frozenset(choose(names))
    columns = zip(names, zip(*rows, strict=True), strict=True)
    return {name: [*values] for name, values in columns if name in chosen}


def _place_by_name(root: str, name: str, index: int | None = None) -> str:
    return f"{root}[{'*' if index is None else index}].{name}"


def place_by_position(
    root: str, positions: Mapping[str, int], name: str, index: int | None = None
) -> str:
    """Return the path of a value, or of a column, whose name may have no position.

    A default that stands in for an absent column has a place, too: it may be warned of.
    """
    at = positions.get(name)
    if index is None or at is None:
        return f"{root}[{'*' if index is None else index}].{name}"
    return f"{root}[{index}][{at}]"
