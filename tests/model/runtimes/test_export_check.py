"""An exported network is used only if it answers as what it was exported from."""

from pathlib import Path

import numpy as np
import pytest
from networks import write_linear

from service.model.errors import PackagingError
from service.model.runtimes.export_check import check_export
from service.model.runtimes.network_file import NetworkFile

ARRAYS = {"x": np.random.default_rng(0).random((50, 2), dtype=np.float32)}


def open_linear(path: Path, weights: list[list[float]]) -> NetworkFile:
    return NetworkFile.open(write_linear(path, weights))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ([[1.0], [1.0]], ""),
        ([[1.000001], [1.0]], ""),
        ([[1.0001], [1.0]], r"gives 'y' otherwise, by up to 9\.\d+e-05: package it"),
        ([[1.0, 0.0], [1.0, 0.0]], r"in the shape \(50, 2\), and not in \(50, 1\)"),
        ([[float("nan")], [1.0]], "otherwise"),
    ],
)
def test_an_export_answers_alike_or_is_refused(
    weights: list[list[float]], words: str, tmp_path: Path
) -> None:
    network = open_linear(tmp_path / "own.onnx", [[1.0], [1.0]])
    exported = open_linear(tmp_path / "exported.onnx", weights)
    if not words:
        assert check_export(network, exported, ARRAYS) is exported
        return
    with pytest.raises(PackagingError, match=f"Exported to ONNX, .*{words}"):
        check_export(network, exported, ARRAYS)
