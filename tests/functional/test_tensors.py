"""A real server of a model that takes tensors: its answers, log, drift and page."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from conftest import Package, Serve
from pipelines import TENSORS
from request_forms import Row
from server import UNLIMITED, Server
from tensor_forms import TENSOR_FORMS

from service.diagnosis.server import examine_server
from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.features import Contract
from service.model.contract.request_limits import UNBOUNDED
from service.model.contract.tables import build_table

LOGGED = ("rows", "base64", "binary tensors", "Arrow tensors")


def list_rows(count: int) -> list[Row]:
    X = TENSORS["tensors"]().X
    return [{name: X[name][i].tolist() for name in X} for i in range(count)]


def post(server: Server, form: str, rows: list[Row]) -> httpx.Response:
    body = TENSOR_FORMS[form].write(rows, {})
    assert body is not None
    path = TENSOR_FORMS[form].path.replace("NAME", "tensors")
    found = server.client.post(path, content=body.data, headers=body.headers)
    return found.raise_for_status()


def test_tensors_are_answered_logged_and_followed(
    packaged: Package, serve: Serve, tmp_path: Path
) -> None:
    log = {"SERVICE_PREDICTION_LOG": str(tmp_path / "log.jsonl")}
    server = serve(packaged("tensors"), **log, **UNLIMITED, WEB_CONCURRENCY="2")
    rows, fitted = list_rows(60), TENSORS["tensors"]()
    contract = read_artefact(packaged("tensors")).manifest.contract
    X = {name: array[:60] for name, array in fitted.X.items()}
    expected = fitted.pipeline.predict_proba(X).tolist()
    for form in LOGGED:
        answer = TENSOR_FORMS[form].read(post(server, form, rows).content)
        found = [answer[f"probabilities.{digit}"] for digit in range(10)]
        assert [[*row] for row in zip(*found, strict=True)] == expected, form
    check_singles(server, rows[:40], expected)
    told = server.client.get("/v1/drift").json()
    assert [each["kind"] for each in told["training"]["features"]] == ["mean", "mean"]
    assert sum(sum(cells) for cells in told["current"]["cells"][:1]) == 280
    page = server.client.get("/", headers={"Accept": "text/html"}).text
    assert "float32 8 x 8" in page
    assert not examine_server(server.url, server.key).is_wrong
    server.stop()
    check_log(tmp_path, contract, X)


def check_singles(server: Server, rows: list[Row], expected: list[Any]) -> None:
    """Ask for each alone, several at a time, by each form."""

    def ask(index: int) -> list[float]:
        form = LOGGED[index % len(LOGGED)]
        answer = TENSOR_FORMS[form].read(post(server, form, [rows[index]]).content)
        return [answer[f"probabilities.{digit}"][0] for digit in range(10)]

    with ThreadPoolExecutor(8) as threads:
        assert [*threads.map(ask, range(len(rows)))] == expected[: len(rows)]


def check_log(folder: Path, contract: Contract, X: dict[str, np.ndarray]) -> None:
    """Hold what was logged of every form against what was asked: it may be asked."""
    codec, counts = Codec(contract, UNBOUNDED), []
    for path in folder.glob("log.*.jsonl"):
        for line in path.read_text().splitlines():
            instances = json.loads(line)["instances"]
            body = json.dumps({"instances": instances}).encode()
            found = build_table(contract, codec.load(body).columns)
            counts.append(len(instances))
            if len(instances) == 60:
                for name, array in X.items():
                    assert found[name].tobytes() == array.tobytes()
    assert sorted(counts) == [1] * 40 + [60] * 4
