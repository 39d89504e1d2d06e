"""python -m benchmarks.refusals: what 10,000 wrong instances cost beside right ones.

In process, from the bytes of a request to those of its answer. Each round asks all, so
that a slow minute hits them all, and what counts is the least of each.
"""

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from benchmarks.places import ROOT
from benchmarks.tables import format_table
from benchmarks.workload import Instance, build_workload
from service.app import create_app
from service.settings import Settings
from service.web.access.key_file import create_key

CREDIT = ROOT / "artefacts" / "credit-risk" / "1.0.0"
COUNT = 10_000
ROUNDS = 7
RIGHT = "all are right"

# What becomes of each of the right instances, by its place.
Spoil = Callable[[int, Instance], Any]
KINDS: dict[str, Spoil] = {
    RIGHT: lambda index, right: right,
    "each is `{}`": lambda index, right: {},
    "each is null": lambda index, right: None,
    "each has a wrong value": lambda index, right: {**right, "Price": "x"},
    "each has an unknown field": lambda index, right: {**right, "x": 1},
    "one of 100 is wrong": lambda index, right: {**right, "Price": index % 100 - 1},
    "the last is wrong": lambda index, right: right if index < COUNT - 1 else {},
}


def main() -> None:
    """Print a row for each kind of wrong instances; fail where one costs more."""
    instances = build_workload(CREDIT, COUNT).instances
    bodies = {
        kind: json.dumps(
            {"instances": [spoil(*each) for each in enumerate(instances)]}
        ).encode()
        for kind, spoil in KINDS.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        client = _open_client(Path(folder) / "keys.json")
        seconds = {kind: float("inf") for kind in KINDS}
        for _ in range(ROUNDS):
            for kind, body in bodies.items():
                status = 200 if kind == RIGHT else 422
                seconds[kind] = min(seconds[kind], _ask(client, body, status))
    ratios = {kind: taken / seconds[RIGHT] for kind, taken in seconds.items()}
    rows = [
        [kind, f"{len(bodies[kind]):,}", f"{1e3 * taken:.1f}", f"{ratios[kind]:.2f}"]
        for kind, taken in seconds.items()
    ]
    print(format_table([f"{COUNT:,} instances", "bytes", "ms", "ratio"], rows))
    if max(ratios.values()) > 1:
        raise SystemExit("FAIL  it costs more to refuse instances than to answer them")


def _open_client(keys_file: Path) -> FlaskClient:
    key = create_key(keys_file, "benchmarks", ("predict",))
    app = create_app(
        Settings(
            artefact=CREDIT,
            api_keys_file=keys_file,
            log_level="WARNING",
        )
    )
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = key
    return client


def _ask(client: FlaskClient, body: bytes, status: int) -> float:
    """Return the seconds that a request takes, all in all."""
    begin = time.perf_counter()
    answer = client.post("/v1/predict", data=body, content_type="application/json")
    taken = time.perf_counter() - begin
    if answer.status_code != status:
        raise SystemExit(f"FAIL  {answer.status_code}, not {status}")
    return taken


if __name__ == "__main__":
    main()
