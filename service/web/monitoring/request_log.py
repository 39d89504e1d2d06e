"""One JSON line a request, with its id; and one at the start, of what answers."""

import logging
import random
import re
import time
import traceback
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, get_args

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.model.artefact.manifest import Manifest
from service.model.errors import ModelError
from service.model.prediction.engine import Engine
from service.web.monitoring.json_lines import LineHandler
from service.web.monitoring.metrics import Metrics
from service.web.monitoring.prediction_log import PredictionLog
from service.web.request import (
    ARRIVED,
    CLAIM,
    PLACE,
    REFUSAL,
    RequestContext,
    Stage,
)

logger = logging.getLogger("service")

REQUEST = "request"
ENGINE = "engine"

STAGE_FIELDS = {stage: f"{stage}_ms" for stage in get_args(Stage)}

# Whoever sends a key as an id by mistake does not find it in a log, or in an answer, in
# whatever case it arrives.
REQUEST_ID = re.compile(r"(?!.*(?i:msk_))[A-Za-z0-9._-]{1,128}")

# https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def init_logs(
    app: Flask,
    manifest: Manifest,
    metrics: Metrics,
    prediction_log: PredictionLog | None,
) -> None:
    """Give each request its id and its clock, and count and log its answer.

    One that is late has been answered by the worker's loop, and is none any more.
    """
    [handler] = [each for each in logging.root.handlers if type(each) is LineHandler]

    def open_request() -> None:
        environ = request.environ
        wanted = environ.get("HTTP_X_REQUEST_ID", "")
        is_usable = wanted and REQUEST_ID.fullmatch(wanted)
        request_id = wanted if is_usable else make_request_id()
        started = time.monotonic()
        arrived = environ.get(ARRIVED, started)
        environ[PLACE] = RequestContext(request_id, arrived, started)
        refusal = environ.get(REFUSAL)
        # What is too large is refused after access.auth: a key is asked for first.
        if refusal is not None and not isinstance(refusal, RequestEntityTooLarge):
            raise refusal

    def close_request(response: Response) -> Response:
        environ, rule = request.environ, request.url_rule
        call: RequestContext = environ[PLACE]
        claim = environ.get(CLAIM)
        if claim is None or claim():
            call.route, call.status = rule.rule if rule else None, response.status_code
            call.seconds = time.monotonic() - call.arrived
            metrics.count_request(call)
            _log_request(handler, environ, call, manifest)
            if prediction_log is not None:
                prediction_log.offer(call, response)
        return response

    app.before_request(open_request)
    app.after_request(close_request)


def log_engine(engine: Engine) -> None:
    """Say what answers: a warning where a plan was wanted and could not be used."""
    is_fallback = engine.name != "plan"
    level = logging.WARNING if is_fallback else logging.INFO
    logger.log(
        level, ENGINE, extra={f"engine_{k}": v for k, v in asdict(engine).items()}
    )


def make_request_id() -> str:
    """Return 128 bits that tell one request from another, and are no secret.

    The kernel's own random bits cost a call of it; a fork begins a sequence of its own.
    """
    return f"{random.getrandbits(128):032x}"


def _log_request(
    handler: LineHandler,
    environ: dict[str, Any],
    call: RequestContext,
    manifest: Manifest,
) -> None:
    # Health checks come every second from every balancer: they are for debugging only.
    is_routine = call.status < 400 and environ["PATH_INFO"].startswith("/health")
    level = (
        logging.ERROR if call.fault else logging.DEBUG if is_routine else logging.INFO
    )
    if not logger.isEnabledFor(level):
        return
    fields: dict[str, Any] = {
        "time": datetime.now(UTC),
        "level": logging.getLevelName(level),
        "event": REQUEST,
        "request_id": call.request_id,
        "method": environ["REQUEST_METHOD"],
        "route": call.route,
        "status": call.status,
        "duration_ms": to_ms(call.seconds),
        "client": call.client.name if call.client else None,
        "instances": call.instances.count if call.instances else None,
        "model": manifest.name,
        "version": manifest.version,
    }
    for stage, seconds in call.stages.items():
        fields[STAGE_FIELDS[stage]] = to_ms(seconds)
    trace = environ.get("HTTP_TRACEPARENT")
    if trace and (ids := TRACEPARENT.fullmatch(trace)):
        fields["trace_id"], fields["span_id"] = ids.groups()
    if call.fault:
        fields["fault"] = describe_fault(call.fault)
    handler.write_line(orjson.dumps(fields))


def to_ms(seconds: float) -> float:
    """Return milliseconds, to the microsecond: sooner than by round(x, 3)."""
    return round(1e6 * seconds) / 1000


def describe_fault(fault: BaseException) -> str:
    """Return a traceback without its messages, which may hold feature values.

    Our own exceptions never do, so what they say is kept.
    """
    frames = "".join(traceback.format_tb(fault.__traceback__))
    said = f": {fault}" if isinstance(fault, ModelError) else ""
    return f"Traceback (most recent call last):\n{frames}{type(fault).__name__}{said}"
