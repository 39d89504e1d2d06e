"""The call under way: what the parts that a request passes tell one another of it.

It lies in the WSGI environment, where it is found at the price of one look-up.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from flask import request

from service.model.contract.instances import Instances, Predictions
from service.web.client import Client

PLACE = "service.call"

# What the worker says of a request: time.monotonic() of its last byte, and by which it
# wants the answer; the exception to answer with where it takes none; and what says
# whether this answer is the one that the caller gets.
ARRIVED = "service.arrived"
DEADLINE = "service.deadline"
REFUSAL = "service.refusal"
CLAIM = "service.claim"

# What the time of a prediction goes to: waiting for a thread; reading the body and
# checking it against the contract and the limits; predicting; writing the answer.
Stage = Literal["queue", "validate", "predict", "encode"]


@dataclass(slots=True)
class Call:
    """A request's id, and what came of it. All times are of time.monotonic().

    `asked` is its body; `reason` is a word for why it was refused; `stages` holds the
    seconds of each stage that was passed.
    """

    request_id: str
    arrived: float
    started: float
    client: Client | None = None
    route: str | None = None
    status: int = 0
    seconds: float = 0.0
    asked: bytes = b""
    instances: Instances | None = None
    fault: Exception | None = None
    reason: str | None = None
    predictions: Predictions | None = None
    violations: Mapping[tuple[str, str], int] | None = None
    stages: dict[Stage, float] = field(default_factory=dict)
    stage_began: float = 0.0

    def begin_stages(self) -> None:
        """Set the clock for the first stage; what went before was the queue."""
        self.stages["queue"] = self.started - self.arrived
        self.stage_began = time.monotonic()

    def end_stage(self, stage: Stage) -> None:
        """Note what a stage took; the next begins."""
        now = time.monotonic()
        self.stages[stage] = now - self.stage_began
        self.stage_began = now


def current_call() -> Call:
    """Return the call of the request that this thread answers."""
    call: Call = request.environ[PLACE]
    return call
