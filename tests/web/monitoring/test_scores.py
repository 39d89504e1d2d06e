"""Which numbers of a prediction are watched."""

import pytest
from conftest import Package

from service.model.artefact.folder import read_artefact
from service.model.contract.instances import Predictions
from service.model.loading import load_predictor
from service.web.monitoring.scores import (
    PROBABILITIES,
    choose_buckets,
    name_series,
    read_series,
)

TWO = Predictions(("no", "yes"), ["no", "yes"], [[0.75, 0.25], [0.125, 0.875]])
THREE = Predictions(("a", "b", "c"), ["b"], [[0.25, 0.5, 0.25]])
BARE = Predictions(("no", "yes"), ["no"])
OUTPUTS = Predictions(("u", "v"), values=[[1.0, 2.0], [3.0, 4.0]])


def test_each_kind_of_prediction_has_its_scores() -> None:
    assert read_series(TWO) == [[0.25, 0.875]]
    assert read_series(THREE) == [[0.5]]
    assert read_series(BARE) == [[]]
    assert read_series(OUTPUTS) == [(1.0, 3.0), (2.0, 4.0)]


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
    assert name_series(predictor.manifest) == expected.get(
        name, predictor.manifest.names
    )
