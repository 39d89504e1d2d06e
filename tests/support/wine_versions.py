"""Versions of the wine model by their own packages, and who asks for each instance."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pipelines import Fitted
from proved_here import package_here
from server import Server

# Enough for a shift of a third to be told from none.
REQUESTS = 600
TOLERANCE = ("--max-shift", "0.35", "--max-errors", "0.1")


def release(fitted: Fitted, to: Path, version: str, **options: Any) -> Path:
    """Package a version of the wine model."""
    options = {**fitted.options, **options}
    pipeline, X, y = fitted.pipeline, fitted.X, fitted.y
    return package_here(pipeline, X, y, name="wine", version=version, to=to, **options)


def ask(server: Server, instances: list[dict[str, Any]]) -> None:
    """Ask for one instance at a time, over four connections."""

    def ask_some(offset: int) -> None:
        with server.connect() as client:
            for number in range(offset, REQUESTS, 4):
                instance = instances[number % len(instances)]
                client.post("/v1/predict", json={"instances": [instance]})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask_some, range(4)))
