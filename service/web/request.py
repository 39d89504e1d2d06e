"""The request context: per-request state that hooks, views and middleware share.

The worker makes it, and carries it in the WSGI environ; under a server that makes none
the first hook does. It is opened and closed here, whoever reads it afterwards.
"""

import math
import random
import re
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from service.model.contract.document import Document
from service.model.contract.instances import Instances, Predictions
from service.model.errors import ModelError
from service.web.client import Client

CONTEXT = "service.context"

# A key that a caller sends as an id by mistake, in whatever case, is never repeated in
# a log or in an answer.
REQUEST_ID = re.compile(r"(?!.*(?i:msk_))[A-Za-z0-9._-]{1,128}")

# How callers ask for predictions: in the service's own form, or as other servers' do.
Dialect = Literal[
    "v1", "open-inference", "kserve-v1", "mlflow", "sagemaker", "vertex-ai"
]
V1: Dialect = "v1"
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

# What the time of a prediction goes to: waiting for a thread; reading the body and
# checking it against the contract and the limits; predicting; writing the answer.
Stage = Literal["queue", "validate", "predict", "encode"]


@dataclass(slots=True)
class RequestContext:
    """A request's id, and what came of it. All times are of time.monotonic().

    `arrived` is when its last byte did. The worker may set a `refusal`, which is
    answered instead of running the view, and `claim`, which returns True if this answer
    is in time to be sent. `dialect` says how a prediction was asked for; `reason` is
    a label for why the request was refused. `rate_limits` are the items of the header
    RateLimit, and `stages` holds the seconds of each stage that was passed.
    """

    arrived: float
    deadline: float = math.inf
    refusal: HTTPException | None = None
    claim: Callable[[], bool] | None = None
    is_in_time: bool | None = None  # None until the context is closed
    request_id: str = ""
    started: float = 0.0
    client: Client | None = None
    route: str | None = None
    dialect: Dialect | None = None
    response: Response = field(init=False)  # once the context is closed
    status: int = 0
    seconds: float = 0.0
    body: bytes = b""
    document: Document = field(init=False)  # once it is read
    instances: Instances | None = None
    fault: Exception | None = None
    reason: str | None = None
    predictions: Predictions | None = None
    violations: Mapping[tuple[str, str], int] | None = None
    rate_limits: list[str] = field(default_factory=list)
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

    def own_request(self) -> bytes:
        """Return a request that was read as POST /v1/predict takes it."""
        return self.body or self.document.write()

    def own_answer(self) -> bytes:
        """Return an answer of predictions as POST /v1/predict gives it."""
        if self.body and self.response.is_json:
            return self.response.get_data()
        columns = self.predictions and self.predictions.to_columns()
        return orjson.dumps({"predictions": columns})

    def close(self) -> bool:
        """Return True if the answer is to be sent: one that is late is dropped."""
        if self.is_in_time is None:
            self.is_in_time = self.claim is None or self.claim()
        return self.is_in_time


# What is done with each request that is answered, before its answer is sent.
Observer = Callable[[RequestContext], None]


def init_request_context(app: Flask, *observers: Observer) -> None:
    """Open a context for each request, and show it to observers when it is answered.

    They do not see an answer that is late: another was sent in its place.
    """

    def open_context() -> None:
        environ = request.environ
        context: RequestContext | None = environ.get(CONTEXT)
        started = time.monotonic()
        if context is None:
            context = environ[CONTEXT] = RequestContext(started)
        context.started = started
        context.request_id = choose_request_id(environ)
        refusal = context.refusal
        # What is too large is refused after access.auth: a key is asked for first.
        if refusal is not None and not isinstance(refusal, RequestEntityTooLarge):
            raise refusal

    def close_context(response: Response) -> Response:
        context: RequestContext = request.environ[CONTEXT]
        if context.close():
            rule = request.url_rule
            context.route = rule.rule if rule else None
            context.response, context.status = response, response.status_code
            context.seconds = time.monotonic() - context.arrived
            for observe in observers:
                observe(context)
        return response

    app.before_request(open_context)
    app.after_request(close_context)


def current_context() -> RequestContext:
    """Return the context of the request that this thread answers."""
    context: RequestContext = request.environ[CONTEXT]
    return context


def choose_request_id(environ: Mapping[str, Any]) -> str:
    """Return the caller's id where it is well formed, else 128 random bits.

    They tell one request from another, and are no secret: the kernel's own random bits
    cost a system call. A fork begins a sequence of its own.
    """
    wanted: str = environ.get("HTTP_X_REQUEST_ID", "")
    if wanted and REQUEST_ID.fullmatch(wanted):
        return wanted
    return f"{random.getrandbits(128):032x}"


def describe_fault(fault: BaseException) -> str:
    """Return a traceback without its messages, which may hold feature values.

    Our own exceptions never do, so their messages are kept.
    """
    frames = "".join(traceback.format_tb(fault.__traceback__))
    message = f": {fault}" if isinstance(fault, ModelError) else ""
    return (
        f"Traceback (most recent call last):\n{frames}{type(fault).__name__}{message}"
    )
