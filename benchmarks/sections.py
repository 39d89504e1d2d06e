"""The sections of the report on the shorter questions."""

import statistics
from typing import Any

from benchmarks.tables import compare_figures, format_table

LATENCY = {"p50_ms": "p50 ms", "p99_ms": "p99 ms"}
RATES = {"requests_s": "requests/s", "rows_s": "rows/s", **LATENCY}

# How those are served that serve networks alone, and which could not be had.
NETWORK_PEERS = """\
Triton is the server in NVIDIA's wheel of PyTriton. That has no backend but Python's, so
its model holds the pipeline; Triton fills the batches, of up to 4,096 rows. TorchServe
has a handler of batches of up to 64 requests, within 1 ms. It runs onnxruntime, as its
manual shows: PyTorch takes four times as long for a row. KServe's has no batches.

Not measured: Triton's package `tritonserver` on PyPI is empty, that of TensorFlow
Serving is its client, and OpenVINO Model Server has none. Ray Serve was not tried: it
is among the slowest with the credit model.
"""


def write_custom(custom: dict[str, Any]) -> str:
    """Say how a pipeline with a transformer of its own compares."""
    parts = [
        "## A pipeline with a custom transformer\n",
        "Such a pipeline has no plan and is called as it is. 1 instance a request, 16"
        " connections.\n",
    ]
    columns = {"requests_s": "requests/s", **LATENCY}
    for count in ("1", "2"):
        figures = {
            name: each[count]["1x16"] for name, each in custom.items() if count in each
        }
        parts.append(
            compare_figures(
                f"workers: {count}", columns, figures.items(), figures["ours"]
            )
        )
    return "\n".join(parts)


def write_families(families: dict[str, Any]) -> str:
    """Say how models of other families compare, at one connection and at many."""
    parts = [
        "## Text, outliers and kernels\n",
        "1 instance a request, 1 worker; in process, one caller asks the pipeline for a"
        " frame.\n",
    ]
    columns = {"requests_s": "requests/s", **LATENCY}
    for title, family in families.items():
        for key, connections in (("1x1", "1 connection"), ("1x16", "16 connections")):
            figures = {name: each[key] for name, each in family["servers"].items()}
            rows = [*figures.items(), ("in process", family["in_process"])]
            ours = next(iter(figures.values()))
            first = f"{title}, {connections}"
            parts.append(compare_figures(first, columns, rows, ours))
    return "\n".join(parts)


def write_networks(networks: dict[str, Any]) -> str:
    """Say how a network compares, and what it takes in process."""
    parts = [
        "## A network behind a preprocessing pipeline\n",
        "Two hidden layers of 128 and 64 in an ONNX file, behind a scaler and one-hot"
        " encoding. The peers run it by onnxruntime, too, behind the same pipeline; in"
        " process, one caller asks that for a frame.\n",
        NETWORK_PEERS,
    ]
    servers = networks["servers"]
    ours = next(iter(servers.values()))
    cells = {"1x16": "1 instance, 16 connections", "256x4": "256 instances, 4"}
    for key, title in cells.items():
        alone = networks["in_process"][key.partition("x")[0]]
        for count in ours:
            rows = [(name, each[count][key]) for name, each in servers.items()]
            parts.append(
                compare_figures(
                    f"{title}, workers: {count}",
                    RATES,
                    [*rows, ("in process", alone)],
                    ours[count][key],
                )
            )
    return "\n".join(parts)


def write_callers(callers: dict[str, Any]) -> str:
    """Say what each form of a request costs beside the service's own, by row."""
    parts = [
        "## Other dialects and formats\n",
        "The same rows, asked for as other servers' callers do, and in formats for many"
        " rows; each is answered in its own form.\n",
    ]
    ours = next(iter(callers.values()))
    cells = {"1x16": "1 instance, 16 connections", "1000x4": "1,000 instances, 4"}
    for key, title in cells.items():
        for count in ours:
            rows = [(name, each[count][key]) for name, each in callers.items()]
            parts.append(
                compare_figures(
                    f"{title}, workers: {count}", RATES, rows, ours[count][key]
                )
            )
    return "\n".join(parts)


def write_shadow(shadows: dict[str, Any]) -> str:
    """Say what a shadow costs, a good one and faulty ones."""
    parts = [
        "## With a shadow\n",
        "2 workers, and a second version that answers a tenth of the requests. The"
        " faults begin when it has answered for 3 seconds.\n",
    ]
    ours = next(iter(shadows.values()))
    cells = {"1x16": "1 instance, 16 connections", "1000x4": "1,000 instances, 4"}
    columns = {**RATES, "cpu_ms": "CPU ms"}
    del columns["rows_s"]
    for key, title in cells.items():
        rows = [(name, parts_of[key]) for name, parts_of in shadows.items()]
        parts.append(compare_figures(title, columns, rows, ours[key]))
    figures = [(name, each["process"]) for name, each in shadows.items()]
    parts.append(
        compare_figures("memory", {"pss_mb": "PSS MB"}, figures, ours["process"])
    )
    return "\n".join(parts)


def write_memory(memory: dict[str, Any]) -> str:
    """Say what four workers weigh beside one."""
    one, four = (memory[count]["process"]["pss_mb"] for count in ("1", "4"))
    return (
        f"## Memory of a large model\n\nA random forest of {memory['model_mb']:.0f} MB,"
        f" after a load: one worker takes {one:.0f} MB PSS in all, four take"
        f" {four:.0f} MB, **{four / one:.2f} times** as much.\n"
    )


def write_start(starts: dict[str, list[float]]) -> str:
    """Say how long the servers that start fastest take to their first answer."""
    rows = [
        [name, f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}"]
        for name, seconds in starts.items()
    ]
    count = min(map(len, starts.values()))
    return (
        f"## Start to first answer\n\n{count} starts each, in turn, with one worker,"
        " of this service and the peers that start fastest.\n\n"
        + format_table(["server", "median s", "slowest s"], rows)
    )


def write_offline(offline: dict[str, Any]) -> str:
    """Say how files are scored beside what teams write by hand."""
    columns = {
        "rows_s": "rows/s",
        "seconds": "seconds",
        "processors_s": "seconds of processors",
    }
    ways = offline["ways"]
    ours = next(iter(ways.values()))
    parts = [
        "## Offline scoring\n",
        f"{offline['rows']:,} rows of the credit model, from one Parquet file to"
        " another, with all starts: `python -m service score`, and what teams write by"
        " hand. What a way takes of the processors tells more on a machine that others"
        " use, too.\n",
        compare_figures("way", columns, ways.items(), ours),
    ]
    return "\n".join(parts)
