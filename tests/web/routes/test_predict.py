"""Bad input is a clear 4xx that names the place: never a 500 and never a guess."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from pipelines import CREDIT
from werkzeug.test import TestResponse

from service.app import create_app
from service.settings import Settings

PROBLEM = "application/problem+json"
TYPICAL = json.loads((CREDIT / "golden.json").read_text())["records"][0]["instance"]


def post(client: FlaskClient, body: Any, **options: Any) -> TestResponse:
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    options.setdefault("content_type", "application/json")
    return client.post("/v1/predict", data=body, **options)


def read(response: TestResponse) -> Any:
    return json.loads(response.data)


def ask(client: FlaskClient, *instances: Any) -> TestResponse:
    return post(client, {"instances": list(instances)})


def change(**fields: Any) -> dict[str, Any]:
    return {**TYPICAL, **fields}


def raw(field: str, token: bytes) -> bytes:
    """A request in which one field holds this very token."""
    body = json.dumps({"instances": [change(**{field: "TOKEN"})]}).encode()
    return body.replace(b'"TOKEN"', token)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        pytest.param(5, "body", id="a number for a body"),
        pytest.param([TYPICAL], "body", id="a list for a body"),
        pytest.param(None, "body", id="null for a body"),
        pytest.param({}, "instances", id="no instances"),
        pytest.param({"instances": None}, "instances", id="null for instances"),
        pytest.param({"instances": TYPICAL}, "instances", id="one instance, no list"),
        pytest.param({"instances": []}, "instances", id="no instance"),
        pytest.param({"instances": [TYPICAL], "n": 1}, "n", id="an unexpected key"),
        pytest.param({"instances": [5]}, "instances[0]", id="a number, no instance"),
        pytest.param({"instances": [TYPICAL, []]}, "instances[1]", id="a list in it"),
    ],
)
def test_a_body_that_is_not_a_request_is_422(
    client: FlaskClient, body: Any, path: str
) -> None:
    response = post(client, body)
    assert response.status_code == 422
    assert response.content_type == PROBLEM
    assert [error["path"] for error in read(response)["errors"]] == [path]


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        ({"Age": "thirty"}, "Age", "must be an integer"),
        ({"Age": "30"}, "Age", "must be an integer"),
        ({"Age": 30.5}, "Age", "must be an integer"),
        ({"Age": True}, "Age", "must be an integer"),
        ({"Age": [30]}, "Age", "must be an integer"),
        ({"Age": {}}, "Age", "must be an integer"),
        ({"Age": 17}, "Age", "must be between 18 and 120"),
        ({"Age": 121}, "Age", "must be between 18 and 120"),
        ({"Seniority": 2**63}, "Seniority", "must be between"),
        ({"Seniority": 2**70}, "Seniority", "must be an integer"),
        ({"Seniority": 9007199254740993.0}, "Seniority", "must be an integer"),
        ({"Income": "100"}, "Income", "must be a number"),
        ({"Income": True}, "Income", "must be a number"),
        ({"Income": -0.5}, "Income", "must be at least 0"),
        ({"Home": 5}, "Home", "must be a string"),
        ({"Home": False}, "Home", "must be a string"),
        ({"age": 30}, "age", "is not a feature of this model"),
        ({"": 30}, "", "is not a feature of this model"),
    ],
)
def test_a_value_that_breaks_the_contract_is_422(
    client: FlaskClient, fields: dict[str, Any], place: str, message: str
) -> None:
    response = ask(client, TYPICAL, change(**fields))
    assert response.status_code == 422
    assert response.content_type == PROBLEM
    [error] = read(response)["errors"]
    assert error["path"] == f"instances[1].{place}"
    assert error["message"].startswith(message)


def test_a_missing_field_is_422(client: FlaskClient) -> None:
    instance = {name: value for name, value in TYPICAL.items() if name != "Price"}
    [error] = read(ask(client, instance))["errors"]
    assert error == {"path": "instances[0].Price", "message": "is required"}


def test_every_fault_is_named_at_once(client: FlaskClient) -> None:
    response = ask(client, change(Age="30", Home=1), TYPICAL, change(Income="x", y=1))
    assert {error["path"] for error in read(response)["errors"]} == {
        "instances[0].Age",
        "instances[0].Home",
        "instances[2].Income",
        "instances[2].y",
    }


def test_the_one_bad_row_of_a_thousand_is_named(client: FlaskClient) -> None:
    rows = [TYPICAL] * 1000
    rows[617] = change(Age=30.5)
    [error] = read(ask(client, *rows))["errors"]
    assert error["path"] == "instances[617].Age"


def test_the_list_of_errors_is_cut(client: FlaskClient) -> None:
    errors = read(ask(client, *[{}] * 1000))["errors"]
    assert len(errors) == 101
    assert errors[-1] == {"path": "instances", "message": "and more"}


def test_an_overlong_field_name_is_cut(client: FlaskClient) -> None:
    response = ask(client, change(**{"x" * 10_000: 1}))
    assert read(response)["errors"][0]["path"] == "instances[0]." + "x" * 64


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param(b"", "line 1 column 1", id="empty"),
        pytest.param(b"Age=30", "line 1 column 1", id="not JSON"),
        pytest.param(b'{"instances": [', "line 1 column 16", id="cut short"),
        pytest.param(raw("Age", b"NaN"), "column", id="NaN"),
        pytest.param(raw("Income", b"Infinity"), "column", id="Infinity"),
        pytest.param(raw("Income", b"-Infinity"), "column", id="-Infinity"),
        pytest.param(raw("Income", b"1e400"), "column", id="1e400"),
        pytest.param(raw("Age", b"9" * 10_000), "column", id="10,000 digits"),
        pytest.param(raw("Age", b"030"), "column", id="leading zero"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, "depth", id="100,000 brackets"),
        pytest.param(raw("Home", b'"\xff"'), "column", id="invalid UTF-8"),
        pytest.param(raw("Home", b'"\\ud800"'), "column", id="a lone surrogate"),
        pytest.param(b"\xef\xbb\xbf{}", "byte order mark", id="a byte order mark"),
        pytest.param(json.dumps({}).encode("utf-16"), "column", id="UTF-16"),
        pytest.param(raw("Age", b'30, "Age": 31'), "'Age'", id="a duplicate field"),
        pytest.param(b'{"instances": [], "instances": []}', "'instances'", id="twice"),
    ],
)
def test_a_body_that_is_not_strict_json_is_400(
    client: FlaskClient, body: bytes, detail: str
) -> None:
    response = post(client, body)
    assert response.status_code == 400
    assert response.content_type == PROBLEM
    assert detail in read(response)["detail"]
    assert read(response)["request_id"] == response.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "application/x-npy",
    ],
)
def test_another_content_type_is_415(client: FlaskClient, content_type: str) -> None:
    response = post(client, {"instances": [TYPICAL]}, content_type=content_type)
    assert response.status_code == 415
    assert response.content_type == PROBLEM


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x"])
def test_a_compressed_body_is_415(client: FlaskClient, encoding: str) -> None:
    response = post(client, b"\x1f\x8b\x08", headers={"Content-Encoding": encoding})
    assert response.status_code == 415


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", "utf8"])
def test_json_may_name_its_charset(client: FlaskClient, charset: str) -> None:
    kind = f"application/json; charset={charset}"
    assert post(client, {"instances": [TYPICAL]}, content_type=kind).status_code == 200


def test_too_many_instances_are_413(client: FlaskClient) -> None:
    response = post(client, {"instances": [0] * 10_001})
    assert response.status_code == 413
    assert "10001 instances" in read(response)["detail"]


def test_too_many_objects_are_413(client: FlaskClient) -> None:
    response = post(client, b'{"instances": [' + b"{}," * 10**6 + b"{}]}")
    assert response.status_code == 413
    assert "one request may hold 10000 instances" in read(response)["detail"]


def test_too_many_bytes_are_413_and_as_many_as_allowed_are_read(
    client: FlaskClient,
) -> None:
    body = json.dumps({"instances": [TYPICAL]}).encode()
    full = body + b" " * (8 * 2**20 - len(body))
    assert post(client, full).status_code == 200
    assert post(client, full + b" ").status_code == 413


def test_a_null_is_answered_where_the_pipeline_takes_one(client: FlaskClient) -> None:
    response = ask(client, change(Home=None, Income=None))
    assert response.status_code == 200
    assert "warnings" not in read(response)


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        ({"Home": "castle"}, "Home", "is a category that was not observed"),
        ({"Income": 1e6}, "Income", "is outside the range observed in training"),
        ({"Records": None}, "Records", "is null, which was not observed"),
    ],
)
def test_what_training_did_not_see_is_answered_with_a_warning(
    client: FlaskClient, fields: dict[str, Any], place: str, message: str
) -> None:
    response = ask(client, TYPICAL, change(**fields))
    assert response.status_code == 200
    [warning] = read(response)["warnings"]
    assert warning["path"] == f"instances[1].{place}"
    assert warning["message"].startswith(message)


def test_an_integral_number_is_an_integer(client: FlaskClient) -> None:
    one = read(ask(client, change(Age=30)))["predictions"]
    assert read(ask(client, change(Age=30.0)))["predictions"] == one


def test_extremes_together_are_answered(client: FlaskClient) -> None:
    numbers = {n: v for n, v in TYPICAL.items() if not isinstance(v, str)}
    for value in (0, 1, 2**62, 120):
        extreme = {name: 30 if name == "Age" else value for name in numbers}
        assert ask(client, change(**extreme)).status_code == 200
    assert ask(client, change(Assets=1e308, Debt=-1e308)).status_code == 200


def test_an_answer_names_the_model_and_the_request(client: FlaskClient) -> None:
    response = post(
        client, {"instances": [TYPICAL]}, headers={"X-Request-ID": "order-66_a.b"}
    )
    assert read(response)["model"] == {"name": "credit-risk", "version": "1.0.0"}
    assert read(response)["request_id"] == "order-66_a.b"
    assert response.headers["X-Request-ID"] == "order-66_a.b"
    assert response.headers["X-Model-Version"] == "1.0.0"


@pytest.mark.parametrize("wanted", ["", "a b", "x" * 129, "é", '"'])
def test_an_ill_formed_request_id_is_replaced(client: FlaskClient, wanted: str) -> None:
    response = post(client, {}, headers={"X-Request-ID": wanted})
    assert response.headers["X-Request-ID"] != wanted
    assert len(response.headers["X-Request-ID"]) == 32


def test_the_model_is_described(client: FlaskClient) -> None:
    described = read(client.get("/v1/model"))
    manifest = json.loads((CREDIT / "manifest.json").read_text())
    digest = (CREDIT / "manifest.sha256").read_text().split()[0]
    engine = described.pop("engine")
    assert re.fullmatch(
        r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}Z", described.pop("serving_since")
    )
    assert described == {"digest": digest, **manifest}
    assert engine["name"] == "plan"
    assert engine["uncompiled_steps"] == []
    assert engine["difference"] <= 1e-12


@pytest.fixture(scope="module")
def wine(packaged: Any, keys: dict[str, str]) -> FlaskClient:
    """A client of a linear model."""
    settings = Settings(artefact=packaged("wine"), api_keys_file=Path(keys["file"]))
    client = create_app(settings).test_client()
    client.environ_base["HTTP_X_API_KEY"] = keys["predict"]
    return client


def read_wine(wine: FlaskClient) -> dict[str, Any]:
    operation = read(wine.get("/openapi.json"))["paths"]["/v1/predict"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]
    return dict(example["instances"][0])


def to_columns(instance: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [value] for name, value in instance.items()}


def test_explanations_are_told_with_the_answer(wine: FlaskClient) -> None:
    instance = read_wine(wine)
    for body in ({"instances": [instance]}, {"columns": to_columns(instance)}):
        plain = read(post(wine, body))
        answer = read(post(wine, {**body, "explain": True}))
        assert answer["predictions"] == plain["predictions"]
        assert "explanations" not in read(post(wine, {**body, "explain": False}))
        [explanation] = answer["explanations"]
        assert list(explanation) == ["barolo", "grignolino", "barbera"]
        for parts in explanation.values():
            assert list(parts["contributions"]) == list(instance)
            total = parts["baseline"] + sum(parts["contributions"].values())
            assert total == pytest.approx(parts["score"], abs=1e-12)


def test_a_model_that_is_not_explained_answers_and_says_why(
    client: FlaskClient,
) -> None:
    answer = read(post(client, {"instances": [TYPICAL], "explain": True}))
    assert len(answer["predictions"]) == 1
    assert "is no linear model" in answer["not_explained_because"]


@pytest.mark.parametrize("wish", [1, "true", None, []])
def test_a_wish_that_is_neither_true_nor_false_is_422(
    client: FlaskClient, wish: Any
) -> None:
    response = post(client, {"instances": [TYPICAL], "explain": wish})
    assert response.status_code == 422
    assert read(response)["errors"] == [
        {"path": "explain", "message": "is not expected here"}
    ]


def test_explanations_are_not_for_every_form_and_not_for_any_number(
    wine: FlaskClient,
) -> None:
    instance = read_wine(wine)
    body = {"instances": [instance], "explain": True}
    assert post(wine, body, headers={"Accept": "text/csv"}).status_code == 406
    many = post(wine, {**body, "instances": 101 * [instance]})
    assert many.status_code == 413
    assert "more than the 100" in read(many)["detail"]
