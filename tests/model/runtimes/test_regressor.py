"""A network that predicts numbers, or gives them by name."""

from pathlib import Path

import numpy as np
import pytest
from networks import write_labelled, write_linear, write_two_inputs

from service.model import NetworkRegressor, NetworkTransformer
from service.model.errors import PackagingError
from service.model.runtimes.answers import join_numbers

X = np.random.default_rng(0).random((20, 5))


def test_a_value_or_several(tmp_path: Path) -> None:
    one = NetworkRegressor(write_linear(tmp_path / "one.onnx", np.ones((5, 1))))
    assert one.predict(X).shape == (20,)
    assert np.allclose(one.predict(X), X.sum(axis=1), atol=1e-5)
    two = NetworkRegressor(write_linear(tmp_path / "two.onnx", np.ones((5, 2))))
    assert two.predict(X).shape == (20, 2)


def test_of_several_outputs_one_is_named(tmp_path: Path) -> None:
    path = write_two_inputs(tmp_path / "two.onnx")
    with pytest.raises(PackagingError, match="say by output="):
        NetworkRegressor(path)
    found = NetworkRegressor(path, output="product").predict(X)
    assert np.allclose(found, X[:, :3].sum(axis=1) * X[:, 3:].sum(axis=1), atol=1e-5)


def test_all_outputs_have_names(tmp_path: Path) -> None:
    path = write_two_inputs(tmp_path / "two.onnx")
    fitted = NetworkTransformer(path)
    names = ["product", "both_0", "both_1", "both_2", "both_3", "both_4"]
    assert fitted.get_feature_names_out().tolist() == names
    numbers = fitted.transform(X)
    assert numbers.dtype == np.float64
    assert numbers[:, 1:].tolist() == X.astype(np.float32).tolist()
    some = NetworkTransformer(path, outputs=["both"])
    assert some.get_feature_names_out().tolist() == names[1:]


def test_a_transformer_gives_no_texts(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "x.onnx", ["a", "b"])
    with pytest.raises(PackagingError, match="outputs= which of them are numbers"):
        NetworkTransformer(path)
    assert NetworkTransformer(path, outputs=["probabilities"])


def test_integers_beside_floats_stay_what_they_are() -> None:
    floats, ids = np.ones((1, 1), np.float32), np.array([[2**53]])
    assert join_numbers([floats, ids]).tolist() == [[1, 2**53]]
    assert join_numbers([ids + 1]).tolist() == [[2**53 + 1]]
    for others in (floats, ids.astype(np.uint64)):
        with pytest.raises(ValueError, match="an integer that no double holds"):
            join_numbers([others, ids + 1])
