"""The notebook's answer, over HTTP, to the last bit."""

from typing import Any

import numpy as np
import pytest
from conftest import Served
from pipelines import FITTED, Fitted

from service.model.contract.observation import observe_table
from service.model.contract.plain_values import to_json
from service.model.contract.table_rows import read_columns


def to_instances(fitted: Fitted) -> list[dict[str, Any]]:
    """Return the whole table as the JSON that a caller would send."""
    X = fitted.X
    names = [feature.name for feature in observe_table(X).features]
    columns = read_columns(X, range(len(X)))
    rows = zip(*columns, strict=True)
    return [
        {name: to_json(value) for name, value in zip(names, row, strict=True)}
        for row in rows
    ]


def to_arrays(fitted: Fitted, predictions: list[dict[str, Any]]) -> Any:
    first = predictions[0]
    if "value" in first:
        return np.array([p["value"] for p in predictions])
    if "values" in first:
        return np.array([list(p["values"].values()) for p in predictions])
    return np.array([list(p["probabilities"].values()) for p in predictions])


@pytest.mark.parametrize("name", FITTED)
def test_every_row_is_answered_as_the_pipeline_answers_it(
    name: str, served: Served
) -> None:
    fitted = FITTED[name]()
    server = served(name)

    response = server.predict(to_instances(fitted))

    assert response.status_code == 200, response.text
    predictions = response.json()["predictions"]
    answered = to_arrays(fitted, predictions)
    if hasattr(fitted.pipeline, "predict_proba"):
        expected = fitted.pipeline.predict_proba(fitted.X)
        labels = fitted.options.get("labels")
        wanted = fitted.pipeline.predict(fitted.X).tolist()
        wanted = [labels[label] for label in wanted] if labels else wanted
        assert [p["label"] for p in predictions] == [str(label) for label in wanted]
    else:
        expected = fitted.pipeline.predict(fitted.X)
    assert answered.shape == expected.shape
    assert (answered == expected).all()


def test_the_outputs_of_a_regressor_carry_their_names(served: Served) -> None:
    server = served("outputs")
    answer = server.predict(to_instances(FITTED["outputs"]())[:1]).json()
    assert list(answer["predictions"][0]["values"]) == [
        "progression",
        "log_progression",
    ]


def test_the_order_of_an_instances_fields_does_not_matter(served: Served) -> None:
    server = served("mixed")
    instance = to_instances(FITTED["mixed"]())[0]
    reordered = dict(reversed(instance.items()))
    one, other = server.predict([instance, reordered]).json()["predictions"]
    assert one == other
