"""The one place where the parts are wired, in the order a request meets them."""

import logging.config
import os
from collections.abc import Iterator
from pathlib import Path

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service.model.contract.codec import Codec
from service.model.contract.request_limits import RequestLimits
from service.model.drift.windows import DriftMonitor
from service.model.errors import ArtefactError
from service.model.prediction.predictor import Predictor
from service.setting_values import parse_limits
from service.settings import Settings, SettingsError
from service.startup import load_model, start_networks
from service.web.access.auth import check_scopes, init_auth, list_paths
from service.web.access.key_file import KeysFileError
from service.web.access.keyring import Keyring
from service.web.access.limits import Limits, open_storage
from service.web.access.local_key import ensure_local_key
from service.web.access.platforms import find_platform
from service.web.dialects.invocations import build_invocations
from service.web.dialects.kserve import build_kserve
from service.web.dialects.open_inference_routes import build_open_inference
from service.web.dialects.vertex import VertexRoutes, build_vertex
from service.web.errors import init_errors
from service.web.flask_app import Service
from service.web.headers import init_headers
from service.web.lifecycle import Lifecycle
from service.web.monitoring.json_lines import build_log_config
from service.web.monitoring.prediction_log import build_prediction_log
from service.web.monitoring.request_log import build_request_log
from service.web.monitoring.request_metrics import Metrics
from service.web.monitoring.worker_gauges import WorkerGauges
from service.web.monitoring.worker_slots import open_counts
from service.web.prediction_view import PredictionView
from service.web.readiness import Readiness
from service.web.request import Observer, init_request_context
from service.web.routes.capabilities import build_capabilities
from service.web.routes.drift import DriftGauges, build_drift
from service.web.routes.health import build_health
from service.web.routes.metrics import build_metrics
from service.web.routes.openapi import build_openapi, reading_assets
from service.web.routes.page import build_page_files, render_model
from service.web.routes.predict import build_predict
from service.web.routes.root import build_root
from service.web.routes.shadow import build_shadow
from service.web.runtime_folder import open_folder
from service.web.shadow.shadowing import Shadowing, build_shadowing


def create_app(settings: Settings | None = None) -> Flask:
    """Build the service, ready to answer.

    What must not be served, a bad setting, key file or artefact, raises SystemExit
    with one sentence: a process server is not to try again.
    """
    try:
        return _wire(settings or Settings.from_environment())
    except (SettingsError, KeysFileError, ArtefactError) as refusal:
        raise SystemExit(f"The service does not start: {refusal}") from refusal


def _wire(settings: Settings) -> Flask:
    logging.config.dictConfig(build_log_config(settings.log_level))
    platform = find_platform(settings, os.environ)
    keys_file = settings.api_keys_file or ensure_local_key()
    keyring = _open_keys(settings, keys_file)
    with reading_assets():
        device = start_networks(settings)
        predictor = load_model(settings, device)
    codec = Codec(predictor.manifest.contract, read_limits(settings))
    readiness = Readiness(predictor)
    drift = _monitor_drift(settings, predictor)
    metrics = Metrics(predictor, drift)
    shadowing = build_shadowing(settings, predictor.manifest)

    app = Service(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    init_request_context(app, *_observe(settings, predictor, metrics, shadowing))
    limits = Limits(
        open_storage(settings.rate_limit_storage, keys_file),
        parse_limits(settings.rate_limit_failures),
    )
    init_auth(app, keyring, limits, platform)
    init_errors(app)
    init_headers(app, predictor.manifest.version)
    view = PredictionView(predictor, codec, readiness, limits, settings.max_body_bytes)
    _register_routes(app, settings, view, drift, shadowing)
    check_scopes(app)
    metrics.begin_routes(list_paths(app, "POST", is_public=False))
    _trust_proxies(app, settings.trusted_proxies)
    worker_gauges = WorkerGauges(metrics.instruments, readiness, keyring, limits)
    app.extensions["lifecycle"] = Lifecycle(
        readiness,
        keyring,
        metrics,
        worker_gauges,
        drift,
        shadowing,
        device.client if device else None,
    )
    app.extensions["predictor"], app.extensions["device"] = predictor, device
    return app


def _register_routes(
    app: Flask,
    settings: Settings,
    view: PredictionView,
    drift: DriftMonitor | None,
    shadowing: Shadowing | None,
) -> None:
    """Register all routes; those that Vertex AI names come last, and hide no other."""
    predictor = view.predictor
    gauges = [DriftGauges(drift)] if drift else []
    vertex = VertexRoutes(settings.vertex_health_route, settings.vertex_predict_route)
    for blueprint in (
        build_predict(view),
        build_open_inference(view),
        build_kserve(view),
        build_invocations(view, settings.invocations_accept),
        build_root(render_model(predictor)),
        build_page_files(),
        build_health(view.readiness),
        build_drift(drift),
        build_shadow(shadowing),
        build_metrics(*gauges),
        build_openapi(predictor, view.codec, vertex),
        build_capabilities(),
    ):
        app.register_blueprint(blueprint)
    taken = {rule.rule for rule in app.url_map.iter_rules()}
    public_gets = list_paths(app, "GET", is_public=True)
    app.register_blueprint(build_vertex(view, vertex, taken, public_gets))


def _observe(
    settings: Settings,
    predictor: Predictor,
    metrics: Metrics,
    shadowing: Shadowing | None,
) -> Iterator[Observer]:
    """Yield what sees each request that is answered."""
    manifest = predictor.manifest
    yield metrics.count_request
    yield build_request_log(manifest)
    log = build_prediction_log(settings, manifest, metrics.instruments.lines_dropped)
    if log is not None:
        yield log.offer
    if shadowing is not None:
        yield shadowing.sender.offer


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=0, x_host=0)  # type: ignore[method-assign]


def _open_keys(settings: Settings, path: Path) -> Keyring:
    requests, instances = settings.rate_limit_requests, settings.rate_limit_instances
    return Keyring(
        path,
        requests,
        instances,
        latest=open_folder() / "keys.json",
        platform=settings.trusted_platform,
    )


def _monitor_drift(settings: Settings, predictor: Predictor) -> DriftMonitor | None:
    if predictor.histograms is None:
        return None
    counts = open_counts()
    return DriftMonitor(
        predictor.histograms,
        predictor.digest,
        counts.folder,
        counts.slot,
        seconds=settings.drift_window_seconds,
        minimum_count=settings.drift_min_count,
    )


def read_limits(settings: Settings) -> RequestLimits:
    """Return what one request may hold."""
    return RequestLimits(
        max_instances=settings.max_instances,
        max_string_length=settings.max_string_length,
        max_fields=settings.max_fields,
        max_elements=settings.max_elements,
    )
