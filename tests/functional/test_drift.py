"""Drift as ops see it, over workers that are killed, and as a data scientist does."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from conftest import Serve
from drifted import DRIFTED, read_test_rows, shift, to_instances
from faults import copy_credit, forget_histograms
from pipelines import CREDIT
from scrape import Scrape
from server import UNLIMITED, Server

from service.cli.main import main

# No window ends within a test.
ENDLESS = {"SERVICE_DRIFT_WINDOW_SECONDS": str(10**9), **UNLIMITED}
MANY = 200
NAMES = ("psi", "js_distance", "p_value", "null_rate", "unseen_rate")


def send(server: Server, rows: pd.DataFrame) -> None:
    """Send half of the rows alone, and half many at a time, over new connections."""
    instances = to_instances(rows)
    middle = len(instances) // 2
    with server.connect() as client:
        client.headers["Connection"] = "close"
        for part in split(instances, middle):
            answer = client.post("/v1/predict", json={"instances": part})
            assert answer.status_code == 200, answer.text


def split(instances: list[Any], middle: int) -> Iterator[list[Any]]:
    for instance in instances[:middle]:
        yield [instance]
    for start in range(middle, len(instances), MANY):
        yield instances[start : start + MANY]


def run_command(
    rows: pd.DataFrame, folder: Path, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    path = folder / "rows.csv"
    rows.to_csv(path, index=False)
    with pytest.raises(SystemExit):
        main(["drift", str(CREDIT), str(path), "--json"])
    return dict(json.loads(capsys.readouterr().out))


def read_gauges(scrape: Scrape) -> dict[tuple[str, str], dict[str, float]]:
    """Return the figures by what they are of, as they were scraped."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for (sample, pairs), value in scrape.samples.items():
        name, labels = sample.removeprefix("model_drift_"), dict(pairs)
        if name in NAMES and "feature" in labels:
            found.setdefault((labels["of"], labels["feature"]), {})[name] = value
    return found


@pytest.mark.parametrize(("is_shifted", "drifted"), [(False, set()), (True, DRIFTED)])
def test_route_gauges_and_command_have_the_same_figures_through_a_kill(
    serve: Serve,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    is_shifted: bool,
    drifted: set[str],
) -> None:
    rows = shift(read_test_rows()) if is_shifted else read_test_rows()
    told = run_command(rows, tmp_path, capsys)
    server = serve(CREDIT, **ENDLESS)
    half = len(rows) // 2
    send(server, rows[:half])
    for pid in server.pids:
        os.kill(pid, signal.SIGKILL)
    server.wait_for_each_worker("ready")
    send(server, rows[half:])

    drift = server.client.get("/v1/drift").raise_for_status().json()
    window = drift["current"]
    assert window["count"] == len(rows)
    assert {key: window[key] for key in told} == told
    training = drift["training"]
    histograms = training["features"] + training["scores"]
    for histogram, cells in zip(histograms, window["cells"], strict=True):
        assert len(cells) == len(histogram["counts"]) + 3
        assert sum(cells) == len(rows)
    moved = {f["name"] for f in window["features"] if f["psi"] > 0.25}
    assert moved == drifted
    still = [f["psi"] for f in window["features"] if f["name"] not in drifted]
    assert max(still) < 0.1

    scrape = Scrape(server.client.get("/metrics").raise_for_status().text)
    assert scrape.read("model_drift_instances") == len(rows)
    assert read_gauges(scrape) == {
        (of, figure["name"]): {name: figure[name] for name in NAMES}
        for of in ("feature", "score")
        for figure in window[f"{of}s"]
    }


def test_few_instances_have_no_figures(serve: Serve) -> None:
    server = serve(CREDIT, **ENDLESS)
    send(server, read_test_rows()[:10])
    window = server.client.get("/v1/drift").raise_for_status().json()["current"]
    assert (window["count"], window["verdict"]) == (10, "insufficient")
    assert window["features"] == []
    scrape = Scrape(server.client.get("/metrics").raise_for_status().text)
    assert scrape.read("model_drift_instances") == 10
    assert not read_gauges(scrape)


def test_a_version_without_histograms_serves_and_says_so(
    serve: Serve, tmp_path: Path
) -> None:
    folder = copy_credit(tmp_path)
    forget_histograms(folder)
    server = serve(folder)
    assert server.predict(to_instances(read_test_rows()[:1])).status_code == 200
    answer = server.client.get("/v1/drift")
    assert answer.status_code == 404
    assert "package it again" in answer.json()["detail"]
    assert "model_drift" not in server.client.get("/metrics").text
