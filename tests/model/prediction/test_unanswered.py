"""An instance is blamed only where the pipeline is healthy without it."""

import math
from collections.abc import Sequence

import pandas as pd
import pytest
from proved_here import package_here
from sklearn.neighbors import RadiusNeighborsRegressor

from service.model.artefact.folder import read_artefact
from service.model.contract.instances import Instances, Predictions
from service.model.contract.prediction_form import form_values
from service.model.drift_file import measure_file
from service.model.loading import load_predictor
from service.model.prediction.unanswered import find_unanswered


def answer(instances: Instances) -> Predictions:
    return Predictions(
        form_values(("value",)), numbers=[[math.log(x)] for x in instances.columns[0]]
    )


def make(values: Sequence[float]) -> Instances:
    return Instances((values,), len(values))


@pytest.mark.parametrize("index", range(7))
def test_the_first_instance_without_an_answer_is_found(index: int) -> None:
    values = [*range(1, index + 1), -1.0, *range(1, 7 - index)]
    assert find_unanswered(answer, make(values), make([1.0])) == index
    assert find_unanswered(answer, make([*values, -2.0]), make([1.0])) == index


def test_no_instance_is_to_blame_where_the_typical_one_is_not_answered() -> None:
    assert find_unanswered(answer, make([-1.0]), make([-1.0])) is None


def test_no_instance_is_to_blame_where_each_is_answered() -> None:
    assert find_unanswered(answer, make([1.0, 2.0]), make([1.0])) is None


@pytest.mark.filterwarnings("ignore:One or more samples")
def test_a_row_of_a_file_without_an_answer_does_not_count(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    X = pd.DataFrame({"x": [0.0, 0.5, 4.0, 4.5], "z": [4.0, 4.5, 0.5, 0.0]})
    fitted = RadiusNeighborsRegressor(1.0).fit(X, X["x"])
    folder = tmp_path_factory.mktemp("radius")
    path = package_here(fitted, X, name="radius", version="1.0.0", to=folder)
    rows = pd.concat([X, pd.DataFrame({"x": [4.0], "z": [4.0]}), X])
    rows.to_csv(folder / "rows.csv", index=False)
    found = measure_file(load_predictor(read_artefact(path)), folder / "rows.csv", 1)
    assert (found.drift.count, found.refused) == (8, 1)
