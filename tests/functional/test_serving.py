"""The service as ops run it: real gunicorn, real sockets, real signals."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from conftest import Serve, Served
from faults import copy_credit, make_other_golden, reseal
from pipelines import CREDIT, ROOT
from server import NO_TLS, Server
from traffic import TYPICAL, ask


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    """A server that the last test stops."""
    return serve_module(CREDIT)


def start_in_vain(**variables: str) -> subprocess.CompletedProcess[str]:
    """Start a server that must end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py"],
        cwd=ROOT,
        env={**os.environ, "PORT": "0", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_faulty_artefact_ends_gunicorn_with_one_sentence(
    tmp_path: Path, keys: dict[str, str]
) -> None:
    """What is found last; tests/test_app.py has the other faults."""
    folder = make_other_golden(copy_credit(tmp_path))
    done = start_in_vain(
        SERVICE_ARTEFACT=str(folder), SERVICE_API_KEYS_FILE=keys["file"]
    )
    assert done.returncode != 0
    assert "Booting worker" not in done.stdout
    [sentence] = done.stderr.splitlines()
    assert sentence.startswith("The service does not start: ")
    assert "Golden record 7" in sentence


def test_a_bad_setting_ends_gunicorn_with_one_sentence() -> None:
    done = start_in_vain(WEB_CONCURRENCY="0")
    assert done.returncode != 0
    [sentence] = done.stderr.splitlines()
    assert sentence == (
        "The service does not start: WEB_CONCURRENCY must be a whole number from 1."
    )


def test_workers_forked_after_a_prediction_answer_though_openmp_was_asked_for(
    serve: Serve,
) -> None:
    """A pool of OpenMP threads, started in the master, would hang each of them."""
    server = serve(CREDIT, OMP_NUM_THREADS="2", WEB_CONCURRENCY="2")
    for _ in range(10):
        with server.connect() as client:
            response = ask(client)
        assert response.json()["predictions"] == [TYPICAL["prediction"]]


def test_the_workers_share_the_memory_of_the_model(server: Server) -> None:
    for pid in server.pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        sizes = {
            line.split(":")[0]: int(line.split()[1]) for line in rollup.splitlines()[1:]
        }
        # Loaded by each on its own, nearly all of the 150 MB or so would be private.
        assert sizes["Private_Dirty"] < sizes["Rss"] / 2


def test_each_worker_proves_itself_and_a_killed_one_is_replaced(server: Server) -> None:
    assert len(server.pids) == 2
    assert len([e for e in server.events if e["event"] == "ready"]) == 2

    os.kill(server.pids[0], signal.SIGKILL)
    proved = server.wait_for("ready")
    assert proved["records"] > 50
    assert server.predict([TYPICAL["instance"]]).status_code == 200


def test_two_versions_behind_one_address_are_told_apart(
    serve: Serve, tmp_path: Path
) -> None:
    newer = reseal(copy_credit(tmp_path), lambda m: m.update(version="1.1.0"))
    for folder, version in ((CREDIT, "1.0.0"), (newer, "1.1.0")):
        response = serve(folder).predict([TYPICAL["instance"]])
        assert response.headers["X-Model-Version"] == version
        assert response.json()["model"]["version"] == version


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Transfer-Encoding": "chunked"}, 413),
        ({"Content-Length": str(8 * 2**20 + 1)}, 413),
    ],
)
def test_a_body_over_the_limit_is_never_cut(
    served: Served, headers: dict[str, str], status: int
) -> None:
    server = served("credit-risk")
    body = json.dumps({"instances": [TYPICAL["instance"]]}).encode()
    body += b" " * (8 * 2**20 + 1 - len(body))
    chunked = "Transfer-Encoding" in headers
    # Over a connection of its own: it is closed on the rest of the body.
    response = httpx.post(
        f"{server.url}/v1/predict",
        content=iter([body]) if chunked else body,
        headers={
            "X-API-Key": server.key,
            "Content-Type": "application/json",
            **headers,
        },
        timeout=60,
        verify=NO_TLS,
    )
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_chunked_body_within_the_limit_is_read(served: Served) -> None:
    body = json.dumps({"instances": [TYPICAL["instance"]]}).encode()
    response = served("credit-risk").client.post(
        "/v1/predict",
        content=iter([body[:50], body[50:]]),
        headers={"Content-Type": "application/json"},
    )
    assert response.json()["predictions"] == [TYPICAL["prediction"]]


def test_a_body_shorter_than_promised_is_400(served: Served) -> None:
    server = served("credit-risk")
    address = httpx.URL(server.url)
    connection = http.client.HTTPConnection(
        address.host, address.port or 80, timeout=30
    )
    connection.putrequest("POST", "/v1/predict")
    connection.putheader("X-API-Key", server.key)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b'{"instances"')
    assert connection.sock is not None
    connection.sock.shutdown(1)  # no more will be written
    response = connection.getresponse()
    assert response.status == 400
    connection.close()


