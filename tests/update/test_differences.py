"""Differences are gathered in little memory, and each is what it says."""

import math
import random

import pytest
from pipelines import CREDIT

from service.model.errors import DataFileError
from service.update.compare import Asked, Comparison, Version, _add_piece
from service.update.differences import (
    MOST_ROWS,
    MOST_SEGMENTS,
    OTHERS,
    QUANTILES,
    REFUSED,
    STEPS,
    Differences,
    find_difference,
    read_label,
)
from service.update.scores import Scores

VERSION = Version("credit-risk", "1.0.0")


def answer(label: str, good: float) -> dict[str, object]:
    return {"label": label, "probabilities": {"good": good, "bad": 1 - good}}


def test_labels_are_counted_from_and_to() -> None:
    seen = Differences()
    seen.add(answer("good", 0.9), answer("good", 0.8), {})
    seen.add(answer("good", 0.6), answer("bad", 0.4), {})
    seen.add(answer("bad", 0.1), None, {})
    assert (seen.rows, seen.changed) == (3, 2)
    assert dict(seen.refused) == {"old": 0, "new": 1}
    assert dict(seen.labels) == {
        ("good", "good"): 1,
        ("good", "bad"): 1,
        ("bad", REFUSED): 1,
    }


def test_a_row_differs_by_its_largest_number() -> None:
    old = {"value": 1.0, "values": {"a": 1.0, "b": 5.0}}
    new = {"value": 1.5, "values": {"a": -1.0, "c": 9.0}}
    assert find_difference(old, new) == 2.0
    assert find_difference(old, None) == 0.0


def test_the_label_of_several_outputs_is_that_of_all() -> None:
    outputs = {"a": {"label": "1"}, "b": {"label": "0", "probabilities": {"0": 1.0}}}
    assert read_label({"outputs": outputs}) == "a=1, b=0"


def test_quantiles_are_bounds_that_are_a_third_too_large_at_most() -> None:
    rng = random.Random(0)
    values = sorted(abs(rng.gauss(0, 1)) ** 5 for _ in range(5000))
    seen = Differences()
    for value in values:
        seen.add({"value": 0.0}, {"value": value}, {})
    for share in QUANTILES:
        exact = values[math.ceil(share * len(values)) - 1]
        found = seen.numbers.find_quantile(share)
        assert exact <= found * (1 + 1e-12)
        assert found <= exact * 10 ** (1 / STEPS)
    assert seen.numbers.find_quantile(1.0) == values[-1]


def test_no_difference_is_exactly_none() -> None:
    seen = Differences()
    for _ in range(10):
        seen.add({"value": 0.1}, {"value": 0.1}, {})
    assert {seen.numbers.find_quantile(share) for share in QUANTILES} == {0.0}
    assert seen.furthest == []


def test_the_rows_that_differ_most_are_kept() -> None:
    seen = Differences()
    for number in range(100):
        seen.add({"value": 0.0}, {"value": float(number * 7 % 100)}, {})
    rows = [-row for _, row, *_ in sorted(seen.furthest, reverse=True)]
    assert rows == sorted(range(100), key=lambda n: -(n * 7 % 100))[:MOST_ROWS]


def test_a_column_of_many_values_is_bounded() -> None:
    seen = Differences()
    for number in range(3 * MOST_SEGMENTS):
        seen.add({"value": 0.0}, {"value": 1.0}, {"id": number})
    found = seen.segments["id"]
    assert len(found) == MOST_SEGMENTS + 1
    assert found[OTHERS].rows == 2 * MOST_SEGMENTS
    assert found["0"].total == 1.0


def test_labels_are_scored_as_by_hand() -> None:
    scores = Scores()
    for label, good, truth in (
        ("good", 0.9, "good"),
        ("good", 0.7, "bad"),
        ("bad", 0.2, "bad"),
        ("bad", 0.4, None),
    ):
        scores.add(answer(label, good), truth)
    scores.add(None, "good")
    figures = scores.list_figures()
    assert scores.rows == 3
    assert figures["accuracy"] == pytest.approx(2 / 3)
    loss = -(math.log(0.9) + math.log(0.3) + math.log(0.8)) / 3
    assert figures["logarithmic loss"] == pytest.approx(loss)
    assert figures["calibration error"] == pytest.approx((0.1 + 0.7 + 0.2) / 3)
    assert [rows for _, _, rows in scores.list_calibration()] == [1, 1, 1]


def test_a_truth_that_is_no_number_is_told_by_its_row() -> None:
    found = Comparison(VERSION, VERSION, [], scores={"old": Scores(), "new": Scores()})
    asked = Asked(CREDIT, CREDIT, CREDIT, target="y")
    answers = [{"value": 1.0}] * 2
    with pytest.raises(DataFileError, match="The target of row 1 is no number"):
        _add_piece(found, asked, (answers, answers, [{"y": "1"}, {"y": "many"}]))


def test_values_are_scored_as_by_hand() -> None:
    scores = Scores()
    scores.add({"value": 1.0}, "3")
    scores.add({"value": 5.0}, 4)
    assert scores.list_figures() == {
        "mean absolute error": 1.5,
        "root mean square error": pytest.approx(math.sqrt(2.5)),
    }
    assert Scores().list_figures() == {}
