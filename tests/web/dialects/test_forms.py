"""A row has the same answer, and the same faults at the same places, in every form."""

import copy
import json
import random
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest
from conftest import Package
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from request_forms import FORMS, VERTEX, Body, RequestForm
from tensor_forms import TENSOR_FORMS

from service.app import create_app
from service.model.artefact.folder import read_artefact
from service.model.contract.array_columns import FEW_ROWS
from service.settings import Settings

Row = dict[str, Any]

# What a form may lose, take for another value, or hold in no type of its own.
ODD = [
    *(None, True, -0.0, 0.1, 30.0, 1e308, 5e-324, -1, 17, 2**53 + 1, 2**62),
    *("", "castle", "30", "NaN", "null", "a,b", 'a"b', "a\nb", "é\N{GRINNING FACE}"),
    *("2024-01-31", "2024-01-31T09:30:00", "2024-01-31T09:30:00Z"),
]


class Model:
    """A service of one model, its golden instances, and what it answers."""

    def __init__(self, artefact: Path, keys: dict[str, str]) -> None:
        app = create_app(
            Settings(
                artefact=artefact,
                api_keys_file=Path(keys["file"]),
                rate_limit_requests="1000000000/minute",
                vertex_predict_route=VERTEX,
            )
        )
        self._client: FlaskClient = app.test_client()
        self._key = f"Bearer {keys['predict']}"
        manifest = read_artefact(artefact).manifest
        self._name = manifest.name
        self.types = {each.name: each.type for each in manifest.contract.features}
        records = json.loads((artefact / "golden.json").read_text())["records"]
        self.rows: list[Row] = [record["instance"] for record in records]

    def post(self, form: RequestForm, body: Body) -> tuple[int, bytes]:
        path = form.path.replace("NAME", self._name)
        headers = {**body.headers, "Authorization": self._key}
        response = self._client.post(path, data=body.data, headers=headers)
        return response.status_code, response.data


@pytest.fixture(scope="module")
def models(packaged: Package, keys: dict[str, str]) -> dict[str, Model]:
    names = ("credit", "mixed", "tensors")
    return {name: Model(packaged(name), keys) for name in names}


def describe(
    status: int, answer: bytes, form: RequestForm, places: dict[str, tuple[int, str]]
) -> tuple[int, Any]:
    """Return an answer, or what is wrong by the places of rows, in no order."""
    if status == 200:
        return status, json.dumps(form.read(answer), sort_keys=True)  # tells -0.0
    assert status == 422, answer
    errors = json.loads(answer)["errors"]
    return status, {(places[each["path"]], each["message"]) for each in errors}


