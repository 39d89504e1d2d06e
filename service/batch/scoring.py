"""The scorer: a table in, a table of answers out, on whatever engine holds the tables.

It is pickled as the path of its artefact: each process that is given one loads and
proves the artefact, once, and answers by the very path that requests take.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pandas as pd

from service.batch.answers import (
    REASON,
    ROW,
    group_remarks,
    join_tables,
    write_answers,
    write_rejected,
)
from service.batch.arrow import pa, require_arrow
from service.batch.columns import TableColumns
from service.batch.loaded_model import Answered, Model, ask, load_model
from service.batch.piece import ReadFeatures
from service.batch.plain_types import make_empty, plain_schema, read_plainly
from service.model.artefact.folder import read_artefact
from service.model.contract.instances import Instances, Predictions
from service.model.errors import DataFileError

OnInvalid = Literal["stop", "reject"]

REJECTED = "rejected"

Observe = Callable[[Instances, Predictions], object]


class InvalidRowError(DataFileError):
    """A row is not answered, and none is to be rejected."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(row, reason)  # what it is unpickled from
        self.row, self.reason = row, reason

    def __str__(self) -> str:
        return f"Row {self.row}: {self.reason}."


class Scored(NamedTuple):
    """The answers to the valid rows of a table; `row` and `reason` of the others.

    Columns that are kept come first in both. Rows count from 0.
    """

    answers: Any
    rejected: Any


class Scorer:
    """Answers tables by an artefact; made by `scorer`."""

    def __init__(
        self, folder: Path, digest: str, columns: TableColumns, on_invalid: OnInvalid
    ) -> None:
        self.folder = folder
        self.digest = digest
        self.columns = columns
        self.on_invalid = on_invalid

    def load(self) -> Model:
        """Return what this process has loaded of the artefact. Raises ArtefactError."""
        return load_model(self.folder, self.digest)

    def describe(self, schema: Any) -> Any:
        """Return the schema of answers; that of the tables has what is kept."""
        kept = make_empty(plain_schema(schema)).select(self.columns.keep)
        return self._answer(kept).schema

    def __call__(self, table: Any) -> Any:
        """Return the answers to a table, a row for each of its rows, in their order.

        They come as the table came: as an Arrow table or record batch, or as a frame
        with the same index. Where invalid rows are rejected, their answers are null and
        `rejected` says why. Raises InvalidRowError or DataFileError.
        """
        if isinstance(table, pd.DataFrame):
            return self._score_frame(table)
        if isinstance(table, pa.RecordBatch):
            answers = self(pa.Table.from_batches([table])).combine_chunks()
            found = answers.to_batches()
            return (
                found[0]
                if found
                else pa.RecordBatch.from_pylist([], schema=answers.schema)
            )
        table = read_plainly(table)
        self.columns.check(table.schema, "The table")
        return self._answer(table)

    def _answer(self, table: Any) -> Any:
        scored = self.score(table)
        if self.on_invalid == "stop":
            return scored.answers
        return self._mark_rejected(table, scored)

    def score_batches(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the answers to each record batch."""
        yield from map(self, batches)

    def _score_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        except pa.ArrowException:  # its message may hold a value
            raise DataFileError(
                "A column of the frame holds values of several types."
            ) from None
        return self(table).to_pandas().set_index(frame.index)

    def _mark_rejected(self, table: Any, scored: Scored) -> Any:
        """Return answers with a row for each of a table's rows."""
        rows, told = (scored.rejected[each].to_pylist() for each in (ROW, REASON))
        reasons = dict(zip(rows, told, strict=True))
        texts = pa.array([reasons.get(i) for i in range(len(table))], pa.string())
        answers = scored.answers
        if reasons:
            valid = iter(range(len(answers)))
            places = [None if i in reasons else next(valid) for i in range(len(table))]
            answers = answers.take(pa.array(places, pa.int64()))
        for index, name in enumerate(self.columns.keep):
            answers = answers.set_column(index, table.field(name), table[name])
        return join_tables(answers, pa.table({REJECTED: texts}))

    def score(
        self,
        table: Any,
        read: ReadFeatures | None = None,
        observe: Observe | None = None,
    ) -> Scored:
        """Return the answers to a table whose columns were checked.

        `observe` is called with what is answered. Raises InvalidRowError where no row
        is to be rejected.
        """
        model = self.load()
        reasons: dict[int, str] = {}
        part, answered = table, None
        while len(part) and answered is None:
            features = self.columns.select_features(part)
            answered, found = ask(model, (read or model.reader.read_table)(features))
            if found:
                rows = _list_others(len(table), reasons)
                reasons |= {rows[index]: reason for index, reason in found.items()}
                self._refuse(reasons)
                part = table.take(
                    pa.array(_list_others(len(table), reasons), pa.int64())
                )
        if answered and observe:
            observe(*answered)
        rejected = write_rejected(reasons)
        return Scored(
            join_tables(
                part.select(self.columns.keep), _write_answers(model, answered)
            ),
            join_tables(table.select(self.columns.keep).take(rejected[ROW]), rejected),
        )

    def _refuse(self, reasons: Mapping[int, str]) -> None:
        if self.on_invalid == "stop":
            row = min(reasons)
            raise InvalidRowError(row, reasons[row])


def _list_others(count: int, rows: Collection[int]) -> list[int]:
    """Return the rows of so many that are not among some."""
    return [row for row in range(count) if row not in rows]


def _write_answers(model: Model, answered: Answered | None) -> Any:
    if answered is None:  # the columns of an answer, and no row
        typical = model.predict(model.predictor.typical)
        return write_answers(typical, {}).slice(0, 0)
    instances, predictions = answered
    return write_answers(predictions, group_remarks(instances.warnings))


def scorer(
    artefact: Path | str,
    *,
    keep: Sequence[str] = (),
    on_invalid: OnInvalid = "stop",
    ignore_unknown: bool = False,
) -> Scorer:
    """Return what answers tables by an artefact; it can be pickled.

    `keep` names columns that are carried into the answers. A row that breaks the
    contract stops all, or is rejected. A column that is neither a feature nor kept is
    refused, or ignored. Raises ArtefactError or DataFileError.
    """
    require_arrow()
    found = read_artefact(Path(artefact))
    columns = TableColumns(found.manifest.contract, keep, is_ignoring=ignore_unknown)
    return Scorer(found.folder, found.digest, columns, on_invalid)
