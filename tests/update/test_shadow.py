"""How two versions' answers to one request are compared."""

import json
from collections import Counter
from typing import Any

import orjson
import pytest
from conftest import Package
from pipelines import CREDIT

from service.model.artefact.folder import read_artefact
from service.model.contract.request_limits import UNBOUNDED
from service.model.loading import load_predictor
from service.update.differences import find_difference, read_label
from service.update.shadow import REFUSALS, Shadow, compare_predictions

RECORDS = json.loads((CREDIT / "golden.json").read_text())["records"]


def answer_label(label: str, bad: float) -> dict[str, Any]:
    return {"label": label, "probabilities": {"bad": bad, "good": 1 - bad}}


def test_labels_and_numbers_are_compared_instance_by_instance() -> None:
    stable = [answer_label("good", 0.25), answer_label("bad", 0.75)]
    shadow = [answer_label("good", 0.25), answer_label("good", 0.375)]
    found = compare_predictions(stable, shadow)
    assert (found.instances, found.changed) == (2, 1)
    assert found.labels == Counter({("good", "good"): 1, ("bad", "good"): 1})
    assert found.differences == [0.0, 0.375]


def test_a_value_has_no_label() -> None:
    found = compare_predictions([{"value": 1}], [{"value": 1.5}])
    assert (found.labels, found.changed) == (Counter(), 0)
    assert found.differences == [0.5]


def test_only_what_both_answer_by_one_name_is_compared() -> None:
    stable = {"label": "a", "probabilities": {"a.b": 0.5, "c": 0.5}}
    shadow = {"label": "a", "probabilities": {"a.b": 0.75, "d": 0.25}}
    assert compare_predictions([stable], [shadow]).differences == [0.25]
    found = compare_predictions([stable], [{"label": "a"}])
    assert (found.instances, found.differences) == (1, [])


def test_several_outputs_are_compared_as_one() -> None:
    stable = {"outputs": {"x": {"label": "a"}, "y": answer_label("good", 0.25)}}
    shadow = {"outputs": {"x": {"label": "b"}, "y": answer_label("good", 0.5)}}
    found = compare_predictions([stable], [shadow])
    assert found.labels == Counter({(read_label(stable), read_label(shadow)): 1})
    assert found.differences == [find_difference(stable, shadow)] == [0.25]


def test_rows_and_columns_are_alike() -> None:
    rows = [answer_label("good", 0.25), answer_label("bad", 0.75)]
    columns = {
        "label": ["good", "good"],
        "probabilities": {"bad": [0.25, 0.375], "good": [0.75, 0.625]},
    }
    found = compare_predictions(rows, columns)
    assert found == compare_predictions(rows, [rows[0], answer_label("good", 0.375)])
    assert found.changed == 1
    assert compare_predictions(columns, columns).differences == [0.0, 0.0]


def test_a_shadow_answers_by_its_own_contract(packaged: Package) -> None:
    shadow = Shadow(load_predictor(read_artefact(CREDIT)), UNBOUNDED)
    instances = [record["instance"] for record in RECORDS]
    answers = shadow.answer(orjson.dumps({"instances": instances}))
    found = compare_predictions([record["prediction"] for record in RECORDS], answers)
    assert (found.instances, found.changed) == (len(RECORDS), 0)
    assert max(found.differences) < 1e-9
    other = Shadow(load_predictor(read_artefact(packaged("wine"))), UNBOUNDED)
    for body in (orjson.dumps({"instances": instances}), b"{"):
        with pytest.raises(REFUSALS):
            other.answer(body)
