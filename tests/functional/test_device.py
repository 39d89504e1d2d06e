"""Networks run by one process for all workers, as a GPU is owned: here on the CPU."""

import os
import re
import shutil
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Serve
from device_networks import NUMBER, write_counting, write_filling
from networks import write_classifier
from pipelines import CREDIT, ROOT
from proved_here import package_here
from server import PATIENCE_SECONDS, UNLIMITED, Server
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from service.app import create_app
from service.model import NetworkClassifier, NetworkRegressor
from service.model.device.places import has_driver
from service.settings import Settings

DRAW = np.random.default_rng(0)
X = pd.DataFrame(DRAW.normal(size=(300, 4)), columns=["a", "b", "c", "d"])
Y = np.where(X["a"] > X["b"], "above", "below")

PROCESS = {**UNLIMITED, "SERVICE_DEVICE": "process"}
MANY = 200
CALLERS = 8


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    scaler = StandardScaler().fit(X)
    trained = MLPClassifier((16, 8), max_iter=20, random_state=0, tol=1)
    trained.fit(scaler.transform(X), Y)
    path = write_classifier(tmp_path_factory.mktemp("mlp") / "net.onnx", trained)
    network = NetworkClassifier(path, classes=["above", "below"])
    return make_pipeline(scaler, network).fit(X)


