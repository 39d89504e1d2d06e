"""When a call must have ended, with all its pieces and repetitions."""

import time

from model_service_client.errors import DeadlinePassed


class Deadline:
    """When a call must have ended."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def check(self) -> float:
        """Return the seconds left. Raises DeadlinePassed where there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise DeadlinePassed("The deadline passed before the answer came.")
        return left

    def has(self, seconds: float) -> bool:
        return time.monotonic() + seconds < self._end