@pytest.mark.parametrize("name", ["credit", "mixed"])
@settings(max_examples=40, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_row_is_the_same_in_every_form(
    name: str, data: st.DataObject, models: dict[str, Model]
) -> None:
    model = models[name]
    rows = [
        dict(row)
        for row in data.draw(
            st.lists(st.sampled_from(model.rows), min_size=1, max_size=4)
        )
    ]
    for _ in range(data.draw(st.integers(0, 4))):
        row = data.draw(st.sampled_from(rows))
        field = data.draw(st.sampled_from([*row]))
        others = [each[field] for each in model.rows]
        row[field] = data.draw(st.sampled_from([*ODD, *others]))
    if data.draw(st.booleans()):
        rows += [*islice(cycle(model.rows), FEW_ROWS)]  # columns are arrays then
    seen = {}
    for label, form in FORMS.items():
        body = form.write(rows, model.types)
        if body is None:
            continue
        status, answer = model.post(form, body)
        places = {
            form.place.format(name=field, row=index, position=at): (index, field)
            for index in range(len(rows))
            for at, field in enumerate(rows[0])
        }
        seen[label] = describe(status, answer, form, places)
    assert len(seen) >= 11
    for label, found in seen.items():
        assert found == seen["rows"], label


# Elements of tensors, some of which are none.
ODD_ELEMENTS: list[Any] = [
    *(None, True, "", "0.5", [0.5], {}, 0, 1, -0.0, 0.1, 1.5, 1.6, -1, 30.5),
    *(2**24 + 1, 2**15, 2**70, 1e39, 5e-324),
]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_a_tensor_is_the_same_in_every_form(
    data: st.DataObject, models: dict[str, Model]
) -> None:
    model = models["tensors"]
    drawn = data.draw(st.lists(st.sampled_from(model.rows), min_size=1, max_size=4))
    rows = copy.deepcopy(drawn)
    for _ in range(data.draw(st.integers(0, 3))):
        row = data.draw(st.sampled_from(rows))
        part = row[data.draw(st.sampled_from(["image", "image", "extra"]))]
        while isinstance(part, list) and isinstance(part[0], list):
            part = data.draw(st.sampled_from(part))
        if isinstance(part, list):
            index = data.draw(st.integers(0, len(part) - 1))
            part[index] = data.draw(st.sampled_from(ODD_ELEMENTS))
    seen = {}
    for label, form in TENSOR_FORMS.items():
        body = form.write(rows, model.types)
        if body is not None:
            status, answer = model.post(form, body)
            seen[label] = describe_tensors(status, answer, form, rows)
    assert len(seen) >= 9
    for label, found in seen.items():
        assert found == seen["rows"], label


def describe_tensors(
    status: int, answer: bytes, form: RequestForm, rows: list[Row]
) -> tuple[int, Any]:
    """Return an answer, or what is wrong by row, feature and place in the tensor."""
    if status == 200:
        return status, json.dumps(form.read(answer), sort_keys=True)
    assert status == 422, answer
    places = {
        form.place.format(name=name, row=index, position=at): (index, name)
        for index in range(len(rows))
        for at, name in enumerate(rows[0])
    }
    found = set()
    for error in json.loads(answer)["errors"]:
        [start] = [each for each in places if error["path"].startswith(each)]
        inner = error["path"].removeprefix(start)
        found.add((places[start], inner, error["message"]))
    return status, found


def cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randrange(len(body))]


def flip(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        changed[chance.randrange(len(body))] = chance.randrange(256)
    return bytes(changed)


def repeat(body: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.randrange(len(body)) for _ in range(2))
    return body[:end] + body[start:end] * chance.randint(1, 3) + body[end:]


@pytest.mark.parametrize("label", FORMS)
@pytest.mark.parametrize("change", [cut, flip, repeat])
def test_a_damaged_body_is_the_caller_s_fault(
    label: str,
    change: Callable[[bytes, random.Random], bytes],
    models: dict[str, Model],
) -> None:
    """A few still say something that is right, and are answered."""
    statuses = damage(models["credit"], FORMS[label], change, 250)
    assert statuses <= {200, 400, 413, 422}
    assert statuses & {400, 422}


@pytest.mark.parametrize("label", TENSOR_FORMS)
@pytest.mark.parametrize("change", [cut, flip, repeat])
def test_a_damaged_body_of_tensors_is_the_caller_s_fault(
    label: str,
    change: Callable[[bytes, random.Random], bytes],
    models: dict[str, Model],
) -> None:
    statuses = damage(models["tensors"], TENSOR_FORMS[label], change, 60)
    assert statuses <= {200, 400, 413, 422}
    assert statuses & {400, 413, 422}


def damage(
    model: Model,
    form: RequestForm,
    change: Callable[[bytes, random.Random], bytes],
    times: int,
) -> set[int]:
    """Return the statuses of the answers to a body, damaged many times."""
    chance, statuses = random.Random(1), set()
    rows = [row for row in model.rows if None not in row.values()][:3]
    body = form.write(rows, model.types)
    assert body is not None
    for _ in range(times):
        data = change(body.data, chance)
        headers = dict(body.headers)
        if length := headers.get("Inference-Header-Content-Length"):
            moved = int(length) + chance.choice([0, 0, -1, 1, 1000])
            headers["Inference-Header-Content-Length"] = str(moved)
        statuses.add(model.post(form, Body(data, headers))[0])
    return statuses
