"""The other limit: the pipeline asked for a frame, with no server about it."""

import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from benchmarks.load import CELLS, Cell, Figures
from benchmarks.methods import ask_pipeline
from benchmarks.workload import Workload, load_pipeline


def measure_in_process(
    workload: Workload, seconds: int, cells: Sequence[Cell] = CELLS
) -> dict[str, Figures]:
    """Return the figures of one caller, by the number of instances."""
    pipeline = load_pipeline(workload.artefact)
    return {
        str(size): _measure(
            partial(ask_pipeline, pipeline, workload.method),
            pd.DataFrame(workload.instances[:size]),
            seconds,
        )
        for size in sorted({cell.instances for cell in cells})
    }


def _measure(ask: Callable[[Any], Any], frame: pd.DataFrame, seconds: int) -> Figures:
    durations: list[float] = []
    end = time.perf_counter() + seconds
    while (begin := time.perf_counter()) < end:
        ask(frame)
        durations.append(time.perf_counter() - begin)
    rate = len(durations) / sum(durations)
    return {
        "p50_ms": statistics.median(durations) * 1e3,
        "p99_ms": statistics.quantiles(durations, n=100)[98] * 1e3,
        "requests_s": rate,
        "rows_s": rate * len(frame),
        "errors": 0,
    }
