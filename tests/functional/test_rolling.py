"""Two servers behind nginx: one may stop, start and lose a worker, and none notices."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from balancer import Nginx, ReservedPort
from pipelines import CREDIT
from server import PATIENCE_SECONDS, UNLIMITED, Server
from traffic import TYPICAL, Traffic, ask

MAX_BODY_BYTES = 8 * 2**20
MAX_LARGE_BODIES = 24


class Pair:
    """Two servers with one key file, and an nginx before them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ports = [ReservedPort(), ReservedPort()]
        self._started: list[Server] = []
        self._variables = {
            **UNLIMITED,
            "SERVICE_RATE_LIMIT_FAILURES": "3/100 year",
            "SERVICE_TRUSTED_PROXIES": "1",
            "SERVICE_PREDICT_TIMEOUT_SECONDS": "10",  # nginx.conf goes by it
        }
        first = self._boot(0)
        self._variables["SERVICE_API_KEYS_FILE"] = str(first.keys_file)
        self.servers = [first, self._boot(1)]
        self.nginx = Nginx(folder, first.key)
        self.nginx.start([port.number for port in self._ports])

    def restart(self, index: int) -> None:
        """Stop one as ops would, and start it again on its port."""
        assert self.servers[index].stop() == 0
        self.servers[index] = self._boot(index)

    def stop(self) -> None:
        """End them all."""
        self.nginx.stop()
        for server in self.servers:
            server.stop()
        for port in self._ports:
            port.free()

    def _boot(self, index: int) -> Server:
        variables = {**self._variables, "PORT": str(self._ports[index].number)}
        folder = self._folder / f"server-{len(self._started)}"
        server = Server(CREDIT, folder, variables)
        self._started.append(server)
        server.wait_until_ready()
        return server


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A pair that every test leaves whole."""
    pair = Pair(tmp_path_factory.mktemp("pair"))
    yield pair
    pair.stop()


def post(client: httpx.Client, body: bytes) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    return client.post("/v1/predict", content=body, headers=headers)


def test_a_rolling_restart_loses_no_request_of_5000(pair: Pair) -> None:
    with Traffic(pair.nginx, 8) as traffic:
        for index in (0, 1):
            traffic.wait_for(1500)
            pair.restart(index)
            pair.servers[index].wait_for("request")
        traffic.wait_for(2000)
    assert traffic.failures == []


def test_what_a_killed_worker_had_inside_is_asked_of_the_other_server(
    pair: Pair,
) -> None:
    with Traffic(pair.nginx, 8) as traffic:
        for server in pair.servers:
            for pid in server.pids:
                traffic.wait_for(100)
                os.kill(pid, signal.SIGKILL)
                server.wait_for("ready")
    assert traffic.failures == []


def test_what_a_worker_hung_on_is_not_asked_of_the_other_server(pair: Pair) -> None:
    """Stopped processes, which gunicorn kills as it does what holds the interpreter."""
    server = pair.servers[0]
    with pair.nginx.connect() as client:
        for _ in range(4):  # connections of nginx that workers have accepted
            assert ask(client).status_code == 200
        for pid in server.pids[-server.workers :]:
            os.kill(pid, signal.SIGSTOP)
        answers = {answer.status_code: answer for answer in (ask(client), ask(client))}
    assert answers.keys() == {200, 503}
    assert answers[503].json()["detail"] == "No server could answer."
    server.wait_for_each_worker("ready")


def test_nginx_takes_as_large_a_body_as_the_service(pair: Pair) -> None:
    body = json.dumps({"instances": [TYPICAL["instance"]]}).encode()
    with pair.nginx.connect() as client:
        largest = post(client, body.ljust(MAX_BODY_BYTES))
        assert largest.json()["predictions"] == [TYPICAL["prediction"]]
        larger = post(client, body.ljust(MAX_BODY_BYTES + 1))
    assert larger.status_code == 413
    assert larger.headers["Content-Type"] == "application/problem+json"
    assert larger.json()["title"] == "Content Too Large"


def begin_largest(nginx: Nginx) -> socket.socket:
    """Return a connection whose body nginx waits for."""
    connection = socket.create_connection(("127.0.0.1", nginx.port), PATIENCE_SECONDS)
    length = f"Content-Length: {MAX_BODY_BYTES}\r\nExpect: 100-continue"
    connection.sendall(f"POST /any HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n".encode())
    assert connection.recv(64).startswith(b"HTTP/1.1 100 ")
    return connection


def test_one_address_cannot_fill_the_room_that_nginx_has_for_bodies(pair: Pair) -> None:
    body = json.dumps({"instances": [TYPICAL["instance"]]}).encode()
    with (
        ExitStack() as stack,
        pair.nginx.connect() as sender,
        pair.nginx.connect(address="127.0.0.2") as other,
    ):
        for _ in range(MAX_LARGE_BODIES):
            stack.enter_context(begin_largest(pair.nginx))
        refused = post(sender, body.ljust(MAX_BODY_BYTES))
        assert post(sender, body).status_code == 200
        assert post(other, body.ljust(MAX_BODY_BYTES)).status_code == 200
    assert refused.status_code == 503
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["status"] == 503


def test_behind_nginx_failed_attempts_are_counted_by_their_real_address(
    pair: Pair,
) -> None:
    forged = {"X-Forwarded-For": "127.0.0.3"}
    with (
        pair.nginx.connect("wrong", "127.0.0.2") as guessing,
        pair.nginx.connect("wrong", "127.0.0.3") as mistaken,
    ):
        statuses = [
            guessing.get("/v1/model", headers=forged).status_code for _ in range(4)
        ]
        assert statuses == [401, 401, 401, 429]
        assert mistaken.get("/v1/model").status_code == 401


def test_without_any_server_nginx_says_when_to_ask_again(tmp_path: Path) -> None:
    nobody = [ReservedPort(), ReservedPort()]
    nginx = Nginx(tmp_path, "a key")
    nginx.start([port.number for port in nobody])
    with nginx.connect() as client:
        answer = ask(client)
    nginx.stop()
    for port in nobody:
        port.free()
    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["status"] == 503
