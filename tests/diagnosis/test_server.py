"""What is wrong with a server: a real one with faults, and what metrics may say."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from canned import CannedServers
from conftest import Serve
from pipelines import CREDIT
from server import Server

from service.diagnosis.report import Report
from service.diagnosis.server import examine_server
from service.update.addresses import SourceError
from service.web.access.key_file import Terms, create_key

GOLDEN = json.loads((CREDIT / "golden.json").read_text())["records"]
INSTANCES = [record["instance"] for record in GOLDEN]

INFO = 'model_info{name="credit",version="1.0.0",engine="plan",digest="0"} 1\n'
STAGE = "model_stage_duration_seconds"
REJECTED = "http_requests_rejected_total"
REQUESTS = 'http_request_duration_seconds_count{route="/v1/predict",status="200"}'


def tell(report: Report, level: str) -> str:
    return "\n".join(f.sentence for f in report.findings if f.level == level)


@pytest.fixture
def canned() -> Iterator[CannedServers]:
    servers = CannedServers()
    yield servers
    servers.stop()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Keys by what they are good for, in a file that a server begins with."""
    path = tmp_path_factory.mktemp("keys") / "keys.json"
    terms = Terms(requests="1/100 year")
    return {
        "good": create_key(path, "good", ("predict", "metrics")),
        "limited": create_key(path, "limited", ("metrics",), terms),
        "other": create_key(path, "other", ("predict",)),
        "unknown": "msk_0_unknown",
        "file": str(path),
    }


@pytest.fixture(scope="module")
def server(keys: dict[str, str], serve_module: Serve) -> Server:
    """One with more workers than there are processors."""
    server = serve_module(
        CREDIT,
        WEB_CONCURRENCY=str((os.cpu_count() or 1) + 1),
        SERVICE_API_KEYS_FILE=keys["file"],
        SERVICE_DRIFT_MIN_COUNT="50",
        SERVICE_DRIFT_WINDOW_SECONDS="86400",
    )
    server.key, server.keys_file = keys["good"], Path(keys["file"])
    server.client = server.connect()
    return server


def test_a_server_is_told_from_outside(server: Server) -> None:
    drifted = [{**INSTANCES[0], "Age": 68, "Income": 900.0}] * 200
    assert server.predict(drifted).status_code == 200
    assert server.predict([{**INSTANCES[0], "Age": "old"}]).status_code == 422
    assert httpx.get(f"{server.url}/nowhere").status_code == 404

    report = examine_server(server.url, server.key)
    advice, wrong = tell(report, "advice"), tell(report, "wrong")
    assert report.about == f"credit-risk 1.0.0 at {server.url}"
    assert "1 request broke the contract (Age type in 1)" in advice
    assert f"{server.workers} workers wait for" in advice
    assert "Income has a PSI of" in wrong
    assert report.engine
    assert report.engine.name == "plan"
    assert [each.stage for each in report.stages] == [
        *("queue", "validate", "predict", "encode")
    ]
    assert report.refused["contract"] == 1
    assert server.key not in json.dumps(report.describe())


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("", "Without a key only readiness is known"),
        ("unknown", "GET /metrics answers 401, and only readiness"),
        ("other", "GET /metrics answers 403, and only readiness"),
        ("limited", "GET /metrics answers 429 ("),
    ],
)
def test_without_a_good_key_readiness_alone_is_known(
    key: str, words: str, keys: dict[str, str], server: Server
) -> None:
    if key == "limited":  # which has one request
        examine_server(server.url, keys[key])
    report = examine_server(server.url, keys.get(key, ""))
    assert words in tell(report, "advice")
    assert (report.is_wrong, report.stages) == (False, ())


def test_whoever_is_refused_for_a_limit_is_told_of(
    keys: dict[str, str], server: Server
) -> None:
    for _ in range(2):  # of which the key has one
        examine_server(server.url, keys["limited"])
    report = examine_server(server.url, server.key)
    assert "refused as limit_requests: raise that client's limit" in tell(
        report, "advice"
    )


def test_a_key_file_that_cannot_be_used_is_told(server: Server) -> None:
    """The last one, since the keys stay as they were."""
    server.keys_file.write_text("{")
    server.wait_for("keys_refused")
    while "api_keys_file_refused 1" not in server.client.get("/metrics").text:
        pass  # a worker says so in its log first, and then in its metrics
    report = examine_server(server.url, server.key)
    assert "python -m service key list" in tell(report, "wrong")


