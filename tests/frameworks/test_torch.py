"""Modules of PyTorch, packaged, served and refused."""

import contextlib
import io
import json
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Serve
from faults import flip_byte, reseal
from frameworks.answers import (
    BATCHES,
    ask_in_process,
    build_preparation,
    check_answers,
    read_numbers,
    to_instances,
)
from frameworks.copies import copy_artefact
from frameworks.images import check_image
from pipelines import Fitted
from sklearn.datasets import load_digits
from sklearn.pipeline import make_pipeline

import train
from service.app import create_app
from service.model import (
    NetworkClassifier,
    NetworkRegressor,
    NetworkTransformer,
    from_torch,
    package,
)
from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import (
    ArtefactError,
    NetworkLoadError,
    NoAnswerError,
    PackagingError,
)
from service.model.loading import load_predictor
from service.model.runtimes.network_file import NetworkFile
from service.model.tolerances import SINGLE_GOLDEN_RECORD, SINGLE_NEAR_ZERO
from service.settings import Settings

REASON = "PyTorch is in an environment of its own: make test-frameworks"
torch = pytest.importorskip("torch", reason=REASON)
torch_modules = pytest.importorskip("torch_modules", reason=REASON)

CODE = ["credit_features", "torch_modules"]


def package_module(module: Any) -> Path:
    return package(module, np.ones((9, 3)), name="bare", version="1.0.0")


