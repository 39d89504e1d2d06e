"""Seconds of a call: the median of many."""

import statistics
import time
from collections.abc import Callable

import orjson
import pandas as pd

from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED
from service.model.prediction.predictor import Predictor

ROWS = (1, 4, 16, 64, 256, 1024, 4096)

# For each figure, after a first that is not counted.
SECONDS, LEAST, FIRST = 0.5, 3, 1


def measure_seconds(call: Callable[[], object]) -> float:
    """Return the median seconds of a call."""
    for _ in range(FIRST):
        call()
    seconds: list[float] = []
    while sum(seconds) < SECONDS or len(seconds) < LEAST:
        begin = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def measure_predictor(predictor: Predictor, frame: pd.DataFrame, rows: int) -> float:
    """Return the seconds of a prediction, from the validated request to the answer."""
    body = orjson.dumps({"instances": frame[:rows].to_dict("records")})
    instances = Codec(predictor.manifest.contract, UNBOUNDED).load(body)
    return measure_seconds(lambda: predictor.predict(instances))
