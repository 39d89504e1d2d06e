"""python -m benchmarks.offline: rows a second of one file, with all starts, in turns.

Each way reads Parquet, answers all rows, and writes Parquet with the key. The figures
are medians. MLflow is left out where `make test-engines` has made no environment.
"""

import argparse
import ctypes
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

from applications import tile_applications
from pyarrow import parquet as pq

from benchmarks.machine import describe_machine
from benchmarks.ours import Ours
from benchmarks.places import HERE, ROOT
from benchmarks.report import write_report
from benchmarks.sections import write_offline

PROGRAMS = Path(__file__).parent
CREDIT = ROOT / "artefacts/credit-risk/1.0.0"
ENGINES = ROOT / "build/engines/bin/python"

MLFLOW = "mlflow.pyfunc.spark_udf"

# What pyarrow itself would have, beside which a file of ours is no special case.
ROW_GROUP = 250_000


def list_ways(source: Path) -> dict[str, list[str]]:
    """Return the command of each way, without where it writes."""
    score = ["-m", "service", "score", str(CREDIT), str(source), "--keep", "id"]
    pipeline = str(CREDIT / "pipeline.joblib")
    ways = {
        "score, 2 processes": [sys.executable, *score, "--processes", "2", "--out"],
        "score, 1 process": [sys.executable, *score, "--processes", "1", "--out"],
        "predict_proba by joblib": [
            *(sys.executable, str(PROGRAMS / "by_joblib.py"), pipeline, str(source)),
        ],
    }
    if ENGINES.exists():
        program = str(PROGRAMS / "by_mlflow.py")
        ways[MLFLOW] = [str(ENGINES), program, pipeline, str(source)]
    return ways


# Of prctl(2): what a process has left when it ends is this process's to wait for.
_SUBREAPER = 36


def measure(command: list[str], out: Path) -> tuple[float, float]:
    """Return the seconds that a command takes, and those of processors, all told."""
    more = [str(out.with_suffix(".model"))] if "by_mlflow" in " ".join(command) else []
    paths = f"{ROOT}:{CREDIT.parent}"
    environment = {**os.environ, "PYTHONPATH": paths, "PYSPARK_PYTHON": str(ENGINES)}
    begin, before = time.perf_counter(), getrusage(RUSAGE_CHILDREN)
    subprocess.run(
        [*command, str(out), *more],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - begin
    with suppress(ChildProcessError):
        while True:
            os.wait()
    after = getrusage(RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, used


def main() -> None:
    """Measure all ways in turn, and print a table, or put it into the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.offline")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-mlflow", action="store_true")
    parser.add_argument(
        "--publish", action="store_true", help="put the table into benchmarks/README.md"
    )
    options = parser.parse_args()
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "in.parquet"
        pq.write_table(
            tile_applications(options.rows), source, row_group_size=ROW_GROUP
        )
        ways = list_ways(source)
        if options.without_mlflow:
            ways.pop(MLFLOW, None)
        seconds: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
        for number in range(options.rounds):
            for index, (way, command) in enumerate(ways.items()):
                out = folder / f"{number}-{index}.parquet"
                seconds[way].append(measure(command, out))
                out.unlink()
                print(f"{way}: {seconds[way][-1][0]:.1f} s", file=sys.stderr)
    found = {"rows": options.rows, "ways": summarise(options.rows, seconds)}
    print(write_offline(found))
    if options.publish:
        about = describe_machine() | {
            "version": Ours().version,
            "rounds": options.rounds,
        }
        write_report({"about": about, "offline": found}, HERE)


def summarise(rows: int, seconds: dict[str, list[tuple[float, float]]]) -> Any:
    """Return the medians of each way."""
    found = {}
    for way, measured in seconds.items():
        wall, used = map(statistics.median, zip(*measured, strict=True))
        found[way] = {"rows_s": rows / wall, "seconds": wall, "processors_s": used}
    return found


if __name__ == "__main__":
    main()