@pytest.fixture(scope="module")
def artefact(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("device")
    return package_here(pipeline, X, Y, name="net", version="1.0.0", to=to)


@pytest.fixture(scope="module")
def server(serve_module: Serve, artefact: Path) -> Server:
    return serve_module(artefact, **PROCESS)


def write_rows(first: int, last: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = X[first:last].to_dict("records")
    return rows


def read_probabilities(answer: Any) -> list[list[float]]:
    assert answer.status_code == 200, answer.text
    return [list(p["probabilities"].values()) for p in answer.json()["predictions"]]


def read_metric(server: Server, name: str) -> float:
    lines = server.client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def find_process(server: Server) -> int:
    return next(int(e["pid"]) for e in server.events if e["event"] == "device_started")


def wait_for_end(pid: int) -> None:
    """Wait until a process is no more, or only waits to be reaped.

    It is nobody's child here, so there is no event of its end.
    """
    stat, end = Path(f"/proc/{pid}/stat"), time.monotonic() + PATIENCE_SECONDS
    with suppress(FileNotFoundError, ProcessLookupError):
        while ") Z " not in stat.read_text():
            assert time.monotonic() < end
            time.sleep(0.01)


def test_answers_are_the_pipelines_to_the_last_bit(
    server: Server, pipeline: Any
) -> None:
    expected = pipeline.predict_proba(X).tolist()
    assert read_probabilities(server.predict(write_rows(0, MANY))) == expected[:MANY]

    def ask(number: int) -> bool:
        row = number % len(X)
        answer = server.predict(write_rows(row, row + 1))
        return read_probabilities(answer) == [expected[row]]

    before = read_metric(server, "model_device_rows_sum")
    with ThreadPoolExecutor(CALLERS) as pool:
        assert all(pool.map(ask, range(MANY)))
    assert read_metric(server, "model_device_rows_sum") - before == MANY
    assert read_metric(server, "model_device_starts_total") == 1
    assert read_metric(server, "model_device_memory_bytes") > 2**20
    rules = (ROOT / "deploy/prometheus/rules.yml").read_text()
    asked = set(re.findall(r"model_device_\w+", rules))
    assert len(asked) == 2
    assert all(f"\n{name} " in server.client.get("/metrics").text for name in asked)


def test_few_rows_may_stay_with_the_worker(
    serve: Serve, artefact: Path, pipeline: Any
) -> None:
    server = serve(artefact, **PROCESS, SERVICE_DEVICE_MIN_ROWS=str(MANY))
    expected = pipeline.predict_proba(X).tolist()
    before = read_metric(server, "model_device_rows_sum")
    assert before > 0  # the golden records are proved there, too
    assert read_probabilities(server.predict(write_rows(0, 1))) == expected[:1]
    assert read_metric(server, "model_device_rows_sum") == before
    assert read_probabilities(server.predict(write_rows(0, MANY))) == expected[:MANY]
    assert read_metric(server, "model_device_rows_sum") == before + MANY


def test_a_reload_keeps_the_process(server: Server, pipeline: Any) -> None:
    expected = pipeline.predict_proba(X[:1]).tolist()
    server.skip_lines()
    server.process.send_signal(signal.SIGHUP)
    server.wait_for_each_worker("ready")
    assert read_probabilities(server.predict(write_rows(0, 1))) == expected
    assert read_metric(server, "model_device_starts_total") == 1


def test_a_lost_device_ends_the_workers_and_is_started_again(
    server: Server, pipeline: Any
) -> None:
    expected = pipeline.predict_proba(X[:1]).tolist()
    server.skip_lines()
    os.kill(find_process(server), signal.SIGKILL)
    statuses: Counter[int] = Counter()
    starts = read_metric(server, "model_device_starts_total")
    while (
        read_metric(server, "model_device_starts_total") == starts or not statuses[200]
    ):
        answer = server.predict(write_rows(0, 1))
        statuses[answer.status_code] += 1
        if answer.status_code == 200:
            assert read_probabilities(answer) == expected
        else:
            assert answer.status_code == 503, answer.text
            assert answer.headers["Retry-After"]
    server.wait_for_each_worker("ready")
    assert read_probabilities(server.predict(write_rows(0, 1))) == expected
    events = Counter(e["event"] for e in server.events)
    assert events["device_ended"] == 1
    assert events["device_started"] == 2


def test_the_process_ends_with_its_server(server: Server) -> None:
    device = find_process(server)
    assert server.stop() == 0
    wait_for_end(device)


def test_a_server_that_is_killed_takes_the_process_with_it(
    serve: Serve, artefact: Path
) -> None:
    server = serve(artefact, **PROCESS)
    device = find_process(server)
    server.process.kill()
    server.stop()  # reads the log to its end, which comes when all of them have ended
    wait_for_end(device)


def test_a_server_ends_whose_device_cannot_be_had_again(
    serve: Serve, artefact: Path, tmp_path: Path
) -> None:
    copied = shutil.copytree(artefact, tmp_path / "net" / "1.0.0")
    server = serve(copied, **PROCESS)
    (copied / "manifest.json").unlink()
    os.kill(find_process(server), signal.SIGKILL)
    assert server.wait_for_exit() == 1
    server.stop()
    [line] = [e["event"] for e in server.events if "The device is lost" in e["event"]]
    assert "manifest.json" in line


def package_regressor(path: Path, values: list[float]) -> Path:
    frame = pd.DataFrame({"x": values})
    network = NetworkRegressor(path)
    return package_here(network, frame, name="net", version="1.0.0", to=path.parent)


def test_too_little_memory_is_503_for_whom_it_was_for(
    serve: Serve, tmp_path: Path
) -> None:
    values = [1.0, 2.0, 3.0, 9.0]
    artefact = package_regressor(write_filling(tmp_path / "net.onnx"), values)
    server = serve(artefact, **PROCESS)
    refused = server.predict([{"x": NUMBER}])
    assert refused.status_code == 503, refused.text
    assert "memory" in refused.json()["detail"]
    assert refused.headers["Retry-After"]
    answer = server.predict([{"x": 2.0}])
    assert answer.json()["predictions"] == [{"value": 2.0}]
    assert read_metric(server, "model_device_out_of_memory_total") == 1
    assert read_metric(server, "model_device_starts_total") == 1


def test_a_run_without_end_ends_the_process(serve: Serve, tmp_path: Path) -> None:
    values = [1.0, 2.0, 3.0, 9.0]
    artefact = package_regressor(write_counting(tmp_path / "net.onnx"), values)
    server = serve(artefact, **{**PROCESS, "SERVICE_PREDICT_TIMEOUT_SECONDS": "1"})
    server.skip_lines()
    assert server.predict([{"x": NUMBER}]).status_code in (503, 504)
    server.wait_for("device_started")
    server.wait_for_each_worker("ready")
    answer = server.predict([{"x": 2.0}])
    assert answer.json()["predictions"] == [{"value": 2.0}]


def refuse(artefact: Path, device: str) -> str:
    """Return the sentence with which the service does not start."""
    with pytest.raises(SystemExit) as refusal:
        create_app(Settings(artefact=artefact, device=device))
    return str(refusal.value)


def test_a_model_without_networks_has_nothing_for_a_device_to_run() -> None:
    assert refuse(CREDIT, "process") == (
        "The service does not start: SERVICE_DEVICE=process cannot be used: The model"
        " has no network."
    )


def test_cuda_is_refused_where_it_is_not(artefact: Path) -> None:
    assert refuse(artefact, "cuda:0") == (
        "The service does not start: SERVICE_DEVICE=cuda:0 cannot be used: A network of"
        " net 1.0.0 does not load: onnxruntime is built here for the processor alone:"
        " onnxruntime-gpu has to be installed in its place."
    )


def test_auto_is_the_processor_where_there_is_no_driver(artefact: Path) -> None:
    app = create_app(Settings(artefact=artefact, device="auto"))
    assert has_driver() or app.extensions["device"] is None
