"""The drift of a file: rows read, predicted and counted as those of requests are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from service.model.contract.codec import Codec
from service.model.contract.instances import Instances, Predictions
from service.model.contract.request_limits import UNBOUNDED
from service.model.drift.figures import Drift, measure_drift
from service.model.drift.histograms import NO_HISTOGRAMS
from service.model.drift.tally import Tally
from service.model.errors import (
    ContractViolationError,
    DataFileError,
    NoAnswerError,
)
from service.model.prediction.predictor import Predictor
from service.model.rows_file import iterate_rows


@dataclass(frozen=True)
class FileDrift:
    """The drift of the rows that are answered, and how many are refused."""

    drift: Drift
    refused: int


def measure_file(predictor: Predictor, path: Path, minimum_count: int) -> FileDrift:
    """Return the drift of a file; its columns that are no features are ignored.

    Raises DataFileError.
    """
    if predictor.histograms is None:
        raise DataFileError(NO_HISTOGRAMS)
    tally = Tally(predictor.histograms)
    cells = memoryview(bytearray(8 * tally.width)).cast("q")
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    read = counted = 0
    for rows in iterate_rows(path, predictor.manifest.contract):
        read += len(rows)
        for instances, predictions in _iterate_answered(predictor, codec, rows):
            counted += instances.count
            tally.count(instances, predictions, cells)
    drift = measure_drift(
        predictor.histograms, tally.split(list(cells)), max(minimum_count, 1)
    )
    return FileDrift(drift, read - counted)


def _iterate_answered(
    predictor: Predictor, codec: Codec, rows: list[Any]
) -> Iterator[tuple[Instances, Predictions]]:
    """Yield the rows that are not refused, as many as can be at a time."""
    try:
        instances = codec.load(orjson.dumps({"instances": rows}))
        yield instances, predictor.predict(instances)
    except (ContractViolationError, NoAnswerError):
        half = len(rows) // 2
        if half:
            yield from _iterate_answered(predictor, codec, rows[:half])
            yield from _iterate_answered(predictor, codec, rows[half:])
