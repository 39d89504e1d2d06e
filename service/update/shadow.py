"""A second version that is asked what was answered already, and compared with that.

It runs in a process of its own, `service/shadow.py`: its model may sleep, raise, or eat
memory.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
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
from service.update.differences import read_label

# What a version would answer with a 4xx; whatever else it raises would be a 500.
REFUSALS = (
    ContractViolationError,
    MalformedJsonError,
    NoAnswerError,
    TooManyInstancesError,
)

Answer = dict[str, Any]
Labels = tuple[str, str]

# Where a number stands in an answer: its key, after those of the objects around it.
Place = tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """How two versions' answers to one request differ.

    `labels` counts instances by the stable version's label and the shadow's; it is
    empty where there are no labels. `differences` has for each instance the largest
    absolute difference of the numbers that both answer by one name, and is empty where
    there are none.
    """

    instances: int
    labels: Counter[Labels] = field(default_factory=Counter)
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

    def answer(self, body: bytes) -> list[Answer]:
        """Answer the body of a request. Raises REFUSALS, or whatever the model does."""
        return self.predictor.predict(self._codec.load(body)).to_json()


def compare_answers(stable: Sequence[Answer], shadow: Sequence[Answer]) -> Comparison:
    """Compare two versions' answers to the instances of one request.

    All answers of a version have one form, so numbers are read by column: a thousand
    instances take a tenth of what they take row by row.
    """
    labels = Counter(zip(_read_labels(stable), _read_labels(shadow), strict=True))
    if labels.keys() == {("", "")}:
        labels.clear()
    if not stable:
        return Comparison(0)
    known = set(_iterate_places(shadow[0]))
    columns = [
        [
            abs(before - after)
            for before, after in zip(
                _read_column(stable, place), _read_column(shadow, place), strict=True
            )
        ]
        for place in _iterate_places(stable[0])
        if place in known
    ]
    return Comparison(len(stable), labels, [*map(max, zip(*columns, strict=True))])


def _read_labels(answers: Sequence[Answer]) -> list[str]:
    return [read_label(answer) for answer in answers]


def _iterate_places(answer: Answer, before: Place = ()) -> Iterator[Place]:
    """Yield the place of each number of an answer."""
    for name, value in answer.items():
        if isinstance(value, dict):
            yield from _iterate_places(value, (*before, name))
        elif not isinstance(value, str):
            yield (*before, name)


def _read_column(answers: Sequence[Any], place: Place) -> Sequence[Any]:
    for key in place:
        answers = [answer[key] for answer in answers]
    return answers
