"""A second version that is asked what was answered already, and compared with that.

It runs in a process of its own, `service/shadow.py`: its model may sleep, raise, or eat
memory.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.model.contract.codec import Codec
from service.model.contract.request_limits import RequestLimits
from service.model.errors import (
    ContractViolationError,
    MalformedJsonError,
    NoAnswerError,
    TooManyInstancesError,
)
from service.model.prediction.predictor import Predictor

# What a version would answer with a 4xx; whatever else it raises would be a 500.
REFUSALS = (
    ContractViolationError,
    MalformedJsonError,
    NoAnswerError,
    TooManyInstancesError,
)

# The path of keys to a label or to a number in a prediction.
KeyPath = tuple[str, ...]

# The labels or the numbers at each path, one for each instance.
Columns = dict[KeyPath, Sequence[Any]]


@dataclass(frozen=True)
class Comparison:
    """How two versions' answers to one request differ.

    `labels` counts instances by the stable version's label and the shadow's; it is
    empty where there are no labels. `differences` has for each instance the largest
    absolute difference of the numbers that both answer by one name, and is empty where
    there are none.
    """

    instances: int
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    differences: Sequence[float] = ()

    @property
    def changed(self) -> int:
        """The instances that have another label."""
        return sum(count for (old, new), count in self.labels.items() if old != new)


class Shadow:
    """A version that answers by its own contract, and whose answers nobody gets."""

    def __init__(self, predictor: Predictor, limits: RequestLimits) -> None:
        self.predictor = predictor
        self._codec = Codec(predictor.manifest.contract, limits)

    def answer(self, body: bytes) -> dict[str, Any]:
        """Answer a request, by column. Raises REFUSALS, or whatever the model does."""
        return self.predictor.predict(self._codec.load(body)).to_columns()


def compare_predictions(stable: Any, shadow: Any) -> Comparison:
    """Compare two versions' predictions, each by row or by column, as answers are.

    The rows of a version have one form, so they are read by column as well: a thousand
    take a tenth of the time that they take one by one.
    """
    old, new = _read_columns(stable), _read_columns(shadow)
    instances = len(next(iter(old.values()), ()))
    differences = [
        [abs(a - b) for a, b in zip(values, new[path], strict=True)]
        for path, values in old.items()
        if path in new and not _are_labels(values)
    ]
    return Comparison(
        instances,
        Counter(zip(_join_labels(old), _join_labels(new), strict=True)),
        [*map(max, zip(*differences, strict=True))],
    )


def _read_columns(predictions: Any) -> Columns:
    if isinstance(predictions, Mapping):
        return dict(_iterate_leaves(predictions))
    paths = [path for path, _ in _iterate_leaves(predictions[0])]
    return {path: _read_column(predictions, path) for path in paths}


def _iterate_leaves(tree: Any, above: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(tree, Mapping):
        for key, value in tree.items():
            yield from _iterate_leaves(value, (*above, key))
    else:
        yield above, tree


def _read_column(rows: Sequence[Any], path: KeyPath) -> Sequence[Any]:
    for key in path:
        rows = [row[key] for row in rows]
    return rows


def _join_labels(columns: Columns) -> list[str]:
    """Return a label for each instance: of several outputs, all as one."""
    labels = {path: each for path, each in columns.items() if _are_labels(each)}
    if len(labels) == 1:
        return [*next(iter(labels.values()))]
    named = [[f"{path[-2]}={label}" for label in each] for path, each in labels.items()]
    return [", ".join(row) for row in zip(*named, strict=True)]


def _are_labels(values: Sequence[Any]) -> bool:
    return isinstance(values[0], str)
