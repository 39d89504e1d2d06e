"""Metrics are read over real HTTP, and what is none is said in one sentence."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from service.update.counts import read_counts
from service.update.sources import (
    READY,
    SourceError,
    UnreachableError,
    read_prometheus,
    read_replica,
)

Answering = Callable[[int, bytes], str]


@pytest.fixture
def answer() -> Iterator[Answering]:
    """Serve one answer to every request; returns the address."""
    servers: list[ThreadingHTTPServer] = []

    def serve(status: int, content: bytes) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.send_header("X-Asked", self.path)
                self.end_headers()
                asked.append(self.path)
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    asked.clear()
    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


asked: list[str] = []

METRICS = b"""\
model_info{name="credit",version="1.0.0"} 1.0
service_workers_ready 2.0
http_request_duration_seconds_count{route="/v1/predict",status="200"} 90.0
http_request_duration_seconds_count{route="/v1/predict",status="500"} 3.0
http_request_duration_seconds_count{route="/v1/predict",status="422"} 7.0
http_request_duration_seconds_bucket{le="0.005",route="/v1/predict",status="200"} 60.0
http_request_duration_seconds_bucket{le="+Inf",route="/v1/predict",status="200"} 90.0
http_request_duration_seconds_bucket{le="+Inf",route="/v1/predict",status="500"} 3.0
http_request_duration_seconds_count{route="/metrics",status="200"} 1000.0
model_predictions_total{label="good"} 80.0
model_predictions_total{label="bad"} 10.0
model_score_bucket{le="0.5",output="good"} 10.0
model_score_bucket{le="+Inf",output="good"} 90.0
"""


def test_a_replicas_counts_are_read(answer: Answering) -> None:
    reading = read_replica(answer(200, METRICS))
    assert reading.list_models() == {("credit", "1.0.0")}
    assert reading.sum_gauge(READY) == 2
    counts = read_counts(reading.counters)
    assert (counts.requests, counts.errors, counts.refused) == (100, 3, 7)
    assert counts.durations == {0.005: 60, float("inf"): 30}
    assert counts.labels == {"good": 80, "bad": 10}
    assert counts.scores == {"good": {0.5: 10, float("inf"): 80}}
    assert asked == ["/metrics"]


def test_what_the_service_says_is_read(
    app: Flask, keys: dict[str, str], answer: Answering
) -> None:
    said = app.test_client().get("/metrics", headers={"X-API-Key": keys["metrics"]})
    # Each application of the test's process leaves its model in the one registry.
    assert ("credit-risk", "1.0.0") in read_replica(
        answer(200, said.data)
    ).list_models()


def test_a_prometheus_is_asked_by_a_selector(answer: Answering) -> None:
    series = [
        {"__name__": "model_info", "name": "credit", "version": "1.0.0"},
        {
            "__name__": "http_request_duration_seconds_count",
            "route": "/v1/predict",
            "status": "200",
            "instance": "a:8000",
        },
    ]
    result = [{"metric": labels, "value": [1.5, "90"]} for labels in series]
    body = json.dumps({"status": "success", "data": {"result": result}}).encode()
    reading = read_prometheus(answer(200, body), '{version="1.0.0"}')
    assert read_counts(reading.counters).requests == 90
    [query] = parse_qs(urlsplit(asked[0]).query)["query"]
    assert query.endswith('",version="1.0.0"}')


@pytest.mark.parametrize(
    ("status", "content", "sentence"),
    [
        (401, b"", "answers 401: the key needs the scope metrics"),
        (404, b"", "answers 404"),
        (500, b"", "answers 500"),
        (200, b"<html><body>Welcome</body></html>", "answers no metrics"),
        (200, b"", "has no metrics of a model: model_info is missing"),
        (200, b"go_goroutines 3\n", "has no metrics of a model"),
        (200, b"\xff\xfe", "answers no text"),
    ],
)
def test_what_is_no_metrics_is_told(
    status: int, content: bytes, sentence: str, answer: Answering
) -> None:
    with pytest.raises(SourceError, match=sentence):
        read_replica(answer(status, content))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"data": {"result": [1]}}'])
def test_what_is_no_prometheus_is_told(content: bytes, answer: Answering) -> None:
    with pytest.raises(SourceError, match="answers no Prometheus's result"):
        read_prometheus(answer(200, content), 'version="1"')


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense", "http://"])
def test_only_http_is_asked(url: str) -> None:
    with pytest.raises(SourceError, match="is no address of HTTP"):
        read_replica(url)


def test_what_does_not_answer_is_told_apart(answer: Answering) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(UnreachableError, match="does not answer"):
        read_replica(f"http://127.0.0.1:{port}")
