"""The figures, against scipy and against their formulae written out."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2, entropy, ks_2samp, kstwobign

from service.model.drift.figures import (
    compute_psi,
    judge,
    measure_drift,
    measure_figure,
)
from service.model.drift.histograms import Histogram, Histograms

counts = st.integers(0, 500)


@st.composite
def draw_categories(draw: st.DrawFn) -> tuple[Histogram, list[int]]:
    bins = draw(st.integers(1, 6))
    held = draw(st.lists(counts, min_size=bins, max_size=bins))
    nulls = draw(st.integers(0 if any(held) else 1, 50))
    histogram = Histogram(
        name="c",
        kind="category",
        counts=tuple(held),
        nulls=nulls,
        categories=tuple("abcdef"[:bins]),
    )
    unseen, *rest = draw(st.lists(counts, min_size=bins + 2, max_size=bins + 2))
    return histogram, [unseen + (not any(rest)), *rest[:-1], 0, rest[-1]]


@st.composite
def draw_numbers(draw: st.DrawFn) -> tuple[Histogram, list[int]]:
    bins = draw(st.integers(1, 6))
    held = draw(st.lists(counts, min_size=bins, max_size=bins))
    histogram = Histogram(
        name="x",
        kind="number",
        counts=(held[0] + 2, *held[1:]),
        nulls=draw(st.integers(0, 50)),
        edges=tuple(map(float, range(bins + 1))),
    )
    cells = draw(st.lists(counts, min_size=bins + 3, max_size=bins + 3))
    return histogram, [cells[0] + 2, *cells[1:]]


@given(draw_categories())
def test_categories_are_compared_by_the_formulae(
    drawn: tuple[Histogram, list[int]],
) -> None:
    histogram, cells = drawn
    found = measure_figure(histogram, np.array(cells))
    expected_counts = [0, *histogram.counts, histogram.nulls]
    found_counts = [*cells[:-2], cells[-1]]
    check_distances(found.psi, found.js_distance, expected_counts, found_counts)

    pairs = [p for p in zip(expected_counts, found_counts, strict=True) if p != (0, 0)]
    n, m = sum(expected_counts), sum(found_counts)
    statistic = sum(
        (observed - total * (a + b) / (n + m)) ** 2 / (total * (a + b) / (n + m))
        for a, b in pairs
        for observed, total in ((a, n), (b, m))
    )
    p_value = chi2.sf(statistic, len(pairs) - 1) if len(pairs) > 1 else 1.0
    assert found.p_value == pytest.approx(p_value, rel=1e-9, abs=1e-300)
    assert found.test == "chi-square"
    assert found.null_rate == cells[-1] / m
    assert found.unseen_rate == cells[0] / m


@given(draw_numbers())
def test_numbers_are_compared_by_the_formulae(
    drawn: tuple[Histogram, list[int]],
) -> None:
    histogram, cells = drawn
    found = measure_figure(histogram, np.array(cells))
    ends = [*cells[1:-2], cells[-1]]
    ends[0] += cells[0]
    ends[-2] += cells[-2]
    check_distances(
        found.psi, found.js_distance, [*histogram.counts, histogram.nulls], ends
    )
    places = np.arange(len(cells) - 1)
    expected = np.repeat(places[1:-1], histogram.counts)
    values = np.repeat(places, cells[:-1])
    told = ks_2samp(expected, values, method="asymp")
    root = math.sqrt(len(expected) * len(values) / (len(expected) + len(values)))
    p_value = kstwobign.sf((root + 0.12 + 0.11 / root) * told.statistic)
    assert found.p_value == pytest.approx(p_value, rel=1e-9, abs=1e-300)
    if root > 5:
        assert found.p_value == pytest.approx(told.pvalue, rel=0.1, abs=0.01)
    assert found.unseen_rate == (cells[0] + cells[-2]) / sum(cells)


def check_distances(
    psi: float, distance: float, expected: list[int], found: list[int]
) -> None:
    p, q = (np.array(held) / sum(held) for held in (expected, found))
    low_p, low_q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    assert psi == pytest.approx(sum((low_q - low_p) * np.log(low_q / low_p)))
    m = (p + q) / 2
    divergence = (entropy(p, m, base=2) + entropy(q, m, base=2)) / 2
    assert distance**2 == pytest.approx(divergence, abs=1e-12)
    assert 0 <= distance <= 1 + 1e-12


def test_one_bin_cannot_differ() -> None:
    histogram = Histogram("c", "category", counts=(7,), nulls=0, categories=("a",))
    figure = measure_figure(histogram, np.array([0, 30, 0, 0]))
    assert (figure.psi, figure.js_distance, figure.p_value) == (0, 0, 1)


def test_the_index_of_a_worked_example() -> None:
    shares = np.array([50, 30, 20]), np.array([30, 30, 40])
    wanted = 0.2 * math.log(0.5 / 0.3) + 0.2 * math.log(0.4 / 0.2)
    assert compute_psi(*shares) == pytest.approx(wanted)
    assert compute_psi(shares[0], 7 * shares[0]) == 0


def test_a_first_row_of_something_new_weighs_little() -> None:
    assert 0.0005 < compute_psi(np.array([1000, 0]), np.array([999, 1])) < 0.0025


@pytest.mark.parametrize(
    ("psi", "verdict"),
    [(0, "stable"), (0.0999, "stable"), (0.1, "moderate"), (0.25, "large")],
)
def test_the_bounds_are_the_common_ones(psi: float, verdict: str) -> None:
    assert judge(psi) == verdict


def test_what_is_all_null_has_no_test_of_its_numbers() -> None:
    histogram = Histogram(name="x", kind="number", counts=(9, 1), edges=(0, 1, 2))
    found = measure_figure(histogram, np.array([0, 0, 0, 0, 10]))
    assert found.p_value is None
    assert found.null_rate == 1
    assert found.verdict == "large"


def test_a_column_that_was_all_null_drifts_when_a_value_comes() -> None:
    histogram = Histogram(name="x", kind="number", counts=(), nulls=10)
    assert measure_figure(histogram, np.array([0, 0, 10])).verdict == "stable"
    found = measure_figure(histogram, np.array([10, 0, 0]))
    assert (found.verdict, found.unseen_rate) == ("large", 1)


def test_too_few_have_no_figures() -> None:
    histogram = Histogram(name="x", kind="number", counts=(9, 1), edges=(0, 1, 2))
    histograms = Histograms(count=10, features=(histogram,), scores=(histogram,))
    cells = [[0, 5, 4, 0, 0]] * 2
    few = measure_drift(histograms, cells, 10)
    assert (few.count, few.verdict, few.features) == (9, "insufficient", ())
    enough = measure_drift(histograms, cells, 9)
    assert len(enough.features) == len(enough.scores) == 1
