"""python -m benchmarks.offline: rows a second of one file, with all starts, in turns.

Each way reads Parquet, answers all rows, and writes Parquet with the key. The figures
are medians; in brackets is how many times as long each takes as `score`. What it takes
of the processors tells more on a machine that others use, too. MLflow is left out where
`make test-engines` has made no environment.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

from applications import tile_applications
from pyarrow import parquet as pq

from benchmarks.places import ROOT

HERE = Path(__file__).parent
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
            *(sys.executable, str(HERE / "by_joblib.py"), pipeline, str(source)),
        ],
    }
    if ENGINES.exists():
        program = str(HERE / "by_mlflow.py")
        ways[MLFLOW] = [
            *(str(ENGINES), program, pipeline, str(source)),
        ]
    return ways


def measure(command: list[str], out: Path) -> tuple[float, float]:
    """Return the seconds that a command takes, and those of processors."""
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
    after = getrusage(RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - begin, used


def main() -> None:
    """Measure all ways in turn, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.offline")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-mlflow", action="store_true")
    options = parser.parse_args()
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
    write_table(options.rows, seconds)


def write_table(rows: int, seconds: dict[str, list[tuple[float, float]]]) -> None:
    """Print the medians of each way, and beside them how they relate to the first."""
    medians = {
        way: [statistics.median(each) for each in zip(*found, strict=True)]
        for way, found in seconds.items()
    }
    first = next(iter(medians.values()))
    for way, (wall, used) in medians.items():
        print(
            f"{way:24} {wall:7.1f} s ({wall / first[0]:.2f})"
            f" {rows / wall:10,.0f} rows/s,"
            f" processors {used:7.1f} s ({used / first[1]:.2f})"
        )


if __name__ == "__main__":
    main()
