"""What the steps of a plan take and return."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from service.model.reference import Outputs

# Shape (n, columns), float64, C-contiguous, a null as NaN. A step never writes into it.
Numbers = np.ndarray

# A sequence for each column, of n plain values (str, int, float, bool), a null as None.
Objects = Sequence[Sequence[Any]]

NumbersStep = Callable[[Numbers], Numbers]
ObjectsStep = Callable[[Objects], Objects]
EncodingStep = Callable[[Objects], Numbers]
FinalStep = Callable[[Any], Outputs]
