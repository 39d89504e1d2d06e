"""Requests are predicted together within the bound of the model's owner alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from faults import reseal
from networks import FLOAT, write_network
from onnx import TensorProto, helper
from proved_here import package_here
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model import NetworkRegressor
from service.model.artefact.folder import read_artefact
from service.model.artefact.manifest import FORMAT, THIRD_FORMAT
from service.model.errors import ArtefactError, PackagingError
from service.model.loading import load_predictor

X = pd.DataFrame(np.random.default_rng(0).random((80, 2)), columns=["a", "b"])


def package_shifted(shift: float, to: Path, **options: Any) -> Path:
    """Package a network of which a row alone is answered less, by the shift."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["sum"]),
        helper.make_node("Shape", ["x"], ["rows"], start=0, end=1),
        helper.make_node("Cast", ["rows"], ["count"], to=TensorProto.FLOAT),
        helper.make_node("Min", ["count", "two"], ["times"]),
        helper.make_node("Mul", ["times", "shift"], ["more"]),
        helper.make_node("Add", ["sum", "more"], ["y"]),
    ]
    weights = {
        "w": np.full((2, 1), 0.5),
        "two": np.array(2.0),
        "shift": np.array(shift),
    }
    path = write_network(
        to / "shifted.onnx",
        nodes,
        [("x", FLOAT, ["n", 2])],
        [("y", FLOAT, ["n", 1])],
        {name: array.astype(np.float32) for name, array in weights.items()},
    )
    # Slow for a row where it is not compiled, so that a batch pays.
    scale = make_column_transformer((StandardScaler(), ["a", "b"])).fit(X)
    pipeline = make_pipeline(scale, NetworkRegressor(path))
    return package_here(pipeline, X, name="shifted", version="1.0.0", to=to, **options)


@pytest.mark.parametrize(
    ("shift", "tolerance", "is_batching"),
    [
        (4e-7, None, True),
        (4e-7, 1e-7, False),
        (4e-7, 0, False),
        (3e-6, None, False),
        (3e-6, 1e-5, True),
        (0, 0, True),
    ],
)
def test_requests_are_put_together_within_the_bound_of_the_owner(
    shift: float, tolerance: float | None, *, is_batching: bool, tmp_path: Path
) -> None:
    folder = package_shifted(shift, tmp_path, batch_tolerance=tolerance)
    artefact = read_artefact(folder)
    assert artefact.manifest.batch_tolerance == tolerance
    assert artefact.manifest.format == (THIRD_FORMAT if tolerance is None else FORMAT)
    engine = load_predictor(artefact, use_plan=False).engine
    assert engine.is_batching is is_batching
    assert ("by up to" in engine.not_batched_because) is not is_batching


@pytest.mark.parametrize("bound", [-1e-9, 0.01, float("nan"), True, "1e-6"])
def test_a_bound_that_is_none_is_refused(bound: Any, tmp_path: Path) -> None:
    with pytest.raises(
        PackagingError, match=r"batch_tolerance= must be from 0 to 0.001"
    ):
        package_shifted(0, tmp_path, batch_tolerance=bound)


def test_a_manifest_with_a_wider_bound_is_refused(tmp_path: Path) -> None:
    folder = package_shifted(0, tmp_path, batch_tolerance=1e-5)
    reseal(folder, lambda manifest: manifest.update(batch_tolerance=0.1))
    with pytest.raises(ArtefactError, match="batch_tolerance is out of its range"):
        read_artefact(folder)
