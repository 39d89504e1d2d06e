"""The other limit: predict_proba(frame) with no server about it."""

import json
import statistics
import sys
import time
from pathlib import Path

import pandas as pd

from benchmarks.load import CELLS
from benchmarks.workload import build_workload, load_pipeline


def main(artefact: str, seconds: str) -> None:
    """Print the figures of one caller, for each number of instances."""
    workload = build_workload(Path(artefact))
    pipeline = load_pipeline(Path(artefact))
    figures = {}
    for size in sorted({cell.instances for cell in CELLS}):
        frame = pd.DataFrame(workload.instances[:size])
        durations: list[float] = []
        end = time.perf_counter() + int(seconds)
        while (begin := time.perf_counter()) < end:
            pipeline.predict_proba(frame)
            durations.append(time.perf_counter() - begin)
        rate = len(durations) / sum(durations)
        figures[str(size)] = {
            "p50_ms": statistics.median(durations) * 1e3,
            "p99_ms": statistics.quantiles(durations, n=100)[98] * 1e3,
            "requests_s": rate,
            "rows_s": rate * size,
            "errors": 0,
        }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