def send_raw(server: Server, request: bytes) -> bytes:
    """Send bytes as they are, and return all that is answered."""
    address = httpx.URL(server.url)
    with socket.create_connection((address.host, address.port or 0), 30) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


UNREAD = [
    (400, b"GET /health HTTP/1.1\r\nHost: a\r\nAuthorization Bearer SECRET\r\n"),
    (400, b"GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n'SECRET': 5\r\n"),
    (400, b"SECRET\r\n"),
    (400, b"GET /health HTTP/9.9\r\nX-API-Key: SECRET\r\n"),
    (400, b"GET /health HTTP/1.1\r\nX-API-Key: a\r\n SECRET\r\n"),
    (414, b"GET /%b HTTP/1.1\r\nX-API-Key: SECRET\r\n" % (b"a" * 9000)),
    (431, b"GET /health HTTP/1.1\r\nX-API-Key: SECRET%b\r\n" % (b"a" * 9000)),
    (431, b"GET /health HTTP/1.1\r\n%b" % (b"A: SECRET\r\n" * 101)),
    (417, b"GET /health HTTP/1.1\r\nExpect: SECRET\r\n"),
    (501, b"POST / HTTP/1.1\r\nX: SECRET\r\nTransfer-Encoding: a\r\n"),
]


def test_what_is_no_request_is_refused_as_a_problem_and_not_repeated(
    server: Server,
) -> None:
    answers = [send_raw(server, text + b"\r\n") for _, text in UNREAD]
    server.skip_lines()  # each is written before its answer is sent
    refused = [e for e in server.events if e["event"] == "invalid_request"]
    assert [e["ip"] for e in refused] == ["127.0.0.1"] * len(UNREAD)
    lines = {e["request_id"]: e for e in server.events if e["event"] == "request"}
    for (status, text), answer in zip(UNREAD, answers, strict=True):
        head, _, body = answer[answer.rindex(b"HTTP/1.1 ") :].partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 %d " % status), text[:40]
        names = {line.split(b":")[0].lower() for line in head.splitlines()}
        assert {b"x-content-type-options", b"cache-control"} <= names
        assert b"Content-Type: application/problem+json" in head
        assert b"Connection: close" in head
        problem = json.loads(body)
        assert problem["status"] == lines[problem["request_id"]]["status"] == status
    assert "SECRET" not in "".join(server.lines) + str(answers)


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        (400, b"HTTP/1.1\r\n"),
        (400, b"HTTP/9.9\r\nHost: a\r\n"),
        (400, b"HTTP/1.1\r\nHost: a\r\nNo colon\r\n"),
        (400, b"HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"),
        (413, b"HTTP/1.1\r\nHost: a\r\nX-API-Key: %b\r\nContent-Length: 9000000\r\n"),
        (431, b"HTTP/1.1\r\nHost: a\r\n%b" % (b"A: a\r\n" * 101)),
        (501, b"HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: a\r\n"),
    ],
)
@pytest.mark.parametrize(
    "target", [b"/v2/models/credit-risk/infer", b"/v1/models/credit-risk:predict"]
)
def test_clients_of_a_protocol_can_read_why_their_request_was_not(
    target: bytes, status: int, rest: bytes, served: Served
) -> None:
    """They read `error`, and of plain JSON alone, before the head is read, too."""
    server = served("credit-risk")
    rest = rest.replace(b"%b", server.key.encode())
    answer = send_raw(server, b"POST %b %b\r\n" % (target, rest))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/json\r\n" in head
    problem = json.loads(body)
    assert problem["error"] == problem["detail"] != ""


def test_malformed_chunked_bodies_are_400_and_not_logged(server: Server) -> None:
    for body in (b"SECRET\r\n", b"-5\r\nSECRET\r\n", b"5\r\nSECRET", b"5\r\nSEC"):
        answer = send_raw(
            server,
            b"POST /v1/predict HTTP/1.1\r\nHost: a\r\nX-API-Key: %b\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n%b"
            % (server.key.encode(), body),
        )
        assert answer.startswith(b"HTTP/1.1 400 "), body
    assert server.stop() == 0
    assert "SEC" not in "".join(server.lines)


def test_no_header_moves_a_route(served: Served) -> None:
    for name in ("SCRIPT_NAME", "SCRIPT-NAME", "PATH_INFO"):
        response = served("credit-risk").client.get("/health", headers={name: "/foo"})
        assert response.status_code == 200


def test_every_line_of_the_log_is_json(serve: Serve) -> None:
    server = serve(CREDIT)
    server.predict([TYPICAL["instance"]])
    server.client.get("/nothing%1b[2J%0a%0d")
    assert server.stop() == 0
    assert len(server.events) == len(server.lines)
    requests = [e for e in server.events if e["event"] == "request"]
    assert [e["status"] for e in requests] == [200, 404]
    assert requests[0]["instances"] == 1
    assert server.key not in "".join(server.lines)
