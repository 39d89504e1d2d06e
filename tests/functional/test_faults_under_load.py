"""Slow callers and too much work: who asks for little is answered all the same."""

import contextlib
from concurrent.futures import ThreadPoolExecutor

import httpx
from conftest import Serve
from pipelines import CREDIT
from raw import connect, write_request
from server import NO_TLS, UNLIMITED
from traffic import TYPICAL, Traffic, ask

CALLERS = 16


def test_fifty_callers_that_drip_hold_nobody_up(serve: Serve) -> None:
    """Each sends one byte more before every request of another caller."""
    server = serve(CREDIT, **UNLIMITED, SERVICE_RECEIVE_TIMEOUT_SECONDS="3600")
    request = write_request(server, TYPICAL["instance"])
    with contextlib.ExitStack() as stack:
        dripping = [stack.enter_context(connect(server)) for _ in range(50)]
        for byte in request[:-1]:
            for connection in dripping:
                connection.sendall(bytes([byte]))
            assert ask(server.client).json()["predictions"] == [TYPICAL["prediction"]]
        for connection in dripping:
            connection.sendall(request[-1:])
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_too_much_work_is_refused_in_order_and_health_is_answered(
    serve: Serve,
) -> None:
    server = serve(CREDIT, **UNLIMITED, SERVICE_MAX_IN_FLIGHT="2")
    instances = [TYPICAL["instance"]] * 1000
    right = [TYPICAL["prediction"]] * 1000

    def call(_: int) -> list[httpx.Response]:
        with server.connect() as client:
            return [
                client.post("/v1/predict", json={"instances": instances})
                for _ in range(10)
            ]

    with ThreadPoolExecutor(CALLERS) as pool:
        calls = pool.map(call, range(CALLERS))
        health = [
            httpx.get(f"{server.url}/health/{name}", verify=NO_TLS)
            for name in ("live", "ready")
            for _ in range(20)
        ]
        answers = [answer for each in calls for answer in each]
    assert {answer.status_code for answer in health} == {200}
    assert {answer.status_code for answer in answers} <= {200, 503}
    for answer in answers:
        if answer.status_code == 200:
            assert answer.json()["predictions"] == right
        else:
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.headers["Content-Type"] == "application/problem+json"
    with Traffic(server, 1) as traffic:
        traffic.wait_for(10)
    assert traffic.failures == []
