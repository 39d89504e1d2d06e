"""Which numbers of a prediction are watched."""

import pytest
from conftest import Package

from service.model.artefact.folder import read_artefact
from service.model.contract.instances import Predictions
from service.model.contract.prediction_form import (
    PredictionForm,
    form_labels,
    form_values,
)
from service.model.loading import load_predictor
from service.web.monitoring.scores import (
    PROBABILITIES,
    choose_buckets,
    list_series,
    read_series,
)

NO_YES = form_labels(["no", "yes"], "probabilities")
TWO = Predictions(NO_YES, ["no", "yes"], [[0.75, 0.25], [0.125, 0.875]])
THREE = Predictions(form_labels("abc", "probabilities"), ["b"], [[0.25, 0.5, 0.25]])
NEAREST = Predictions(form_labels("abc", "distances"), ["b"], [[2.0, 0.5, 1.0]])
BARE = Predictions(form_labels(["no", "yes"]), ["no"])
OUTPUTS = Predictions(form_values("uv"), None, [[1.0, 2.0], [3.0, 4.0]])
PAIRED = Predictions(
    PredictionForm(outputs={"a": NO_YES, "b": form_labels("xyz", "probabilities")}),
    [["no", "y"]],
    [[0.75, 0.25, 0.125, 0.625, 0.25]],
)


@pytest.mark.parametrize(
    ("predictions", "names", "numbers"),
    [
        (TWO, ["yes"], [[0.25, 0.875]]),
        (THREE, ["likeliest"], [[0.5]]),
        (NEAREST, ["nearest"], [[0.5]]),
        (BARE, [], []),
        (OUTPUTS, ["u", "v"], [[1.0, 3.0], [2.0, 4.0]]),
        (PAIRED, ["a", "b"], [[0.25], [0.625]]),
    ],
)
def test_each_kind_of_prediction_has_its_scores(
    predictions: Predictions, names: list[str], numbers: list[list[float]]
) -> None:
    series = list_series(predictions.form)
    assert [each.name for each in series] == names
    assert read_series(series, predictions) == numbers


@pytest.mark.parametrize("name", ["credit", "wine", "diabetes", "outputs"])
def test_each_model_has_names_and_buckets_for_its_scores(
    name: str, packaged: Package
) -> None:
    predictor = load_predictor(read_artefact(packaged(name)))
    bounds = choose_buckets(predictor)
    assert list(bounds) == sorted(set(bounds))
    is_classifier = predictor.manifest.task == "classification"
    assert (bounds == PROBABILITIES) is is_classifier
    expected = {"credit": ("good",), "wine": ("likeliest",)}
    found = tuple(series.name for series in list_series(predictor.form))
    assert found == expected.get(name, predictor.manifest.names)
