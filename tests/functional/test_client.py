"""The client of the service, against a real one and against servers with a fault."""

import http.server
import json
import os
import re
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import Serve
from pipelines import CREDIT, ROOT
from server import PATIENCE_SECONDS, UNLIMITED, Server

from model_service_client import (
    Client,
    ContractViolation,
    DeadlinePassed,
    KeyRefused,
    LimitReached,
    ModelServiceError,
    NotReady,
    ServiceFault,
    Unreachable,
    UnsendableValue,
)
from service.web.access.key_file import Terms, create_key

GOLDEN = [
    record["instance"]
    for record in json.loads((CREDIT / "golden.json").read_text())["records"]
]

Reply = tuple[int, dict[str, str], dict[str, Any]]
OK: Reply = (200, {}, {"model": {}, "request_id": "r", "predictions": [1]})


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(CREDIT, **UNLIMITED)


@pytest.fixture
def client(server: Server) -> Client:
    return Client(server.url, server.key, timeout_seconds=PATIENCE_SECONDS)


@contextmanager
def reply(replies: Sequence[Reply | None]) -> Iterator[tuple[str, list[Any]]]:
    """Serve replies in turn, the last for ever; for None the connection is closed."""
    seen: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            now = replies[min(len(seen), len(replies) - 1)]
            seen.append(self.headers)
            if now is None:
                return
            status, headers, document = now
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", seen
        running.shutdown()
        thread.join()


def test_rows_are_answered_as_over_http(client: Client, server: Server) -> None:
    said = server.predict(GOLDEN).json()
    found = client.predict(GOLDEN)
    assert found.predictions == said["predictions"]
    assert [w._asdict() for w in found.warnings] == said.get("warnings", [])
    assert found.models == (said["model"],)


@pytest.mark.parametrize(
    "build",
    [
        *(pd.DataFrame, pl.DataFrame, pa.Table.from_pylist),
        pa.RecordBatch.from_pylist,
        lambda rows: pl.DataFrame(rows).to_dict(),
    ],
    ids=["pandas", "polars", "pyarrow", "a batch of pyarrow", "dict of series"],
)
def test_a_frame_is_answered_as_over_http(
    client: Client, server: Server, build: Callable[[Any], Any]
) -> None:
    """Whatever its library makes of what is missing."""
    columns = {name: [row[name] for row in GOLDEN] for name in GOLDEN[0]}
    said = server.client.post("/v1/predict", json={"columns": columns}).json()
    assert client.predict(build(GOLDEN)).predictions == said["predictions"]


