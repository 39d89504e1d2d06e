"""What no answer may be is seen, however it is looked for."""

import numpy as np
import pytest

from service.model.errors import NonFinitePredictionError
from service.model.reference import Outputs, check_finite


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
    check_finite(Outputs(values=numbers))
    check_finite(Outputs(np.zeros(2, dtype=int), probabilities=numbers))


@pytest.mark.parametrize("fault", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_what_is_not_finite_is_refused_by_its_place(fault: float, kind: type) -> None:
    numbers: np.ndarray = np.array([[1e30, 0.0], [1.0, fault]], dtype=kind)
    with pytest.raises(NonFinitePredictionError, match=r"instances\[1\]"):
        check_finite(Outputs(values=numbers))
    with pytest.raises(NonFinitePredictionError, match=r"instances\[1\]"):
        check_finite(Outputs(np.zeros(2, dtype=int), probabilities=numbers))
