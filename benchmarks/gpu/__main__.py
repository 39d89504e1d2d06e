"""python -m benchmarks.gpu: what a device takes, beside the processor."""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from benchmarks.gpu.models import package_models
from benchmarks.gpu.serving import LOADS, serve
from benchmarks.gpu.timing import ROWS, measure_predictor
from benchmarks.machine import describe_machine
from benchmarks.places import BUILD, prepare_build
from benchmarks.process import exit_on_termination
from benchmarks.tables import format_figure, format_table
from service.model.artefact.folder import read_artefact
from service.model.device.places import measure_memory
from service.model.device.process import DeviceProcess, Orders, start_device
from service.model.loading import load_predictor
from service.model.prediction.predictor import Predictor
from service.model.runtimes.device import CPU, running_on

MOST_SECONDS = 8 * 60
PATIENCE_SECONDS = 30.0


def main() -> None:
    """Measure each model, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu")
    parser.add_argument("--device", default="cuda:0", help="as SERVICE_DEVICE has it")
    device: str = parser.parse_args().device
    place = CPU if device == "process" else device
    exit_on_termination()
    signal.alarm(MOST_SECONDS)
    prepare_build()
    print(describe_machine())
    models = package_models(BUILD / "artefacts")
    for name, (artefact, frame) in models.items():
        print(f"\n## {name}, on {device}: milliseconds\n")
        print(format_table(HEADER, list_times(artefact, frame, place)), flush=True)
    for name, (artefact, frame) in models.items():
        print(f"\n## {name}, over HTTP: right answers a second\n")
        print(format_table(SERVED, list_rates(artefact, frame, device)), flush=True)


HEADER = ("rows", "processor", "device", "in one process", "network alone", "gain")
SERVED = ("rows and callers", "in the workers", "on the device", "gain")


def list_times(
    artefact: Path, frame: pd.DataFrame, place: str
) -> Iterator[tuple[str, ...]]:
    """Yield what each number of rows takes, and say from which on the device pays."""
    alone = measure_alone(artefact, frame, place)
    worker = load(artefact, None)
    with tempfile.TemporaryDirectory() as folder:
        orders = Orders(str(artefact), place, PATIENCE_SECONDS, "WARNING")
        before = measure_memory(place)
        process = start_device(Path(folder), orders, 1, is_wanted=True)
        assert process is not None
        owned = load(artefact, process)
        print(f"{process.name or place}: golden records reproduced")
        if place != CPU:
            print(f"memory: {(measure_memory(place) - before) / 1e6:,.0f} MB more\n")
        paying: list[int] = []
        for rows in ROWS:
            here = measure_predictor(worker, frame, rows)
            there = measure_predictor(owned, frame, rows)
            paying = [*paying, rows] if there < here else []
            others = (alone[way][str(rows)] for way in ("in one", "alone"))
            times = [format_figure(1e3 * each) for each in (here, there, *others)]
            yield str(rows), *times, format_figure(here / there)
        process.release()
    print(f"it pays from {paying[0]} rows on" if paying else "it never pays")


def measure_alone(
    artefact: Path, frame: pd.DataFrame, place: str
) -> dict[str, dict[str, float]]:
    """Return the seconds by rows without another process, and of the network alone."""
    source = BUILD / "rows.csv"
    frame.to_csv(source, index=False)
    command = [sys.executable, "-m", "benchmarks.gpu.alone"]
    done = subprocess.run(
        [*command, str(artefact), place, str(source)],
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def load(artefact: Path, process: DeviceProcess | None) -> Predictor:
    """Load and prove a model, whose networks a process may run."""
    with running_on(process.client if process else None):
        predictor = load_predictor(read_artefact(artefact))
        predictor.prove()
    return predictor


def list_rates(
    artefact: Path, frame: pd.DataFrame, device: str
) -> Iterator[tuple[str, ...]]:
    """Yield the answers a second of each load, and say how long a lost device is."""
    rates = {}
    for each in (CPU, device):
        with serve(artefact, frame, each) as service:
            rates[each] = [service.measure(*load) for load in LOADS]
            if each != CPU:
                print(f"lost, and back after {service.lose_device():.1f} s\n")
    for (rows, callers), here, there in zip(
        LOADS, rates[CPU], rates[device], strict=True
    ):
        figures = map(format_figure, (here, there, there / here))
        yield f"{rows}, {callers}", *figures


if __name__ == "__main__":
    main()
