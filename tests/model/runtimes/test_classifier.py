"""Labels and probabilities are found where they are plain, and else have to be said."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from networks import (
    FLOAT,
    write_labelled,
    write_linear,
    write_network,
    write_two_inputs,
)
from onnx import helper
from scipy.special import expit, softmax

from service.model import NetworkClassifier, NetworkTransformer
from service.model.errors import PackagingError

X = np.random.default_rng(0).normal(size=(20, 3))
THREE = np.array([[1, 2, 0], [3, -4, 1], [0.5, 0.25, 2]])
ONE = THREE[:, :1]


def test_an_output_that_adds_up_to_one_is_of_probabilities(tmp_path: Path) -> None:
    path = write_linear(tmp_path / "x.onnx", THREE, finish="Softmax")
    fitted = NetworkClassifier(path, classes=["a", "b", "c"])
    probabilities = fitted.predict_proba(X)
    assert np.allclose(probabilities, softmax(X @ THREE, axis=1), atol=1e-6)
    assert fitted.predict(X).tolist() == [
        "abc"[index] for index in probabilities.argmax(axis=1)
    ]


def test_logits_have_to_be_said(tmp_path: Path) -> None:
    path = write_linear(tmp_path / "x.onnx", THREE)
    with pytest.raises(ValueError, match=r"'y' holds no probabilities: .*'softmax'"):
        NetworkClassifier(path).predict(X)
    fitted = NetworkClassifier(path, activation="softmax")
    expected = softmax(X @ THREE, axis=1)
    assert np.allclose(fitted.predict_proba(X), expected, atol=1e-6)
    assert fitted.predict(X).tolist() == expected.argmax(axis=1).tolist()


@pytest.mark.parametrize(
    ("finish", "activation"), [("Identity", "sigmoid"), ("Sigmoid", "identity")]
)
def test_one_number_is_of_the_second_class(
    finish: str, activation: str, tmp_path: Path
) -> None:
    path = write_linear(tmp_path / "x.onnx", ONE, finish=finish)
    with pytest.raises(PackagingError, match="'sigmoid' if that is a logit"):
        NetworkClassifier(path)
    fitted = NetworkClassifier(path, classes=[False, True], activation=activation)
    second = expit(X @ ONE)[:, 0]
    found = fitted.predict_proba(X)
    assert np.allclose(found, np.stack([1 - second, second], axis=1), atol=1e-6)
    assert fitted.predict(X).tolist() == (second > 0.5).tolist()


def test_a_logit_is_no_probability(tmp_path: Path) -> None:
    path = write_linear(tmp_path / "x.onnx", ONE)
    fitted = NetworkClassifier(path, activation="identity")
    with pytest.raises(ValueError, match="holds no probabilities"):
        fitted.predict(X)


def test_labels_are_the_networks_own(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "x.onnx", ["bad", "good", "ugly"])
    fitted = NetworkClassifier(path, classes=["bad", "good", "ugly"])
    expected = X.astype(np.float32).argmax(axis=1)
    assert fitted.predict(X).tolist() == fitted.classes_[expected].tolist()
    assert np.allclose(fitted.predict_proba(X), softmax(X, axis=1), atol=1e-6)
    other = NetworkClassifier(path, classes=["bad", "good", "nice"])
    with pytest.raises(ValueError, match="a label that is none of its classes"):
        other.predict(X)


REFUSED = {
    "no classes": ({}, "say classes="),
    "another number of classes": ({"classes": ["a", "b"]}, "tells 3 apart"),
    "two alike": ({"classes": ["a", "b", "a"]}, "classes that differ"),
    "numbers for texts": ({"classes": [1, 2, 3]}, "'label' holds str"),
    "another output": ({"output": "logits"}, "no output 'logits'.*'probabilities'"),
    "another activation": (
        {"classes": ["a", "b", "c"], "activation": "relu"},
        "activation= must be one of",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_told_has_to_be_said(case: str, tmp_path: Path) -> None:
    options, words = REFUSED[case]
    path = write_labelled(tmp_path / "x.onnx", ["a", "b", "c"])
    with pytest.raises(PackagingError, match=words):
        NetworkClassifier(path, **options)  # type: ignore[arg-type]


def test_of_several_outputs_one_has_to_be_named(tmp_path: Path) -> None:
    path = write_two_inputs(tmp_path / "two.onnx")
    with pytest.raises(PackagingError, match="say by output="):
        NetworkClassifier(path)


def write_unknown_shape(path: Path) -> Path:
    """Write a softmax, reshaped to as many dimensions as its input is found to have."""
    nodes = [
        helper.make_node("Softmax", ["x"], ["z"]),
        helper.make_node("Shape", ["x"], ["sizes"]),
        helper.make_node("Greater", ["sizes", "zero"], ["is_there"]),
        helper.make_node("Compress", ["sizes", "is_there"], ["kept"]),
        helper.make_node("Reshape", ["z", "kept"], ["y"]),
    ]
    zero = {"zero": np.array([0])}
    write_network(path, nodes, [("x", FLOAT, ["n", 3])], [("y", FLOAT, ["n"])], zero)
    model = onnx.load(path)
    model.graph.output[0].type.tensor_type.ClearField("shape")
    onnx.save(model, path)
    return path


def test_an_output_of_no_known_shape_may_have_any_width(tmp_path: Path) -> None:
    """It is not taken for a single number."""
    path = write_unknown_shape(tmp_path / "net.onnx")
    with pytest.raises(PackagingError, match="say classes=, in the order"):
        NetworkClassifier(path)
    network = NetworkClassifier(path, classes=["a", "b", "c"])
    assert network.predict_proba(np.eye(3)).shape == (3, 3)
    with pytest.raises(ValueError, match="3 probabilities a row, and has 2 classes"):
        NetworkClassifier(path, classes=["a", "b"]).predict(np.eye(3))
    with pytest.raises(ValueError, match=r"The width of 'y' is free"):
        NetworkTransformer(path).get_feature_names_out()


def test_what_is_rounded_below_zero_is_a_probability(tmp_path: Path) -> None:
    """As onnxruntime has one minus a sum of float32 over trees; it is not changed."""
    path = write_linear(tmp_path / "net.onnx", np.eye(2))
    rows = np.array([[-5e-7, 1 + 5e-7], [0.5, 0.5]], np.float32)
    found = NetworkClassifier(path).predict_proba(rows)
    assert found.tobytes() == rows.tobytes()
    with pytest.raises(ValueError, match="holds no probabilities"):
        NetworkClassifier(path).predict(np.array([[-1e-3, 1 + 1e-3]]))


def test_several_numbers_are_no_label(tmp_path: Path) -> None:
    path = write_labelled(tmp_path / "net.onnx", ["a", "b", "c"])
    with pytest.raises(
        PackagingError, match=r"'probabilities' \(n, 3\) holds no label"
    ):
        NetworkClassifier(path, classes=[0, 1, 2], label_output="probabilities")
