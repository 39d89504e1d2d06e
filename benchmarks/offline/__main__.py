"""python -m benchmarks.offline: rows a second of one file, with all starts, in turns.

Each way reads Parquet, answers all rows, and writes Parquet with the key. The figures
are medians; in brackets is how many times as fast `score` is. MLflow is left out where
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

from applications import tile_applications
from pyarrow import parquet as pq

from benchmarks.places import CREDIT, ROOT

HERE = Path(__file__).parent
ENGINES = ROOT / "build/engines/bin/python"

# What pyarrow itself would have, beside which a file of ours is no special case.
ROW_GROUP = 250_000


def list_ways(source: Path, folder: Path) -> dict[str, list[str]]:
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
        ways["mlflow.pyfunc.spark_udf"] = [
            *(str(ENGINES), program, pipeline, str(source)),
        ]
    return ways


def measure(command: list[str], out: Path) -> float:
    """Return the seconds of a command that ends well."""
    more = [str(out.with_suffix(".model"))] if "by_mlflow" in " ".join(command) else []
    paths = f"{ROOT}:{CREDIT.parent}"
    environment = {**os.environ, "PYTHONPATH": paths, "PYSPARK_PYTHON": str(ENGINES)}
    begin = time.perf_counter()
    subprocess.run(
        [*command, str(out), *more],
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begin


def main() -> None:
    """Measure all ways in turn, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.offline")
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "in.parquet"
        pq.write_table(
            tile_applications(options.rows), source, row_group_size=ROW_GROUP
        )
        ways = list_ways(source, folder)
        seconds: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(options.rounds):
            for index, (way, command) in enumerate(ways.items()):
                out = folder / f"{number}-{index}.parquet"
                seconds[way].append(measure(command, out))
    first = statistics.median(next(iter(seconds.values())))
    for way, each in seconds.items():
        median = statistics.median(each)
        rate = options.rows / median
        print(f"{way:24} {median:7.1f} s {rate:10,.0f} rows/s ({median / first:.2f})")


if __name__ == "__main__":
    main()
