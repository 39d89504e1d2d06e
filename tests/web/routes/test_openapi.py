"""What is published is valid, is of this very model, and is what is served."""

import dataclasses
import json
import re
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace
from openapi_spec_validator import validate
from pipelines import CREDIT, ROOT

from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED, RequestLimits
from service.model.loading import load_predictor
from service.web.routes.openapi import ERRORS, describe_api
from service.web.routes.page.model_page import render_page

GOLDEN = json.loads((CREDIT / "golden.json").read_text())["records"]


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(app.test_client().get("/openapi.json").data)
    return found


def validator(document: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", **document}
    return jsonschema.Draft202012Validator(schema)


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_features_are_the_models_own(document: dict[str, Any]) -> None:
    instance = document["components"]["schemas"]["Instance"]
    contract = read_artefact(CREDIT).manifest.contract
    assert list(instance["properties"]) == [f.name for f in contract.features]
    assert set(instance["required"]) == {f.name for f in contract.features}
    assert instance["additionalProperties"] is False
    assert instance["properties"]["Age"] == {
        "type": ["integer", "null"],
        "minimum": 18,
        "maximum": 120,
        "x-unit": "years",
        "x-observed-minimum": 18,
        "x-observed-maximum": 68,
    }


def test_the_bounds_are_published(packaged: Any) -> None:
    predictor = load_predictor(read_artefact(packaged("mixed")))
    bounds = RequestLimits(max_instances=7, max_string_length=8, max_errors=10)
    codec = Codec(predictor.manifest.contract, bounds)
    schemas = describe_api(predictor, codec)["components"]["schemas"]
    assert schemas["PredictRequest"]["properties"]["instances"]["maxItems"] == 7
    for feature in predictor.manifest.contract.features:
        is_text = feature.type == "string" and feature.categories is None
        published = schemas["Instance"]["properties"][feature.name]
        assert published.get("maxLength") == (8 if is_text else None)


def test_golden_records_fit_the_schemas_and_the_example_is_one(
    document: dict[str, Any],
) -> None:
    operation = document["paths"]["/v1/predict"]["post"]
    [body] = operation["requestBody"]["content"].values()
    assert body["example"] == {"instances": [GOLDEN[0]["instance"]]}
    for record in GOLDEN:
        request = {"instances": [record["instance"]]}
        validator(document, "PredictRequest").validate(request)
        validator(document, "Prediction").validate(record["prediction"])


def test_answers_and_errors_fit_their_schemas(
    document: dict[str, Any], client: FlaskClient
) -> None:
    row = {**GOLDEN[0]["instance"], "Home": "castle"}
    answer = client.post("/v1/predict", json={"instances": [row]})
    validator(document, "PredictAnswer").validate(json.loads(answer.data))
    problem = client.post("/v1/predict", json={"instances": [{}]})
    validator(document, "Problem").validate(json.loads(problem.data))


def test_a_request_by_column_and_its_answer_fit_their_schemas(
    document: dict[str, Any], client: FlaskClient
) -> None:
    rows = [record["instance"] for record in GOLDEN]
    request = {"columns": {name: [row[name] for row in rows] for name in rows[0]}}
    validator(document, "PredictColumns").validate(request)
    answer = json.loads(client.post("/v1/predict", json=request).data)
    validator(document, "PredictAnswer").validate(answer)
    assert answer["predictions"] == {
        "label": [record["prediction"]["label"] for record in GOLDEN],
        "probabilities": {
            name: [record["prediction"]["probabilities"][name] for record in GOLDEN]
            for name in ("bad", "good")
        },
    }


def test_every_route_is_published(document: dict[str, Any], app: Flask) -> None:
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    pages = {"/openapi.json", "/docs", "/docs/<path:name>", "/page/<path:name>"}
    pages |= {"/metrics", "/*"}
    assert set(document["paths"]) == routes - pages


def test_every_error_status_is_described(document: dict[str, Any]) -> None:
    assert set(document["components"]["responses"]) == {str(s) for s in ERRORS}
    responses = document["paths"]["/v1/predict"]["post"]["responses"]
    assert {int(status) for status in responses} == {200, *ERRORS} - {404, 405}


def test_the_page_loads_nothing_from_elsewhere(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/docs", buffered=True).text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(assets) == 4
    for asset in assets:
        assert not asset.startswith(("http", "//"))
        assert client.get(f"/{asset}", buffered=True).status_code == 200
    for source in (ROOT / "service/web/routes/openapi/docs").iterdir():
        assert "http" not in source.read_text()


def test_tensors_are_published_by_shape_and_bounds(packaged: Any) -> None:
    predictor = load_predictor(read_artefact(packaged("tensors")))
    document = describe_api(predictor, Codec(predictor.manifest.contract, UNBOUNDED))
    published = document["components"]["schemas"]["Instance"]["properties"]["image"]
    assert (published["x-dtype"], published["x-shape"]) == ("float32", [8, 8])
    rows, coded = published["oneOf"]
    assert (rows["minItems"], rows["maxItems"]) == (8, 8)
    assert rows["items"]["items"] == {"type": "number", "minimum": 0, "maximum": 1.5}
    assert coded["required"] == ["b64"]
    instance = predictor.golden.records[0].instance
    check = validator(document, "PredictRequest").is_valid
    for image, is_valid in (
        (instance["image"], True),
        ({"b64": "AAAA"}, True),
        (instance["image"][1:], False),
        ([[2.0] * 8] * 8, False),
        ([["0"] * 8] * 8, False),
        ({"b64": "AAAA", "dtype": "float32"}, False),
    ):
        row = {**instance, "image": image}
        assert check({"instances": [row]}) == is_valid
    operation = document["paths"]["/v1/predict"]["post"]
    [body] = operation["requestBody"]["content"].values()
    assert body["example"] == {"instances": [instance]}
    assert "CSV" not in operation["description"]
    path = "/v2/models/tensors/infer"
    [body] = document["paths"][path]["post"]["requestBody"]["content"].values()
    assert [each["shape"] for each in body["example"]["inputs"]] == [[1, 8, 8], [1, 1]]


def test_a_large_tensor_is_no_example(packaged: Any) -> None:
    predictor = load_predictor(read_artefact(packaged("tensors")))
    record = predictor.golden.records[0]
    large = {**record.instance, "image": 100 * record.instance["image"]}
    records = (replace(record, instance=large),)
    golden = replace(predictor.golden, records=records)
    changed = dataclasses.replace(predictor, golden=golden)
    document = describe_api(changed, Codec(predictor.manifest.contract, UNBOUNDED))
    assert len(json.dumps(document)) < 50_000
    page = render_page(changed).plain.body.decode()
    assert len(page) < 20_000
    assert "b64" in page


@pytest.mark.parametrize("name", ["outputs", "mixed", "tensors"])
def test_each_kind_of_model_publishes_what_it_answers(name: str, packaged: Any) -> None:
    predictor = load_predictor(read_artefact(packaged(name)))
    document = describe_api(predictor, Codec(predictor.manifest.contract, UNBOUNDED))
    validate(document)
    for record in predictor.golden.records:
        request = {"instances": [record.instance]}
        validator(document, "PredictRequest").validate(request)
        validator(document, "Prediction").validate(record.prediction)


@pytest.mark.parametrize("path", ["/docs", "/docs/start.js", "/docs/swagger-ui.css"])
def test_the_page_may_do_no_more_than_it_has_to(app: Flask, path: str) -> None:
    answer = app.test_client().get(path, buffered=True)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers.getlist("Cache-Control") == ["no-store"]
