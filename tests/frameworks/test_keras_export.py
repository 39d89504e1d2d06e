"""Models of Keras as .tflite and ONNX files: they answer alike, without TensorFlow."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Serve
from frameworks.answers import BATCHES, build_preparation, check_answers
from pipelines import Fitted
from sklearn.pipeline import make_pipeline

import train
from service.model import (
    NetworkClassifier,
    NetworkTransformer,
    from_keras,
    from_tflite,
)
from service.model.errors import NetworkLoadError, PackagingError
from service.model.runtimes.network_file import NetworkFile

REASON = "TensorFlow is in an environment of its own: make test-frameworks"
tensorflow = pytest.importorskip("tensorflow", reason=REASON)
keras = pytest.importorskip("keras", reason=REASON)
layers = keras.layers

RANDOM = np.random.default_rng(0)
EXPORTS = {"tflite": "litert", "onnx": "onnx"}


def build_perceptron() -> Any:
    return keras.Sequential(
        [
            keras.Input((13,)),
            layers.Dense(16, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(2, activation="softmax"),
        ]
    )


def build_convolutions() -> Any:
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def build_recurrent() -> Any:
    return keras.Sequential(
        [keras.Input((5, 3)), layers.LSTM(4), layers.Dense(2, activation="softmax")]
    )


def build_pair() -> Any:
    """Two inputs, and two outputs by name."""
    left, right = keras.Input((3,), name="left"), keras.Input((2,), name="right")
    both = layers.Concatenate()([right, left])
    heads = {"price": layers.Dense(1)(both), "days": layers.Dense(4)(both)}
    return keras.Model([right, left], heads)


def build_named() -> Any:
    """Two inputs that are called by name."""
    inputs = {"b": keras.Input((2,), name="b"), "a": keras.Input((3,), name="a")}
    joined = layers.Concatenate()([*inputs.values()])
    return keras.Model(inputs, layers.Dense(1)(joined))


def build_places() -> Any:
    """An input of integers."""
    return keras.Sequential(
        [
            keras.Input((2,), dtype="int32"),
            layers.Embedding(7, 3),
            layers.Flatten(),
            layers.Dense(2, activation="softmax"),
        ]
    )


def draw(*shape: int) -> np.ndarray:
    return RANDOM.random((300, *shape), dtype=np.float32)


MODELS = {
    "perceptron": (build_perceptron, draw(13)),
    "convolutions": (build_convolutions, draw(8, 8, 1)),
    "recurrent": (build_recurrent, draw(5, 3)),
    "pair": (build_pair, [draw(2), draw(3)]),
    "named": (build_named, {"b": draw(2), "a": draw(3)}),
    "places": (build_places, RANDOM.integers(0, 7, (300, 2))),
}


def name_inputs(model: Any, sample: Any) -> dict[str, np.ndarray]:
    if isinstance(sample, dict):
        return sample
    names = [tensor.name for tensor in model.inputs]
    given = sample if isinstance(sample, list) else [sample]
    return dict(zip(names, given, strict=True))


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize("name", MODELS)
def test_an_exported_model_answers_as_the_model(name: str, export: str) -> None:
    keras.utils.set_random_seed(0)
    build, sample = MODELS[name]
    model = build()
    exported = from_keras(model, sample, export=export)
    assert exported.runtime == EXPORTS[export]
    own = from_keras(model)
    assert {form.name for form in exported.outputs} == {f.name for f in own.outputs}
    arrays = name_inputs(model, sample)
    for rows in BATCHES:
        given = {
            form.name: arrays[form.name][:rows].astype(form.dtype)
            for form in exported.inputs
        }
        wanted, found = own.run(given), exported.run(given)
        for output, numbers in wanted.items():
            np.testing.assert_allclose(found[output], numbers, 1e-5, 1e-6)


@pytest.mark.parametrize("export", EXPORTS)
def test_where_it_is_served_there_is_no_tensorflow(
    export: str, tmp_path: Path, serve: Serve
) -> None:
    X, y = train.read_data()
    preparation = build_preparation().fit(X)
    rows = preparation.transform(X).astype("float32")
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((rows.shape[1],)), layers.Dense(2, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(rows, (y == "good").to_numpy().astype(int), 256, verbose=0)
    network = from_keras(model, rows, export=export)
    pipeline = make_pipeline(
        preparation, NetworkClassifier(network, classes=["bad", "good"])
    )
    options = {"code": ["credit_features"]}
    fitted = Fitted("exported", pipeline, X, None, options)
    folder = fitted.package(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_text())
    library = {"tflite": "ai-edge-litert", "onnx": "onnxruntime"}[export]
    assert library in manifest["libraries"]
    assert not {"tensorflow", "keras"} & manifest["libraries"].keys()
    server = serve(folder)
    check_answers(server, fitted)
    assert server.client.get("/v1/model").json()["engine"]["name"] == "plan"
    assert [line for line in server.lines if not line.startswith("{")] == []
    wanted = model(rows, training=False).numpy()
    np.testing.assert_allclose(pipeline.predict_proba(X), wanted, 1e-5, 1e-6)


@pytest.mark.parametrize(
    ("export", "words"), [("tflite", "it has no Erfc"), ("onnx", "Erfc")]
)
def test_an_operator_that_a_format_lacks_is_named(
    export: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(2),
            layers.Lambda(tensorflow.math.erfc, (2,)),
        ]
    )
    with pytest.raises((PackagingError, NetworkLoadError), match=words) as caught:
        from_keras(model, draw(3), export=export)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_what_is_no_sample_is_refused() -> None:
    model = build_perceptron()
    for options, words in (
        ({"export": "tflite"}, "pass a sample"),
        ({"sample": draw(13), "export": "coreml"}, 'must be "onnx" or "tflite"'),
        ({"sample": draw(5), "export": "tflite"}, "does not fit the model: .*13"),
        ({"sample": [draw(13)] * 2, "export": "onnx"}, "2 arrays.* takes 1"),
    ):
        with pytest.raises(PackagingError, match=words):
            from_keras(model, **options)


def test_a_signature_of_several_is_chosen_by_name(tmp_path: Path) -> None:
    class Both(tensorflow.Module):  # type: ignore[misc, name-defined, unused-ignore]
        @tensorflow.function(  # type: ignore[untyped-decorator, unused-ignore]
            input_signature=[tensorflow.TensorSpec((None, 2), tensorflow.float32, "x")]
        )
        def double(self, x: Any) -> Any:
            return {"doubled": 2 * x}

        @tensorflow.function(  # type: ignore[untyped-decorator, unused-ignore]
            input_signature=[tensorflow.TensorSpec((None, 2), tensorflow.float32, "x")]
        )
        def halve(self, x: Any) -> Any:
            return {"halved": x / 2}

    module, folder = Both(), str(tmp_path / "both")
    signatures = {"double": module.double, "halve": module.halve}
    tensorflow.saved_model.save(module, folder, signatures=signatures)
    converter = tensorflow.lite.TFLiteConverter.from_saved_model(
        folder, signature_keys=[*signatures]
    )
    path = tmp_path / "both.tflite"
    path.write_bytes(converter.convert())
    with pytest.raises(NetworkLoadError, match="it has double, halve, of which"):
        NetworkFile.open(path)
    halves = NetworkTransformer(from_tflite(path, "halve"))
    assert halves.transform([[1.0, 3.0]]).tolist() == [[0.5, 1.5]]
