"""A network is packaged as a pipeline is, its bytes in a file of their own."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import orjson
import pandas as pd
import pytest
from faults import flip_byte, reseal
from networks import (
    FLOAT,
    write_convolution,
    write_labelled,
    write_linear,
    write_network,
    write_two_inputs,
)
from onnx import helper
from proved_here import package_here
from scipy.special import softmax
from sklearn.datasets import load_digits

from service.model import NetworkClassifier, NetworkTransformer, package
from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import ArtefactError, ContractError, PackagingError
from service.model.loading import load_predictor
from service.model.prediction.predictor import Predictor

PIXELS, DIGITS = load_digits(return_X_y=True)
IMAGES = PIXELS.reshape(-1, 1, 8, 8) / 16
X = pd.DataFrame(np.random.default_rng(0).random((80, 2)), columns=["a", "b"])


def load(folder: Path) -> Predictor:
    predictor = load_predictor(read_artefact(folder))
    predictor.prove()
    return predictor


def ask(predictor: Predictor, instances: list[dict[str, Any]]) -> list[Any]:
    """Return what a request is answered."""
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    read = codec.load(orjson.dumps({"instances": instances}))
    answer: list[Any] = predictor.predict(read).to_json()
    return answer


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolutional network that takes tensors."""
    to = tmp_path_factory.mktemp("digits")
    path = write_convolution(to / "digits net.onnx", is_flat=False)
    fitted = NetworkClassifier(path, activation="softmax")
    labels = {digit: f"digit {digit}" for digit in range(10)}
    options: dict[str, Any] = {"name": "digits", "version": "1.0.0", "to": to}
    return package(fitted, {"pixels": IMAGES}, DIGITS, labels=labels, **options)


def test_the_network_lies_beside_the_pickle(digits: Path) -> None:
    written = (digits / "networks/digits_net.onnx").read_bytes()
    source = next(digits.parents[1].glob("*.onnx")).read_bytes()
    assert written == source
    assert source not in (digits / "pipeline.joblib").read_bytes()
    manifest = read_artefact(digits).manifest
    assert manifest.format == 3
    assert [record.runtime for record in manifest.networks.values()] == ["onnx"]
    assert manifest.libraries.keys() >= {"onnxruntime", "scikit-learn"}
    assert (manifest.tolerance, manifest.absolute_tolerance) == (1e-5, 1e-6)
    assert manifest.batch_difference == 0


def test_answers_are_those_of_the_notebook(digits: Path) -> None:
    predictor = load(digits)
    assert predictor.engine.name == "onnx"
    path = next(digits.parents[1].glob("*.onnx"))
    own = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for images in (IMAGES[:1], IMAGES[:200]):
        [logits] = own.run(None, {"pixels": images.astype(np.float32)})
        expected = softmax(logits, axis=1)
        found = ask(predictor, [{"pixels": image.tolist()} for image in images])
        assert [list(p["probabilities"].values()) for p in found] == expected.tolist()
        labels = [f"digit {digit}" for digit in expected.argmax(axis=1)]
        assert [p["label"] for p in found] == labels


def damage(folder: Path) -> Path:
    """Cut the network short, and make the digests those of what lies there."""
    [path] = (folder / "networks").iterdir()
    path.write_bytes(path.read_bytes()[:-100])
    return reseal(folder, lambda manifest: None)


def replace(folder: Path) -> Path:
    """Put another network in its place, of which the pickle does not know."""
    [path] = (folder / "networks").iterdir()
    write_linear(path, np.ones((64, 10)))
    return reseal(folder, lambda manifest: None)


def change_runtime(folder: Path, **libraries: str) -> Path:
    return reseal(folder, lambda manifest: manifest["libraries"].update(libraries))


