"""The application answers the same bytes under gunicorn's own workers.

What it takes from ours, such as a deadline, it does without under another.
"""

import importlib.util
import json
from typing import Any

import pytest
from conftest import Serve, Served
from pipelines import CREDIT
from server import Server
from traffic import TYPICAL

HAS_GEVENT = importlib.util.find_spec("gevent") is not None

INSTANCE = TYPICAL["instance"]
BODIES: tuple[Any, ...] = (
    {"instances": [INSTANCE]},
    {"instances": 1000 * [INSTANCE]},
    {"instances": [{**INSTANCE, "Age": "x"}, {}]},
    {"instances": []},
)


def ask_all(server: Server) -> list[tuple[int, str, bytes]]:
    """Return the status, the type and the body of each answer."""
    bodies = [json.dumps(body).encode() for body in BODIES]
    sent = [
        *(("POST", "/v1/predict", body, server.key) for body in [*bodies, b"{", b""]),
        ("POST", "/v1/predict", bodies[0], "unknown"),
        ("GET", "/v1/predict", b"", server.key),
        ("GET", "/health/ready", b"", ""),
        ("GET", "/openapi.json", b"", ""),
        ("GET", "/nowhere", b"", ""),
    ]
    answers = [
        server.client.request(
            method,
            path,
            content=body,
            headers={
                "Content-Type": "application/json",
                "X-API-Key": key,
                "X-Request-ID": "the-same",
            },
        )
        for method, path, body, key in sent
    ]
    return [(a.status_code, a.headers["Content-Type"], a.content) for a in answers]


@pytest.mark.parametrize(
    "arguments",
    [
        "--worker-class gthread --threads 8",
        pytest.param(
            "--worker-class gevent",
            marks=pytest.mark.skipif(not HAS_GEVENT, reason="gevent is not installed"),
        ),
    ],
)
def test_a_stock_worker_answers_the_same(
    arguments: str, serve: Serve, served: Served
) -> None:
    ours = ask_all(served("credit-risk"))
    stock = serve(CREDIT, GUNICORN_CMD_ARGS=arguments)
    worker = arguments.split()[1]
    assert any(each["event"] == f"Using worker: {worker}" for each in stock.events)
    assert ask_all(stock) == ours
    assert {status for status, _, _ in ours} == {200, 400, 401, 404, 405, 422}
