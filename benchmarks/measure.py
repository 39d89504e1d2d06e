"""Measures one server, or the pipeline in process, in one round."""

import json
import subprocess
from collections.abc import Iterable
from typing import Any

from benchmarks.client import Client
from benchmarks.load import Cell, put_load
from benchmarks.places import BIN, ROOT
from benchmarks.process import build_environment, find_free_ports, start
from benchmarks.server import Launch, Server
from benchmarks.workload import Workload

Figures = dict[str, float]


def measure(
    server: Server,
    workload: Workload,
    workers: int,
    cells: Iterable[Cell] = (),
    seconds: int = 1,
) -> dict[str, Figures]:
    """Start a server, check it, load it, check it again, weigh it and end it.

    Returns what wrk saw by the cell's key, and start_s and pss_mb under "process".
    Raises WrongAnswerError, or NotServingError where it does not start.
    """
    port, *spare = find_free_ports(3)
    launch = Launch(workload.artefact, workers, port, (spare[0], spare[1]))
    client = Client(server, workload, port)
    with start(server.command(launch), server.environment(launch)) as running:
        start_s = client.wait(running)
        client.verify()
        seen = {
            cell.key: put_load(server, workload, cell, port, seconds) for cell in cells
        }
        client.verify()
        return {
            **seen,
            "process": {"start_s": start_s, "pss_mb": running.measure_pss()},
        }


def measure_in_process(workload: Workload, seconds: int) -> dict[str, Figures]:
    """Return the figures of predict_proba(frame), in a process of its own."""
    module = [str(BIN / "python"), "-m", "benchmarks.in_process"]
    output = subprocess.run(
        [*module, str(workload.artefact), str(seconds)],
        cwd=ROOT,
        env=build_environment({}),
        check=True,
        capture_output=True,
        text=True,
        timeout=60 + 4 * seconds,
    ).stdout
    figures: dict[str, Any] = json.loads(output)
    return figures