@pytest.mark.parametrize(
    ("metrics", "level", "sentence"),
    [
        ("model_golden_mismatch_workers 1", "wrong", "1 worker failed to answer the"),
        (
            "service_workers 2\nservice_workers_ready 1",
            "wrong",
            "Of 2 workers, 1 can take work",
        ),
        ("service_worker_exits_total 2", "advice", "2 workers ended, to be replaced"),
        (
            f'{REQUESTS} 90\n{REJECTED}{{reason="overloaded"}} 9',
            "wrong",
            "9 requests found no room, 10.0% of all",
        ),
        (
            f'{REQUESTS} 9000\n{REJECTED}{{reason="overloaded"}} 9',
            "advice",
            "9 requests found no room, 0.1% of all",
        ),
        (f'{REJECTED}{{reason="fault"}} 1', "wrong", "1 request ended in a 500"),
        (
            'rate_limit_storage_workers{storage="fallback"} 2',
            "wrong",
            "by 2 workers: start the Redis",
        ),
        (
            'model_prediction_log_dropped_total{reason="too_long"} 1',
            "wrong",
            "1 line lost from the prediction log (too_long): raise SERVICE_",
        ),
        (
            f'{STAGE}_count{{stage="predict"}} 9\n{STAGE}_sum{{stage="predict"}} 20\n'
            f'{STAGE}_bucket{{stage="predict",le="0.5"}} 0\n'
            f'{STAGE}_bucket{{stage="predict",le="2.5"}} 9\n'
            f'{STAGE}_bucket{{stage="predict",le="+Inf"}} 9',
            "wrong",
            "spends 2.5 seconds or more in the stage predict",
        ),
        (
            f'{STAGE}_count{{stage="queue"}} 1\n{STAGE}_sum{{stage="queue"}} 0.1',
            "advice",
            "waits for 100,000 microseconds and takes 0: add workers",
        ),
        (
            INFO.replace("1.0.0", "1.1.0"),
            "advice",
            "The versions 1.0.0 and 1.1.0 answer at this address",
        ),
        (
            'model_shadow_requests_total{outcome="failed"} 1',
            "advice",
            "1 request failed in the shadow",
        ),
        (
            'model_shadow_exits_total{reason="killed"} 0\nmodel_shadow_ready 0',
            "advice",
            "The shadow takes no requests",
        ),
        (
            'model_shadow_exits_total{reason="killed"} 2\nmodel_shadow_ready 1',
            "advice",
            "The shadow has ended (killed 2)",
        ),
        ("service_workers 0", "advice", ""),
    ],
)
def test_what_metrics_say_becomes_a_sentence(
    metrics: str, level: str, sentence: str, canned: CannedServers
) -> None:
    address = canned.serve(200, f"{INFO}{metrics}\n".encode())
    report = examine_server(f"{address}/", "a key")
    assert sentence in tell(report, level)
    assert len(report.findings) == bool(sentence)


@pytest.mark.parametrize("seconds", [-3600, 7200])
def test_another_clock_is_told(seconds: int, canned: CannedServers) -> None:
    address = canned.serve(200, INFO.encode(), seconds_ahead=seconds)
    [finding] = examine_server(address, "a key").findings
    side = "ahead of" if seconds > 0 else "behind"
    assert f" seconds {side} this one" in finding.sentence


def test_a_server_that_is_not_ready_says_why(canned: CannedServers) -> None:
    problem = {"status": 503, "detail": "Golden record 7\ndiffers."}
    report = examine_server(canned.serve(503, json.dumps(problem).encode()))
    assert "answers 503: Golden record 7 differs; unless" in tell(report, "wrong")
    assert report.is_wrong


def test_another_server_has_no_such_address(canned: CannedServers) -> None:
    told = tell(examine_server(canned.serve(404, b"<html>")), "wrong")
    assert told.endswith("answers 404: name the address of a server of this service.")


@pytest.mark.parametrize("content", [b"<html>", b"\xff", b"go_goroutines 3\n"])
def test_what_is_no_server_of_this_service_is_told(
    content: bytes, canned: CannedServers
) -> None:
    report = examine_server(canned.serve(200, content), "a key")
    assert "without metrics of a model" in tell(report, "wrong")


def test_where_nothing_answers_it_is_to_be_started(canned: CannedServers) -> None:
    address = canned.serve(200, b"")
    canned.stop()
    assert "start it, or name another" in tell(examine_server(address), "wrong")
    with pytest.raises(SourceError, match="is no address of HTTP"):
        examine_server("ftp://somewhere")


def test_a_key_that_no_header_may_have_is_not_repeated(
    canned: CannedServers, tmp_path: Path
) -> None:
    with pytest.raises(SourceError) as error:
        examine_server(canned.serve(200, b""), "msk_one\nmsk_two")
    assert "msk" not in str(error.value)
