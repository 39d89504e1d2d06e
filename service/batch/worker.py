"""One of the processes that score pieces."""

import gc
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, NamedTuple

from service.batch.answers import ROW, WARNINGS
from service.batch.arrow import compute, csv, ipc, pa
from service.batch.inputs import CSV, open_source
from service.batch.piece import Piece, Source
from service.batch.scoring import InvalidRowError, Scored, Scorer
from service.batch.work_folder import Report, WorkFolder, commit, stage
from service.malloc import keep_memory
from service.model.contract.instances import Instances, Predictions
from service.model.drift.tally import Tally
from service.model.errors import DataFileError, ModelError

ANSWERS, REJECTED = ".answers", ".rejected"


class Job(NamedTuple):
    """What all pieces of a run have in common; `form` is the suffix of the output."""

    scorer: Scorer
    inputs: Sequence[Path]
    folder: WorkFolder
    form: str


class Worker:
    """Scores the pieces that this process is given."""

    def __init__(self, job: Job) -> None:
        self._job = job
        predictor = job.scorer.load().predictor
        contract = predictor.manifest.contract
        self._tally = Tally(predictor.histograms) if predictor.histograms else None
        # One file has many pieces, which mostly come in a row.
        coded = job.scorer.columns.list_coded()
        self._open = lru_cache(maxsize=1)(
            lambda path: open_source(path, contract, coded)
        )

    def score(self, piece: Piece) -> Report:
        """Score a piece into files of its own. Raises DataFileError or OSError."""
        source: Source = self._open(self._job.inputs[piece.file])
        scoring = PieceScoring(self._job, source, self._tally)
        answers = self._job.folder.place(piece.index, ANSWERS)
        try:
            write_tables(stage(answers), self._job.form, scoring.iterate(piece))
        except pa.ArrowException:  # its message may hold a value
            raise DataFileError(
                f"{source.path} has bytes in a kept column that are no text, as"
                f" {self._job.form} would hold them."
            ) from None
        commit(stage(answers), answers)
        paths = [answers]
        if scoring.rejected:
            paths.append(self._job.folder.place(piece.index, REJECTED))
            write_tables(stage(paths[1]), "", iter(scoring.rejected))
            commit(stage(paths[1]), paths[1])
        scoring.check_rows(piece)
        report = Report(
            scoring.rows,
            sum(map(len, scoring.rejected)),
            scoring.warned,
            scoring.cells.tolist(),
            {path.name: path.stat().st_size for path in paths},
        )
        self._job.folder.write_report(piece.index, report)
        return report


class PieceScoring:
    """Scores the tables of one piece, and counts."""

    def __init__(self, job: Job, source: Source, tally: Tally | None) -> None:
        self._scorer = job.scorer
        self._source = source
        self._tally = tally
        width = tally.width if tally else 0
        self.cells = memoryview(bytearray(8 * width)).cast("q")
        self.rows = self.warned = 0
        self.rejected: list[Any] = []

    def iterate(self, piece: Piece) -> Iterator[Any]:
        """Yield tables of answers, in order; what is rejected is kept."""
        names = self._scorer.columns.list_read(self._source.schema.names)
        for table in self._source.read(piece.part, names):
            scored = self._score(table, piece.part.row + self.rows)
            answers = scored.answers
            self.warned += len(answers) - answers[WARNINGS].null_count
            if len(scored.rejected):
                rows = compute.add(scored.rejected[ROW], piece.part.row + self.rows)
                place = scored.rejected.column_names.index(ROW)
                self.rejected.append(scored.rejected.set_column(place, ROW, rows))
            self.rows += len(table)
            yield answers

    def check_rows(self, piece: Piece) -> None:
        """Raise DataFileError where other rows were read than the piece has."""
        if self.rows != piece.part.rows:
            raise DataFileError(
                f"{self._source.path} has {self.rows} rows where {piece.part.rows} were"
                f" counted, behind row {piece.part.row}: it was changed, or a quote in"
                " it is not doubled."
            )

    def _score(self, table: Any, row: int) -> Scored:
        try:
            return self._scorer.score(table, self._source.read_features, self._count)
        except InvalidRowError as error:
            raise InvalidRowError(row + error.row, error.reason) from None
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001 - of any type, and its message may hold a value
            raise DataFileError(
                f"{self._source.path} is not scored: the pipeline raises a"
                f" {type(error).__name__}."
            ) from None

    def _count(self, instances: Instances, predictions: Predictions) -> None:
        if self._tally:
            self._tally.count(instances, predictions, self.cells)


def write_tables(path: Path, form: str, tables: Iterator[Any]) -> None:
    """Write tables to a file: rows of CSV without a header, or else Arrow."""
    first = next(tables)
    if form == CSV:
        options = csv.WriteOptions(include_header=False)
        writer = csv.CSVWriter(path, first.schema, write_options=options)
    else:
        options = ipc.IpcWriteOptions(compression="lz4")
        writer = ipc.new_file(path, first.schema, options=options)
    with writer:
        for table in chain([first], tables):
            writer.write_table(table)


class Process:
    """What this process scores with: made of the first piece that it is given."""

    job: Job
    worker: Worker | None = None


def start_worker(job: Job) -> None:
    """Prepare this process, which ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends what a person stops
    threading.Thread(target=_follow_parent, daemon=True).start()
    keep_memory()
    pa.set_cpu_count(1)
    Process.job = job


def _follow_parent() -> None:
    """End this process when its parent is gone, even killed."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def score_piece(piece: Piece) -> Report:
    """Score a piece by the worker of this process.

    Garbage is collected between pieces: while one is scored there is nothing to find.
    """
    if Process.worker is None:
        Process.worker = Worker(Process.job)
        gc.freeze()
        gc.disable()
    report = Process.worker.score(piece)
    gc.collect()
    return report
