"""SavedModels and models of Keras, packaged, served and refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Serve
from faults import reseal
from frameworks.answers import BATCHES, build_preparation, check_answers
from frameworks.copies import copy_artefact
from frameworks.images import check_image
from pipelines import Fitted
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

import train
from service.model import (
    NetworkClassifier,
    NetworkRegressor,
    NetworkTransformer,
    from_keras,
    from_saved_model,
)
from service.model.artefact.folder import read_artefact
from service.model.errors import ArtefactError, NetworkLoadError, PackagingError
from service.model.loading import load_predictor
from service.model.runtimes.network_file import NetworkFile

REASON = "TensorFlow is in an environment of its own: make test-frameworks"
tensorflow = pytest.importorskip("tensorflow", reason=REASON)
keras = pytest.importorskip("keras", reason=REASON)


@pytest.fixture(scope="module")
def credit() -> tuple[Any, Any, Fitted]:
    """The fitted preparation, the trained model, and both as a pipeline."""
    X, y = train.read_data()
    preparation = build_preparation().fit(X)
    rows = preparation.transform(X).astype("float32")
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((rows.shape[1],)),
            layers.Dense(32, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.2),
            layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(rows, (y == "good").to_numpy().astype(int), 256, epochs=2, verbose=0)
    network = NetworkClassifier(from_keras(model), classes=["bad", "good"])
    pipeline = make_pipeline(preparation, network)
    options = {"code": ["credit_features"]}
    return preparation, model, Fitted("keras-risk", pipeline, X, None, options)


@pytest.fixture(scope="module")
def artefact(credit: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = credit[2].package(tmp_path_factory.mktemp("artefacts"))
    return folder


@pytest.mark.parametrize("device", ["cpu", "process"])
def test_two_forked_workers_answer_as_the_model_does(
    credit: Any, artefact: Path, serve: Serve, device: str
) -> None:
    """TensorFlow hangs in the fork of a process in which it has run."""
    preparation, model, fitted = credit
    for rows in BATCHES:
        table = fitted.X[-rows:]
        given = preparation.transform(table).astype("float32")
        wanted = model(given, training=False).numpy()
        np.testing.assert_array_equal(fitted.pipeline.predict_proba(table), wanted)
    server = serve(artefact, SERVICE_DEVICE=device)
    check_answers(server, fitted)
    assert [line for line in server.lines if not line.startswith("{")] == []


@pytest.mark.container
def test_its_image_answers_as_the_model_does(
    credit: Any, artefact: Path, tmp_path: Path
) -> None:
    check_image(artefact, credit[2], tmp_path)


def test_the_manifest_names_tensorflow(artefact: Path, tmp_path: Path) -> None:
    libraries = json.loads((artefact / "manifest.json").read_text())["libraries"]
    assert libraries["tensorflow"] == tensorflow.__version__
    copied = reseal(
        copy_artefact(artefact, tmp_path),
        lambda manifest: manifest["libraries"].update(tensorflow="2.3.4"),
    )
    with pytest.raises(ArtefactError, match=r"tensorflow 2\.3\.4 \(here: 2"):
        read_artefact(copied)


def test_another_archive_is_refused(artefact: Path, tmp_path: Path) -> None:
    copied = copy_artefact(artefact, tmp_path)
    [path] = (copied / "networks").iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    reseal(copied, lambda manifest: None)
    with pytest.raises(ArtefactError, match="is in none of the artefact's files"):
        load_predictor(read_artefact(copied))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more"])
def test_a_damaged_archive_is_refused(content: bytes) -> None:
    with pytest.raises(NetworkLoadError, match="TensorFlow does not load"):
        NetworkFile("saved-model", "net.zip", content)


def test_a_convolutional_net_answers_digits(tmp_path: Path) -> None:
    X, y = load_digits(return_X_y=True)
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    network = NetworkClassifier(from_keras(model))
    for rows in BATCHES:
        wanted = model(X[-rows:].astype("float32"), training=False).numpy()
        np.testing.assert_array_equal(network.predict_proba(X[-rows:]), wanted)
    Fitted("digits", network, X, y).package(tmp_path)


class Pair(tensorflow.Module):  # type: ignore[misc, name-defined, unused-ignore]
    """Two inputs and two outputs, under a signature that is not the default one."""

    def __init__(self) -> None:
        super().__init__()
        self.places = tensorflow.Variable(np.arange(5, dtype="float32"))

    @tensorflow.function(  # type: ignore[untyped-decorator, unused-ignore]
        input_signature=[
            tensorflow.TensorSpec((None, 1), tensorflow.int64, "place"),
            tensorflow.TensorSpec((None, 4), tensorflow.float32, "sizes"),
        ]
    )
    def score(self, place: Any, sizes: Any) -> Any:
        worth = tensorflow.gather(self.places, place)
        return {"price": worth * sizes[:, :1], "days": sizes[:, 1:3] + worth}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "pair"
    module = Pair()
    tensorflow.saved_model.save(module, folder, signatures={"score": module.score})
    return folder


def test_a_signature_is_chosen_by_name(pair: Path, tmp_path: Path) -> None:
    network = from_saved_model(pair, "score")
    assert [form.name for form in network.inputs] == ["place", "sizes"]
    assert [form.name for form in network.outputs] == ["days", "price"]
    place = np.arange(60).reshape(-1, 1) % 5
    sizes = np.linspace(0, 1, 240, dtype="float32").reshape(-1, 4)
    module = Pair()  # its function does not keep it
    wanted = module.score(place, sizes)
    table = np.concatenate([place, sizes], axis=1)
    regressor = NetworkRegressor(network, output="price")
    np.testing.assert_array_equal(regressor.predict(table), wanted["price"][:, 0])
    both = NetworkTransformer(network, outputs=["price", "days"])
    found = both.transform({"place": place, "sizes": sizes})
    np.testing.assert_array_equal(found, np.hstack([wanted["price"], wanted["days"]]))
    folder = Fitted("pair", both, table, None).package(tmp_path)
    load_predictor(read_artefact(folder)).prove()


def test_an_absent_signature_is_refused(pair: Path) -> None:
    with pytest.raises(
        NetworkLoadError, match=r"no signature 'serving_default'.*score"
    ):
        NetworkRegressor(pair)


def test_equal_folders_make_equal_artefacts(pair: Path) -> None:
    assert (
        from_saved_model(pair, "score").digest == from_saved_model(pair, "score").digest
    )


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_a_file_of_keras_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(NetworkLoadError, match="from_keras"):
        NetworkClassifier(tmp_path / name)


def test_what_cannot_be_exported_is_refused() -> None:
    model = keras.Sequential([keras.layers.Dense(2)])  # it knows no width yet
    with pytest.raises(PackagingError, match="cannot be exported"):
        from_keras(model)
