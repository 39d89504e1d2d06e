"""How far what comes in lies from training: GET /v1/drift, and the same as gauges."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from flask import Blueprint
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from werkzeug.exceptions import NotFound

from service.model.drift.figures import DriftFigure
from service.model.drift.histograms import NO_HISTOGRAMS
from service.model.drift.windows import Counting, Window
from service.web.access.auth import requires
from service.web.flask_app import Answer

GAUGES = {
    "psi": "Population stability index.",
    "js_distance": "Jensen-Shannon distance, from 0 to 1.",
    "p_value": "Of a Kolmogorov-Smirnov or chi-square test on the bins.",
    "null_rate": "Share of nulls.",
    "unseen_rate": "Share of what training did not have.",
}


def build_drift(counting: Counting | None) -> Blueprint:
    """Build the route."""
    blueprint = Blueprint("drift", __name__, url_prefix="/v1")

    @blueprint.get("/drift")
    @requires("metrics")
    def drift() -> Answer:
        if counting is None:
            raise NotFound(NO_HISTOGRAMS)
        windows = counting.measure()
        body = {
            "window_seconds": counting.seconds,
            "minimum_count": counting.minimum_count,
            "current": _describe(windows.current),
            "previous": _describe(windows.previous),
        }
        return Answer(orjson.dumps(body), content_type="application/json")

    return blueprint


def _describe(window: Window) -> dict[str, Any]:
    """Return what is said of a window, and first of which one."""
    return {"begins": window.begins, "ends": window.ends} | vars(window)


class DriftGauges(Collector):
    """The drift of the latest window that has enough instances to tell."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Measure it."""
        window = self._counting.measure().telling
        counted = GaugeMetricFamily(
            "model_drift_instances", "Instances that the figures of drift are of."
        )
        counted.add_metric([], window.count)
        yield counted
        for name, said in GAUGES.items():
            yield _build_gauge(name, said, window)


def _build_gauge(name: str, said: str, window: Window) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(f"model_drift_{name}", said, labels=("of", "feature"))
    for of, figure in _iterate_figures(window):
        value = getattr(figure, name)
        if value is not None:
            gauge.add_metric((of, figure.name), value)
    return gauge


def _iterate_figures(window: Window) -> Iterator[tuple[str, DriftFigure]]:
    yield from (("feature", figure) for figure in window.features)
    yield from (("score", figure) for figure in window.scores)
