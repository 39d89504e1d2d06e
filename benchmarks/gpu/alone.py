"""python -m benchmarks.gpu.alone ARTEFACT PLACE CSV: seconds without another process.

Of the networks alone, and of the whole predictor whose networks are on the device here:
as one worker would answer that does everything. It prints JSON.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.gpu.timing import ROWS, measure_predictor, measure_seconds
from service.model.artefact.folder import read_artefact
from service.model.loading import load_predictor
from service.model.runtimes.device import loading_on
from service.model.runtimes.network_file import NetworkFile
from service.model.unpickling import unpickle_artefact


def main() -> None:
    """Measure for each number of rows."""
    artefact, place, source = sys.argv[1:]
    frame = pd.read_csv(source)
    read = read_artefact(Path(artefact))
    with loading_on(place):
        predictor = load_predictor(read)
        [network] = unpickle_artefact(read).networks
    predictor.prove()
    found = {
        "alone": {rows: measure_network(network, rows) for rows in ROWS},
        "in one": {r: measure_predictor(predictor, frame, r) for r in ROWS},
    }
    print(json.dumps(found))


def measure_network(network: NetworkFile, rows: int) -> float:
    """Return the seconds of a run, given arrays and giving arrays."""
    inputs = {
        form.name: np.ones((rows, *(size or 1 for size in form.shape[1:])), form.dtype)
        for form in network.inputs
    }
    return measure_seconds(lambda: network.run(inputs))


if __name__ == "__main__":
    main()
