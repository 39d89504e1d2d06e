"""What is counted of each request, and GET /metrics."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Package
from faults import copy_credit, forget_histograms
from flask import Flask
from flask.testing import FlaskClient
from pipelines import CREDIT
from scrape import Scrape

from service.app import create_app
from service.settings import Settings
from service.web.access.key_file import create_key
from service.web.errors import REASONS

TYPICAL = json.loads((CREDIT / "golden.json").read_text())["records"][0]["instance"]

Scraping = Callable[[], Scrape]


@pytest.fixture
def scrape(app: Flask, keys: dict[str, str]) -> Scraping:
    """Return what /metrics says; other tests have counted before."""

    def get() -> Scrape:
        headers = {"X-API-Key": keys["metrics"]}
        return Scrape(app.test_client().get("/metrics", headers=headers).text)

    return get


def ask(client: FlaskClient, *instances: dict[str, Any]) -> int:
    return client.post("/v1/predict", json={"instances": instances}).status_code


def test_only_a_key_with_the_scope_may_scrape(
    app: Flask, client: FlaskClient, keys: dict[str, str]
) -> None:
    assert app.test_client().get("/metrics").status_code == 401
    assert client.get("/metrics").status_code == 403
    bearer = {"Authorization": f"Bearer {keys['metrics']}"}
    assert app.test_client().get("/metrics", headers=bearer).status_code == 200


def test_the_formats_are_those_that_prometheus_asks_for(
    app: Flask, keys: dict[str, str]
) -> None:
    headers = {
        "X-API-Key": keys["metrics"],
        "Accept": "application/openmetrics-text;version=1.0.0",
    }
    answer = app.test_client().get("/metrics", headers=headers)
    assert answer.content_type.startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


def test_promtool_finds_nothing_to_mend(client: FlaskClient, scrape: Scraping) -> None:
    if not shutil.which("promtool"):
        pytest.skip("promtool is not installed")
    ask(client, TYPICAL, {**TYPICAL, "Home": "castle", "Age": 1000, "Income": None})
    ask(client, {})
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=scrape().text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_prediction_is_counted_in_all_its_parts(
    client: FlaskClient, scrape: Scraping
) -> None:
    before = scrape()
    for count in (1, 30):
        assert ask(client, *[TYPICAL] * count) == 200
    after = scrape()

    def grown(name: str, **labels: Any) -> float:
        return after.read(name, **labels) - before.read(name, **labels)

    durations = "http_request_duration_seconds"
    assert grown(f"{durations}_count", route="/v1/predict", status=200) == 2
    assert grown(f"{durations}_sum", route="/v1/predict", status=200) > 0
    for stage in ("queue", "validate", "predict", "encode"):
        assert grown("model_stage_duration_seconds_count", stage=stage) == 2
        assert grown("model_stage_duration_seconds_sum", stage=stage) >= 0
    assert grown("model_request_instances_sum", dialect="v1") == 31
    assert grown("model_request_instances_bucket", dialect="v1", le="1.0") == 1
    assert grown("model_request_instances_bucket", dialect="v1", le="50.0") == 2
    assert grown("model_predictions_total", label="good") == 31
    # The typical applicant is good with a probability of 0.82.
    assert grown("model_score_count", output="good") == 31
    assert grown("model_score_bucket", output="good", le="0.8") == 0
    assert grown("model_score_bucket", output="good", le="0.85") == 31


@pytest.mark.parametrize("rows", [1, 50])
def test_what_is_new_about_values_is_counted_by_feature(
    rows: int, client: FlaskClient, scrape: Scraping
) -> None:
    strange = {**TYPICAL, "Home": "castle", "Income": None, "Age": 120, "Price": 10**6}
    before = scrape()
    assert ask(client, *[strange] * rows) == 200
    after = scrape()
    grown = {
        (name, dict(labels)["feature"]): value - before.samples.get((name, labels), 0)
        for (name, labels), value in after.samples.items()
        if name.startswith("model_feature_")
        and value > before.samples.get((name, labels), 0)
    }
    assert grown == {
        ("model_feature_nulls_total", "Income"): rows,
        ("model_feature_unseen_total", "Home"): rows,
        ("model_feature_out_of_range_total", "Age"): rows,
        ("model_feature_out_of_range_total", "Price"): rows,
    }


@pytest.mark.parametrize("rows", [1, 50])
def test_nulls_are_counted_of_a_version_without_histograms(
    rows: int, tmp_path: Path, keys: dict[str, str], scrape: Scraping
) -> None:
    folder = copy_credit(tmp_path)
    forget_histograms(folder)
    app = create_app(Settings(artefact=folder, api_keys_file=Path(keys["file"])))
    name, labels = "model_feature_nulls_total", {"feature": "Income"}
    before = scrape().read(name, **labels)
    app.test_client().post(
        "/v1/predict",
        json={"instances": [{**TYPICAL, "Income": None}] * rows},
        headers={"X-API-Key": keys["predict"]},
    )
    assert scrape().read(name, **labels) - before == rows


def test_the_violations_that_are_named_are_counted_by_field_and_kind(
    client: FlaskClient, scrape: Scraping
) -> None:
    bad = {
        **TYPICAL,
        "Age": "old",
        "Time": 1.5,
        "Records": 7,
        "secret": 1,
        "other secret": 2,
    }
    del bad["Home"]
    before = scrape()
    assert ask(client, *[bad] * 60) == 422  # 360 places, of which 100 are named
    assert client.post("/v1/predict", json={"rows": []}).status_code == 422
    after = scrape()

    def grown(field: str, kind: str) -> float:
        name, labels = "model_contract_violations_total", {"field": field, "kind": kind}
        return after.read(name, **labels) - before.read(name, **labels)

    # In the order of the contract, unknown fields last: 16 rows, and four places.
    assert grown("Home", "missing") == 17
    assert grown("Time", "type") == 17
    assert grown("Age", "type") == 17
    assert grown("Records", "type") == 17
    assert grown("(unknown)", "unknown") == 32
    assert grown("(body)", "missing") == 1
    assert grown("(body)", "unknown") == 1
    assert "secret" not in after.text


REJECTED: dict[str, Callable[[FlaskClient], Any]] = {
    "malformed_json": lambda c: c.post(
        "/v1/predict", data="{", content_type="application/json"
    ),
    "malformed_csv": lambda c: c.post("/v1/predict", data="a", content_type="text/csv"),
    "not_acceptable": lambda c: c.post(
        "/v1/predict", json={"instances": [TYPICAL]}, headers={"Accept": "text/html"}
    ),
    "too_many_instances": lambda c: ask(c, *[TYPICAL] * 10_001),
    "contract": lambda c: ask(c, {}),
    "no_scope": lambda c: c.get("/metrics"),
    "no_route": lambda c: c.get("/nothing"),
    "no_method": lambda c: c.get("/v1/predict"),
    "too_large": lambda c: c.post(
        "/v1/predict", data=b" " * (8 * 2**20 + 1), content_type="application/json"
    ),
    "media_type": lambda c: c.post("/v1/predict", data="{}"),
    "no_key": lambda c: c.get("/v1/model", headers={"Authorization": ""}),
    "unknown_key": lambda c: c.get("/v1/model", headers={"Authorization": "Bearer x"}),
}


@pytest.mark.parametrize("reason", REJECTED)
def test_what_is_refused_is_counted_by_its_reason(
    reason: str, client: FlaskClient, scrape: Scraping
) -> None:
    before = scrape()
    REJECTED[reason](client)
    after = scrape()
    for each in REASONS:
        grown = after.read("http_requests_rejected_total", reason=each) - before.read(
            "http_requests_rejected_total", reason=each
        )
        assert grown == (each == reason), each


def test_a_limit_that_is_reached_is_counted_by_its_name(
    tmp_path: Path, scrape: Scraping
) -> None:
    before = scrape()
    keys = tmp_path / "keys.json"
    key = create_key(keys, "greedy", ("predict",))
    settings = Settings(
        artefact=CREDIT,
        api_keys_file=keys,
        rate_limit_requests="2/minute",
        rate_limit_failures="1/minute",
    )
    client = create_app(settings).test_client()
    for _ in range(3):
        client.get("/v1/model", headers={"X-API-Key": key})
    for _ in range(2):
        client.get("/v1/model")
    after = scrape()
    for reason in ("limit_requests", "limit_failures", "no_key"):
        name = "http_requests_rejected_total"
        assert after.read(name, reason=reason) - before.read(name, reason=reason) == 1


def test_paths_that_match_no_route_are_one_series(
    client: FlaskClient, scrape: Scraping
) -> None:
    before = find_routes(scrape())
    for path in ("/a", "/b", "/v1/predict/../c"):
        client.get(path)
    after = find_routes(scrape())
    assert after - before <= {"unmatched", *{rule.rule for rule in rules(client)}}


def test_an_error_of_any_route_of_predictions_is_seen_at_once(
    client: FlaskClient, scrape: Scraping
) -> None:
    """The series of errors are there before the first, at 0."""
    routes = {each.rule for each in rules(client) if "POST" in (each.methods or ())}
    assert len(routes) == 5
    wanted = {
        ("http_request_duration_seconds_count", (("route", route), ("status", status)))
        for route in routes
        for status in ("200", "500", "503", "504")
    }
    assert wanted <= scrape().samples.keys()


def find_routes(scraped: Scrape) -> set[str | None]:
    return {dict(labels).get("route") for _, labels in scraped.samples}


def rules(client: FlaskClient) -> list[Any]:
    return list(client.application.url_map.iter_rules())


def test_the_model_is_named(scrape: Scraping, app: Flask) -> None:
    predictor = app.extensions["predictor"]
    labels = {
        "name": "credit-risk",
        "version": "1.0.0",
        "engine": "plan",
        "digest": predictor.digest,
    }
    assert scrape().read("model_info", **labels) == 1


def test_batches_are_counted_where_requests_wait_for_the_model(
    packaged: Package, keys: dict[str, str]
) -> None:
    app = create_app(
        Settings(
            artefact=packaged("diabetes"),
            api_keys_file=Path(keys["file"]),
            plan="off",
        )
    )
    predictor = app.extensions["predictor"]
    assert predictor.engine.is_batching
    asked = {"instances": [predictor.golden.records[0].instance] * 3}
    counts = []
    for _ in range(2):
        text = app.test_client().get("/metrics", headers={"X-API-Key": keys["metrics"]})
        counts.append(Scrape(text.text).read("model_batch_instances_sum"))
        answer = app.test_client().post(
            "/v1/predict", json=asked, headers={"X-API-Key": keys["predict"]}
        )
        assert answer.status_code == 200
    assert counts[1] - counts[0] == 3
