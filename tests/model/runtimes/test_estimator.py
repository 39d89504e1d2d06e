"""A network is a fitted estimator to scikit-learn, and to what pickles it."""

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from networks import FLOAT, write_linear, write_network
from onnx import helper, numpy_helper
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from service.model import NetworkClassifier, NetworkRegressor, NetworkTransformer
from service.model.errors import NetworkLoadError
from service.model.runtimes.network_file import (
    leaving_networks_out,
    providing_networks,
)

WEIGHTS = np.array([[1, 2], [3, -4], [0.5, 0.25]])
X = np.random.default_rng(0).random((20, 3))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_linear(tmp_path / "linear.onnx", WEIGHTS, finish="Softmax")


def test_it_is_fitted_as_it_is(path: Path) -> None:
    fitted = NetworkClassifier(path, classes=["good", "bad"])
    check_is_fitted(fitted)
    assert is_classifier(fitted)
    assert is_regressor(NetworkRegressor(path))
    assert not is_classifier(NetworkTransformer(path))
    assert fitted.n_features_in_ == 3
    assert clone(fitted) is fitted.fit(X, None) is fitted
    assert fitted.get_params()["classes"] == ["good", "bad"]
    assert repr(fitted.network) == "<onnx network linear.onnx>"
    changed = NetworkClassifier(path).set_params(classes=["yes", "no"])
    assert changed.classes_.tolist() == ["yes", "no"]


def test_a_pipeline_is_fitted_around_it(path: Path) -> None:
    pipeline = make_pipeline(StandardScaler(), NetworkClassifier(path)).fit(X)
    scaled = StandardScaler().fit_transform(X)
    expected = NetworkClassifier(path).predict_proba(scaled)
    assert pipeline.predict_proba(X).tobytes() == expected.tobytes()


def test_copies_and_pickles_answer_alike(path: Path) -> None:
    fitted = NetworkClassifier(path)
    expected = fitted.predict_proba(X).tobytes()
    pickled = pickle.dumps(fitted)
    path.unlink()
    for each in (copy.deepcopy(fitted), copy.copy(fitted), pickle.loads(pickled)):
        assert each.predict_proba(X).tobytes() == expected


def test_a_pickle_may_leave_the_bytes_of_a_network_out(path: Path) -> None:
    fitted = NetworkClassifier(path)
    content = path.read_bytes()
    with leaving_networks_out() as left_out:
        pickled = pickle.dumps(fitted)
    assert left_out == {fitted.network.digest: fitted.network}
    assert content not in pickled
    assert str(path.parent).encode() not in pickled

    with pytest.raises(NetworkLoadError, match="beside the pickle"):
        pickle.loads(pickled)
    with (
        pytest.raises(NetworkLoadError, match="in none of the artefact's files"),
        providing_networks({}),
    ):
        pickle.loads(pickled)
    with providing_networks({fitted.network.digest: content}) as networks:
        loaded = pickle.loads(pickled)
    assert networks == [loaded.network]
    assert loaded.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()
    with pytest.raises(NetworkLoadError, match="its bytes were not kept"):
        pickle.dumps(loaded)


def test_a_batch_of_one_size_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("Identity", ["x"], ["y"])
    path = tmp_path / "fixed.onnx"
    write_network(path, [node], [("x", FLOAT, [1, 3])], [("y", FLOAT, [1, 3])])
    with pytest.raises(NetworkLoadError, match="first dimension that is free"):
        NetworkTransformer(path)


def test_a_network_without_inputs_is_refused(tmp_path: Path) -> None:
    value = numpy_helper.from_array(np.ones(3, np.float32))
    node = helper.make_node("Constant", [], ["y"], value=value)
    path = write_network(tmp_path / "still.onnx", [node], [], [("y", FLOAT, [3])])
    with pytest.raises(NetworkLoadError, match=r"still\.onnx takes no input\."):
        NetworkTransformer(path)


def test_another_number_of_answers_is_refused(tmp_path: Path) -> None:
    node = helper.make_node("Slice", ["x", "start", "end"], ["y"])
    ends = {"start": np.array([0]), "end": np.array([2])}
    path = tmp_path / "two.onnx"
    write_network(
        path, [node], [("x", FLOAT, ["n", 3])], [("y", FLOAT, ["m", 3])], ends
    )
    with pytest.raises(ValueError, match="gives 2 of 'y' to 20 instances"):
        NetworkTransformer(path).transform(X)
