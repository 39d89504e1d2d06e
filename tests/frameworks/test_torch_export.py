"""Modules of PyTorch exported to ONNX: served without PyTorch, or refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pipelines import Fitted

from service.model import NetworkClassifier, NetworkTransformer, from_torch
from service.model.artefact.folder import read_artefact
from service.model.errors import NetworkLoadError, PackagingError
from service.model.loading import load_predictor

REASON = "PyTorch is in an environment of its own: make test-frameworks"
torch = pytest.importorskip("torch", reason=REASON)
torch_modules = pytest.importorskip("torch_modules", reason=REASON)

ROWS = np.random.default_rng(0).normal(size=(50, 64)).astype("float32")
PAIRS = {"place": np.arange(50).reshape(-1, 1) % 5, "sizes": ROWS[:, :4]}


def test_an_exported_module_is_packaged_without_pytorch(tmp_path: Path) -> None:
    module = torch.nn.Sequential(torch_modules.RiskNet(64), torch.nn.Softmax(dim=1))
    network = NetworkClassifier(from_torch(module, ROWS, export="onnx"))
    with torch.inference_mode():
        wanted = module.eval()(torch.tensor(ROWS)).numpy()
    np.testing.assert_allclose(network.predict_proba(ROWS), wanted, 1e-5, 1e-6)
    folder = Fitted("exported", network, ROWS, None).package(tmp_path)
    libraries = json.loads((folder / "manifest.json").read_text())["libraries"]
    assert "onnxruntime" in libraries
    assert "torch" not in libraries
    load_predictor(read_artefact(folder)).prove()


@pytest.mark.parametrize(
    ("make", "sample"),
    [
        (torch_modules.DigitNet, ROWS),
        (torch_modules.PairNet, PAIRS),
        (torch_modules.PairNet, tuple(PAIRS.values())),
    ],
    ids=["digits", "mapping", "tuple"],
)
def test_an_exported_module_keeps_its_names(make: Any, sample: Any) -> None:
    module = make()
    network, exported = (
        NetworkTransformer(from_torch(module, sample, export=to))
        for to in (None, "onnx")
    )
    assert exported.network.runtime == "onnx"
    names = [*network.get_feature_names_out()]
    assert [*exported.get_feature_names_out()] == names


def test_a_module_that_answers_otherwise_as_onnx_is_refused() -> None:
    with pytest.raises(PackagingError, match=r"otherwise, by up to 0\.\d+"):
        from_torch(torch_modules.Random(), ROWS, export="onnx")


def test_an_operator_that_onnxruntime_lacks_is_named() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(64, 2), torch.nn.GELU()).double()
    with pytest.raises(NetworkLoadError, match=r"lacks an operator.*Erf"):
        from_torch(module, ROWS, export="onnx")


def test_another_format_is_refused() -> None:
    with pytest.raises(PackagingError, match='export= must be "onnx"'):
        from_torch(torch_modules.RiskNet(64), ROWS, export="coreml")
