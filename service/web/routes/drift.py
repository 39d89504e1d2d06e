"""How far requests lie from training: GET /v1/drift, and the same as gauges."""

from collections.abc import Iterable
from typing import Any

import msgspec
import orjson
from flask import Blueprint
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from werkzeug.exceptions import NotFound

from service.model.drift.figures import Drift
from service.model.drift.histograms import NO_HISTOGRAMS
from service.model.drift.windows import DriftMonitor, Window
from service.web.access.auth import requires
from service.web.flask_app import Answer

GAUGES = {
    "psi": "Population stability index.",
    "js_distance": "Jensen-Shannon distance, from 0 to 1.",
    "p_value": "Of a Kolmogorov-Smirnov or chi-square test on the bins.",
    "null_rate": "Share of nulls.",
    "unseen_rate": "Share of what training did not have.",
}


def build_drift(monitor: DriftMonitor | None) -> Blueprint:
    """Build the route."""
    blueprint = Blueprint("drift", __name__, url_prefix="/v1")
    training = monitor and msgspec.to_builtins(monitor.histograms)

    @blueprint.get("/drift")
    @requires("metrics")
    def drift() -> Answer:
        if monitor is None:
            raise NotFound(NO_HISTOGRAMS)
        current, previous = monitor.measure()
        body = {
            "window_seconds": monitor.seconds,
            "minimum_count": monitor.minimum_count,
            "current": _describe(current),
            "previous": _describe(previous),
            "training": training,
        }
        return Answer(orjson.dumps(body), content_type="application/json")

    return blueprint


def _describe(window: Window) -> dict[str, Any]:
    drift = window.drift
    return {
        "begins": window.begins,
        "ends": window.ends,
        "count": drift.count,
        "verdict": drift.verdict,
        "features": drift.features,
        "scores": drift.scores,
        "cells": window.cells,
    }


class DriftGauges(Collector):
    """The drift of the latest window that has instances enough for figures."""

    def __init__(self, monitor: DriftMonitor) -> None:
        self._monitor = monitor

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Measure it."""
        drift = self._monitor.measure_latest()
        counted = GaugeMetricFamily(
            "model_drift_instances", "Instances that the figures of drift are of."
        )
        counted.add_metric([], drift.count)
        yield counted
        for name, documentation in GAUGES.items():
            yield _build_gauge(name, documentation, drift)


def _build_gauge(name: str, documentation: str, drift: Drift) -> GaugeMetricFamily:
    labels = ("of", "feature")
    gauge = GaugeMetricFamily(f"model_drift_{name}", documentation, labels=labels)
    for of, figures in (("feature", drift.features), ("score", drift.scores)):
        for figure in figures:
            value = getattr(figure, name)
            if value is not None:
                gauge.add_metric((of, figure.name), value)
    return gauge
