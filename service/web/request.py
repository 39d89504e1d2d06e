"""The request context: per-request state that hooks, views and middleware share.

It is kept in the WSGI environ, where it costs one look-up.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from flask import request

from service.model.contract.instances import Instances, Predictions
from service.web.client import Client

PLACE = "service.call"

# Set by the worker: time.monotonic() of the last byte, and the deadline; an exception
# to answer with instead of running the view; and a callable that is true if this answer
# wins the race with the deadline.
ARRIVED = "service.arrived"
DEADLINE = "service.deadline"
REFUSAL = "service.refusal"
CLAIM = "service.claim"

# What the time of a prediction goes to: waiting for a thread; reading the body and
# checking it against the contract and the limits; predicting; writing the answer.
Stage = Literal["queue", "validate", "predict", "encode"]


@dataclass(slots=True)
class RequestContext:
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


def current_context() -> RequestContext:
    """Return the context of the request that this thread answers."""
    call: RequestContext = request.environ[PLACE]
    return call
