"""Networks of skorch: estimators of PyTorch in a pipeline like any other."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Serve
from frameworks.answers import build_preparation, check_answers
from pipelines import ROOT, Fitted
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import train
from service.model.artefact.folder import read_artefact
from service.model.tolerances import SINGLE_GOLDEN_RECORD, SINGLE_NEAR_ZERO

REASON = "PyTorch is in an environment of its own: make test-frameworks"
torch = pytest.importorskip("torch", reason=REASON)
skorch = pytest.importorskip("skorch", reason=REASON)
torch_modules = pytest.importorskip("torch_modules", reason=REASON)

# What `python -c` runs: a version is loaded and proved, and then two forks are asked.
FORKING = """
import os, sys
from pathlib import Path
from service.model.artefact.folder import read_artefact
from service.model.loading import load_predictor

predictor = load_predictor(read_artefact(Path(sys.argv[1])))
predictor.prove()
forks = [os.fork() for _ in range(2)]
if 0 in forks:
    predictor.prove()
    os._exit(0)
for fork in forks:
    assert os.waitpid(fork, 0)[1] == 0
print("proved")
"""


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    """A small network on the credit data, behind scikit-learn's preprocessing."""
    X, y = train.read_data()
    torch.manual_seed(0)
    preparation = build_preparation()
    network = skorch.NeuralNetClassifier(
        torch_modules.RiskNet,
        module__width=preparation.fit_transform(X).shape[1],
        criterion=torch.nn.CrossEntropyLoss,
        max_epochs=2,
        train_split=None,
        verbose=0,
    )
    pipeline = make_pipeline(preparation, FunctionTransformer(np.float32), network)
    pipeline.fit(X, (y == "good").astype("int64").to_numpy())
    options = {"code": ["credit_features", "torch_modules"], "labels": ["bad", "good"]}
    return Fitted("skorch", pipeline, X, None, options)


@pytest.fixture(scope="module")
def artefact(fitted: Fitted, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted.package(tmp_path_factory.mktemp("artefacts"))


def test_two_forked_workers_answer_as_the_pipeline_does(
    fitted: Fitted, artefact: Path, serve: Serve
) -> None:
    server = serve(artefact, OMP_NUM_THREADS="2")
    check_answers(server, fitted)


def test_the_bound_is_that_of_float32(artefact: Path) -> None:
    """Another processor differs by more than the bound of doubles."""
    manifest = read_artefact(artefact).manifest
    assert manifest.tolerance == SINGLE_GOLDEN_RECORD
    assert manifest.absolute_tolerance == SINGLE_NEAR_ZERO
    assert 0 <= (manifest.batch_difference or 0) < SINGLE_NEAR_ZERO


def test_forks_answer_though_pytorch_has_threads(artefact: Path) -> None:
    """With two, the first kernel starts a pool of them, for which a fork waits."""
    done = subprocess.run(
        [sys.executable, "-c", FORKING, str(artefact)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout == "proved\n", done.stderr
