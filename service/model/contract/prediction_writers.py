"""Predictions as they stand in an answer: an object for each, or a list for each part.

A form says what a prediction holds: a label, numbers each under a name (`scalars`), and
then a group of numbers by name.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from service.model.contract.array_columns import NumberTable

Json = dict[str, Any]
Labels = Sequence[Any] | None
Numbers = Sequence[Sequence[float]] | None
Writer = Callable[[Labels, Numbers], list[Json]]

Written = TypeVar("Written")

# An output by its name, how many numbers it has, and what writes it.
Output = tuple[str, int, Callable[[Labels, Numbers], Written]]


def compile_writer(
    scalars: Sequence[str], group: str, names: Sequence[str], has_labels: bool
) -> Writer:
    """Return the writer of one output; the commonest forms have one of their own."""
    name = partial(_name_numbers, names)
    if scalars == ("value",) and not has_labels and not group:
        return lambda _, numbers: [{"value": row[0]} for row in numbers or ()]
    if not has_labels and not scalars:
        return lambda _, numbers: [{group: row} for row in name(numbers)]
    if has_labels and group and not scalars:
        return lambda labels, numbers: [
            {"label": label, group: row}
            for label, row in zip(labels or (), name(numbers), strict=True)
        ]
    return lambda labels, numbers: [
        *_write_rows(scalars, group, names, labels, numbers)
    ]


def _name_numbers(names: Sequence[str], numbers: Numbers) -> Iterable[Json]:
    """Return rows of numbers by name."""
    rows = numbers or ()
    if len(names) == 2:  # the usual case, and three times as fast
        first, second = names
        return [{first: a, second: b} for a, b in rows]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _write_rows(
    scalars: Sequence[str],
    group: str,
    names: Sequence[str],
    labels: Labels,
    numbers: Numbers,
) -> Iterator[Json]:
    count, split = len(labels or numbers or ()), len(scalars)
    for index in range(count):
        written: Json = {"label": labels[index]} if labels else {}
        if numbers:
            row = numbers[index]
            written.update(zip(scalars, row[:split], strict=True))
            if group:
                written[group] = dict(zip(names, row[split:], strict=True))
        yield written


def write_columns(
    scalars: Sequence[str],
    group: str,
    names: Sequence[str],
    labels: Labels,
    columns: Sequence[Sequence[float]],
) -> Json:
    """Return the columns of one output, of which those of numbers are given."""
    written: Json = {"label": labels} if labels else {}
    written.update(zip(scalars, columns, strict=False))
    if group and columns:
        written[group] = dict(zip(names, columns[len(scalars) :], strict=True))
    return written


def list_columns(numbers: Numbers, *, as_lists: bool) -> Sequence[Sequence[float]]:
    """Return the columns of numbers: lists, or arrays where there are some."""
    if type(numbers) is NumberTable:
        return numbers.list_columns() if as_lists else numbers.read_columns()
    return [[*each] for each in zip(*numbers, strict=True)] if numbers else []


def write_outputs(
    outputs: Sequence[Output[Written]], labels: Labels, numbers: Numbers
) -> Iterator[tuple[str, Written]]:
    """Yield what each output writes of its part of the labels and of the numbers."""
    start = 0
    for index, (name, width, write) in enumerate(outputs):
        part = slice(start, start + width)
        start += width
        column = labels and [row[index] for row in labels]
        yield name, write(column, numbers and [row[part] for row in numbers])


def join_writers(outputs: Sequence[Output[list[Json]]]) -> Writer:
    """Return the writer of several outputs, each given its part of a row."""

    def write(labels: Labels, numbers: Numbers) -> list[Json]:
        written: list[Json] = [{"outputs": {}} for _ in labels or ()]
        for name, predictions in write_outputs(outputs, labels, numbers):
            for prediction, each in zip(written, predictions, strict=True):
                prediction["outputs"][name] = each
        return written

    return write
