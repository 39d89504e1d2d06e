"""A row is answered alike, and refused at the same place, as tensors and by column."""

import json
import struct
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from conftest import Package
from flask import Flask
from flask.testing import FlaskClient
from pipelines import CREDIT, FITTED
from werkzeug.test import TestResponse

from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.flat_columns import flatten
from service.model.contract.request_limits import UNBOUNDED
from service.model.loading import load_predictor
from service.web.dialects.open_inference import OpenInference
from service.web.dialects.open_inference_routes import describe_metadata
from service.web.request import RequestContext

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]
TYPICAL = RECORDS[0]["instance"]
INFER = "/v2/models/credit-risk/infer"
NUMBERS = {name for name, value in TYPICAL.items() if not isinstance(value, str)}

Tensor = dict[str, Any]


def to_tensor(name: str, values: Sequence[Any], /, **changes: Any) -> Tensor:
    datatype = "FP64" if name in NUMBERS else "BYTES"
    shape = [len(values)]
    tensor = {"name": name, "shape": shape, "datatype": datatype, "data": [*values]}
    return {**tensor, **changes}


def to_tensors(rows: Sequence[dict[str, Any]], **changes: Tensor) -> list[Tensor]:
    return [
        to_tensor(name, [row[name] for row in rows], **changes.get(name, {}))
        for name in TYPICAL
    ]


