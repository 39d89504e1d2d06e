"""What a worker takes on, and for how long."""

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerLimits:
    """The settings of the same names."""

    max_in_flight: int = 64
    max_body_bytes: int = 8 * 2**20
    receive_timeout_seconds: float = 15.0
    predict_timeout_seconds: float = 10.0
    lame_duck_seconds: float = 0.0
    grace_seconds: float = 20.0
