"""What every route answers to every kind of caller: one table, and no route beside it.

It also holds that whoever has no good key learns nothing of why.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from traffic import TYPICAL
from werkzeug.test import TestResponse

from service.web.access.key_file import SCOPES, digest_key, read_keys
from service.web.errors import ERROR_PREFIXES


@dataclass(frozen=True)
class Row:
    """The status for whoever has no good key, and for a key with one scope alone."""

    nobody: int
    predict: int
    metrics: int


PUBLIC = Row(200, 200, 200)

# HEAD is answered as GET is.
TABLE = {
    "POST /v1/predict": Row(nobody=401, predict=200, metrics=403),
    "POST /v1/models/credit-risk:predict": Row(nobody=401, predict=200, metrics=403),
    "POST /v2/models/credit-risk/infer": Row(nobody=401, predict=200, metrics=403),
    "POST /v2/models/credit-risk/versions/1.0.0/infer": Row(401, 200, 403),
    "POST /invocations": Row(nobody=401, predict=200, metrics=403),
    "GET /": PUBLIC,
    "GET /ping": PUBLIC,
    "GET /version": PUBLIC,
    "GET /v1/models/credit-risk": PUBLIC,
    "GET /v2": PUBLIC,
    "GET /v2/health/live": PUBLIC,
    "GET /v2/health/ready": PUBLIC,
    "GET /v2/models/credit-risk": PUBLIC,
    "GET /v2/models/credit-risk/ready": PUBLIC,
    "GET /v2/models/credit-risk/versions/1.0.0": PUBLIC,
    "GET /v2/models/credit-risk/versions/1.0.0/ready": PUBLIC,
    "GET /v1/model": Row(nobody=401, predict=200, metrics=403),
    "GET /v1/drift": Row(nobody=401, predict=403, metrics=200),
    "GET /v1/shadow": Row(nobody=401, predict=403, metrics=404),  # there is none
    "GET /health": PUBLIC,
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /metrics": Row(nobody=401, predict=403, metrics=200),
    "GET /openapi.json": PUBLIC,
    "GET /docs": PUBLIC,
    "GET /docs/<path:name>": PUBLIC,
    "GET /page/<path:name>": PUBLIC,
    "OPTIONS /*": Row(204, 204, 204),
}

# What is shown by whoever has no good key; {name} is one of those below.
BAD_KEYS = {
    "none": None,
    "empty": "",
    "a word": "msk",
    "no secret": "msk_0_",
    "unknown": "msk_0_x",
    "of the old form": "0123456789abcdef0123456789abcdef",
    "not ASCII": "\u00e9",
    "not UTF-8": "\udcff",
    "long": "msk_" + 8000 * "x",
    "another's secret": "{forged}",
    "cut short": "{short}",
    "expired": "{expired}",
    "revoked": "{revoked}",
}
PLACES = {"Authorization": "Bearer {}", "X-API-Key": "{}"}


@pytest.fixture(scope="module")
def shown(keys: dict[str, str]) -> dict[str, str]:
    """Each key by name, those that are derived from a good one, too."""
    head, _, secret = keys["predict"].rpartition("_")
    other = keys["metrics"].rpartition("_")[2]
    assert secret != other
    return {**keys, "forged": f"{head}_{other}", "short": keys["predict"][:-1]}


def ask(app: Flask, route: str, headers: dict[str, str]) -> TestResponse:
    """Ask what a good caller would ask."""
    method, path = route.split()
    typical = TYPICAL["instance"]
    body = {"instances": [typical]} if method == "POST" else None
    if path.endswith("/infer"):
        body = {"inputs": [to_tensor(*feature) for feature in typical.items()]}
    return app.test_client().open(
        path.replace("<path:name>", "start.js"),
        method=method,
        headers={"X-Request-ID": "r-1", **headers},
        buffered=True,
        json=body,
    )


def to_tensor(name: str, value: Any) -> dict[str, Any]:
    datatype = "BYTES" if isinstance(value, str) else "FP64"
    return {"name": name, "shape": [1], "datatype": datatype, "data": [value]}


def test_each_route_has_its_row_and_each_row_its_route(app: Flask) -> None:
    routes = {
        f"{'GET' if method == 'HEAD' else method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    assert routes == TABLE.keys()


@pytest.mark.parametrize("route", TABLE)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_opens_what_its_scope_opens(
    app: Flask, keys: dict[str, str], route: str, scope: str
) -> None:
    expected = getattr(TABLE[route], scope)
    for place, form in PLACES.items():
        headers = {place: form.format(keys[scope])}
        for method in iterate_methods(route):
            response = ask(app, method, headers)
            assert response.status_code == expected
            assert "WWW-Authenticate" not in response.headers
            if expected == 403 and not method.startswith("HEAD"):
                assert response.content_type == find_error_type(route)
                assert "does not have the scope" in response.text


def find_error_type(route: str) -> str:
    """Return what an error's bytes are called: clients of the dialects know JSON."""
    is_dialect = route.partition(" ")[2].startswith(ERROR_PREFIXES)
    return "application/json" if is_dialect else "application/problem+json"


@pytest.mark.parametrize("route", TABLE)
@pytest.mark.parametrize("bad", BAD_KEYS)
@pytest.mark.parametrize("place", PLACES)
def test_who_has_no_good_key_is_told_one_and_the_same(
    app: Flask, shown: dict[str, str], route: str, bad: str, place: str
) -> None:
    key = BAD_KEYS[bad]
    headers = (
        {} if key is None else {place: PLACES[place].format(key.format_map(shown))}
    )
    for method in iterate_methods(route):
        response = ask(app, method, headers)
        assert response.status_code == TABLE[route].nobody
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"].startswith("Bearer ")
            assert response.content_type == find_error_type(route)
            unasked = ask(app, method, {})
            assert response.data == unasked.data
            assert list(response.headers) == list(unasked.headers)


def test_no_guarded_route_tells_more_than_another(app: Flask) -> None:
    answers = [ask(app, route, {}) for route in TABLE if TABLE[route].nobody == 401]
    assert len(answers) >= 2
    # Clients of the Open Inference Protocol read the same detail under another name.
    problems = [json.loads(answer.data) for answer in answers]
    assert all(each.pop("error", each["detail"]) == each["detail"] for each in problems)
    assert all(each == problems[0] for each in problems)


def test_the_expired_key_lies_in_the_file_with_every_scope(
    keys: dict[str, str],
) -> None:
    """Else it would be one more that is unknown."""
    entries = {key.sha256: key for key in read_keys(Path(keys["file"]))}
    expired = entries[digest_key(keys["expired"])]
    assert expired.scopes == SCOPES
    assert not expired.is_live


def iterate_methods(route: str) -> list[str]:
    """Return a route with each method it is asked by."""
    return [route, f"HEAD{route[3:]}"] if route.startswith("GET ") else [route]
