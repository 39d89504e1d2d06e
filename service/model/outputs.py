"""What a pipeline returns, as arrays, and the one way to compare it."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np

from service.model.errors import NonFinitePredictionError
from service.model.tolerances import SAME_ANSWER, SAME_SINGLE

Part = np.ndarray | None


class Outputs(msgspec.Struct, frozen=True):
    """What a pipeline returned for n instances.

    `classes` (n, or n and outputs; indices into the classes) where there are labels,
    with `probabilities` (n, classes; of several outputs side by side), or `values`, any
    other numbers (n, numbers), or neither. Without labels there are `values` alone.
    """

    classes: Part = None
    probabilities: Part = None
    values: Part = None

    @property
    def numbers(self) -> Part:
        """The probabilities or the values, None where there are labels alone."""
        return self.probabilities if self.values is None else self.values

    @property
    def tolerance(self) -> float:
        """How far the same numbers may lie apart: by how they were summed."""
        is_single = self.numbers is not None and self.numbers.dtype == np.float32
        return SAME_SINGLE if is_single else SAME_ANSWER

    def slice(self, start: int, end: int) -> "Outputs":
        """Return the answers of the instances from `start` to before `end`."""
        return Outputs(
            *(
                None if part is None else part[start:end]
                for part in (self.classes, self.probabilities, self.values)
            )
        )

    # Comparing

    def has_same_labels(self, other: "Outputs") -> bool:
        """Return True if every instance has the same class, or none has any."""
        if self.classes is None or other.classes is None:
            return self.classes is other.classes
        return np.array_equal(self.classes, other.classes)

    def measure_difference(self, expected: "Outputs") -> float:
        """Return the largest difference of two numbers, in units of `tolerances`.

        It is infinite where labels or shapes differ, and NaN where a number is.
        """
        if not self.has_same_labels(expected):
            return math.inf
        largest = [0.0]
        for got, wanted in self._pair_parts(expected):
            if got is None or wanted is None or got.shape != wanted.shape:
                return math.inf
            difference = np.abs(np.subtract(wanted, got, dtype=float))
            scale = np.maximum(1.0, np.abs(wanted))
            largest.append(np.max(difference / scale, initial=0.0))
        return float(np.max(largest))

    def is_close_to(self, expected: "Outputs", tolerance: float = SAME_ANSWER) -> bool:
        """Return True if labels are equal, and numbers to within a tolerance."""
        return self.measure_difference(expected) <= tolerance

    def has_same_bits(self, other: "Outputs") -> bool:
        """Return True if types, shapes and bytes are equal: 0.0 and -0.0 are not."""
        pairs = [(self.classes, other.classes), *self._pair_parts(other)]
        return all(
            got is wanted
            if got is None or wanted is None
            else (got.dtype, got.shape, got.tobytes())
            == (wanted.dtype, wanted.shape, wanted.tobytes())
            for got, wanted in pairs
        )

    def _pair_parts(self, other: "Outputs") -> Iterator[tuple[Part, Part]]:
        """Yield the numbers of both, where one has some."""
        for got, wanted in (
            (self.probabilities, other.probabilities),
            (self.values, other.values),
        ):
            if got is not None or wanted is not None:
                yield got, wanted

    # Finiteness

    def find_finite(self) -> np.ndarray:
        """Return for each instance whether its numbers are finite, as bools."""
        if self.numbers is None:
            return np.ones(len(self.classes), dtype=bool)  # type: ignore[arg-type]
        finite: np.ndarray = np.all(np.isfinite(self.numbers), axis=1)
        return finite

    def check_finite(self) -> None:
        """Raise NonFinitePredictionError where a number is NaN or infinite."""
        if self.numbers is None or is_plainly_finite(self.numbers):
            return
        is_finite = self.find_finite()
        if is_finite.all():
            return
        index = int(np.flatnonzero(~is_finite)[0])
        raise NonFinitePredictionError(
            f"The pipeline's prediction for instances[{index}] is NaN or infinite."
        )


def is_plainly_finite(numbers: np.ndarray) -> bool:
    """Return True if all are certainly finite, in half the time of isfinite().all().

    Their product is finite only if all are. Huge numbers overflow it: False proves
    nothing.
    """
    # Unlike dot, vdot does not warn of an overflow.
    return math.isfinite(np.vdot(numbers, numbers))
