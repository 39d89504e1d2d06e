"""Metrics are read over real HTTP, and what is none is said in one sentence."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from canned import CannedServers
from flask import Flask

from service.update import addresses
from service.update.addresses import SourceError, UnreachableError
from service.update.counts import read_counts
from service.update.prometheus import UnmatchedError, read_prometheus
from service.update.sources import (
    READY,
    list_replicas,
    read_replica,
)

Answering = Callable[[int, bytes], str]


@pytest.fixture
def servers() -> Iterator[CannedServers]:
    servers = CannedServers()
    yield servers
    servers.stop()


@pytest.fixture
def answer(servers: CannedServers) -> Answering:
    """Serve one answer to every request; returns the address."""
    return servers.serve


@pytest.fixture
def asked(servers: CannedServers) -> list[str]:
    """The targets of the requests."""
    return servers.asked


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


def test_a_replicas_counts_are_read(answer: Answering, asked: list[str]) -> None:
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


def list_series(*instances: str) -> list[dict[str, Any]]:
    """Return what a Prometheus has of replicas that have answered 90 requests each."""
    series = [
        {"__name__": "model_info", "name": "credit", "version": "1.0.0"},
        {
            "__name__": "http_request_duration_seconds_count",
            "route": "/v1/predict",
            "status": "200",
        },
    ]
    return [
        {"metric": {**labels, "instance": instance}, "value": [1.5, "90"]}
        for instance in instances
        for labels in series
    ]


def encode_result(series: list[dict[str, Any]]) -> bytes:
    return json.dumps({"status": "success", "data": {"result": series}}).encode()


def test_a_prometheus_is_asked_by_a_selector(
    answer: Answering, asked: list[str]
) -> None:
    series = list_series("a:8000", "b:8000")
    found = read_prometheus(answer(200, encode_result(series)), '{job="model"}')
    assert found.keys() == {"a:8000", "b:8000"}
    for reading in found.values():
        assert read_counts(reading.counters).requests == 90
        assert reading.age == 90  # of which the same answer is taken for the age
    queries = [parse_qs(urlsplit(path).query)["query"][0] for path in asked]
    assert queries[0].endswith('",job="model"}')
    assert queries[1] == 'time() - timestamp(model_info{job="model"})'


def test_what_is_no_model_does_not_count(answer: Answering) -> None:
    series = list_series("a:8000")
    [other] = [s for s in list_series("b:8000") if "status" in s["metric"]]
    found = read_prometheus(answer(200, encode_result([*series, other])), "")
    assert found.keys() == {"a:8000"}
    with pytest.raises(UnmatchedError, match="has no metrics of a model by job"):
        read_prometheus(answer(200, encode_result([other])), 'job="model"')


@pytest.mark.parametrize(
    ("status", "content", "sentence"),
    [
        (401, b"", "answers 401: the key needs the scope metrics"),
        (404, b"", "answers 404"),
        (400, b"", "answers 400: Prometheus does not understand the selector"),
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


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "nonsense", "http://", "http://a:99999", "http://["]
)
def test_only_http_is_asked(url: str) -> None:
    with pytest.raises(SourceError, match="is no address of HTTP"):
        read_replica(url)


def test_what_does_not_answer_is_told_apart(answer: Answering) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        port = server.server_port
    with pytest.raises(UnreachableError, match="does not answer"):
        read_replica(f"http://127.0.0.1:{port}")


def test_what_speaks_another_protocol_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
                connection.recv(4096)

        greeting = threading.Thread(target=greet)
        greeting.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="does not answer in HTTP"):
            read_replica(url)
        greeting.join()


def test_the_replicas_of_a_name_are_its_addresses() -> None:
    found = list_replicas("http://localhost:8000/")
    assert "http://127.0.0.1:8000/" in found
    assert set(found) <= {"http://127.0.0.1:8000/", "http://[::1]:8000/"}
    assert list_replicas("http://127.0.0.1") == ["http://127.0.0.1:80"]


def test_a_name_without_an_address_is_a_version_that_is_away() -> None:
    with pytest.raises(SourceError, match=r"canary\.invalid has no address"):
        list_replicas("http://canary.invalid:8000")


def test_the_replicas_of_a_name_are_asked_without_a_certificate() -> None:
    with pytest.raises(SourceError, match="must be http"):
        list_replicas("https://localhost:8000")


@pytest.mark.parametrize("key", ["msk_one\nmsk_two", "msk_\u20ac"])
def test_a_key_that_no_header_may_have_is_not_repeated(
    key: str, answer: Answering
) -> None:
    with pytest.raises(SourceError, match="cannot be asked with this key") as refusal:
        read_replica(answer(200, METRICS), key)
    assert "msk_" not in str(refusal.value)


def test_a_redirect_is_not_followed_since_it_would_take_the_key_along(
    servers: CannedServers,
) -> None:
    elsewhere = servers.serve(200, METRICS)
    address = servers.serve(302, b"", location=elsewhere)
    with pytest.raises(SourceError, match=r"answers 302\."):
        read_replica(address, "a key")
    assert servers.asked == ["/metrics"]


def test_what_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece comes in time, and all of them never would."""
    monkeypatch.setattr(addresses, "SECONDS", 0.3)

    class Dripping(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"#")
                    time.sleep(0.01)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        try:
            with pytest.raises(UnreachableError, match="too slowly"):
                read_replica(f"http://127.0.0.1:{server.server_port}")
        finally:
            server.shutdown()
