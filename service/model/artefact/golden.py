"""The golden records: instances with the predictions that training made of them.

A process is ready only after it has reproduced them by the path that requests take:
JSON bytes, contract, predictor, JSON again.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
import orjson

from service.model.artefact.manifest import Manifest
from service.model.contract.codec import Codec
from service.model.contract.features import Record
from service.model.contract.instances import Instances, Predictions
from service.model.contract.request_limits import UNBOUNDED
from service.model.errors import (
    ArtefactFormatError,
    ContractViolationError,
    GoldenMismatchError,
    NoAnswerError,
    NonFinitePredictionError,
)
from service.model.tolerances import ROUNDED_ZERO


class GoldenRecord(Record, frozen=True):
    """One instance, and the prediction as it stands in an answer."""

    instance: dict[str, Any]
    prediction: dict[str, Any]


class Golden(Record, frozen=True):
    """What `golden.json` holds; the first record is a synthetic instance."""

    records: tuple[GoldenRecord, ...]


def encode_golden(golden: Golden) -> bytes:
    """Return golden.json: floats by their shortest exact form, a record a line."""
    lines = ",\n".join(msgspec.json.encode(r).decode() for r in golden.records)
    return f'{{"records": [\n{lines}\n]}}\n'.encode()


def encode_sample(sample: list[dict[str, Any]]) -> bytes:
    """Return sample.json, an instance a line: it is the body of a request."""
    lines = ",\n".join(msgspec.json.encode(instance).decode() for instance in sample)
    return f'{{"instances": [\n{lines}\n]}}\n'.encode()


def decode_golden(raw: bytes) -> Golden:
    """Read golden.json. Raises ArtefactFormatError."""
    try:
        golden = msgspec.json.decode(raw, type=Golden)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArtefactFormatError(f"golden.json cannot be read: {error}.") from None
    if not golden.records:
        raise ArtefactFormatError("golden.json holds no record.")
    return golden


def prove(
    predict: Callable[[Instances], Predictions], manifest: Manifest, golden: Golden
) -> None:
    """Reproduce the golden records: labels equal, numbers within the tolerance.

    Raises GoldenMismatchError, naming the first record that differs.
    """
    try:
        codec = Codec(manifest.contract, UNBOUNDED)
        instances = [record.instance for record in golden.records]
        body = orjson.dumps({"instances": instances})
        answer = orjson.dumps(predict(codec.load(body)).to_json())
    except (ContractViolationError, NoAnswerError, NonFinitePredictionError) as error:
        raise GoldenMismatchError(
            f"The golden records are refused: {error}."
        ) from error
    except (Exception, SystemExit) as error:
        raise GoldenMismatchError(refuse_unanswered(error)) from error
    numbers = (
        abs(value)
        for record in golden.records
        for _, value in _flatten(record.prediction)
        if isinstance(value, float | int)
    )
    negligible = max(
        ROUNDED_ZERO * max(numbers, default=0.0), manifest.absolute_tolerance
    )
    for index, (record, found) in enumerate(
        zip(golden.records, orjson.loads(answer), strict=True)
    ):
        name = _find_difference(
            record.prediction, found, manifest.tolerance, negligible
        )
        if name:
            raise GoldenMismatchError(
                f"Golden record {index} is answered otherwise than in training, at"
                f" {name}: serve it where its libraries behave as they did there."
            )


def refuse_unanswered(error: BaseException) -> str:
    """Return the sentence for a pipeline that raised; its own may hold a value."""
    return f"The golden records are not answered: {type(error).__name__} was raised."


def _find_difference(
    expected: Mapping[str, Any], found: Any, tolerance: float, negligible: float
) -> str:
    """Return the name of the first answer that differs, or nothing."""
    wanted, got = dict(_flatten(expected)), dict(_flatten(found))
    if wanted.keys() != got.keys():
        return "its names"
    for name, value in wanted.items():
        if isinstance(value, float | int) and isinstance(got[name], float | int):
            if not math.isclose(
                value, got[name], rel_tol=tolerance, abs_tol=negligible
            ):
                return name
        elif value != got[name]:
            return name
    return ""


def _flatten(
    prediction: Mapping[str, Any], path: str = ""
) -> Iterator[tuple[str, Any]]:
    for key, value in prediction.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
