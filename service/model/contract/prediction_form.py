"""The form of a prediction: what stands in it, under which names.

The same description is read by all that handle predictions: what writes them as JSON,
OpenAPI, metrics and drift. A task proposes it, and the manifest keeps it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import msgspec

from service.model.contract.array_columns import NumberTable
from service.model.contract.features import Record
from service.model.contract.prediction_writers import (
    Json,
    Labels,
    Numbers,
    Writer,
    compile_writer,
    join_writers,
    list_columns,
    write_columns,
    write_outputs,
)

PROBABILITIES = "probabilities"


class PredictionForm(Record, frozen=True, dict=True):
    """A label, numbers each under a name of its own, and a group of numbers by name.

    `labels` are those that an answer may have, in the order of the classes; without
    any there is no label. The numbers of an instance are those of `scalars` and then
    those of `group`, one for each of `names`; of these, metrics and drift watch the
    first `watched`, or all where it is 0. `outputs` has the form of each output, by
    name, where there are several, and then nothing else is set.
    """

    labels: tuple[str, ...] = ()
    scalars: tuple[str, ...] = ()
    group: str = ""
    names: tuple[str, ...] = ()
    watched: int = 0
    outputs: dict[str, "PredictionForm"] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what no packaging writes. Raises ValueError."""
        parts = (self.labels, self.scalars, self.names)
        for is_right, fault in (
            (any(parts) != bool(self.outputs), "a prediction needs one form"),
            (bool(self.group) == bool(self.names), "a group needs names"),
            (all(len(set(part)) == len(part) for part in parts), "names must differ"),
            (not any(f.outputs for f in self.outputs.values()), "outputs must be flat"),
        ):
            if not is_right:
                raise ValueError(fault)

    @property
    def width(self) -> int:
        """The numbers of an instance."""
        flat = len(self.scalars) + len(self.names)
        return flat + sum(form.width for form in self.outputs.values())

    @property
    def title_names(self) -> tuple[str, ...]:
        """What the manifest lists: labels, the names of outputs, or of numbers."""
        return tuple(self.outputs) or self.labels or self.scalars + self.names

    @cached_property
    def parts(self) -> Mapping[str, "PredictionForm"]:
        """The form of each output by its name; of one that is alone, by nothing."""
        return self.outputs or {"": self}

    @cached_property
    def columns(self) -> tuple["WatchedColumn", ...]:
        """The columns that are watched, in order."""
        return tuple(_iterate_columns(self))

    @cached_property
    def write(self) -> Writer:
        """What writes predictions as they stand in an answer."""
        if self.outputs:
            return join_writers([(n, f.width, f.write) for n, f in self._outputs])
        has_labels = bool(self.labels)
        return compile_writer(self.scalars, self.group, self.names, has_labels)

    def write_columns(
        self, labels: Labels, numbers: Numbers, *, as_lists: bool = True
    ) -> Json:
        """Write predictions as they stand in an answer by column: a list for each.

        Where lists are not asked for, many labels and numbers are arrays.
        """
        if self.outputs:
            parts = [(name, f.width, f.write_columns) for name, f in self._outputs]
            return {"outputs": dict(write_outputs(parts, labels, numbers))}
        held = [*labels] if labels and as_lists else labels
        columns = list_columns(numbers, as_lists=as_lists)
        return write_columns(self.scalars, self.group, self.names, held, columns)

    @property
    def _outputs(self) -> Iterable[tuple[str, "PredictionForm"]]:
        return self.outputs.items()

    def name_labels(self, classes: Sequence[Any]) -> list[Any]:
        """Return the labels of instances, or of their outputs, given by index."""
        if not self.outputs:
            labels = self.labels
            return [labels[index] for index in classes]
        known = [form.labels for form in self.outputs.values()]
        return [
            [labels[index] for labels, index in zip(known, row, strict=True)]
            for row in classes
        ]

    def read_numbers(self, prediction: Json) -> list[float]:
        """Return the numbers of a prediction as it stands in an answer."""
        if self.outputs:
            found = prediction["outputs"]
            parts = (f.read_numbers(found[name]) for name, f in self.outputs.items())
            return list(chain.from_iterable(parts))
        group = prediction[self.group] if self.group else {}
        return [
            *(prediction[name] for name in self.scalars),
            *(group[name] for name in self.names),
        ]


def form_labels(labels: Sequence[str], group: str = "") -> PredictionForm:
    """Return the form of a label, with numbers by label where there is a group."""
    known = tuple(labels)
    return PredictionForm(labels=known, group=group, names=known if group else ())


def form_values(names: Sequence[str]) -> PredictionForm:
    """Return the form of a single value, or of several by name."""
    if len(names) == 1:
        return PredictionForm(scalars=("value",))
    return PredictionForm(group="values", names=tuple(names))


@dataclass(frozen=True)
class WatchedColumn:
    """What is followed of predictions: a label of an output, or one of their numbers.

    `path` is its position in a prediction. A label has `labels`, and an `output` by its
    position, None where there is only one; a number has `index`, its position in a row.
    """

    path: str
    labels: tuple[str, ...] = ()
    output: int | None = None
    index: int = -1

    def read(self, labels: Labels, numbers: Numbers) -> Sequence[Any]:
        """Return the column of some predictions."""
        if self.index >= 0:
            if type(numbers) is NumberTable:
                return numbers.read_column(self.index)
            return [row[self.index] for row in numbers or ()]
        if self.output is None:
            return labels or ()
        return [row[self.output] for row in labels or ()]


def _iterate_columns(form: PredictionForm) -> Iterator[WatchedColumn]:
    """Yield the columns of each output.

    Of two classes it is the probability of the last one. Of more, or without
    probabilities, it is the label: it drifts when they do, and it is one figure, and
    one count a row, however many classes there are.
    """
    start = 0
    for position, (name, part) in enumerate(form.parts.items()):
        prefix = f"outputs.{name}." if form.outputs else ""
        if part.group == PROBABILITIES and len(part.names) == 2:
            path = f"{prefix}{PROBABILITIES}.{part.names[1]}"
            yield WatchedColumn(path, index=start + 1)
        elif part.labels:
            output = position if form.outputs else None
            yield WatchedColumn(f"{prefix}label", part.labels, output)
        for index, scalar in enumerate(part.scalars, start):
            yield WatchedColumn(f"{prefix}{scalar}", index=index)
        if not part.labels:
            watched = part.names[: part.watched or None]
            for index, named in enumerate(watched, start + len(part.scalars)):
                yield WatchedColumn(f"{prefix}{part.group}.{named}", index=index)
        start += part.width
