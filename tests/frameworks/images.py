"""The image of a network, built and run as the manual says, and asked."""

from pathlib import Path

import numpy as np
from containers import build, require_engine, run_docker, run_hardened
from frameworks.answers import (
    BATCHES,
    ask_in_process,
    read_numbers,
    take_last,
    to_instances,
)
from pipelines import Fitted


def check_image(artefact: Path, fitted: Fitted, to: Path, *options: str) -> None:
    """Hold what a container without a network answers to the bits of the pipeline."""
    require_engine()
    tag = build(artefact, f"model-service-test:{fitted.name}", *options)
    # Two workers of TensorFlow have some 800 MB.
    container = run_hardened(tag, to, "--memory", "2g")
    try:
        container.wait_until_healthy()
        for rows in BATCHES:
            table = take_last(fitted.X, rows)
            body = {"instances": to_instances(table)}
            answer = container.ask("/v1/predict", body).json()
            found = [read_numbers(each) for each in answer["predictions"]]
            np.testing.assert_array_equal(found, ask_in_process(fitted, table))
        assert container.stop() == 0
        assert container.read_errors() == []
    finally:
        container.remove()
        run_docker("rmi", "--force", tag)
