"""One JSON line a request, with its id; and one at the start, of what answers."""

import logging
import re
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, get_args

import orjson
from flask import request

from service.model.artefact.manifest import Manifest
from service.model.prediction.engine import SCIKIT_LEARN, Engine
from service.web.monitoring.json_lines import LineHandler
from service.web.request import Observer, RequestContext, Stage, describe_fault

# What platforms ask every few seconds, beside /health.
CHECKS = frozenset(["/ping", "/v2/health/live", "/v2/health/ready"])

logger = logging.getLogger("service")

REQUEST = "request"
ENGINE = "engine"

STAGE_FIELDS = {stage: f"{stage}_ms" for stage in get_args(Stage)}

# https://www.w3.org/TR/trace-context/#traceparent-header
TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def log_engine(engine: Engine) -> None:
    """Log what answers: a warning where a plan was wanted and could not be used."""
    is_fallback = engine.name == SCIKIT_LEARN
    level = logging.WARNING if is_fallback else logging.INFO
    logger.log(
        level, ENGINE, extra={f"engine_{k}": v for k, v in asdict(engine).items()}
    )


def build_request_log(manifest: Manifest) -> Observer:
    """Return what logs each request of a model."""
    [handler] = [each for each in logging.root.handlers if type(each) is LineHandler]

    def log_request(context: RequestContext) -> None:
        environ = request.environ
        level = _find_level(context, environ["PATH_INFO"])
        if not logger.isEnabledFor(level):
            return
        fields: dict[str, Any] = {
            "time": datetime.now(UTC),
            "level": logging.getLevelName(level),
            "event": REQUEST,
            "request_id": context.request_id,
            "method": environ["REQUEST_METHOD"],
            "route": context.route,
            "status": context.status,
            "duration_ms": to_ms(context.seconds),
            "client": context.client.name if context.client else None,
            "instances": context.instances.count if context.instances else None,
            "model": manifest.name,
            "version": manifest.version,
        }
        if context.dialect:
            fields["dialect"] = context.dialect
        for stage, seconds in context.stages.items():
            fields[STAGE_FIELDS[stage]] = to_ms(seconds)
        trace = environ.get("HTTP_TRACEPARENT")
        if trace and (ids := TRACEPARENT.fullmatch(trace)):
            fields["trace_id"], fields["span_id"] = ids.groups()
        if context.fault:
            fields["fault"] = describe_fault(context.fault)
        handler.write_line(orjson.dumps(fields))

    return log_request


def _find_level(context: RequestContext, path: str) -> int:
    if context.fault:
        return logging.ERROR
    # Health checks come every second from every balancer: they are for debugging only.
    is_check = path in CHECKS or path.startswith("/health")
    is_routine = context.status < 400 and is_check
    return logging.DEBUG if is_routine else logging.INFO


def to_ms(seconds: float) -> float:
    """Return milliseconds, to the microsecond: faster than round(x, 3)."""
    return round(1e6 * seconds) / 1000
