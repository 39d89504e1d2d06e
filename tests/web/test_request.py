"""The request context: made by the server, or for one that makes none."""

import time
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from service_log import Log
from traffic import TYPICAL
from werkzeug.exceptions import (
    GatewayTimeout,
    HTTPException,
    RequestEntityTooLarge,
    ServiceUnavailable,
)
from werkzeug.test import TestResponse

from service.web.request import CONTEXT, RequestContext

Predict = Callable[[RequestContext], TestResponse]


@pytest.fixture
def predict(client: FlaskClient) -> Predict:
    """Ask for a prediction with the context that a server has made."""

    def ask(context: RequestContext) -> TestResponse:
        body = {"instances": [TYPICAL["instance"]]}
        overrides = {CONTEXT: context}
        return client.post("/v1/predict", json=body, environ_overrides=overrides)

    return ask


def test_a_server_that_makes_no_context_is_answered(
    client: FlaskClient, log: Log
) -> None:
    response = client.get("/v1/model", headers={"X-Request-ID": "r-1"})
    assert (response.status_code, response.headers["X-Request-ID"]) == (200, "r-1")
    assert [line["request_id"] for line in log.lines] == ["r-1"]


def test_the_time_before_a_thread_is_the_queue(predict: Predict, log: Log) -> None:
    waited = 5.0
    context = RequestContext(time.monotonic() - waited)
    response = predict(context)
    assert context.request_id == response.headers["X-Request-ID"]
    [line] = log.lines
    assert line["queue_ms"] >= 1000 * waited
    assert line["duration_ms"] >= line["queue_ms"]
    assert context.close()


@pytest.mark.parametrize(
    ("refusal", "client_name"),
    [
        (ServiceUnavailable("Busy.", retry_after=1), None),
        (GatewayTimeout("Late."), None),
        # The key is looked at first: a body that is too large may be any caller's.
        (RequestEntityTooLarge("Large."), "scoring"),
    ],
)
def test_a_refusal_of_the_server_is_answered_counted_and_logged(
    predict: Predict, log: Log, refusal: HTTPException, client_name: str | None
) -> None:
    context = RequestContext(time.monotonic(), refusal=refusal)
    response = predict(context)
    assert response.status_code == refusal.code
    assert response.get_json()["detail"] == refusal.description
    assert context.predictions is None
    [line] = log.lines
    assert (line["status"], line["route"]) == (refusal.code, "/v1/predict")
    assert line["client"] == client_name


def test_an_answer_that_is_late_is_neither_logged_nor_counted(
    predict: Predict, client: FlaskClient, log: Log, keys: dict[str, str]
) -> None:
    def scrape() -> str:
        headers = {"Authorization": f"Bearer {keys['metrics']}"}
        return client.get("/metrics", headers=headers).get_data(as_text=True)

    def count(text: str) -> list[str]:
        return [line for line in text.splitlines() if "/v1/predict" in line]

    before = count(scrape())
    context = RequestContext(time.monotonic(), claim=lambda: False)
    assert predict(context).status_code == 200
    assert not context.close()
    assert count(scrape()) == before
    assert [line["route"] for line in log.lines] == ["/metrics", "/metrics"]


def test_whether_an_answer_is_in_time_is_asked_once(predict: Predict) -> None:
    asked: list[bool] = []

    def claim() -> bool:
        asked.append(True)
        return len(asked) == 1

    context = RequestContext(time.monotonic(), claim=claim)
    assert predict(context).status_code == 200
    assert context.close()
    assert asked == [True]
