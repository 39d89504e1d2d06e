"""Counting: one by one or many at a time, the cells are those of plain Python."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model.contract.features import Contract, Feature, Observed, Storage
from service.model.contract.instances import Instances, Predictions
from service.model.contract.observation import observe_table
from service.model.contract.prediction_form import form_labels, form_values
from service.model.contract.tensor_columns import TensorColumn
from service.model.drift.histograms import (
    Histogram,
    Histograms,
    decode_histograms,
    encode_histograms,
)
from service.model.drift.tally import FEW_ROWS, Tally, count_nulls
from service.model.errors import ArtefactFormatError
from service.model.packaging.histograms import build_histograms, find_cuts

VALUE = form_values(["value"])
DATES = st.integers(0, 10**15).map(lambda n: pd.Timestamp(n, unit="us"))
VALUES: dict[str, tuple[Any, str, st.SearchStrategy[Any]]] = {
    "number": ("number", "float64", st.floats(allow_nan=False, allow_infinity=False)),
    "small": ("number", "float64", st.sampled_from([0.0, -0.0, 1.0, 2.5])),
    "integer": ("integer", "uint64", st.integers(0, 2**64 - 1)),
    "text": ("string", "str", st.text(max_size=5)),
    "date": ("date-time", "datetime64[us]", DATES),
    "boolean": ("boolean", "bool", st.booleans()),
    "category": ("string", "str", st.sampled_from("abcd")),
}


@st.composite
def draw_instances(draw: st.DrawFn, least: int, nulls: bool = True) -> Instances:
    count = draw(st.integers(least, FEW_ROWS + 6))
    columns = []
    for _, _, values in VALUES.values():
        held = st.none() | values if nulls else values
        columns.append(draw(st.lists(held, min_size=count, max_size=count)))
    return Instances(tuple(columns), count)


@st.composite
def draw_predictions(draw: st.DrawFn, count: int, names: tuple[str, ...]) -> Any:
    if names == ("value",):
        numbers = st.floats(allow_nan=False, allow_infinity=False)
        values = draw(st.lists(numbers, min_size=count, max_size=count))
        return Predictions(VALUE, None, [[value] for value in values])
    shares = draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    labels = [names[-1] if share > 0.5 else names[0] for share in shares]
    if len(names) > 2:
        return Predictions(form_labels(names), labels)
    form = form_labels(names, "probabilities")
    return Predictions(form, labels, [[1 - share, share] for share in shares])


def observe(instances: Instances) -> Contract:
    """Return a contract that has seen the instances, and one category less."""
    features = []
    for (name, (kind, dtype, _)), values in zip(
        VALUES.items(), instances.columns, strict=True
    ):
        present = [v for v in values if v is not None]
        observed = Observed()
        if name == "category":
            observed = Observed(categories=tuple(sorted(set(present) - {"a"})))
        elif name == "boolean":
            observed = Observed(categories=tuple(sorted(set(present))))
        elif name != "text" and present:
            low, high = min(present), max(present)
            is_date = name == "date"
            observed = Observed(
                minimum=low.isoformat() if is_date else low,
                maximum=high.isoformat() if is_date else high,
            )
        storage = Storage(dtype=dtype)
        feature = Feature(name=name, type=kind, storage=storage, observed=observed)
        features.append(feature)
    return Contract(features=tuple(features))


def count(
    histograms: Histograms, instances: Instances, predictions: Predictions
) -> list[list[int]]:
    """Return the cells, whose last ones are the nulls that the tally returns."""
    tally = Tally(histograms)
    cells = memoryview(bytearray(8 * tally.width)).cast("q")
    nulls = tally.count(instances, predictions, cells)
    parts = [list(part) for part in tally.split(list(cells))]
    assert list(nulls) == [part[-1] for part in parts[: len(instances.columns)]]
    assert list(nulls) == list(count_nulls(instances))
    return parts


def count_alone(
    histograms: Histograms, instances: Instances, predictions: Predictions
) -> list[list[int]]:
    """Return the sums of the cells of each instance by itself."""
    alone = [[0] * histogram.width for histogram in histograms.all]
    for i in range(instances.count):
        row = Instances(tuple(column[i : i + 1] for column in instances.columns), 1)
        for part, more in zip(
            alone, count(histograms, row, predictions.slice(i, i + 1)), strict=True
        ):
            part[:] = map(sum, zip(part, more, strict=True))
    return alone


def count_plainly(histogram: Histogram, values: list[Any]) -> list[int]:
    """Return the cells, found by going through the edges."""
    read: dict[str, Any] = {
        "number": float,
        "integer": float,
        "text": len,
        "date-time": lambda moment: moment.timestamp(),
    }
    cells = [0] * histogram.width
    for value in values:
        if value is None:
            place = histogram.width - 1
        elif histogram.is_categorical:
            known = list(histogram.categories)
            place = known.index(value) + 1 if value in known else 0
        else:
            number = read[histogram.kind](value)
            place = sum(number >= edge for edge in histogram.edges)
        cells[place] += 1
    return cells


@settings(max_examples=30)
@given(st.data(), st.sampled_from([("value",), ("no", "yes"), ("a", "b", "c")]))
def test_one_by_one_or_together_the_counts_are_equal(
    data: st.DataObject, names: tuple[str, ...]
) -> None:
    training = data.draw(draw_instances(1))
    trained = data.draw(draw_predictions(training.count, names))
    histograms = build_histograms(observe(training), training, trained)
    instances = data.draw(draw_instances(FEW_ROWS + 1))
    predictions = data.draw(draw_predictions(instances.count, names))

    together = count(histograms, instances, predictions)
    assert together == count_alone(histograms, instances, predictions)
    columns = [*instances.columns, *predictions.read_columns()]
    assert together == [
        count_plainly(histogram, list(values))
        for histogram, values in zip(histograms.all, columns, strict=True)
    ]
    assert {sum(part) for part in together} == {instances.count}


BEYOND_DOUBLES = 2**53 + 1
EDGES = (-1.0, 0.0, float(2**53), float(2**63))
OF_NUMBERS: dict[str, Any] = {"counts": (1, 1, 1), "edges": EDGES}


@pytest.mark.parametrize("rows", [1, FEW_ROWS, FEW_ROWS + 1, 1000])
def test_what_is_hard_to_round_or_to_place_is_counted_alike(rows: int) -> None:
    numbers = [-1.5, -1.0, -0.0, 0.0, 5e-324, 2.0**53, 2.0**63, 1e308, None]
    integers = [-2, -1, 0, BEYOND_DOUBLES, 2**63 - 1, 2**63, 2**64 - 1, None]
    held: dict[Histogram, list[Any]] = {
        Histogram("x", "number", **OF_NUMBERS): numbers,
        Histogram("no null", "number", **OF_NUMBERS): numbers[:-1],
        Histogram("all null", "number", **OF_NUMBERS): [None],
        Histogram("untrained", "number", counts=()): numbers,
        Histogram("i", "integer", **OF_NUMBERS): integers,
        Histogram("s", "text", **OF_NUMBERS): ["", "a", None],
        Histogram("c", "category", (1, 1), categories=("a", "b")): ["a", "c", None],
        Histogram("b", "category", (1, 1), categories=(False, True)): [True, False],
        Histogram("unseen", "category", counts=()): ["a", None],
    }
    columns = [(values * rows)[:rows] for values in held.values()]
    score = Histogram("value", "number", **OF_NUMBERS)
    histograms = Histograms(rows, tuple(held), (score,))
    values = [[float(row)] for row in range(rows)]
    instances = Instances(tuple(map(tuple, columns)), rows)
    predictions = Predictions(VALUE, None, values)
    together = count(histograms, instances, predictions)
    assert together == count_alone(histograms, instances, predictions)
    assert together == [
        count_plainly(histogram, column)
        for histogram, column in zip(
            histograms.all, [*columns, [row[0] for row in values]], strict=True
        )
    ]


@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0]), min_size=1))
def test_no_bin_is_small(values: list[float]) -> None:
    cuts = find_cuts(np.array(values))
    assert cuts == sorted(set(cuts))
    held = np.bincount(np.searchsorted(cuts, values, side="right"))
    assert held.min() >= 0.05 * len(values)
    assert len(held) <= 10


def test_bins_are_deciles_and_zero_is_alone() -> None:
    assert find_cuts(np.arange(1000.0)) == [100.0 * k for k in range(1, 10)]
    assert find_cuts(np.array([0.0] * 60 + list(range(1, 41)))) == [1, 11, 21, 31]
    assert find_cuts(np.zeros(100)) == []


def make_histograms(table: pd.DataFrame) -> tuple[Histograms, Contract]:
    contract = observe_table(table)
    columns = tuple(table[name].tolist() for name in table)
    values = [[0.0]] * len(table)
    predictions = Predictions(VALUE, None, values)
    return (
        build_histograms(contract, Instances(columns, len(table)), predictions),
        contract,
    )


def test_what_lies_beyond_training_is_told_from_what_lies_at_its_ends() -> None:
    table = pd.DataFrame({"x": [1.0, 2.0, 4.0], "c": ["a", "b", "b"]})
    histograms, _ = make_histograms(table)
    columns = ([0.9, 1.0, 4.0, 4.1, None], ["a", "B", None, "b", "c"])
    predictions = Predictions(VALUE, None, [[0.0]] * 5)
    x, c, _ = count(histograms, Instances(columns, 5), predictions)
    assert (x[0], x[1], x[-3], x[-2], x[-1]) == (1, 1, 1, 1, 1)
    assert c == [2, 1, 1, 0, 1]


def test_the_file_is_read_as_it_was_written() -> None:
    table = pd.DataFrame({"x": [1.0, 1.7976931348623157e308], "c": ["a", "b"]})
    histograms, contract = make_histograms(table)

    class Manifest:
        pass

    manifest: Any = Manifest()
    manifest.contract = contract
    raw = encode_histograms(histograms)
    assert decode_histograms(raw, manifest) == histograms
    for wrong in (
        raw.replace(b'"name":"x"', b'"name":"y"'),
        raw.replace(b'"edges":[1.0', b'"edges":[2e308'),
        raw.replace(b'"counts":[1,1]', b'"counts":[1,1,1]'),
        raw.replace(b'"counts":[1,1]', b'"counts":[1,-1]'),
        raw[:-9],
    ):
        assert wrong != raw
        with pytest.raises(ArtefactFormatError):
            decode_histograms(wrong, manifest)


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "bool"])
def test_the_mean_of_a_tensor_is_counted_alike_alone_and_together(dtype: str) -> None:
    elements = 200 * np.random.default_rng(0).random((2 * FEW_ROWS, 5, 7))
    tensors = elements.astype(dtype)
    if dtype == "float64":
        tensors[3] = 1e308  # of which the sum is infinite, and the mean is none
    edges = tuple(sorted({float(tensor.mean() / 1) for tensor in elements[:9]}))
    histogram = Histogram(name="t", kind="mean", counts=(0,) * 8, edges=edges)
    tally = Tally(Histograms(count=1, features=(histogram,), scores=()))
    together, alone = (memoryview(bytearray(8 * tally.width)).cast("q") for _ in "ab")
    column, predictions = TensorColumn(tensors), Predictions(form_labels(("a",)))
    tally.count(Instances((column,), len(column)), predictions, together)
    for index in range(len(column)):
        one = column[index : index + 1]
        assert tally.count(Instances((one,), 1), predictions, alone) == [0]
    assert alone.tolist() == together.tolist()
    assert sum(alone) == len(column)
    assert np.isfinite(column.compute_means()).all()
