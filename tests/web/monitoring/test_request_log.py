"""One JSON line a request, that nobody can forge and that holds no secret."""

import pytest
from flask.testing import FlaskClient
from service_log import Log
from traffic import TYPICAL

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_request_is_one_line_with_its_fields(client: FlaskClient, log: Log) -> None:
    client.get("/v1/model", headers={"X-Request-ID": "r-1", "traceparent": TRACE})
    [line] = log.lines
    assert line.pop("duration_ms") >= 0
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "event": "request",
        "request_id": "r-1",
        "method": "GET",
        "route": "/v1/model",
        "status": 200,
        "client": "scoring",
        "instances": None,
        "model": "credit-risk",
        "version": "1.0.0",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
    }


def test_a_prediction_says_what_its_time_went_to(client: FlaskClient, log: Log) -> None:
    client.post("/v1/predict", json={"instances": [TYPICAL["instance"]] * 3})
    [line] = log.lines
    assert line["instances"] == 3
    stages = [
        line[f"{stage}_ms"] for stage in ("queue", "validate", "predict", "encode")
    ]
    assert all(milliseconds >= 0 for milliseconds in stages)
    assert sum(stages) <= line["duration_ms"] + 0.01


def test_health_checks_are_quiet(client: FlaskClient, log: Log) -> None:
    client.get("/health/ready")
    assert log.lines == []


@pytest.mark.parametrize(
    "header",
    ["X-Request-ID", "traceparent", "Authorization", "X-API-Key", "User-Agent"],
)
@pytest.mark.parametrize(
    "value", ['"}{"event":"forged"}', "\x1b[2J", "msk_1_secret", "r-1.MSK_1_Secret"]
)
def test_no_header_forges_a_line_or_leaves_a_secret(
    client: FlaskClient, log: Log, header: str, value: str
) -> None:
    client.get("/v1/model", headers={header: value})
    [line] = log.lines
    assert line["event"] == "request"
    assert value not in log.text


def test_no_feature_value_is_logged(client: FlaskClient, log: Log) -> None:
    client.post("/v1/predict", json={"instances": [{"Age": "plate", "x": "plate 4"}]})
    assert "plate" not in log.text