def post(client: FlaskClient, body: Any, **options: Any) -> TestResponse:
    """Post as tritonclient does: without a Content-Type."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(INFER, data=data, **options)


def pack(rows: Sequence[dict[str, Any]], **others: bytes) -> tuple[bytes, int]:
    """Return a request whose tensors follow its JSON, and the length of the JSON."""
    tensors, parts = to_tensors(rows), []
    for tensor in tensors:
        values = tensor.pop("data")
        if tensor["datatype"] == "BYTES":
            texts = [value.encode() for value in values]
            part = b"".join(struct.pack("<I", len(text)) + text for text in texts)
        else:
            numbers = [float("nan") if value is None else value for value in values]
            part = struct.pack(f"<{len(numbers)}d", *numbers)
        parts.append(others.get(tensor["name"], part))
        tensor["parameters"] = {"binary_data_size": len(parts[-1])}
    head = json.dumps({"inputs": tensors}).encode()
    return b"".join([head, *parts]), len(head)


def post_packed(client: FlaskClient, body: bytes, head: int | str) -> TestResponse:
    return post(client, body, headers={"Inference-Header-Content-Length": str(head)})


# A text that is missing has no form in bytes.
TEXTS = [name for name in TYPICAL if name not in NUMBERS]
FULL = [
    record["instance"]
    for record in RECORDS
    if all(record["instance"][name] is not None for name in TEXTS)
]


def test_golden_records_are_answered_as_tensors(client: FlaskClient) -> None:
    rows = [record["instance"] for record in RECORDS]
    answer = json.loads(post(client, {"inputs": to_tensors(rows), "id": "x"}).data)
    assert (answer["model_name"], answer["model_version"]) == ("credit-risk", "1.0.0")
    assert answer["id"] == "x"
    outputs = {each["name"]: each for each in answer["outputs"]}
    label = outputs.pop("label")
    assert (label["datatype"], label["shape"]) == ("BYTES", [len(rows)])
    assert label["data"] == [record["prediction"]["label"] for record in RECORDS]
    for name, output in outputs.items():
        _, _, class_ = name.partition("probabilities.")
        wanted = [each["prediction"]["probabilities"][class_] for each in RECORDS]
        assert output["data"] == wanted
        assert output["datatype"] == "FP64"
    assert len(outputs) == 2


def test_tensors_that_follow_as_bytes_are_answered_alike(client: FlaskClient) -> None:
    assert any(row[name] is None for row in FULL for name in NUMBERS)
    packed = json.loads(post_packed(client, *pack(FULL)).data)
    written = json.loads(post(client, {"inputs": to_tensors(FULL)}).data)
    assert packed["outputs"] == written["outputs"]


def unpack(answer: TestResponse) -> dict[str, list[Any]]:
    """Return the outputs of an answer, which all follow its JSON as bytes."""
    head = int(answer.headers["Inference-Header-Content-Length"])
    assert answer.content_type == "application/octet-stream"
    rest = answer.data[head:]
    columns: dict[str, list[Any]] = {}
    for output in json.loads(answer.data[:head])["outputs"]:
        assert "data" not in output
        size = output["parameters"]["binary_data_size"]
        part, rest = rest[:size], rest[size:]
        [count] = output["shape"]
        if output["datatype"] == "FP64":
            columns[output["name"]] = [*struct.unpack(f"<{count}d", part)]
            continue
        columns[output["name"]] = []
        while part:
            (length,) = struct.unpack_from("<I", part)
            columns[output["name"]].append(part[4 : 4 + length].decode())
            part = part[4 + length :]
    assert not rest
    return columns


@pytest.mark.parametrize("copies", [1, 300])
def test_an_answer_is_bytes_where_that_is_asked_for(
    client: FlaskClient, copies: int
) -> None:
    rows = FULL[:4] * copies
    body, head = pack(rows)
    written = json.loads(post_packed(client, body, head).data)
    expected = {each["name"]: each["data"] for each in written["outputs"]}
    asked = json.loads(body[:head])
    asked["parameters"] = {"binary_data_output": True}
    changed = json.dumps(asked).encode()
    answer = post_packed(client, changed + body[head:], len(changed))
    assert unpack(answer) == expected
    assert unpack(post(client, {**asked, "inputs": to_tensors(rows)})) == expected


def test_each_output_is_bytes_or_not_as_it_is_asked_for(client: FlaskClient) -> None:
    outputs = [
        {"name": "label", "parameters": {"binary_data": True}},
        {"name": "probabilities.bad", "parameters": {"binary_data": False}},
    ]
    request = {"inputs": to_tensors([TYPICAL]), "outputs": outputs}
    answer = post(client, request)
    head = int(answer.headers["Inference-Header-Content-Length"])
    label, bad = json.loads(answer.data[:head])["outputs"]
    assert label["parameters"] == {"binary_data_size": len(answer.data) - head}
    assert isinstance(bad["data"][0], float)
    bare: dict[str, Any] = {**request, "outputs": [{"name": "label"}]}
    assert json.loads(post(client, bare).data)["outputs"][0]["data"]
    bare["parameters"] = {"binary_data_output": True}
    assert unpack(post(client, bare))["label"]


def test_a_nan_is_a_null_where_the_feature_takes_one(client: FlaskClient) -> None:
    row = {**TYPICAL, "Income": float("nan")}
    with_nan = post(client, {"inputs": to_tensors([row])})
    with_null = post(client, {"inputs": to_tensors([{**TYPICAL, "Income": None}])})
    assert b"NaN" not in with_null.data
    assert json.loads(with_nan.data)["outputs"] == json.loads(with_null.data)["outputs"]


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        *(("Age", "thirty"), ("Age", 17), ("Age", 30.5), ("Age", True), ("Home", 5)),
        *(
            ("Income", "1"),
            ("Seniority", 2**53 + 1),
            ("Seniority", 2**70),
            ("Age", None),
        ),
    ],
)
def test_a_wrong_value_is_refused_as_by_column(
    client: FlaskClient, feature: str, value: Any
) -> None:
    rows = [TYPICAL, {**TYPICAL, feature: value}]
    columns = {name: [row[name] for row in rows] for name in TYPICAL}
    own = client.post("/v1/predict", json={"columns": columns})
    told = post(client, {"inputs": to_tensors(rows)})
    assert told.status_code == own.status_code
    if own.status_code == 422:
        wanted = json.loads(own.data)["errors"]
        for error in wanted:
            error["path"] = error["path"].replace("columns.", "inputs.")
        problem = json.loads(told.data)
        assert problem["errors"] == wanted
        assert problem["error"].startswith(problem["detail"])
        assert wanted[0]["path"] in problem["error"]


@pytest.mark.parametrize(
    "changes",
    [
        *({"shape": [2]}, {"shape": []}, {"shape": "1"}, {"shape": [True]}),
        *({"shape": [-1]}, {"shape": [1, 1, 2]}, {"datatype": "FP8"}, {"data": 5}),
        *({"datatype": None}, {"data": [[[30]]]}, {"name": 5}, {"name": "Home"}),
        *({"parameters": {"binary_data_size": 8}}, {"datatype": []}),
        # Its product would take minutes.
        *({"shape": [2**32 - 1] * 60_000}, {"shape": [2**32]}),
    ],
)
def test_a_tensor_that_is_none_is_400(
    client: FlaskClient, changes: dict[str, Any]
) -> None:
    response = post(client, {"inputs": to_tensors([TYPICAL], Age=changes)})
    assert response.status_code == 400
    assert isinstance(json.loads(response.data)["error"], str)


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"5", b"[]", b"{}", b'{"inputs": []}', b'{"inputs": [5]}', b"\xff{}"),
        *(b'{"inputs": [], "inputs": []}', b'{"inputs": NaN', b'{"inputs": -Infinity}'),
        *(b'{"inputs": [NaN, 1e400]}', b'{"inputs": ["\\ud800", NaN]}'),
        *(b'{"inputs": NaN, "inputs": NaN}', b"[NaN," * 5000),
    ],
)
def test_a_body_that_is_no_request_is_400(client: FlaskClient, body: bytes) -> None:
    response = post(client, body)
    assert response.status_code == 400
    assert isinstance(json.loads(response.data)["error"], str)


def test_bytes_that_are_no_tensors_are_400(client: FlaskClient) -> None:
    body, head = pack([TYPICAL])
    for cut in (body[:-1], body + b"x", body[: head + 3], body[:head]):
        assert post_packed(client, cut, head).status_code == 400
    assert post_packed(client, *pack([TYPICAL], Age=bytes(16))).status_code == 400
    for length in ("-1", "", "x", len(body) + 1, 0, "\u0662", 2**70, "9" * 5000):
        text = str(length).encode().decode("latin-1")
        assert post_packed(client, body, text).status_code == 400
    infinite, home = struct.pack("<d", float("inf")), struct.pack("<I", 2**31) + b"x"
    for changes in ({"Age": infinite}, {"Home": home}, {"Home": b"\1\0\0\0\xff"}):
        assert post_packed(client, *pack([TYPICAL], **changes)).status_code == 400


def test_text_that_is_none_is_400_wherever_it_stands(client: FlaskClient) -> None:
    """Beside a NaN, too, which another decoder reads."""
    tensors = to_tensors([{**TYPICAL, "Income": float("nan")}])
    for body in ({"id": "\ud800", "inputs": tensors}, {"\ud800": 1, "inputs": tensors}):
        assert post(client, body).status_code == 400


def test_more_rows_than_a_request_may_hold_are_413(client: FlaskClient) -> None:
    tensors = to_tensors([TYPICAL], Age={"shape": [10_001]})
    assert post(client, {"inputs": tensors}).status_code == 413


def test_outputs_are_chosen_by_name(client: FlaskClient) -> None:
    body = {"inputs": to_tensors([TYPICAL]), "outputs": [{"name": "label"}]}
    [output] = json.loads(post(client, body).data)["outputs"]
    assert output["name"] == "label"
    wrong: Any
    for wrong in ([{"name": "x"}], [5], 5, [{}], [{"name": []}]):
        assert post(client, {**body, "outputs": wrong}).status_code == 400
    classes = [{"name": "label", "parameters": {"classification": 2}}]
    assert post(client, {**body, "outputs": classes}).status_code == 400


def test_a_warning_is_told(client: FlaskClient) -> None:
    body = {"inputs": to_tensors([{**TYPICAL, "Home": "castle"}])}
    answer = json.loads(post(client, body).data)
    assert answer["parameters"]["warnings"].startswith("inputs.Home[0] is a category")


def test_what_the_model_takes_and_answers_is_published(client: FlaskClient) -> None:
    metadata = json.loads(client.get("/v2/models/credit-risk").data)
    assert [each["name"] for each in metadata["inputs"]] == [*TYPICAL]
    tensors = to_tensors([TYPICAL])
    for tensor, told in zip(tensors, metadata["inputs"], strict=True):
        tensor["datatype"] = told["datatype"]
    answer = json.loads(post(client, {"inputs": tensors}).data)
    told = {each["name"]: each["datatype"] for each in metadata["outputs"]}
    assert told == {each["name"]: each["datatype"] for each in answer["outputs"]}


@pytest.mark.parametrize(
    "change",
    [
        {"Income": None},
        {"Seniority": 2**53 + 1, "Home": "castle"},
        {"Seniority": -(2**63), "Age": "thirty"},
        {"Age": 30.0, "Price": -0.0},
    ],
)
def test_heads_that_are_not_plain_change_nothing(
    client: FlaskClient, change: dict[str, Any]
) -> None:
    tensors = to_tensors([TYPICAL, {**TYPICAL, **change}])
    plain = json.loads(post(client, {"inputs": tensors, "id": "x"}).data)
    described = [{**each, "parameters": {"content_type": "str"}} for each in tensors]
    other = json.loads(post(client, {"inputs": described, "id": "x"}).data)
    for told in ("outputs", "errors", "parameters"):
        assert plain.get(told) == other.get(told)


def test_a_key_that_occurs_twice_is_refused(client: FlaskClient) -> None:
    body = json.dumps({"inputs": to_tensors([TYPICAL])})
    for twice in ('"id": "x", "id": "y", ', '"parameters": {"a": 1, "a": 2}, '):
        response = post(client, body.replace('"inputs"', f'{twice}"inputs"').encode())
        assert response.status_code == 400
    twice = body.replace('"datatype": ', '"datatype": "FP64", "datatype": ', 1)
    assert post(client, twice.encode()).status_code == 400


def test_an_unknown_tensor_is_refused_by_its_name(client: FlaskClient) -> None:
    tensors = [*to_tensors([TYPICAL]), to_tensor("Shoes" * 20, [1])]
    [error] = json.loads(post(client, {"inputs": tensors}).data)["errors"]
    assert error["path"] == f"inputs.{'Shoes' * 20}"[: len("inputs.") + 64]


def test_another_model_is_not_here(client: FlaskClient) -> None:
    response = client.post("/v2/models/other/infer", json={"inputs": []})
    assert response.status_code == 404
    assert isinstance(json.loads(response.data)["error"], str)


@pytest.mark.parametrize("name", FITTED)
def test_each_kind_of_model_takes_and_answers_tensors(
    name: str, packaged: Package
) -> None:
    predictor = load_predictor(read_artefact(packaged(name)))
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    metadata = describe_metadata(predictor)
    records = predictor.golden.records
    inputs = [
        {
            **told,
            "shape": [len(records)],
            "data": [r.instance[told["name"]] for r in records],
        }
        for told in metadata["inputs"]
    ]
    with Flask(name).test_request_context():
        reading = OpenInference(predictor, codec).read(orjson.dumps({"inputs": inputs}))
    instances = codec.validate(reading.document)
    predictions = predictor.predict(instances)
    answer = reading.write(RequestContext(0.0), predictions, instances)
    outputs = {each["name"]: each["data"] for each in answer["outputs"]}
    told = {each["name"]: each["datatype"] for each in metadata["outputs"]}
    assert told == {each["name"]: each["datatype"] for each in answer["outputs"]}
    body = orjson.dumps({"instances": [record.instance for record in records]})
    for index, own in enumerate(predictor.predict(codec.load(body)).to_json()):
        assert {path: values[index] for path, values in outputs.items()} == dict(
            flatten(own)
        )
