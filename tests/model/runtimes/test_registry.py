"""Which files are networks, and what is said of others."""

import importlib.util
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.model import NetworkClassifier, from_saved_model, from_torch
from service.model.errors import NetworkLoadError
from service.model.runtimes.saved_model import GRAPH, SavedModelNetwork


class Intruder:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return Path.mkdir, (self.folder,)


@pytest.mark.parametrize(
    "suffix", [".pt", ".pth", ".PT2", ".ckpt", ".bin", ".pkl", ".joblib", ".onnx"]
)
def test_code_in_a_file_does_not_run(suffix: str, tmp_path: Path) -> None:
    path, trace = tmp_path / f"net{suffix}", tmp_path / "trace"
    path.write_bytes(pickle.dumps(Intruder(trace)))
    with pytest.raises(NetworkLoadError, match=r"net\."):
        NetworkClassifier(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("net.pt", r"may hold code.*from_torch\(module, sample\)"),
        ("net.safetensors", r"holds weights alone.*from_torch\(module, sample\)"),
        ("net.keras", r"from_keras\(model\)"),
        ("net.h5", r"from_keras\(model\)"),
        (
            "net.txt",
            r"these end in \.onnx, \.tflite, or it is the folder of a SavedModel",
        ),
        ("net", r"these end in \.onnx, \.tflite, or it is the folder of a SavedModel"),
    ],
)
def test_what_is_no_network_says_what_to_pass(
    name: str, expected: str, tmp_path: Path
) -> None:
    with pytest.raises(NetworkLoadError, match=expected):
        NetworkClassifier(tmp_path / name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    (folder / "variables/variables.index").write_bytes(b"index")
    (folder / GRAPH).write_bytes(b"graph")
    return folder


def test_the_archive_of_a_folder_is_equal_for_equal_files(folder: Path) -> None:
    first = SavedModelNetwork.read(folder)
    (folder / GRAPH).touch()
    assert SavedModelNetwork.read(folder) == first
    (folder / GRAPH).write_bytes(b"graphs")
    assert SavedModelNetwork.read(folder) != first


@pytest.mark.skipif(bool(importlib.util.find_spec("torch")), reason="there is PyTorch")
def test_without_pytorch_its_extra_is_named() -> None:
    with pytest.raises(
        NetworkLoadError, match=r"torch is not .*model-service\[torch\]"
    ):
        from_torch(None, np.ones((2, 2)))


@pytest.mark.skipif(
    bool(importlib.util.find_spec("tensorflow")), reason="there is TensorFlow"
)
def test_without_tensorflow_its_extra_is_named(folder: Path) -> None:
    with pytest.raises(NetworkLoadError, match=r"model-service\[tensorflow\]"):
        from_saved_model(folder)
