"""A network behind a scikit-learn preprocessor, served by two forked workers."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime
import pytest
from conftest import boot_servers
from networks import write_classifier
from proved_here import package_here
from server import UNLIMITED, Server
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

import train
from service.model import NetworkClassifier
from service.model.contract.plain_values import to_json
from service.model.contract.table_rows import read_columns

X, Y = train.read_data()
FIRST = 200
REQUESTS = 300
CALLERS = 8


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The credit model's preparation, and before a network in an ONNX file."""
    prepare = train.build_pipeline()[0].fit(X)
    trained = MLPClassifier((16, 8), max_iter=20, random_state=0, tol=1)
    trained.fit(prepare.transform(X), Y)
    path = write_classifier(tmp_path_factory.mktemp("mlp") / "credit.onnx", trained)
    return make_pipeline(prepare, NetworkClassifier(path, classes=["bad", "good"]))


@pytest.fixture(scope="module")
def server(pipeline: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("networks")
    options: dict[str, Any] = {"name": "credit-net", "version": "1.0.0"}
    artefact = package_here(
        pipeline, X, Y, code=["credit_features"], to=folder / "to", **options
    )
    for boot in boot_servers(folder):
        yield boot(artefact, **UNLIMITED)


def list_instances(count: int) -> list[dict[str, Any]]:
    columns = read_columns(X, range(count))
    rows = zip(*columns, strict=True)
    return [
        {name: to_json(value) for name, value in zip(X, row, strict=True)}
        for row in rows
    ]


def read_probabilities(answer: Any) -> list[list[float]]:
    return [list(p["probabilities"].values()) for p in answer.json()["predictions"]]


def test_answers_are_onnxruntimes_own_to_the_last_bit(
    server: Server, pipeline: Any
) -> None:
    network = pipeline[-1].network
    session = onnxruntime.InferenceSession(network.content)
    prepared = pipeline[0].transform(X[:FIRST]).astype(np.float32)
    for rows in (1, FIRST):
        [expected] = session.run(None, {"x": prepared[:rows]})
        answer = server.predict(list_instances(rows))
        assert answer.status_code == 200, answer.text
        assert read_probabilities(answer) == expected.tolist()
        labels = [p["label"] for p in answer.json()["predictions"]]
        assert labels == pipeline.predict(X[:rows]).tolist()


def test_both_workers_answer_under_load(server: Server, pipeline: Any) -> None:
    expected = pipeline.predict_proba(X[:FIRST]).tolist()
    instances = list_instances(FIRST)

    def ask(number: int) -> bool:
        row = number % FIRST
        answer = server.predict([instances[row]])
        return read_probabilities(answer) == [expected[row]]

    with ThreadPoolExecutor(CALLERS) as pool:
        assert all(pool.map(ask, range(REQUESTS)))


def test_the_model_says_what_runs_it(server: Server) -> None:
    model = server.client.get("/v1/model").json()
    assert model["engine"]["name"] == "plan"
    assert not model["engine"]["uncompiled_steps"]
    assert model["networks"] == {"networks/credit.onnx": {"runtime": "onnx"}}
    assert model["libraries"]["onnxruntime"] == onnxruntime.__version__
    assert model["batch_difference"] == 0


def test_workers_end_in_time_and_write_no_line_of_their_own(server: Server) -> None:
    """A thread that was not forked with them would abort them at their end."""
    assert server.stop() == 0
    assert not [e for e in server.events if e["level"] not in ("INFO", "DEBUG")]
    assert [line for line in server.lines if not line.startswith("{")] == []
