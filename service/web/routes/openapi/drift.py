"""The schemas of what GET /v1/drift answers."""

from typing import get_args

from service.model.drift.figures import VERDICTS
from service.model.drift.histograms import HistogramKind
from service.web.routes.openapi.schemas import (
    COUNT,
    MOMENT,
    NUMBER,
    SHARE,
    TEXT,
    build_object,
    list_of,
    refer_to,
)

VERDICT = {"type": "string", "enum": list(VERDICTS)}

DRIFT_FIGURE = build_object(
    {
        "name": TEXT,
        "psi": {"description": "Population stability index", **NUMBER},
        "js_distance": {"description": "Jensen-Shannon distance", **NUMBER},
        "test": {"type": "string", "enum": ["chi-square", "kolmogorov-smirnov"]},
        "p_value": {"type": ["number", "null"]},
        "null_rate": SHARE,
        "unseen_rate": SHARE,
        "verdict": VERDICT,
    }
)

COUNTS = {"type": "array", "items": COUNT}

HISTOGRAM = build_object(
    {
        "name": TEXT,
        "kind": {"type": "string", "enum": list(get_args(HistogramKind))},
        "counts": {"description": "Of each bin, nulls apart", **COUNTS},
        "nulls": COUNT,
        "edges": {"type": "array", "items": NUMBER},
        "categories": {"type": "array"},
    },
    *("nulls", "edges", "categories"),
)

HISTOGRAMS = build_object(
    {
        "count": COUNT,
        "features": list_of("Histogram"),
        "scores": list_of("Histogram"),
    }
)

DRIFT_WINDOW = build_object(
    {
        "begins": MOMENT,
        "ends": MOMENT,
        "count": {"type": "integer"},
        "verdict": VERDICT,
        "features": list_of("DriftFigure"),
        "scores": list_of("DriftFigure"),
        "cells": {
            "description": (
                "The counts by histogram, the features' first: below or unseen, each"
                " bin, above, null"
            ),
            "type": "array",
            "items": COUNTS,
        },
    }
)

DRIFT = build_object(
    {
        "window_seconds": {"type": "integer"},
        "minimum_count": {"type": "integer"},
        "current": refer_to("DriftWindow"),
        "previous": refer_to("DriftWindow"),
        "training": refer_to("Histograms"),
    }
)

DRIFT_SCHEMAS = {
    "Drift": DRIFT,
    "DriftWindow": DRIFT_WINDOW,
    "DriftFigure": DRIFT_FIGURE,
    "Histograms": HISTOGRAMS,
    "Histogram": HISTOGRAM,
}
