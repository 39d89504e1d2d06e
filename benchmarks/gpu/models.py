"""A perceptron behind a scaler, one of many weights, and convolutions on tensors."""

import itertools
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from networks import write_classifier, write_convolution
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.model import NetworkClassifier, NetworkTransformer, from_torch, package

WIDTH, PIXELS, TRAINED = 30, 64, 500

# Of these the first is what a team's table gets, and the second has 70 MB of weights.
LAYERS = {"perceptron": (128, 64), "large perceptron": (4096, 4096)}


def package_models(to: Path) -> dict[str, tuple[Path, pd.DataFrame]]:
    """Package each, and return it with rows to ask it."""
    draw = np.random.default_rng(0)
    names = [f"x{index}" for index in range(WIDTH)]
    frame = pd.DataFrame(draw.normal(size=(4096, WIDTH)), columns=names)
    pixels = pd.DataFrame(
        draw.uniform(0, 16, (4096, PIXELS)), columns=[f"p{i}" for i in range(PIXELS)]
    )
    is_torch = find_spec("torch") is not None
    build = build_with_torch if is_torch else build_with_onnx
    models = {}
    for name, layers in LAYERS.items():
        scaler = StandardScaler().fit(frame)
        network = build(to / f"{name}.onnx", layers)
        pipeline = make_pipeline(scaler, NetworkClassifier(network))
        models[name] = _package(pipeline, frame, name, to), frame
    network = convolve_with_torch() if is_torch else _convolve_with_onnx(to)
    pipeline = NetworkTransformer(network)
    models["convolutions"] = _package(pipeline, pixels, "convolutions", to), pixels
    return models


def build_with_torch(path: Path, layers: tuple[int, ...]) -> Any:
    """Return a perceptron of PyTorch, with random weights."""
    import torch  # noqa: PLC0415 - need not be installed

    torch.manual_seed(0)
    widths = [WIDTH, *layers]
    steps: list[Any] = []
    for before, after in itertools.pairwise(widths):
        steps += [torch.nn.Linear(before, after), torch.nn.ReLU()]
    steps += [torch.nn.Linear(widths[-1], 2), torch.nn.Softmax(dim=1)]
    sample = np.zeros((9, WIDTH), np.float32)
    return from_torch(torch.nn.Sequential(*steps), sample)


def convolve_with_torch() -> Any:
    """Return two convolutions of PyTorch on images of 8 x 8, and ten numbers."""
    import torch  # noqa: PLC0415 - need not be installed

    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Unflatten(1, (1, 8, 8)),
        torch.nn.Conv2d(1, 32, 3),
        torch.nn.ReLU(),
        torch.nn.Conv2d(32, 64, 3),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Linear(1024, 10),
    )
    return from_torch(module, np.zeros((9, PIXELS), np.float32))


def build_with_onnx(path: Path, layers: tuple[int, ...]) -> Any:
    """Return a perceptron that was hardly trained, as an ONNX file."""
    draw = np.random.default_rng(0)
    few = draw.normal(size=(TRAINED, WIDTH))
    hidden = tuple(min(each, 1024) for each in layers)  # scikit-learn takes minutes
    trained = MLPClassifier(hidden, max_iter=1, random_state=0, tol=1e9)
    return write_classifier(path, trained.fit(few, few[:, 0] > 0))


def _convolve_with_onnx(to: Path) -> Any:
    return write_convolution(to / "convolutions.onnx")


def _package(pipeline: Any, frame: pd.DataFrame, name: str, to: Path) -> Path:
    name = name.replace(" ", "-")
    shutil.rmtree(to / name, ignore_errors=True)
    return package(pipeline, frame[:TRAINED], name=name, version="1.0.0", to=to)