def test_the_example_of_the_manual_runs(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On rows that keep the contract, and on one that does not."""
    manual = (ROOT / "docs/client.md").read_text()
    [example] = re.findall("^```py\n(.*?)^```", manual, re.M | re.S)
    example = example.replace("http://127.0.0.1:8000", server.url)
    monkeypatch.setenv("MODEL_SERVICE_KEY", server.key)
    found: dict[str, Any] = {"frame": pd.DataFrame(GOLDEN)}
    exec(example, found)
    said = server.predict(GOLDEN).json()["predictions"]
    assert found["labels"] == [each["label"] for each in said]
    exec(example, {"frame": pd.DataFrame([{**GOLDEN[0], "Age": 7}])})
    assert capsys.readouterr().out.startswith("columns.Age[0] ")


def test_20_000_rows_go_in_pieces_and_come_in_order(
    client: Client, server: Server
) -> None:
    rows = (20_000 // len(GOLDEN) + 1) * GOLDEN
    said = server.predict(GOLDEN).json()["predictions"]
    found = client.predict(pd.DataFrame(rows[:20_000]))
    assert len(found.request_ids) == 4
    expected = (20_000 // len(GOLDEN) + 1) * [each["label"] for each in said]
    assert found.predictions["label"] == expected[:20_000]


def test_a_piece_that_is_too_large_is_halved(server: Server) -> None:
    many = Client(
        server.url, server.key, timeout_seconds=PATIENCE_SECONDS, rows_a_request=12_000
    )
    found = many.predict(12_000 * GOLDEN[:1])
    assert len(found.predictions) == 12_000
    assert len(found.request_ids) == 2


@pytest.mark.parametrize(
    ("build", "place"),
    [(list, "instances[5].Age"), (pd.DataFrame, "columns.Age[5]")],
)
def test_a_violation_names_the_row_of_the_whole_input(
    server: Server, build: Callable[[Any], Any], place: str
) -> None:
    client = Client(server.url, server.key, rows_a_request=3)
    rows = [dict(GOLDEN[0]) for _ in range(7)]
    rows[5]["Age"] = "old"
    with pytest.raises(ContractViolation, match="request") as caught:
        client.predict(build(rows))
    assert [error.path for error in caught.value.errors] == [place]
    assert place in str(caught.value)
    rows[5]["Age"], rows[4]["Home"] = 30, "castle"
    [warning] = client.predict(build(rows)).warnings
    assert "[4]" in warning.path


def test_a_key_comes_from_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_SERVICE_KEY", server.key)
    client = Client(server.url)
    assert client.is_ready()
    assert client.model() == server.client.get("/v1/model").json()
    monkeypatch.delenv("MODEL_SERVICE_KEY")
    with pytest.raises(KeyRefused, match="MODEL_SERVICE_KEY"):
        Client(server.url)


def test_a_key_that_is_refused_is_not_shown(server: Server) -> None:
    client = Client(server.url, "ms_not_known")
    with pytest.raises(KeyRefused) as caught:
        client.predict(GOLDEN)
    told = "".join(traceback.format_exception(caught.value))
    assert "not_known" not in f"{told}{client!r}{client._exchange!r}"
    with pytest.raises(ValueError, match="key") as fault:
        Client(server.url, "ms_not\nknown")
    assert "known" not in str(fault.value)


def test_a_limit_that_is_reached_says_when_it_is_not(server: Server) -> None:
    server.skip_lines()
    terms = Terms(requests="1/100 year")
    key = create_key(server.keys_file, "once", ("predict",), terms)
    server.wait_for_each_worker("keys_read")
    client = Client(server.url, key, retries=1)
    client.predict(GOLDEN)
    with pytest.raises(LimitReached) as caught:
        client.predict(GOLDEN)
    assert caught.value.retry_after
    assert caught.value.request_id in str(caught.value)


@pytest.mark.parametrize(
    "value",
    [float("inf"), np.float64("-inf"), object(), pd.Timestamp(0), [1]],
    ids=["infinity", "numpy", "object", "time", "list"],
)
@pytest.mark.parametrize("build", [list, pd.DataFrame])
def test_what_json_has_not_is_refused_by_column_and_row(
    build: Callable[[Any], Any], value: object
) -> None:
    rows = [GOLDEN[0], {**GOLDEN[0], "Income": value}]
    with pytest.raises(UnsendableValue, match="'Income', row 1"):
        Client("http://127.0.0.1:9", "key").predict(build(rows))


def test_a_frame_with_a_name_twice_is_refused() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["Age", "Age"])
    with pytest.raises(ValueError, match="one name"):
        Client("http://127.0.0.1:9", "key").predict(frame)


@pytest.mark.parametrize(
    "first",
    [None, (429, {"Retry-After": "1"}, {}), (503, {"Retry-After": "x"}, {})],
    ids=["closed", "limit", "not ready"],
)
def test_what_passes_is_asked_for_again(first: Reply | None) -> None:
    with reply([first, OK]) as (url, seen):
        client = Client(url, "key", timeout_seconds=PATIENCE_SECONDS)
        assert client.predict([[1]]).predictions == [1]
    left = [int(headers["X-Request-Timeout-Ms"]) for headers in seen]
    assert len(left) == 2
    assert PATIENCE_SECONDS * 1000 >= left[0] >= left[1]


@pytest.mark.parametrize(
    ("answer", "kind", "times"),
    [
        (None, Unreachable, 2),
        ((429, {"Retry-After": "7200"}, {}), LimitReached, 1),
        ((503, {"Retry-After": "0"}, {}), NotReady, 2),
        ((504, {}, {}), DeadlinePassed, 2),
        ((500, {}, {"request_id": "r-7"}), ServiceFault, 1),
        ((413, {"Retry-After": "0"}, {}), ModelServiceError, 1),
        ((307, {"Location": "/elsewhere"}, {}), ModelServiceError, 1),
        ((200, {}, {"ok": True}), ModelServiceError, 1),  # by another server
        ((200, {}, {**OK[2], "predictions": []}), ModelServiceError, 1),
        ((200, {}, {**OK[2], "predictions": {"x": [1, 2]}}), ModelServiceError, 1),
        ((422, {}, {"errors": [1, {"path": "x"}]}), ContractViolation, 1),
    ],
)
def test_what_does_not_pass_is_an_error_of_its_kind(
    answer: Reply | None, kind: type[Exception], times: int
) -> None:
    with reply([answer]) as (url, seen), pytest.raises(ModelServiceError) as caught:
        Client(url, "key", retries=1).predict([[1]])
    assert type(caught.value) is kind
    assert len(seen) == times
    if kind is ServiceFault:
        assert "r-7" in str(caught.value)


def test_a_service_that_says_nothing_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(DeadlinePassed):
            Client(url, "key", timeout_seconds=0.2).predict([[1]])
    assert not Client(url, "key").is_ready()
    with pytest.raises(Unreachable):
        Client(url, "key", retries=0).predict([[1]])


@contextmanager
def trickle(head: bytes) -> Iterator[str]:
    """Serve a beginning at once, and then a byte now and then for as long as asked."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.sendall(head)
                while not is_over.wait(0.02):
                    connection.sendall(b"a")

        is_over = threading.Event()
        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        is_over.set()
        thread.join()


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
    ],
    ids=["status", "header", "body"],
)
def test_an_answer_that_trickles_is_left_at_the_deadline(head: bytes) -> None:
    with trickle(head) as url, pytest.raises(DeadlinePassed):
        Client(url, "key", timeout_seconds=0.3).predict([[1]])


def test_threads_lose_nothing_when_a_worker_is_killed(
    client: Client, server: Server
) -> None:
    expected = client.predict(GOLDEN).predictions
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(client.predict, GOLDEN) for _ in range(100)]
        os.kill(server.pids[-1], signal.SIGKILL)
        assert all(each.result().predictions == expected for each in asked)
