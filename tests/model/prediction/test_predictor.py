"""Outputs under business names: as many as in training, or none."""

import numpy as np
import pytest

from service.model.contract.prediction_form import PredictionForm, form_values
from service.model.outputs import Outputs
from service.model.prediction.predictor import name_outputs

THREE = form_values(["a", "b", "c"])


def test_numbers_have_the_names_of_training() -> None:
    found = name_outputs(Outputs(values=np.ones((2, 3))), THREE).to_columns()
    assert found == {"values": {"a": [1, 1], "b": [1, 1], "c": [1, 1]}}


@pytest.mark.parametrize(
    ("form", "width"), [(THREE, 2), (THREE, 4), (form_values(["value"]), 2)]
)
def test_another_number_of_them_is_no_answer(form: PredictionForm, width: int) -> None:
    """The first of several would be taken for the one value."""
    with pytest.raises(ValueError, match="more numbers, or fewer, than in training"):
        name_outputs(Outputs(values=np.ones((2, width))), form)
