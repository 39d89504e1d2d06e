"""Outputs compared in one way, and searched for what no answer may be."""

import math

import numpy as np
import pytest

from service.model.errors import NonFinitePredictionError
from service.model.outputs import Outputs


@pytest.mark.parametrize(
    "numbers",
    [
        np.zeros((2, 3)),
        np.full((2, 1), 1e300),
        np.full((2, 1), 1e30, dtype=np.float32),
        np.full((2, 1), 2**62),
        np.ones((2, 1), dtype=bool),
        np.arange(6.0).reshape(3, 2).T,
    ],
)
def test_what_is_finite_passes_however_large(numbers: np.ndarray) -> None:
    Outputs(values=numbers).check_finite()
    Outputs(np.zeros(2, dtype=int), probabilities=numbers).check_finite()


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_what_is_not_finite_is_refused_by_its_place(fault: float, kind: type) -> None:
    numbers: np.ndarray = np.array([[1e30, 0.0], [1.0, fault]], dtype=kind)
    with pytest.raises(NonFinitePredictionError, match=r"instances\[1\]"):
        Outputs(values=numbers).check_finite()
    with pytest.raises(NonFinitePredictionError, match=r"instances\[1\]"):
        Outputs(np.zeros(2, dtype=int), probabilities=numbers).check_finite()


def values(*numbers: float) -> Outputs:
    return Outputs(values=np.array([numbers]))


@pytest.mark.parametrize(
    ("found", "expected", "difference"),
    [
        (values(0.5), values(0.5), 0.0),
        (values(0.0), values(-0.0), 0.0),
        (values(0.5, 3.0), values(0.5, 2.0), 0.5),  # relative beyond 1
        (values(0.25), values(0.5), 0.25),  # and absolute below
        (values(0.5), values(0.5, 0.5), math.inf),
        (values(0.5), Outputs(probabilities=np.array([[0.5]])), math.inf),
        (values(math.inf), values(0.5), math.inf),
        (Outputs(np.array([0])), Outputs(np.array([1])), math.inf),
        (Outputs(np.array([0])), Outputs(), math.inf),
        (Outputs(np.array([0])), Outputs(np.array([0])), 0.0),
        (Outputs(values=np.array([[True]])), values(0.0), 1.0),
        (Outputs(values=np.array([[3]], "u1")), values(5.0), 0.4),
    ],
)
def test_the_largest_difference_is_found(
    found: Outputs, expected: Outputs, difference: float
) -> None:
    assert found.measure_difference(expected) == difference
    assert found.is_close_to(expected) == (difference == 0)


def test_nothing_is_close_to_what_is_not_a_number() -> None:
    assert not values(math.nan, 0.5).is_close_to(values(0.5, 0.5))
    assert not values(math.nan).is_close_to(values(math.nan))


def test_bits_tell_apart_what_compares_equal() -> None:
    assert values(0.0).has_same_bits(values(0.0))
    assert not values(0.0).has_same_bits(values(-0.0))
    assert not values(1.0).has_same_bits(Outputs(values=np.array([[1]])))
    assert not values(1.0).has_same_bits(Outputs(probabilities=np.array([[1.0]])))