def train_module(module: Any, X: np.ndarray, y: np.ndarray, epochs: int = 3) -> Any:
    """Return a module of logits that was trained, with its softmax behind it."""
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    for _ in range(epochs):
        for start in range(0, len(X) - 1, 256):
            batch = slice(start, start + 256)
            logits = module(torch.tensor(X[batch]))
            loss = torch.nn.functional.cross_entropy(logits, torch.tensor(y[batch]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return torch.nn.Sequential(module, torch.nn.Softmax(dim=1))


def ask_module(module: Any, X: np.ndarray) -> np.ndarray:
    """Return what the framework itself answers."""
    with torch.inference_mode():
        answers: np.ndarray = module.eval()(torch.tensor(X)).numpy()
    return answers


@pytest.fixture(scope="module")
def credit() -> tuple[Any, Any, Fitted]:
    """The fitted preparation, the trained module, and both as a pipeline."""
    X, y = train.read_data()
    preparation = build_preparation().fit(X)
    rows = preparation.transform(X).astype("float32")
    torch.manual_seed(0)
    module = train_module(
        torch_modules.RiskNet(rows.shape[1]), rows, (y == "good").to_numpy().astype(int)
    )
    network = NetworkClassifier(from_torch(module, rows), classes=["bad", "good"])
    pipeline = make_pipeline(preparation, network)
    return preparation, module, Fitted("risk", pipeline, X, None, {"code": CODE})


@pytest.fixture(scope="module")
def artefact(credit: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = credit[2].package(tmp_path_factory.mktemp("artefacts"))
    return folder


@pytest.mark.parametrize("device", ["cpu", "process"])
def test_two_forked_workers_answer_as_the_module_does(
    credit: Any, artefact: Path, serve: Serve, device: str
) -> None:
    preparation, module, fitted = credit
    for rows in BATCHES:
        table = fitted.X[-rows:]
        wanted = ask_module(module, preparation.transform(table).astype("float32"))
        np.testing.assert_array_equal(fitted.pipeline.predict_proba(table), wanted)
    server = serve(artefact, SERVICE_DEVICE=device)
    check_answers(server, fitted)
    assert [line for line in server.lines if not line.startswith("{")] == []


@pytest.mark.container
def test_its_image_answers_as_the_module_does(
    credit: Any, artefact: Path, tmp_path: Path
) -> None:
    """Of the wheel that pip finds here, which no lock can name."""
    wheels = tmp_path / "wheels"
    download = ("pip", "download", "--quiet", "--no-deps", "--dest", str(wheels))
    torch_here = f"torch=={torch.__version__}"
    subprocess.run([sys.executable, "-m", *download, torch_here], check=True)
    check_image(artefact, credit[2], tmp_path, f"--build-context=wheels={wheels}")


def test_the_weights_lie_in_a_file_without_code(credit: Any, artefact: Path) -> None:
    [path] = artefact.rglob("*.safetensors")
    length = int.from_bytes(path.read_bytes()[:8], "little")
    header = json.loads(path.read_bytes()[8 : 8 + length])
    assert header.keys() == credit[1].state_dict().keys()
    libraries = json.loads((artefact / "manifest.json").read_text())["libraries"]
    assert libraries["torch"] == torch.__version__


def test_changed_weights_are_refused(artefact: Path, tmp_path: Path) -> None:
    copied = copy_artefact(artefact, tmp_path)
    [path] = copied.rglob("*.safetensors")
    flip_byte(copied, str(path.relative_to(copied)))
    with pytest.raises(ArtefactError, match="is not what was packaged"):
        read_artefact(copied)


def test_other_weights_are_refused(artefact: Path, tmp_path: Path) -> None:
    copied = copy_artefact(artefact, tmp_path)
    [path] = copied.rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-4])
    reseal(copied, lambda manifest: None)
    with pytest.raises(ArtefactError, match="is in none of the artefact's files"):
        load_predictor(read_artefact(copied))


@pytest.mark.parametrize("change", [lambda c: c[:-4], lambda c: b"", lambda c: c * 2])
def test_damaged_weights_are_refused(credit: Any, change: Any) -> None:
    network = credit[2].pipeline[-1].network
    with pytest.raises(NetworkLoadError, match="weights of Sequential cannot be read"):
        NetworkFile("torch", network.name, change(network.content), network.options)


def test_weights_of_another_module_are_refused(credit: Any) -> None:
    network = credit[2].pipeline[-1].network
    other = from_torch(torch_modules.RiskNet(3), np.ones((2, 3)))
    with pytest.raises(NetworkLoadError, match="weights of Sequential cannot be read"):
        NetworkFile("torch", network.name, other.content, network.options)


def test_another_minor_of_pytorch_is_refused(artefact: Path, tmp_path: Path) -> None:
    copied = reseal(
        copy_artefact(artefact, tmp_path),
        lambda manifest: manifest["libraries"].update(torch="2.1.2"),
    )
    with pytest.raises(ArtefactError, match=r"fitted with torch 2\.1\.2 \(here: 2"):
        read_artefact(copied)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a device")
def test_a_device_that_is_not_there_is_refused(artefact: Path) -> None:
    with pytest.raises(SystemExit, match=r"PyTorch has no cuda:0: .*CUDA"):
        create_app(Settings(artefact=artefact, device="cuda"))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no device")
def test_a_device_answers_within_the_tolerances(
    credit: Any, artefact: Path, serve: Serve
) -> None:
    fitted = credit[-1]
    server = serve(artefact, SERVICE_DEVICE="cuda")
    wanted = ask_in_process(fitted, fitted.X)
    answer = server.predict(to_instances(fitted.X))
    found = [read_numbers(each) for each in answer.json()["predictions"]]
    np.testing.assert_allclose(found, wanted, SINGLE_GOLDEN_RECORD, SINGLE_NEAR_ZERO)


def test_a_convolutional_net_answers_digits_over_http(
    tmp_path: Path, serve: Serve
) -> None:
    digits = load_digits()
    images = digits.images.astype("float32")
    torch.manual_seed(0)
    module = torch_modules.DigitNet()
    train_module(module, images, digits.target, epochs=1)
    network = NetworkClassifier(from_torch(module, images))
    for count in BATCHES:
        wanted = ask_module(module, images[-count:])
        for X in ({"image": images[-count:]}, digits.data[-count:]):
            np.testing.assert_array_equal(network.predict_proba(X), wanted)
    X = {"image": images}
    fitted = Fitted("digits", network, X, None, {"code": ["torch_modules"]})
    check_answers(serve(fitted.package(tmp_path)), fitted)


PAIRS = {
    "place": np.arange(60).reshape(-1, 1) % 5,
    "sizes": np.linspace(0, 1, 240, dtype="float32").reshape(-1, 4),
}


@pytest.mark.parametrize("sample", [PAIRS, tuple(PAIRS.values())], ids=["dict", "pair"])
def test_two_inputs_and_two_outputs(sample: Any, tmp_path: Path) -> None:
    module = torch_modules.PairNet()
    network = from_torch(module, sample)
    assert [form.name for form in network.inputs] == ["place", "sizes"]
    assert [form.name for form in network.outputs] == ["price", "days"]
    with torch.inference_mode():
        price, days = module(*map(torch.tensor, PAIRS.values()))
    regressor = NetworkRegressor(network, output="price")
    table = np.concatenate([*PAIRS.values()], axis=1)
    np.testing.assert_array_equal(regressor.predict(table), price[:, 0])
    np.testing.assert_array_equal(regressor.predict(PAIRS), price[:, 0])
    both = NetworkTransformer(network)
    np.testing.assert_array_equal(both.transform(table), torch.hstack([price, days]))
    assert [*both.get_feature_names_out()] == ["price", "days_0", "days_1"]
    if sample is PAIRS:
        fitted = Fitted("both", both, table, None, {"code": ["torch_modules"]})
        load_predictor(read_artefact(fitted.package(tmp_path))).prove()


def test_a_module_is_left_as_it_was() -> None:
    module = torch_modules.RiskNet(3).train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    network = from_torch(module, np.ones((4, 3)))
    assert module.training
    assert all(tensor.is_cpu for tensor in module.parameters())
    with torch.no_grad():
        module.body[0].weight.zero_()
    assert network.run({"rows": np.ones((1, 3), dtype="float32")})
    loaded = network.network._run.args[0].state_dict()  # type: ignore[attr-defined]
    assert all(torch.equal(before[name], loaded[name]) for name in before)


class Opaque:
    pass


@pytest.mark.parametrize(
    ("make", "sample", "expected"),
    [
        (torch_modules.Squeezed, np.ones((9, 3)), r"shape \(\) for 1 rows"),
        (lambda: torch_modules.RiskNet(3), np.ones((9, 4)), "RuntimeError"),
        (lambda: torch_modules.RiskNet(3), np.ones((0, 3)), "no rows of numbers"),
        (lambda: torch_modules.RiskNet(3), [["a", "b", "c"]], "no rows of numbers"),
        (lambda: torch_modules.RiskNet(3).half(), np.ones((9, 3)), "float16"),
        (lambda: torch.nn.LSTM(3, 2), np.ones((9, 3)), "must give a tensor"),
        (lambda: torch.jit.script(torch.nn.Linear(3, 2)), np.ones((9, 3)), "Script"),
        (Opaque, np.ones((9, 3)), "no torch.nn.Module"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_module_that_cannot_be_served_is_refused(
    make: Callable[[], Any], sample: Any, expected: str
) -> None:
    with pytest.raises(PackagingError, match=expected):
        from_torch(make(), sample)


@pytest.mark.parametrize("take", [NetworkClassifier, package_module])
def test_a_module_is_no_file(take: Callable[[Any], Any]) -> None:
    with pytest.raises((NetworkLoadError, PackagingError), match=r"pass from_torch\("):
        take(torch_modules.RiskNet(3))


def test_a_row_that_is_answered_with_nan_is_refused(tmp_path: Path) -> None:
    X = np.arange(1, 100.0).reshape(-1, 3)
    network = from_torch(torch_modules.Undefined(), X)
    folder = package(network, X, name="roots", version="1.0.0", to=tmp_path, code=CODE)
    predictor = load_predictor(read_artefact(folder))
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    for value, is_answered in ((1.0, True), (-1.0, False)):
        instance = {
            feature.name: value for feature in predictor.manifest.contract.features
        }
        found = codec.load(json.dumps({"instances": [instance]}).encode())
        with contextlib.nullcontext() if is_answered else pytest.raises(NoAnswerError):
            predictor.predict(found)


def test_a_table_of_another_width_is_refused(tmp_path: Path) -> None:
    network = NetworkClassifier(
        from_torch(torch_modules.RiskNet(3), np.ones((9, 3))), activation="softmax"
    )
    fitted = Fitted("narrow", network, np.ones((9, 4)), None)
    with pytest.raises(PackagingError, match="4 columns, and the pipeline"):
        fitted.package(tmp_path)


# Files with code in them


class Intruder:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return Path.mkdir, (self.folder,)


def write_pickle(path: Path, intruder: Intruder) -> None:
    torch.save(intruder, path)


def write_old_pickle(path: Path, intruder: Intruder) -> None:
    path.write_bytes(pickle.dumps(intruder))


def write_program(path: Path, intruder: Intruder) -> None:
    """Write what torch.export.save does, with other inputs."""
    module = torch_modules.RiskNet(3).eval()
    program = torch.export.export(module, (torch.ones(2, 3),))
    whole = io.BytesIO()
    torch.export.save(program, whole)
    other = io.BytesIO()
    torch.save(intruder, other)
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(path, "w") as written:
        for name in read.namelist():
            is_sample = "sample_inputs" in name
            written.writestr(name, other.getvalue() if is_sample else read.read(name))


@pytest.mark.parametrize(
    "suffix", [".pt", ".pth", ".pt2", ".ckpt", ".onnx", ".safetensors"]
)
@pytest.mark.parametrize("write", [write_pickle, write_old_pickle, write_program])
def test_code_in_a_file_does_not_run(
    write: Callable[[Path, Intruder], None], suffix: str, tmp_path: Path
) -> None:
    path, trace = tmp_path / f"net{suffix}", tmp_path / "trace"
    write(path, Intruder(trace))
    with pytest.raises(NetworkLoadError, match=r"net\."):
        NetworkClassifier(path)
    assert not trace.exists()


def test_pytorch_itself_runs_it(tmp_path: Path) -> None:
    """So that the test above would see it."""
    path, trace = tmp_path / "net.pt2", tmp_path / "trace"
    write_program(path, Intruder(trace))
    with contextlib.suppress(Exception):  # it is no tensor
        torch.export.load(path)
    assert trace.exists()