FAULTS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "another byte": (
        lambda folder: flip_byte(folder, "networks/digits_net.onnx"),
        "networks/digits_net.onnx in .* is not what was packaged",
    ),
    "cut short": (damage, "in none of the artefact's files"),
    "another network": (replace, "in none of the artefact's files"),
    "another minor": (
        lambda folder: change_runtime(folder, onnxruntime="1.2.3"),
        r"fitted with onnxruntime 1\.2\.3 \(here: ",
    ),
    "one more file": (
        lambda folder: Path(shutil.copy(folder / "golden.json", folder / "networks")),
        "networks/golden.json in .* was not packaged",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_network_is_refused_in_one_sentence(
    fault: str, digits: Path, tmp_path: Path
) -> None:
    make, words = FAULTS[fault]
    folder = Path(shutil.copytree(digits, tmp_path / "1.0.0"))
    make(folder)
    with pytest.raises(ArtefactError, match=words) as caught:
        load(folder)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert sentence.endswith(".")


def test_a_path_is_packaged_as_it_is(tmp_path: Path) -> None:
    """A network has no answer to what its contract then refuses: a logarithm's sign."""
    path = write_linear(tmp_path / "log.onnx", [[1.0], [0.0]], finish="Log")
    folder = package_here(path, X, name="log", version="1.0.0", to=tmp_path)
    predictor = load(folder)
    assert predictor.manifest.task == "regression"
    low = predictor.manifest.contract.features[0].minimum
    assert isinstance(low, float)
    assert 0 <= low < 0.01
    [answer] = ask(predictor, [{"a": 0.25, "b": 0.5}])
    assert answer["value"] == float(np.log(np.float32(0.25)))


def test_two_inputs_and_two_outputs_behind_a_frame(tmp_path: Path) -> None:
    path = write_two_inputs(tmp_path / "two.onnx")
    table = pd.DataFrame(np.random.default_rng(0).random((80, 5)), columns=[*"vwxyz"])
    fitted = NetworkTransformer(path)
    folder = package_here(fitted, table, name="two", version="1.0.0", to=tmp_path)
    predictor = load(folder)
    assert predictor.engine.name == "plan"
    [answer] = ask(predictor, table[:1].to_dict("records"))
    names = ["product", "both_0", "both_1", "both_2", "both_3", "both_4"]
    assert list(answer["values"]) == names
    assert list(answer["values"].values()) == fitted.transform(table[:1])[0].tolist()


def refuse(pipeline: Any, table: Any = X, **options: Any) -> str:
    """Return the sentence of package() for what it does not take."""
    with pytest.raises(PackagingError) as caught:
        package(pipeline, table, name="no", version="1.0.0", **options)
    return str(caught.value)


def test_what_cannot_be_packaged_is_refused(tmp_path: Path) -> None:
    two = write_linear(tmp_path / "two.onnx", np.eye(2))
    log = write_linear(tmp_path / "log.onnx", -np.ones((2, 1)), finish="Log")
    texts = write_labelled(tmp_path / "texts.onnx", ["a", "b"])
    options = {"to": tmp_path}
    assert "'y' (n, 2): pass labels=" in refuse(two, **options)
    assert "activation='softmax'" in refuse(str(two), labels=["a", "b"], **options)
    assert "NaN or infinite" in refuse(log, **options)
    assert "takes 2 numbers a row" in refuse(log, X[["a"]], **options)
    assert "was fitted on 2" in refuse(log, X.assign(c=1.0), **options)
    assert "say classes=" in refuse(texts, **options)
    assert "cannot be read" in refuse("absent.onnx", **options)
    swapped = NetworkClassifier(texts, classes=["b", "a"])
    assert "in the order of the probabilities" in refuse(swapped, **options)
    assert not list(tmp_path.glob("no/*"))


def test_a_manifest_without_its_network_is_refused(
    digits: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(digits, tmp_path / "1.0.0"))
    reseal(folder, lambda manifest: manifest["files"].pop("networks/digits_net.onnx"))
    assert "networks" in json.loads((folder / "manifest.json").read_text())
    with pytest.raises(ArtefactError, match="files must list all that is read"):
        read_artefact(folder)


def test_a_dimension_is_not_freed_where_answers_grow_with_it(tmp_path: Path) -> None:
    """They have a name each, as many as in training."""
    node = helper.make_node("Relu", ["x"], ["y"])
    path = tmp_path / "net.onnx"
    write_network(path, [node], [("x", FLOAT, ["n", "m"])], [("y", FLOAT, ["n", "m"])])
    rows = {"x": np.random.default_rng(0).random((8, 3), dtype=np.float32)}
    options: dict[str, Any] = {"name": "net", "version": "1.0.0", "to": tmp_path}
    edits: Any = {"x": {"shape": (None,)}}
    with pytest.raises(ContractError, match="another number of values to tensors"):
        package(NetworkTransformer(path), rows, features=edits, **options)
