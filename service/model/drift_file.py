"""The drift of a file: rows read, predicted and counted as those of requests are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from service.model.contract.codec import Codec
from service.model.contract.features import Contract
from service.model.contract.instances import Instances, Predictions
from service.model.contract.observation import read_columns
from service.model.contract.request_limits import UNBOUNDED
from service.model.drift.figures import Drift, measure_drift
from service.model.drift.histograms import NO_HISTOGRAMS
from service.model.drift.tally import Tally
from service.model.errors import (
    ContractViolationError,
    DataFileError,
    NoAnswerError,
    describe_error,
)
from service.model.prediction.predictor import Predictor
from service.regular_file import open_regular

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class FileDrift:
    """The drift of the rows that are answered, and how many are refused."""

    drift: Drift
    refused: int


def measure_file(predictor: Predictor, path: Path, minimum_count: int) -> FileDrift:
    """Return the drift of a CSV file; its columns that are no features are ignored.

    Raises DataFileError.
    """
    if predictor.histograms is None:
        raise DataFileError(NO_HISTOGRAMS)
    if predictor.manifest.contract.table == "mapping":
        raise DataFileError(f"{path} has columns, and the model takes any fields.")
    tally = Tally(predictor.histograms)
    cells = memoryview(bytearray(8 * tally.width)).cast("q")
    codec = Codec(predictor.manifest.contract, UNBOUNDED)
    read = counted = 0
    for rows in _iterate_rows(path, predictor.manifest.contract):
        read += len(rows)
        for instances, predictions in _iterate_answered(predictor, codec, rows):
            counted += instances.count
            tally.count(instances, predictions, cells)
    drift = measure_drift(
        predictor.histograms, tally.split(list(cells)), max(minimum_count, 1)
    )
    return FileDrift(drift, read - counted)


def _iterate_rows(path: Path, contract: Contract) -> Iterator[list[dict[str, Any]]]:
    features = {feature.name: feature for feature in contract.features}
    dates = {n for n, f in features.items() if f.is_date}
    texts = dates | {n for n, f in features.items() if f.type == "string"}
    with _refuse_unreadable(path):
        os.close(open_regular(str(path)))  # it is read twice, as a pipe cannot be
        found = pd.read_csv(path, nrows=0).columns
        missing = [n for n, f in features.items() if f.required and n not in found]
        if missing:
            raise DataFileError(f"{path} lacks the columns {', '.join(missing)}.")
        with pd.read_csv(
            path,
            dtype=dict.fromkeys(texts.intersection(found), str),
            usecols=[name for name in features if name in found],
            chunksize=ROWS_AT_A_TIME,
        ) as frames:
            for frame in frames:
                names = list(frame.columns)
                for name in dates & set(names):  # pandas writes a space for the T
                    frame[name] = frame[name].str.replace(" ", "T", n=1)
                columns = read_columns(frame, range(len(frame)))
                yield [
                    dict(zip(names, row, strict=True))
                    for row in zip(*columns, strict=True)
                ]


@contextmanager
def _refuse_unreadable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or describe_error(error)
        raise DataFileError(f"{path} cannot be read: {reason}.") from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise DataFileError(
            f"{path} cannot be read as CSV: {describe_error(error)}."
        ) from None


def _iterate_answered(
    predictor: Predictor, codec: Codec, rows: list[dict[str, Any]]
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
