"""What a version answers to a file, asked in a process of its own.

Two versions may need different versions of a library, and a model that breaks should
break nothing else. `python -m service.update.answers ARTEFACT DATA TARGET` writes JSON,
a line for what is answered to each piece of the file, and one for what it cost.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Any

import numpy as np
import orjson

from service.model.artefact.folder import read_artefact
from service.model.contract.codec import Codec
from service.model.contract.request_limits import UNBOUNDED, RequestLimits
from service.model.contract.tensor_columns import TensorColumn
from service.model.errors import (
    ContractViolationError,
    ModelError,
    NoAnswerError,
    describe_error,
)
from service.model.loading import load_predictor
from service.model.prediction.predictor import Predictor
from service.model.rows_file import iterate_rows

SOURCE = Path(__file__).parents[2]

# Of how many rows the time is measured, and how often.
SIZES = (1, 1000)
TIMES = 15


class AnswersError(Exception):
    """A version answers no file; the sentence says why."""


class Answers:
    """The answers of one version to a file, in the order of its rows.

    A row that is refused has None.
    """

    def __init__(
        self, artefact: Path, data: Path, python: str = "", target: str = ""
    ) -> None:
        self.costs: dict[str, float] = {}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed on exit
        asked = (str(artefact), str(data), target)
        command = [python or sys.executable, "-m", __name__, *asked]
        environment = {**os.environ, "PYTHONPATH": str(SOURCE), "OMP_NUM_THREADS": "1"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - no shell
                command,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env=environment,
                text=True,
            )
        except OSError as error:
            self._errors.close()
            raise AnswersError(f"{python} does not run: {error.strerror}.") from None

    def __enter__(self) -> "Answers":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def __iter__(self) -> Iterator[list[Any]]:
        """Yield the answers to each piece of the file. Raises AnswersError."""
        assert self._process.stdout  # noqa: S101 - for mypy
        for line in self._process.stdout:
            document = orjson.loads(line)
            if isinstance(document, list):
                yield document
            else:
                self.costs = document
        if self._process.wait() != 0 or not self.costs:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            reason = lines[-1] if lines else "it ended without a word"
            raise AnswersError(reason.removeprefix("FAIL  "))


def main(arguments: Sequence[str]) -> None:
    """Write what a version answers to a file."""
    *paths, target = arguments
    artefact, data = map(Path, paths)
    try:
        begin = time.perf_counter()
        predictor = load_predictor(read_artefact(artefact))
        predictor.prove()
        seconds = time.perf_counter() - begin
        contract = predictor.manifest.contract
        codec = Codec(contract, UNBOUNDED)
        rows: list[Any] = []
        for rows in iterate_rows(data, contract, target):
            print(orjson.dumps([*_answer(predictor, codec, rows)]).decode(), flush=True)
        costs = {"start_s": seconds, **_measure(predictor, codec)}
        print(json.dumps(costs), flush=True)
    except (ModelError, OSError) as error:
        print(f"FAIL  {error}", file=sys.stderr)
        raise SystemExit(1) from error
    except Exception as error:
        print(f"FAIL  The model fails: {describe_error(error)}.", file=sys.stderr)
        raise SystemExit(1) from error


def _answer(
    predictor: Predictor, codec: Codec, rows: list[Any]
) -> Iterator[dict[str, Any] | None]:
    """Yield the prediction of each row, or None if it is refused."""
    try:
        instances = codec.load(orjson.dumps({"instances": rows}))
        yield from predictor.predict(instances).to_json()
    except (ContractViolationError, NoAnswerError):
        half = len(rows) // 2
        if not half:
            yield None
            return
        yield from _answer(predictor, codec, rows[:half])
        yield from _answer(predictor, codec, rows[half:])


def _measure(predictor: Predictor, codec: Codec) -> dict[str, float]:
    """Return the milliseconds of a prediction, and the megabytes of the process.

    Of tensors of which no request may hold a thousand, one is measured alone.
    """
    costs = {}
    instance = predictor.golden.records[0].instance
    columns = codec.load(orjson.dumps({"instances": [instance]})).columns
    tensors = [each.array for each in columns if type(each) is TensorColumn]
    for size in SIZES:
        if size * sum(map(np.size, tensors)) > RequestLimits.max_elements:
            break
        instances = codec.load(orjson.dumps({"instances": [instance] * size}))
        seconds = []
        for _ in range(TIMES):
            begin = time.perf_counter()
            predictor.predict(instances)
            seconds.append(time.perf_counter() - begin)
        costs[f"rows_{size}_ms"] = 1000 * median(seconds)
    costs["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return costs


if __name__ == "__main__":
    main(sys.argv[1:])
